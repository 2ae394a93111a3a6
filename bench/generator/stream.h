/* SPDX-License-Identifier: Apache-2.0
 *
 * A stream: what the frames of a trial look like. Made up front; a frame is then a template with three things
 * written into it: the flow's addresses and ports, two checksums, the stamp.
 *
 * The checksums are sums of what was summed before: of the template's constant part, of the flow's addresses,
 * of the stamp. Sums are of 16-bit halves as they lie in memory (RFC 1071, section 2(B): byte order does not
 * matter).
 *
 * Knows no DPDK: templates are bytes. trial.c makes frames of them.
 */
#ifndef GENERATOR_STREAM_H
#define GENERATOR_STREAM_H

#include "generator.h"
#include "stamp.h"

enum {
	ETHERNET_BYTES = 14,
	IP4_AT = ETHERNET_BYTES,
	IP4_SUM_AT = IP4_AT + 10,
	IP4_TUPLE_AT =
	    IP4_AT + 12, /* source, destination, ports: 12 bytes in a row, as there are no options */
	IP4_TUPLE_BYTES = 12,
	IP6_TUPLE_AT = ETHERNET_BYTES + 8,
	IP6_TUPLE_BYTES = 36,
	L4_AT4 = ETHERNET_BYTES + 20,
	L4_AT6 = ETHERNET_BYTES + 40,
	UDP_BYTES = 8,
	UDP_SUM_AT = 6,
	TCP_BYTES = 20,
	TCP_SUM_AT = 16,
	PORT_FIRST = 1024, /* source ports of flows */
	PORTS = 60000,
	PORT_SERVICE = 5001, /* destination port; the next when source ports are used up */
};

/* What is written into a template for a flow, as one side sends it. */
struct flow {
	uint8_t tuple[IP6_TUPLE_BYTES]; /* the first IP4_TUPLE_BYTES for IPv4 */
	uint16_t address_sum, tuple_sum;
};

/* The same, stored: 16 bytes for IPv4, and a quarter of a cache line. */
struct flow4 {
	uint8_t tuple[IP4_TUPLE_BYTES];
	uint16_t address_sum, tuple_sum;
};
_Static_assert(sizeof(struct flow4) == 16, "four a cache line");

struct shape {
	uint16_t bytes;	  /* on a ring: without FCS */
	uint16_t payload; /* stamp and filler */
	uint32_t ip_sum, l4_sum;
	uint8_t *frame;
};

struct stream {
	struct spec spec;
	bool tcp, ip6;
	uint16_t stamp_at, l4_sum_at;

	uint32_t size_count;
	struct shape data[SIDES][SIZES_MAX];
	struct shape opening[4]; /* by enum kind; KIND_DATA's is not used */
	uint8_t *payload_known;	 /* by length: whether a template has it */

	uint8_t *cycle; /* indices of sizes, by their weights, in a random order */
	uint32_t cycle_count;
	uint32_t *schedule; /* flow numbers */
	size_t schedule_count;

	void *flows[SIDES]; /* struct flow4 or struct flow, by number, as that side sends them */
	uint32_t
	    *newest[SIDES]; /* by flow number: the newest sequence number that came back of it, plus one */
	uint8_t *open;	    /* by flow number: whether it is */
	uint32_t opened;
};

/* Returns 0, or -1 with what is wrong with the words in `error`. */
int stream_make(struct stream *stream, const struct spec *spec, char *error, size_t room);
void stream_free(struct stream *stream);

/* Whether a stream made of one would be as good for the other: its flows stay open. */
bool stream_serves(const struct stream *stream, const struct spec *spec);

/* A flow by its number, new ones too, as `side` sends it before anything is translated. */
void stream_flow(const struct stream *stream, uint32_t number, int side, struct flow *flow);

/* The flow that answers a frame that arrived. */
void stream_answer(const struct stream *stream, const uint8_t *frame, struct flow *flow);

/* From now on `side` sends flow `number` like this. */
void stream_learn(struct stream *stream, uint32_t number, int side, const struct flow *flow);

static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint64_t stamp_sum(const struct stamp *stamp)
{
	const uint8_t *bytes = (const uint8_t *)stamp;
	uint64_t a, b;
	uint16_t c;

	__builtin_memcpy(&a, bytes, 8);
	__builtin_memcpy(&b, bytes + 8, 8);
	__builtin_memcpy(&c, bytes + 16, 2);
	return (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + c;
}

static inline void store16(uint8_t *to, uint16_t value)
{
	__builtin_memcpy(to, &value, 2);
}

/* Writes a flow and a stamp, its check included, into a frame that was copied from the template. */
static inline void stream_write(const struct stream *stream, const struct shape *shape, uint8_t *frame,
				const void *flow, struct stamp *stamp)
{
	uint16_t tuple_sum, sum;

	if (stream->ip6) {
		const struct flow *six = flow;

		__builtin_memcpy(frame + IP6_TUPLE_AT, six->tuple, IP6_TUPLE_BYTES);
		tuple_sum = six->tuple_sum;
	} else {
		const struct flow4 *four = flow;

		__builtin_memcpy(frame + IP4_TUPLE_AT, four->tuple, IP4_TUPLE_BYTES);
		store16(frame + IP4_SUM_AT, (uint16_t)~sum_fold(shape->ip_sum + four->address_sum));
		tuple_sum = four->tuple_sum;
	}
	stamp->check = stamp_check(stamp, shape->payload);
	__builtin_memcpy(frame + stream->stamp_at, stamp, sizeof(*stamp));
	sum = (uint16_t)~sum_fold(stamp_sum(stamp) + shape->l4_sum + tuple_sum);
	store16(frame + stream->l4_sum_at,
		sum || stream->tcp ? sum : 0xffff); /* RFC 768: 0 would mean none */
}

static inline const void *stream_stored(const struct stream *stream, uint32_t number, int side)
{
	return (const uint8_t *)stream->flows[side] +
	       (size_t)number * (stream->ip6 ? sizeof(struct flow) : sizeof(struct flow4));
}

#endif
