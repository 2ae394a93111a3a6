/* SPDX-License-Identifier: Apache-2.0
 *
 * Hostile packets beside honest ones, through the whole chain of nat_world.h, which the program includes
 * nat_tables.h for. Rules accept everything: what ends, ends for what is wrong with it.
 *
 * A TCP connection of each family is open from lan to the world behind a masquerade. A packet that is judged
 * comes in one burst with segments of both, and segments of the other direction follow: these must leave, to
 * the byte as they should be. Ports 80 (TCP) and 53 (UDP) of wan's address are forwarded to dmz.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nf/packet.h"
#include "craft.h"

/* What becomes of a packet: enum drop_reason, or one of these. */
enum { PASSES = DROP_REASON_COUNT, CONSUMED, WAITS };

enum { FRAME_MAX = 2048, ETHERNET = 14, TAG = 4 };

/* A frame in the making. Offsets are from its first byte. */
struct hostile {
	uint8_t frame[FRAME_MAX];
	size_t bytes, ip, transport;
	bool ipv6;
	uint8_t port; /* of arrival */
};

/* A new world with the two connections. */
void hostile_start(void);

/* Judges a packet, and the world after it: books, buffers, records. Says what was not as it should be, and
 * counts it. */
void hostile_meets(const char *name, int number, const struct hostile *packet, int expected);

/* Fails the test if anything was said; lets all timers run out, after which nothing may be left. */
void hostile_end(void);

/* From a description; from a host of lan or a stranger of wan, to a stranger or to wan's address, where it
 * says nothing else. */
void hostile_craft(struct hostile *to, uint8_t port, bool ipv6, const struct craft *craft);

/* An ICMP error from the world about what the connection has sent, quoting `bytes` from the IP header on. */
void hostile_error(struct hostile *to, bool ipv6, uint16_t type_and_code, size_t bytes);

/* A segment that belongs to the connection, with flags, `offset` bytes away from its next number. */
struct craft hostile_segment(bool ipv6, uint8_t port, uint8_t flags, int32_t offset);

/* Puts IPv4 options, or IPv6 extension headers, behind the fixed IP header; lengths follow. What the headers
 * say of the next one is the caller's. */
void hostile_insert(struct hostile *to, const uint8_t *what, size_t bytes);

/* Cuts the frame off, and lets IP say so. */
void hostile_cut(struct hostile *to, size_t bytes);

/* Makes checksums right: of the IPv4 header; of the transport, whatever its length now is. */
void hostile_fix_ip(struct hostile *to);
void hostile_fix_transport(struct hostile *to, uint8_t protocol);

/* Gives a fragment an identification of its own. */
void hostile_identify(struct hostile *to, uint16_t identification);

static inline void hostile_put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static inline uint16_t hostile_get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

#endif
