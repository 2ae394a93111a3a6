/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP: a table of states, and windows. Called by track.c.
 *
 * The state is that of both ends together, as seen from between them (RFC 9293, section 3.3.2). What a
 * segment is, is an event: so that a FIN that is sent twice counts once, and a FIN is acknowledged when its
 * very number is.
 *
 * Windows are judged as in Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2001). For a
 * segment from one end, with the numbers [seq, end) and the acknowledgement ack:
 *
 *   I.   the data's end <= the sender's max_end                    no more than the receiver allowed
 *   II.  end >= the sender's end - the receiver's max_window       not older than one window
 *   III. ack <= the receiver's end                                 nothing is acknowledged that was not sent
 *   IV.  ack >= the receiver's end - MAXACKWINDOW                  nor what is long past
 *
 * SACK is left alone. Windows are scaled when both ends offered it (RFC 7323, section 2.2), and never in a
 * SYN.
 *
 * A reset must have a sequence number in the window (I and II); one that answers a SYN must acknowledge
 * exactly it (RFC 9293, section 3.10.7.3). A SYN in a connection that lives changes nothing: whoever gets it
 * answers with a challenge (RFC 5961, section 4), and if the connection is really gone, a reset in the window
 * follows. But if whoever gets it has forgotten the connection as well, it answers with a SYN-ACK of another
 * one: then both ends agree, and their numbers are taken over.
 *
 * A connection that is picked up in mid-stream (`loose`) has windows that nobody saw scaled: its ends are
 * held to the largest there are.
 */
#include <rte_common.h>
#include "nf/appliance.h"
#include "nf/flow/track.h"
#include "nf/flow/track_tcp.h"

enum {
	SCALE_MAX = 14, /* RFC 7323, section 2.3 */
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	SEGMENT_MAX = 65535,
};

enum { FIN = RTE_TCP_FIN_FLAG, SYN = RTE_TCP_SYN_FLAG, RST = RTE_TCP_RST_FLAG, ACK = RTE_TCP_ACK_FLAG };

/* What the combinations of FIN, SYN, RST and ACK are. PSH, URG and the ECN bits go with any. */
static const struct kind {
	bool valid;
	uint8_t event;
} kinds[ACK << 1] = {
    [SYN] = {true, TCP_EVENT_SYN}, [SYN | ACK] = {true, TCP_EVENT_SYN_ACK},
    [ACK] = {true, TCP_EVENT_ACK}, [FIN | ACK] = {true, TCP_EVENT_FIN},
    [RST] = {true, TCP_EVENT_RST}, [RST | ACK] = {true, TCP_EVENT_RST},
};

static const struct kind *kind_of(const struct rte_tcp_hdr *tcp)
{
	return &kinds[tcp->tcp_flags & (FIN | SYN | RST | ACK)];
}

/* A cell: the next state plus one for each direction, so that a cell that isn't there rules the segment out.
 */
struct cell {
	uint8_t original, reply;
};

#define GO(state) FLOW_TCP_##state + 1
#define BOTH(state) \
	{ \
		GO(state), GO(state) \
	}
#define REOPENS \
	{ \
		TCP_REOPENS + 1, TCP_REOPENS + 1 \
	}

