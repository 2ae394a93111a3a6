/* SPDX-License-Identifier: Apache-2.0
 *
 * The stamp: what the payload of each frame begins with, and the filler behind it.
 *
 * The filler's bytes depend on their place alone, so that it lies in the templates and is never written
 * again, and so that a receiver compares it with a copy instead of summing it up. The check covers stamp,
 * filler and their length: CRC-32C is begun with a value of the length's own filler, computed once a length.
 */
#ifndef GENERATOR_STAMP_H
#define GENERATOR_STAMP_H

#include "generator.h"

enum kind { KIND_DATA, KIND_OPEN, KIND_ANSWER, KIND_CONFIRM };

enum {
	STAMP_MAGIC = 0xb5,
	STAMP_FLOW_BITS = 24,
	STAMP_TIME_SHIFT = 4, /* TSC ticks to the stamp's: at 3 GHz 5 ns, and around in 23 s */
};

struct stamp {
	uint8_t magic, trial;
	uint32_t flow; /* bits 0-23 flow, 24-25 kind, 26 side that sent it */
	uint32_t sequence;
	uint32_t time;
	uint32_t check;
} __attribute__((packed));
_Static_assert(sizeof(struct stamp) == 18,
	       "a 64-byte frame's room: 64 - FCS 4 - Ethernet 14 - IPv4 20 - UDP 8");

static inline uint32_t stamp_flow(const struct stamp *stamp)
{
	return stamp->flow & ((1u << STAMP_FLOW_BITS) - 1);
}

static inline enum kind stamp_kind(const struct stamp *stamp)
{
	return stamp->flow >> STAMP_FLOW_BITS & 3;
}

static inline int stamp_side(const struct stamp *stamp)
{
	return stamp->flow >> (STAMP_FLOW_BITS + 2) & 1;
}

static inline uint32_t stamp_word(uint32_t flow, enum kind kind, int side)
{
	return flow | (uint32_t)kind << STAMP_FLOW_BITS | (uint32_t)side << (STAMP_FLOW_BITS + 2);
}

/* Fills what is constant in all processes; call once before anything below. */
void stamp_begin(void);

/* The filler of a payload of `length` bytes: what its bytes from sizeof(struct stamp) on must be. */
extern uint8_t stamp_filler[FRAME_MAX];

/* For a payload's length, stamp included: with what its check begins; the Internet checksum's sum of its
 * filler. */
extern uint32_t stamp_check_begin[FRAME_MAX];
extern uint32_t stamp_filler_sum[FRAME_MAX];

/* The check of a stamp before a filler of the right bytes, for a payload of `length` bytes. */
static inline uint32_t stamp_check(const struct stamp *stamp, uint32_t length)
{
	const uint8_t *bytes = (const uint8_t *)stamp;
	uint64_t low, high, crc = stamp_check_begin[length];

	/* 14 bytes as two words that overlap by two: both are covered, and no byte of `check` is. */
	__builtin_memcpy(&low, bytes, 8);
	__builtin_memcpy(&high, bytes + 6, 8);
	crc = __builtin_ia32_crc32di(crc, low);
	return (uint32_t)__builtin_ia32_crc32di(crc, high);
}

/* Whether a payload is as it was sent: its stamp and, with `filler`, the bytes behind it. */
static inline bool stamp_intact(const struct stamp *stamp, uint32_t length, bool filler)
{
	if (stamp->magic != STAMP_MAGIC || stamp->check != stamp_check(stamp, length))
		return false;
	return !filler || length == sizeof(*stamp) ||
	       !__builtin_memcmp(stamp + 1, stamp_filler + sizeof(*stamp), length - sizeof(*stamp));
}

#endif
