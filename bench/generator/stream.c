/* SPDX-License-Identifier: Apache-2.0
 *
 * Templates and flows of a stream; see stream.h.
 *
 * A TCP flow sends the same segment again and again: the first after the handshake, whatever its length. To a
 * device that tracks windows these are retransmissions, which are in the window however long the trial is.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sample.h"

enum {
	ISN_A = 1000000,
	ISN_B = 2000000,
	TCP_SYN = 2, /* RFC 9293, section 3.1 */
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_WINDOW = 65535,
	HOPS = 64,
};

static const struct segment {
	uint32_t sequence, acknowledgement;
	uint8_t flags;
} opening_segments[] =
    {
	[KIND_OPEN] = {ISN_A, 0, TCP_SYN},
	[KIND_ANSWER] = {ISN_B, ISN_A + 1, TCP_SYN | TCP_ACK},
	[KIND_CONFIRM] = {ISN_A + 1, ISN_B + 1, TCP_ACK},
},
  data_segments[SIDES] = {
      [SIDE_A] = {ISN_A + 1, ISN_B + 1, TCP_PSH | TCP_ACK},
      [SIDE_B] = {ISN_B + 1, ISN_A + 1, TCP_PSH | TCP_ACK},
};

static uint64_t sum_bytes(const uint8_t *bytes, size_t length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2) {
		uint16_t half;

		memcpy(&half, bytes + i, 2);
		sum += half;
	}
	return sum;
}

static void store_be16(uint8_t *to, uint32_t value)
{
	store16(to, htons((uint16_t)value));
}

static void store_be32(uint8_t *to, uint32_t value)
{
	value = htonl(value);
	memcpy(to, &value, 4);
}

static uint8_t *write_ip(const struct stream *stream, uint8_t *ip, uint16_t l4_bytes)
{
	uint8_t protocol = stream->tcp ? 6 : 17;

	if (stream->ip6) {
		ip[0] = 0x60;
		store_be16(ip + 4, l4_bytes);
		ip[6] = protocol;
		ip[7] = HOPS;
		return ip + 40;
	}
	ip[0] = 0x45;
	store_be16(ip + 2, 20u + l4_bytes);
	ip[6] = 0x40; /* don't fragment */
	ip[8] = HOPS;
	ip[9] = protocol;
	return ip + 20;
}

static void write_l4(const struct stream *stream, uint8_t *l4, uint16_t l4_bytes,
		     const struct segment *segment)
{
	if (!stream->tcp) {
		store_be16(l4 + 4, l4_bytes);
		return;
	}
	store_be32(l4 + 4, segment->sequence);
	store_be32(l4 + 8, segment->acknowledgement);
	l4[12] = 5 << 4;
	l4[13] = segment->flags;
	store_be16(l4 + 14, TCP_WINDOW);
}

static int shape_make(const struct stream *stream, struct shape *shape, int side, uint16_t bytes,
		      const struct segment *segment)
{
	const struct side *here = &stream->spec.sides[side];
	uint16_t l4_at = stream->ip6 ? L4_AT6 : L4_AT4, l4_bytes = bytes - l4_at;
	uint8_t *frame = calloc(1, bytes), *l4;

	if (!frame)
		return -1;
	shape->bytes = bytes;
	shape->payload = bytes - stream->stamp_at;
	shape->frame = frame;
	memcpy(frame, here->gateway, 6);
	memcpy(frame + 6, here->mac, 6);
	store_be16(frame + 12, stream->ip6 ? 0x86dd : 0x0800);
	l4 = write_ip(stream, frame + ETHERNET_BYTES, l4_bytes);
	write_l4(stream, l4, l4_bytes, segment);
	/* Addresses and ports are zero here, so the sums are those of the constant part. */
	shape->ip_sum = (uint32_t)sum_bytes(frame + ETHERNET_BYTES, 20);
	shape->l4_sum = (uint32_t)sum_bytes(l4, (size_t)(frame + stream->stamp_at - l4)) +
			htons(stream->tcp ? 6 : 17) + htons(l4_bytes) + stamp_filler_sum[shape->payload];
	memcpy(frame + stream->stamp_at + sizeof(struct stamp), stamp_filler + sizeof(struct stamp),
	       shape->payload - sizeof(struct stamp));
	stream->payload_known[shape->payload] = 1;
	return 0;
}