static const struct cell cells[FLOW_STATE_COUNT][TCP_EVENTS] = {
    [FLOW_TCP_SYN_SENT] =
	{
	    [TCP_EVENT_SYN] = {GO(SYN_SENT), GO(SYN_SENT2)},
	    [TCP_EVENT_SYN_ACK] = {0, GO(SYN_RECEIVED)},
	    [TCP_EVENT_ACK] = {0, GO(SYN_SENT)}, /* of an older connection that only one end still knows */
	    [TCP_EVENT_RST] = {GO(SYN_SENT), GO(CLOSED)},
	},
    [FLOW_TCP_SYN_SENT2] =
	{
	    [TCP_EVENT_SYN] = BOTH(SYN_SENT2),
	    [TCP_EVENT_SYN_ACK] = BOTH(SYN_RECEIVED),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_SYN_RECEIVED] =
	{
	    [TCP_EVENT_SYN] = BOTH(SYN_RECEIVED),
	    [TCP_EVENT_SYN_ACK] = {GO(ESTABLISHED),
				   GO(SYN_RECEIVED)}, /* from the opener: simultaneous open */
	    [TCP_EVENT_ACK] = {GO(ESTABLISHED), GO(SYN_RECEIVED)},
	    [TCP_EVENT_FIN] = BOTH(FIN_WAIT),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_ESTABLISHED] =
	{
	    [TCP_EVENT_SYN] = BOTH(ESTABLISHED),
	    [TCP_EVENT_SYN_ACK] = BOTH(ESTABLISHED),
	    [TCP_EVENT_ACK] = BOTH(ESTABLISHED),
	    [TCP_EVENT_FIN] = BOTH(FIN_WAIT),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_FIN_WAIT] =
	{
	    [TCP_EVENT_SYN] = BOTH(FIN_WAIT),
	    [TCP_EVENT_SYN_ACK] = BOTH(FIN_WAIT),
	    [TCP_EVENT_ACK] = BOTH(FIN_WAIT),
	    [TCP_EVENT_FIN] = BOTH(CLOSING),
	    [TCP_EVENT_FIN_ACKED] = BOTH(CLOSE_WAIT),
	    [TCP_EVENT_FIN_FIN_ACKED] = BOTH(LAST_ACK),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_CLOSE_WAIT] =
	{
	    [TCP_EVENT_SYN] = BOTH(CLOSE_WAIT),
	    [TCP_EVENT_ACK] = BOTH(CLOSE_WAIT),
	    [TCP_EVENT_FIN] = BOTH(LAST_ACK),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_CLOSING] =
	{
	    [TCP_EVENT_SYN] = BOTH(CLOSING),
	    [TCP_EVENT_ACK] = BOTH(CLOSING),
	    [TCP_EVENT_FIN_ACKED] = BOTH(LAST_ACK),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_LAST_ACK] =
	{
	    [TCP_EVENT_SYN] = BOTH(LAST_ACK),
	    [TCP_EVENT_ACK] = BOTH(LAST_ACK),
	    [TCP_EVENT_FIN_ACKED] = BOTH(TIME_WAIT),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_TIME_WAIT] =
	{
	    [TCP_EVENT_SYN] = REOPENS, /* with a number beyond the last one, see below */
	    [TCP_EVENT_ACK] = BOTH(TIME_WAIT),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
    [FLOW_TCP_CLOSED] =
	{
	    [TCP_EVENT_SYN] = REOPENS,
	    [TCP_EVENT_ACK] = BOTH(CLOSED),
	    [TCP_EVENT_FIN] = BOTH(CLOSED),
	    [TCP_EVENT_FIN_ACKED] = BOTH(CLOSED),
	    [TCP_EVENT_FIN_FIN_ACKED] = BOTH(CLOSED),
	    [TCP_EVENT_RST] = BOTH(CLOSED),
	},
};

int track_tcp_next(enum flow_state state, enum tcp_event event, enum flow_direction direction)
{
	const struct cell *cell = &cells[state][event];

	return (direction == FLOW_ORIGINAL ? cell->original : cell->reply) - 1;
}

static const struct rte_tcp_hdr *header_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, m->l2_len + m->l3_len);
}

/* Without the loose choice, a connection begins with its SYN. */
enum drop_reason track_tcp_first(struct rte_mbuf *m)
{
	const struct kind *kind = kind_of(header_of(m));

	if (!kind->valid)
		return DROP_TCP_FLAGS;
	if (kind->event == TCP_EVENT_SYN || (flow_loose && kind->event != TCP_EVENT_RST))
		return TRACK_GOOD;
	return DROP_TCP_STATE;
}

