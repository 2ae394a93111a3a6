/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the tracking of TCP. Two ends talk, and somebody who sees neither sends segments in the name of one
 * of them. What an end would throw away (RFC 9293, section 3.10.7.4; RFC 5961) may neither close the
 * connection nor keep out anything genuine; what is refused leaves no trace in the record. The input: an
 * end's name and both scales, then 12 bytes a segment.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "nf/flow/track_tcp.h"
#include "nf/host.h"
#include "nf/flow/track.h"
#include "tests/unit/support/craft.h"
#include "tests/unit/support/nf_host.h"

enum { FIRST = 0x7fffff00, FIN = 1, SYN = 2, RST = 4, PUSH = 8, ACK = 16, SEGMENT = 12 };

/* Its next number, the end of the window that the other one offers it, and the scale of the one that it
 * offers. */
static struct end {
	uint32_t next, limit;
	uint8_t scale;
} ends[FLOW_DIRECTIONS];
static struct flow_record record;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static enum drop_reason pass(enum flow_direction direction, const struct craft *craft)
{
	struct flow_record before = record;
	struct craft segment = *craft;
	struct rte_mbuf *m;
	enum drop_reason reason = TRACK_GOOD;

	segment.source = segment.destination = "192.0.2.1";
	segment.protocol = IPPROTO_TCP;
	m = craft_packet(&segment);
	if (record.state == FLOW_FREE)
		track_open(&record, m);
	else
		reason = track_packet(&record, direction, m);
	rte_pktmbuf_free(m);
	if (record.state == FLOW_TCP_CLOSED)
		before.state = FLOW_TCP_CLOSED; /* by a SYN-ACK that shows that it is forgotten */
	if (reason != TRACK_GOOD && memcmp(&before, &record, sizeof(before)) != 0)
		abort();
	return reason;
}

/* A genuine segment with as much data as there is room for, and a window that takes nothing back. */
static void talk(enum flow_direction direction, uint8_t flags, uint16_t bytes, uint16_t window)
{
	struct end *from = &ends[direction], *to = &ends[!direction];
	uint8_t scale = flags & SYN ? 0 : from->scale;
	uint32_t least = (to->limit - to->next + (1u << scale) - 1) >> scale;
	struct craft craft = {.tcp_flags = flags, .sequence = from->next, .acknowledgement = to->next};

	craft.payload = RTE_MIN(RTE_MIN(bytes, 1400u), from->limit - from->next);
	craft.window = RTE_MAX(window, RTE_MIN(least, UINT16_MAX));
	if (flags & SYN) {
		memcpy(craft.options, (uint8_t[]){1, 3, 3, from->scale}, 4);
		craft.option_bytes = 4;
	}
	if (pass(direction, &craft) != TRACK_GOOD)
		abort();
	from->next += craft.payload + !!(flags & SYN);
	if (flags & ACK && tcp_before(to->limit, to->next + (craft.window << scale)))
		to->limit = to->next + (craft.window << scale);
}

/* Whether the other end would take the segment, or ask back and then believe what comes: numbers in its
 * window, a FIN also right behind it; or a reset right behind what was sent. */
static bool would_be_taken(const struct craft *craft, enum flow_direction direction)
{
	const struct end *from = &ends[direction];
	bool fin = craft->tcp_flags & FIN;

	if (craft->tcp_flags & RST)
		return craft->sequence == record.tcp[direction].end;
	return !(craft->tcp_flags & SYN) && tcp_before(craft->sequence, from->limit + fin) &&
	       tcp_before(from->next, craft->sequence + craft->payload + fin);
}

static void forge(enum flow_direction direction, const uint8_t *data, bool anything)
{
	struct craft craft = {.tcp_flags = data[1], .payload = data[2] * 6, .window = data[3] << 8 | data[3]};
	uint32_t offset, ack;

	memcpy(&offset, data + 4, 4);
	memcpy(&ack, data + 8, 4);
	craft.sequence = ends[direction].next + offset;
	craft.acknowledgement = ends[!direction].next + ack;
	if (anything || !would_be_taken(&craft, direction))
		pass(direction, &craft);
}

static void open_connection(const uint8_t *data)
{
	memset(&record, 0, sizeof(record));
	ends[FLOW_ORIGINAL] = (struct end){.next = FIRST, .limit = FIRST + 1, .scale = data[1] % 15};
	ends[FLOW_REPLY] = (struct end){.next = (uint32_t)-FIRST, .limit = 1 - FIRST, .scale = data[2] % 15};
	talk(FLOW_ORIGINAL, SYN, 0, 1000);
	talk(FLOW_REPLY, SYN | ACK, 0, 1000);
	talk(FLOW_ORIGINAL, ACK, 0, 1000);
}

/* Segments that nothing is known of, from the first one on. */
static void anything_goes(const uint8_t *data, size_t count)
{
	memset(ends, 0, sizeof(ends));
	memset(&record, 0, sizeof(record));
	pass(FLOW_ORIGINAL, &(struct craft){.tcp_flags = SYN, .window = 1000});
	for (size_t at = 0; at + SEGMENT <= count; at += SEGMENT)
		forge(data[at] & 1, data + at, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	if (!host_packet_pool)
		nf_host_start();
	if (count < 3)
		return 0;
	anything_goes(data + 3, count - 3);
	open_connection(data);
	for (size_t at = 3; at + SEGMENT <= count; at += SEGMENT) {
		if (data[at] & 1)
			forge(data[0] & 1, data + at, false);
		else
			talk(data[at] >> 1 & 1, ACK | PUSH, data[at + 2] << 4, data[at + 3] << 8);
		if (record.state != FLOW_TCP_ESTABLISHED)
			abort();
	}
	talk(FLOW_ORIGINAL, ACK, 1, 1);
	talk(FLOW_REPLY, ACK, 1, 1);
	return 0;
}