static int shapes_make(struct stream *stream)
{
	uint16_t least = stream->stamp_at + sizeof(struct stamp);

	if (least < 60)
		least = 60;
	for (int side = 0; side < SIDES; side++)
		for (uint32_t i = 0; i < stream->size_count; i++) {
			uint16_t bytes = stream->spec.sizes[i] - FCS_BYTES;

			if (shape_make(stream, &stream->data[side][i], side, bytes < least ? least : bytes,
				       &data_segments[side]) < 0)
				return -1;
		}
	for (int kind = KIND_OPEN; kind <= KIND_CONFIRM; kind++)
		if (shape_make(stream, &stream->opening[kind], kind == KIND_ANSWER ? SIDE_B : SIDE_A, least,
			       &opening_segments[kind]) < 0)
			return -1;
	return 0;
}

/* Each size as often as its weight says. */
static int cycle_make(struct stream *stream, uint64_t *random)
{
	uint32_t at = 0;

	stream->cycle_count = 0;
	for (uint32_t i = 0; i < stream->size_count; i++)
		stream->cycle_count += stream->spec.weights[i];
	stream->cycle = malloc(stream->cycle_count);
	if (!stream->cycle)
		return -1;
	for (uint32_t i = 0; i < stream->size_count; i++)
		for (uint32_t j = 0; j < stream->spec.weights[i]; j++)
			stream->cycle[at++] = (uint8_t)i;
	for (uint32_t i = stream->cycle_count; i > 1; i--) {
		uint32_t j = (uint32_t)(sample_random(random) % i);
		uint8_t keep = stream->cycle[i - 1];

		stream->cycle[i - 1] = stream->cycle[j];
		stream->cycle[j] = keep;
	}
	return 0;
}

/* The n-th address of a side's hosts. */
static void host_address(const struct stream *stream, int side, uint32_t n, uint8_t *to)
{
	const struct side *hosts = &stream->spec.sides[side];
	size_t bytes = stream->ip6 ? 16 : 4;
	uint32_t low;

	memcpy(to, stream->ip6 ? hosts->ip6 : hosts->ip, bytes);
	memcpy(&low, to + bytes - 4, 4);
	low = htonl(ntohl(low) + n);
	memcpy(to + bytes - 4, &low, 4);
}

static void flow_sums(const struct stream *stream, struct flow *flow)
{
	size_t addresses = stream->ip6 ? 32 : 8;

	flow->address_sum = sum_fold(sum_bytes(flow->tuple, addresses));
	flow->tuple_sum = sum_fold(sum_bytes(flow->tuple, addresses + 4));
}

void stream_flow(const struct stream *stream, uint32_t number, int side, struct flow *flow)
{
	const struct side *sides = stream->spec.sides;
	size_t bytes = stream->ip6 ? 16 : 4;
	uint32_t rest = number / sides[SIDE_A].hosts;
	uint8_t ports[4];

	memset(flow, 0, sizeof(*flow));
	host_address(stream, SIDE_A, number % sides[SIDE_A].hosts,
		     flow->tuple + (side == SIDE_A ? 0 : bytes));
	host_address(stream, SIDE_B, number % sides[SIDE_B].hosts,
		     flow->tuple + (side == SIDE_A ? bytes : 0));
	store_be16(ports + (side == SIDE_A ? 0 : 2), PORT_FIRST + rest % PORTS);
	store_be16(ports + (side == SIDE_A ? 2 : 0), PORT_SERVICE + rest / PORTS);
	memcpy(flow->tuple + 2 * bytes, ports, 4);
	flow_sums(stream, flow);
}

void stream_answer(const struct stream *stream, const uint8_t *frame, struct flow *flow)
{
	size_t bytes = stream->ip6 ? 16 : 4;
	const uint8_t *tuple = frame + (stream->ip6 ? IP6_TUPLE_AT : IP4_TUPLE_AT);

	memset(flow, 0, sizeof(*flow));
	memcpy(flow->tuple, tuple + bytes, bytes);
	memcpy(flow->tuple + bytes, tuple, bytes);
	memcpy(flow->tuple + 2 * bytes, tuple + 2 * bytes + 2, 2);
	memcpy(flow->tuple + 2 * bytes + 2, tuple + 2 * bytes, 2);
	flow_sums(stream, flow);
}