/* Reads window scale and whether SACK may be used from a SYN's options. */
static void read_options(struct flow_tcp_end *end, const struct rte_tcp_hdr *tcp, uint32_t header_bytes)
{
	const uint8_t *at = (const uint8_t *)(tcp + 1), *stop = (const uint8_t *)tcp + header_bytes;

	while (at < stop && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (stop - at < 2 || at[1] < 2 || at[1] > stop - at)
			return;
		if (*at == OPTION_SCALE && at[1] == 3) {
			end->scale = RTE_MIN(at[2], SCALE_MAX);
			end->flags |= FLOW_TCP_SCALED;
		} else if (*at == OPTION_SACK_PERMITTED && at[1] == 2) {
			end->flags |= FLOW_TCP_SACK;
		}
		at += at[1];
	}
}

/* The end's numbers as of its SYN. Its scale counts from the next segment on: until then its window is as it
 * stands. */
static void begin_end(struct flow_tcp_end *end, struct rte_mbuf *m, const struct tcp_segment *segment)
{
	*end = (struct flow_tcp_end){
	    .end = segment->end,
	    .max_end = segment->end,
	    .flags = FLOW_TCP_KNOWN,
	};
	read_options(end, header_of(m), m->l4_len);
	end->max_window = RTE_MAX(segment->window >> end->scale, 1u);
}

/* An end in the middle of its life, of which nobody saw the scale. */
static void guess_end(struct flow_tcp_end *end, uint32_t number)
{
	*end = (struct flow_tcp_end){
	    .end = number,
	    .max_end = number + ((uint32_t)UINT16_MAX << SCALE_MAX),
	    .max_window = UINT16_MAX,
	    .scale = SCALE_MAX,
	    .flags = FLOW_TCP_KNOWN | FLOW_TCP_SCALED,
	};
}

/* Both ends have spoken: unless both offered scaling, neither scales. */
static void agree_on_scale(struct flow_record *record)
{
	struct flow_tcp_end *ends = record->tcp;

	if (ends[0].flags & ends[1].flags & FLOW_TCP_SCALED)
		return;
	for (int i = 0; i < FLOW_DIRECTIONS; i++) {
		ends[i].max_window = RTE_MIN(tcp_max_window(&ends[i]), (uint32_t)UINT16_MAX);
		ends[i].scale = 0;
	}
}

void track_tcp_open(struct flow_record *record, struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = header_of(m);
	struct tcp_segment segment = tcp_read(m, tcp);

	if (kind_of(tcp)->event == TCP_EVENT_SYN) {
		record->state = FLOW_TCP_SYN_SENT;
		begin_end(&record->tcp[FLOW_ORIGINAL], m, &segment);
		return;
	}
	record->state = FLOW_TCP_ESTABLISHED;
	record->flags |= FLOW_LOOSE;
	guess_end(&record->tcp[FLOW_ORIGINAL], segment.end);
	guess_end(&record->tcp[FLOW_REPLY], segment.ack);
}

/* A first fragment doesn't say how long its segment is: as long as its sender may. */
static void stretch(struct tcp_segment *segment, const struct flow_tcp_end *sender)
{
	uint32_t longest = segment->seq + SEGMENT_MAX;

	segment->end = tcp_before(sender->max_end, longest) ? sender->max_end : longest;
	segment->data_end = segment->seq;
}

static bool is_in_window(const struct flow_record *record, enum flow_direction direction,
			 const struct tcp_segment *segment)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	return !tcp_before(sender->max_end, segment->seq) &&
	       !tcp_before(segment->end, sender->end - tcp_max_window(receiver));
}

/* A reset: that of a SYN must acknowledge it, any other must be in the window. The opener of a connection may
 * reset what answers it wrongly, with the wrong answer's number. */
static bool reset_fits(const struct flow_record *record, enum flow_direction direction,
		       const struct rte_tcp_hdr *tcp, const struct tcp_segment *segment)
{
	if (record->state == FLOW_TCP_SYN_SENT && direction == FLOW_ORIGINAL)
		return true;
	if (record->state == FLOW_TCP_SYN_SENT || record->state == FLOW_TCP_SYN_SENT2)
		return (tcp->tcp_flags & ACK) && segment->ack == record->tcp[!direction].end;
	return is_in_window(record, direction, segment);
}

