/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP tracking: what track.c calls, and the window's inequalities, which the common case needs inline.
 * track_tcp.c has the overview and the sources.
 */
#ifndef NF_FLOW_TRACK_TCP_H
#define NF_FLOW_TRACK_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include "nf/flow/record.h"
#include "nf/packet.h"

enum tcp_event {
	TCP_EVENT_SYN,
	TCP_EVENT_SYN_ACK,
	TCP_EVENT_ACK,		 /* nothing else that is new */
	TCP_EVENT_FIN,		 /* this end's first */
	TCP_EVENT_FIN_ACKED,	 /* the other end's FIN is acknowledged, for the first time */
	TCP_EVENT_FIN_FIN_ACKED, /* both */
	TCP_EVENT_RST,
	TCP_EVENTS,
};

/* What the table says: a state, or that the segment ends the flow and begins another one. -1: it rules the
 * segment out. */
enum { TCP_REOPENS = FLOW_STATE_COUNT };
int track_tcp_next(enum flow_state state, enum tcp_event event, enum flow_direction direction);

enum drop_reason track_tcp_first(struct rte_mbuf *m);
void track_tcp_open(struct flow_record *record, struct rte_mbuf *m);
enum drop_reason track_tcp_slow(struct flow_record *record, enum flow_direction direction,
				struct rte_mbuf *m);

/* Whether a quoted sequence number is one that an end has in flight, or had not long ago (RFC 5927, section
 * 4). */
bool track_tcp_has_sent(const struct flow_record *record, enum flow_direction direction, uint32_t sequence);

/* A segment's numbers in host order. */
struct tcp_segment {
	uint32_t seq, end; /* end: seq, payload, and one for each of SYN and FIN */
	uint32_t ack;
	uint32_t window; /* as it stands in the header: not scaled */
};

enum { TCP_ACK_WINDOW = 66000 /* MAXACKWINDOW, van Rooij */ };

/* a is before b, modulo 2^32 (RFC 9293, section 3.4). */
static inline bool tcp_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline struct tcp_segment tcp_read(struct rte_mbuf *m, const struct rte_tcp_hdr *tcp)
{
	uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq);
	uint32_t payload = packet_meta(m)->l3_bytes - m->l3_len - m->l4_len;

	return (struct tcp_segment){
	    .seq = seq,
	    .end =
		seq + payload + !!(tcp->tcp_flags & RTE_TCP_SYN_FLAG) + !!(tcp->tcp_flags & RTE_TCP_FIN_FLAG),
	    .ack = rte_be_to_cpu_32(tcp->recv_ack),
	    .window = rte_be_to_cpu_16(tcp->rx_win),
	};
}

static inline uint32_t tcp_max_window(const struct flow_tcp_end *end)
{
	return (uint32_t)end->max_window << end->scale;
}

static inline void tcp_set_max_window(struct flow_tcp_end *end, uint32_t window)
{
	uint32_t scaled = (window + (1u << end->scale) - 1) >> end->scale;

	end->max_window = scaled < UINT16_MAX ? scaled : UINT16_MAX;
}

/* Inequalities I and II. */
static inline bool tcp_window_has(const struct flow_tcp_end *sender, const struct flow_tcp_end *receiver,
				  const struct tcp_segment *segment)
{
	return !tcp_before(sender->max_end, segment->seq) &&
	       !tcp_before(segment->end, sender->end - tcp_max_window(receiver));
}

/* III and IV. */
static inline bool tcp_may_acknowledge(const struct flow_tcp_end *sender, const struct flow_tcp_end *receiver,
				       const struct tcp_segment *segment)
{
	uint32_t ack_window = tcp_max_window(sender);

	ack_window = ack_window > TCP_ACK_WINDOW ? ack_window : TCP_ACK_WINDOW;
	return !tcp_before(receiver->end, segment->ack) &&
	       !tcp_before(segment->ack, receiver->end - ack_window);
}

/* A segment that begins in the window and ends beyond it: what its receiver will take of it is not known.
 * II is kept from ruling out what the window allows by widening the window, not by moving max_end: else a
 * second segment could begin where this one ends, and so on. Returns the sender's new end, which is less than
 * the segment's where the window is as wide as it can be. */
uint32_t track_tcp_exceed(const struct flow_tcp_end *sender, struct flow_tcp_end *receiver, uint32_t end);

/* What a segment that fits reveals. A window of 0 lets one octet through, for the probe (RFC 9293,
 * section 3.8.6.1). */
static inline void tcp_learn(struct flow_tcp_end *sender, struct flow_tcp_end *receiver,
			     const struct tcp_segment *segment, uint32_t window)
{
	uint32_t allowed = segment->ack + (window ? window : 1);

	if (window > tcp_max_window(sender))
		tcp_set_max_window(sender, window);
	if (tcp_before(sender->end, segment->end)) {
		if (unlikely(tcp_before(sender->max_end, segment->end)))
			sender->end = track_tcp_exceed(sender, receiver, segment->end);
		else
			sender->end = segment->end;
	}
	if (tcp_before(receiver->max_end, allowed))
		receiver->max_end = allowed;
}

/* Segments of an established connection without SYN, FIN or RST: nearly all. */
static inline enum drop_reason track_tcp(struct flow_record *record, enum flow_direction direction,
					 struct rte_mbuf *m)
{
	const uint8_t kind = RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
	const struct rte_tcp_hdr *tcp =
	    rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, m->l2_len + m->l3_len);
	struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];
	struct tcp_segment segment;

	if (unlikely(record->state != FLOW_TCP_ESTABLISHED || (tcp->tcp_flags & kind) != RTE_TCP_ACK_FLAG ||
		     packet_meta(m)->flags & PACKET_FRAGMENT || !(sender->flags & FLOW_TCP_KNOWN)))
		return track_tcp_slow(record, direction, m);
	segment = tcp_read(m, tcp);
	if (unlikely(!tcp_window_has(sender, receiver, &segment) ||
		     !tcp_may_acknowledge(sender, receiver, &segment)))
		return DROP_TCP_WINDOW;
	tcp_learn(sender, receiver, &segment, segment.window << sender->scale);
	return DROP_REASON_COUNT;
}

#endif