void stream_learn(struct stream *stream, uint32_t number, int side, const struct flow *flow)
{
	if (stream->ip6) {
		((struct flow *)stream->flows[side])[number] = *flow;
	} else {
		struct flow4 *four = &((struct flow4 *)stream->flows[side])[number];

		memcpy(four->tuple, flow->tuple, IP4_TUPLE_BYTES);
		four->address_sum = flow->address_sum;
		four->tuple_sum = flow->tuple_sum;
	}
}

static int flows_make(struct stream *stream)
{
	size_t bytes = stream->ip6 ? sizeof(struct flow) : sizeof(struct flow4);
	struct flow flow;

	for (int side = 0; side < SIDES; side++) {
		stream->flows[side] = aligned_alloc(64, (stream->spec.flows * bytes + 63) & ~(size_t)63);
		stream->newest[side] = calloc(stream->spec.flows, sizeof(uint32_t));
		if (!stream->flows[side] || !stream->newest[side])
			return -1;
		for (uint32_t i = 0; i < stream->spec.flows; i++) {
			stream_flow(stream, i, side, &flow);
			stream_learn(stream, i, side, &flow);
		}
	}
	stream->open = calloc(stream->spec.flows, 1);
	return stream->open ? 0 : -1;
}

int stream_make(struct stream *stream, const struct spec *spec, char *error, size_t room)
{
	uint64_t random = spec->seed;

	memset(stream, 0, sizeof(*stream));
	stream->spec = *spec;
	stream->tcp = spec->proto == PROTO_TCP;
	stream->ip6 = spec->family == 6;
	stream->stamp_at = (stream->ip6 ? L4_AT6 : L4_AT4) + (stream->tcp ? TCP_BYTES : UDP_BYTES);
	stream->l4_sum_at = (stream->ip6 ? L4_AT6 : L4_AT4) + (stream->tcp ? TCP_SUM_AT : UDP_SUM_AT);
	stream->size_count = spec->size_count;
	stream->payload_known = calloc(FRAME_MAX, 1);
	stream->schedule = sample_schedule(spec->flows, spec->zipf, spec->seed, &stream->schedule_count);
	if (stream->payload_known && stream->schedule && shapes_make(stream) == 0 &&
	    cycle_make(stream, &random) == 0 && flows_make(stream) == 0)
		return 0;
	snprintf(error, room, "no memory for %u flows", spec->flows);
	stream_free(stream);
	return -1;
}

void stream_free(struct stream *stream)
{
	for (int side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; i < SIZES_MAX; i++)
			free(stream->data[side][i].frame);
		free(stream->flows[side]);
		free(stream->newest[side]);
	}
	for (int kind = KIND_OPEN; kind <= KIND_CONFIRM; kind++)
		free(stream->opening[kind].frame);
	free(stream->payload_known);
	free(stream->cycle);
	free(stream->schedule);
	free(stream->open);
	memset(stream, 0, sizeof(*stream));
}

bool stream_serves(const struct stream *stream, const struct spec *spec)
{
	const struct spec *own = &stream->spec;
	bool same = stream->schedule && own->size_count == spec->size_count && own->family == spec->family &&
		    own->proto == spec->proto && own->flows == spec->flows && own->zipf == spec->zipf &&
		    own->seed == spec->seed && !memcmp(own->sizes, spec->sizes, sizeof(own->sizes)) &&
		    !memcmp(own->weights, spec->weights, sizeof(own->weights));

	for (int side = 0; same && side < SIDES; side++) {
		const struct side *a = &own->sides[side], *b = &spec->sides[side];

		same = !memcmp(a->mac, b->mac, 6) && !memcmp(a->gateway, b->gateway, 6) &&
		       !memcmp(a->ip, b->ip, 4) && !memcmp(a->ip6, b->ip6, 16) && a->hosts == b->hosts;
	}
	return same;
}