/* A SYN or SYN-ACK that belongs to the opening: of an end that has not been heard, or again as it was. */
static bool opens(const struct flow_record *record, enum flow_direction direction, uint8_t event)
{
	if (event != TCP_EVENT_SYN && event != TCP_EVENT_SYN_ACK)
		return false;
	if (!(record->tcp[direction].flags & FLOW_TCP_KNOWN))
		return true;
	return record->state < FLOW_TCP_ESTABLISHED;
}

/* An opening SYN is taken as it is; a SYN-ACK must acknowledge the other end's SYN. */
static bool opening_fits(const struct flow_record *record, enum flow_direction direction, uint8_t event,
			 const struct tcp_segment *segment)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	if (event == TCP_EVENT_SYN_ACK &&
	    (!(receiver->flags & FLOW_TCP_KNOWN) || tcp_before(receiver->end, segment->ack) ||
	     tcp_before(segment->ack, receiver->end - tcp_max_window(sender) - 1)))
		return false;
	/* A simultaneous open's SYN-ACK has its SYN's number. */
	return !(sender->flags & FLOW_TCP_KNOWN) || record->state == FLOW_TCP_SYN_SENT ||
	       segment->end == sender->end || event == TCP_EVENT_SYN;
}

static void learn_opening(struct flow_record *record, enum flow_direction direction, uint8_t event,
			  struct rte_mbuf *m, const struct tcp_segment *segment)
{
	struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	/* One that comes again has nothing new, unless it begins elsewhere: then that is the one that counts.
	 */
	if (!(sender->flags & FLOW_TCP_KNOWN) || sender->end != segment->end)
		begin_end(sender, m, segment);
	if (receiver->flags & FLOW_TCP_KNOWN) {
		/* It may say something before its SYN is acknowledged (RFC 7413, section 3). */
		sender->max_end = sender->end + tcp_max_window(receiver);
		agree_on_scale(record);
	}
	if (event == TCP_EVENT_SYN_ACK)
		tcp_learn(sender, receiver, segment, segment->window);
}

static enum tcp_event event_of(const struct flow_record *record, enum flow_direction direction, uint8_t event,
			       const struct tcp_segment *segment)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];
	bool acked = (receiver->flags & (FLOW_TCP_FIN | FLOW_TCP_FIN_ACKED)) == FLOW_TCP_FIN &&
		     segment->ack == receiver->end;
	bool fin = event == TCP_EVENT_FIN && !(sender->flags & FLOW_TCP_FIN);

	if (event != TCP_EVENT_FIN && event != TCP_EVENT_ACK)
		return event;
	if (fin)
		return acked ? TCP_EVENT_FIN_FIN_ACKED : TCP_EVENT_FIN;
	return acked ? TCP_EVENT_FIN_ACKED : TCP_EVENT_ACK;
}

/* Moves the record by a segment that fits. */
static enum drop_reason move(struct flow_record *record, enum flow_direction direction, uint8_t event,
			     int next)
{
	if (event == TCP_EVENT_FIN || event == TCP_EVENT_FIN_FIN_ACKED)
		record->tcp[direction].flags |= FLOW_TCP_FIN;
	if (event == TCP_EVENT_FIN_ACKED || event == TCP_EVENT_FIN_FIN_ACKED)
		record->tcp[!direction].flags |= FLOW_TCP_FIN_ACKED;
	record->state = next;
	if (direction == FLOW_REPLY)
		record->flags |= FLOW_SEEN_REPLY;
	if (next == FLOW_TCP_ESTABLISHED && record->flags & FLOW_SEEN_REPLY)
		record->flags |= FLOW_ASSURED;
	return TRACK_GOOD;
}

/* A SYN of a connection that lives, or of one that is over but whose numbers it repeats: nothing is learnt
 * from it. */
static bool is_ignored(const struct flow_record *record, enum flow_direction direction, uint8_t event,
		       const struct tcp_segment *segment)
{
	if (event != TCP_EVENT_SYN && event != TCP_EVENT_SYN_ACK)
		return record->state == FLOW_TCP_SYN_SENT && direction == FLOW_REPLY &&
		       event == TCP_EVENT_ACK;
	if (record->state == FLOW_TCP_TIME_WAIT)
		return tcp_before(segment->seq, record->tcp[direction].end);
	return record->state != FLOW_TCP_CLOSED;
}

/* Whether a SYN-ACK answers a SYN that was not taken for one: it acknowledges no number of the connection
 * that was. */
static bool begins_anew(const struct flow_record *record, enum flow_direction direction, uint8_t event,
			const struct tcp_segment *segment)
{
	const struct flow_tcp_end *opener = &record->tcp[!direction];

	return event == TCP_EVENT_SYN_ACK && opener->flags & FLOW_TCP_SYN_AGAIN &&
	       (tcp_before(opener->end, segment->ack) ||
		tcp_before(segment->ack, opener->end - TCP_ACK_WINDOW));
}

/* What the SYN offered is not remembered, but its answer scales windows only if it did, and the same host
 * will have offered what it did before. */
static enum drop_reason begin_anew(struct flow_record *record, enum flow_direction direction,
				   struct rte_mbuf *m, const struct tcp_segment *segment)
{
	struct flow_tcp_end *answerer = &record->tcp[direction], *opener = &record->tcp[!direction];
	uint8_t scale = opener->flags & FLOW_TCP_SCALED ? opener->scale : SCALE_MAX;

	*opener = (struct flow_tcp_end){
	    .end = segment->ack,
	    .max_end = segment->ack,
	    .max_window = UINT16_MAX >> scale,
	    .scale = scale,
	    .flags = FLOW_TCP_KNOWN | FLOW_TCP_SCALED | (opener->flags & FLOW_TCP_SACK),
	};
	begin_end(answerer, m, segment);
	agree_on_scale(record);
	tcp_learn(answerer, opener, segment, segment->window);
	record->state = FLOW_TCP_ESTABLISHED;
	return TRACK_GOOD;
}

enum drop_reason track_tcp_slow(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = header_of(m);
	struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];
	struct tcp_segment segment = tcp_read(m, tcp);
	uint8_t event = kind_of(tcp)->event;
	int next;

	if (!kind_of(tcp)->valid)
		return DROP_TCP_FLAGS;
	if (packet_meta(m)->flags & PACKET_FRAGMENT)
		stretch(&segment, sender);
	event = event_of(record, direction, event, &segment);
	if (begins_anew(record, direction, event, &segment))
		return begin_anew(record, direction, m, &segment);
	next = track_tcp_next(record->state, event, direction);
	if (next < 0)
		return DROP_TCP_STATE;
	if (opens(record, direction, event)) {
		if (!opening_fits(record, direction, event, &segment))
			return DROP_TCP_WINDOW;
		learn_opening(record, direction, event, m, &segment);
		return move(record, direction, event, next);
	}
	if (is_ignored(record, direction, event, &segment)) {
		if (event == TCP_EVENT_SYN)
			sender->flags |= FLOW_TCP_SYN_AGAIN;
		return TRACK_GOOD;
	}
	if (next == TCP_REOPENS)
		return TRACK_REOPENS;
	if (event == TCP_EVENT_RST)
		return reset_fits(record, direction, tcp, &segment) ? move(record, direction, event, next)
								    : DROP_TCP_WINDOW;
	if (!tcp_fits(sender, receiver, &segment))
		return DROP_TCP_WINDOW;
	tcp_learn(sender, receiver, &segment, segment.window << sender->scale);
	sender->flags &= ~FLOW_TCP_SYN_AGAIN;
	return move(record, direction, event, next);
}

bool track_tcp_has_sent(const struct flow_record *record, enum flow_direction direction, uint32_t sequence)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	return !tcp_before(sender->end, sequence) &&
	       !tcp_before(sequence, sender->end - tcp_max_window(receiver) - 1);
}
