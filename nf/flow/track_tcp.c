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
 *   I.   seq <= the sender's max_end                               no more than the receiver allowed
 *   II.  end >= the sender's end - the receiver's max_window       not older than one window
 *   III. ack <= the receiver's end                                 nothing is acknowledged that was not sent
 *   IV.  ack >= the receiver's end - MAXACKWINDOW                  nor what is long past
 *
 * SACK is left alone. Windows are scaled when both ends offered it (RFC 7323, section 2.2), and never in a
 * SYN.
 *
 * A segment that begins in the window may end beyond it, for receivers may take more than they offered.
 *
 * While a connection opens, numbers are exact: a SYN-ACK, an ACK of one, and a reset that answers a SYN must
 * acknowledge just what was sent (RFC 9293, section 3.10.7.3), since nobody who doesn't see both directions
 * can do that. A connection for which both ends have is FLOW_ASSURED. Any other reset must be in the window
 * (I and II) to pass, and right behind what was sent to close the connection.
 *
 * A SYN in a connection that lives changes nothing: whoever gets it answers with a challenge (RFC 5961,
 * section 4), and if the connection is really gone, a reset in the window follows. If both ends have
 * forgotten it, a SYN-ACK comes that doesn't fit. That one is lost, but the SYN comes again and opens the
 * connection.
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
	    [TCP_EVENT_SYN] = REOPENS, /* whatever its number: its receiver judges that (RFC 6191) */
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

/* A connection begins with its SYN or, if `loose`, with a segment out of its middle: not with one that
 * answers what is not there, or ends it. */
enum drop_reason track_tcp_first(struct rte_mbuf *m)
{
	const struct kind *kind = kind_of(header_of(m));

	if (!kind->valid)
		return DROP_TCP_FLAGS;
	if (kind->event == TCP_EVENT_SYN || (flow_loose && kind->event == TCP_EVENT_ACK))
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
	    .max_end = segment->seq + 1,
	    .flags = FLOW_TCP_KNOWN,
	};
	read_options(end, header_of(m), m->l4_len);
	tcp_set_max_window(end, RTE_MAX(segment->window, 1u));
}

/* An end in the middle of its life, of which nobody saw the scale. */
static void guess_end(struct flow_tcp_end *end, uint32_t number, uint8_t flags)
{
	*end = (struct flow_tcp_end){
	    .end = number,
	    .max_end = number + ((uint32_t)UINT16_MAX << SCALE_MAX),
	    .max_window = UINT16_MAX,
	    .scale = SCALE_MAX,
	    .flags = flags | FLOW_TCP_SCALED | FLOW_TCP_SYN_ACKED,
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
	guess_end(&record->tcp[FLOW_ORIGINAL], segment.end, FLOW_TCP_KNOWN);
	guess_end(&record->tcp[FLOW_REPLY], segment.ack, 0);
}

/* A first fragment doesn't say how long its segment is: as long as its sender may. */
static void stretch(struct tcp_segment *segment, const struct flow_tcp_end *sender)
{
	uint32_t longest = segment->seq + SEGMENT_MAX;

	segment->end = tcp_before(sender->max_end, longest) ? sender->max_end : longest;
}

/* The highest number that an end may send. Before its SYN is acknowledged (RFC 7413) that is what fits the
 * window in the other end's SYN. */
static uint32_t limit_of(const struct flow_record *record, enum flow_direction direction)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	return sender->max_end + (sender->flags & FLOW_TCP_SYN_ACKED ? 0 : tcp_max_window(receiver));
}

/* I and II. */
static bool is_in_window(const struct flow_record *record, enum flow_direction direction,
			 const struct tcp_segment *segment)
{
	struct flow_tcp_end sender = record->tcp[direction];

	sender.max_end = limit_of(record, direction);
	return tcp_window_has(&sender, &record->tcp[!direction], segment);
}

/* III and IV; but of a SYN nothing less than its own number, as its sender will ask (RFC 9293, section
 * 3.10.7.3), so that nobody opens a connection who doesn't see both directions. */
static bool acknowledges(const struct flow_record *record, enum flow_direction direction,
			 const struct tcp_segment *segment)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	if (receiver->flags & FLOW_TCP_SYN_ACKED)
		return tcp_may_acknowledge(sender, receiver, segment);
	return !tcp_before(segment->ack, receiver->max_end) && !tcp_before(receiver->end, segment->ack);
}

static bool fits(const struct flow_record *record, enum flow_direction direction,
		 const struct tcp_segment *segment)
{
	return is_in_window(record, direction, segment) && acknowledges(record, direction, segment);
}

static void learn(struct flow_record *record, enum flow_direction direction,
		  const struct tcp_segment *segment, uint32_t window)
{
	struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	tcp_learn(sender, receiver, segment, window);
	receiver->flags |= FLOW_TCP_SYN_ACKED;
}

uint32_t track_tcp_exceed(const struct flow_tcp_end *sender, struct flow_tcp_end *receiver, uint32_t end)
{
	uint32_t from = tcp_before(sender->max_end, sender->end) ? sender->end : sender->max_end;
	uint32_t before = tcp_max_window(receiver);

	if (!(sender->flags & FLOW_TCP_SYN_ACKED))
		return end; /* is_in_window has more to say */
	tcp_set_max_window(receiver, before + end - from);
	return RTE_MIN(end - from, tcp_max_window(receiver) - before) + from;
}

static bool is_open(const struct flow_record *record)
{
	return record->tcp[FLOW_ORIGINAL].flags & record->tcp[FLOW_REPLY].flags & FLOW_TCP_SYN_ACKED;
}

/* Moves the record by a segment that fits. A connection is established when both ends' SYNs have been
 * acknowledged, whatever the order. */
static enum drop_reason move(struct flow_record *record, enum flow_direction direction, enum tcp_event event,
			     int next)
{
	if (event == TCP_EVENT_FIN || event == TCP_EVENT_FIN_FIN_ACKED)
		record->tcp[direction].flags |= FLOW_TCP_FIN;
	if (event == TCP_EVENT_FIN_ACKED || event == TCP_EVENT_FIN_FIN_ACKED)
		record->tcp[!direction].flags |= FLOW_TCP_FIN_ACKED;
	if (event == TCP_EVENT_RST)
		record->tcp[direction].flags |= FLOW_TCP_RESET;
	if (next != FLOW_TCP_ESTABLISHED || is_open(record))
		record->state = next;
	if (direction == FLOW_REPLY)
		record->flags |= FLOW_SEEN_REPLY;
	if (is_open(record) && record->flags & FLOW_SEEN_REPLY)
		record->flags |= FLOW_ASSURED;
	return TRACK_GOOD;
}

/* Whether a SYN or SYN-ACK has the number that the end's SYN had, which is known until that is acknowledged.
 */
static bool is_repeated(const struct flow_tcp_end *sender, const struct tcp_segment *segment)
{
	return (sender->flags & (FLOW_TCP_KNOWN | FLOW_TCP_SYN_ACKED)) == FLOW_TCP_KNOWN &&
	       sender->max_end == segment->seq + 1;
}

/* Of SYNs before there is an answer the last one counts. Later ones change nothing: whoever gets one answers
 * with a challenge (RFC 5961, section 4), and if the connection is really gone, a reset follows. */
static enum drop_reason syn(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m,
			    const struct tcp_segment *segment, int next)
{
	struct flow_tcp_end *sender = &record->tcp[direction];

	if (next == TCP_REOPENS)
		return TRACK_REOPENS;
	if (is_repeated(sender, segment)) {
		if (tcp_before(sender->end, segment->end)) /* with data (RFC 7413) */
			sender->end = segment->end;
		return TRACK_GOOD;
	}
	if (record->state != FLOW_TCP_SYN_SENT) {
		sender->flags |= FLOW_TCP_SYN_AGAIN;
		return TRACK_GOOD;
	}
	begin_end(sender, m, segment);
	if (record->tcp[!direction].flags & FLOW_TCP_KNOWN)
		agree_on_scale(record);
	return move(record, direction, TCP_EVENT_SYN, next);
}

/* An answer to another SYN than that of the connection: its sender has forgotten the connection, and the
 * record must not stand in the way of the next one, which begins with the SYN that comes again. */
static enum drop_reason refuse_syn_ack(struct flow_record *record, enum flow_direction direction, int next)
{
	if (!(record->tcp[!direction].flags & FLOW_TCP_SYN_AGAIN))
		return next < 0 ? DROP_TCP_STATE : DROP_TCP_WINDOW;
	record->state = FLOW_TCP_CLOSED;
	return DROP_TCP_STATE;
}

/* The first SYN-ACK of an end begins it, and so does one with another number (as of SYN cookies) if it
 * acknowledges all that the other end has sent; any other must fit. */
static enum drop_reason syn_ack(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m,
				const struct tcp_segment *segment, int next)
{
	struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];
	bool begins = !(sender->flags & FLOW_TCP_SYN_ACKED) && !is_repeated(sender, segment);
	bool all = !(receiver->flags & FLOW_TCP_SYN_ACKED) || segment->ack == receiver->end;

	if (next < 0 ||
	    !(begins ? all && acknowledges(record, direction, segment) : fits(record, direction, segment)))
		return refuse_syn_ack(record, direction, next);
	if (begins)
		begin_end(sender, m, segment);
	agree_on_scale(record);
	learn(record, direction, segment, segment->window);
	return move(record, direction, TCP_EVENT_SYN_ACK, next);
}

/* A reset: that of a SYN must acknowledge it, any other must be in the window. Only at the very end of what
 * was sent it is believed: elsewhere its receiver asks back, and obeys the reset that answers that (RFC 5961,
 * section 3.2). The opener of a connection may reset what answers it wrongly, with the wrong answer's number;
 * it still waits for the right one. */
static enum drop_reason reset(struct flow_record *record, enum flow_direction direction,
			      const struct rte_tcp_hdr *tcp, const struct tcp_segment *segment, int next)
{
	bool good = is_in_window(record, direction, segment);
	bool believed = segment->seq == record->tcp[direction].end;

	if (record->state == FLOW_TCP_SYN_SENT) {
		good = direction == FLOW_ORIGINAL ||
		       (tcp->tcp_flags & ACK && acknowledges(record, direction, segment));
		believed = direction == FLOW_REPLY;
	}
	if (!good)
		return DROP_TCP_WINDOW;
	return believed ? move(record, direction, TCP_EVENT_RST, next) : TRACK_GOOD;
}

/* Whether a FIN is an end's first. It is the last number that the end sends, and one that the other end
 * takes: or it is none. */
static bool is_first_fin(const struct flow_record *record, enum flow_direction direction,
			 const struct tcp_segment *segment)
{
	const struct flow_tcp_end *sender = &record->tcp[direction];

	if (!(sender->flags & FLOW_TCP_KNOWN))
		return true;
	return !(sender->flags & FLOW_TCP_FIN) && tcp_before(sender->end, segment->end) &&
	       !tcp_before(limit_of(record, direction) + 1, segment->end);
}

static enum tcp_event event_of(const struct flow_record *record, enum flow_direction direction, uint8_t event,
			       const struct tcp_segment *segment)
{
	const struct flow_tcp_end *receiver = &record->tcp[!direction];
	bool acked = (receiver->flags & (FLOW_TCP_FIN | FLOW_TCP_FIN_ACKED)) == FLOW_TCP_FIN &&
		     segment->ack == receiver->end;

	if (event != TCP_EVENT_FIN && event != TCP_EVENT_ACK)
		return event;
	if (event == TCP_EVENT_FIN && is_first_fin(record, direction, segment))
		return acked ? TCP_EVENT_FIN_FIN_ACKED : TCP_EVENT_FIN;
	return acked ? TCP_EVENT_FIN_ACKED : TCP_EVENT_ACK;
}

/* An end whose FIN was acknowledged has nothing more to send (RFC 9293, section 3.6). */
static bool is_after_fin(const struct flow_tcp_end *sender, const struct tcp_segment *segment)
{
	return sender->flags & FLOW_TCP_FIN_ACKED && tcp_before(sender->end, segment->end);
}

enum drop_reason track_tcp_slow(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = header_of(m);
	struct tcp_segment segment = tcp_read(m, tcp);
	enum tcp_event event;
	int next;

	if (!kind_of(tcp)->valid)
		return DROP_TCP_FLAGS;
	if (packet_meta(m)->flags & PACKET_FRAGMENT && !(tcp->tcp_flags & SYN))
		stretch(&segment, &record->tcp[direction]);
	event = event_of(record, direction, kind_of(tcp)->event, &segment);
	next = track_tcp_next(record->state, event, direction);
	if (event == TCP_EVENT_SYN_ACK)
		return syn_ack(record, direction, m, &segment, next);
	if (next < 0)
		return DROP_TCP_STATE;
	if (event == TCP_EVENT_SYN)
		return syn(record, direction, m, &segment, next);
	if (event == TCP_EVENT_RST)
		return reset(record, direction, tcp, &segment, next);
	if (record->state == FLOW_TCP_SYN_SENT) /* of an older connection, that its opener will reset */
		return TRACK_GOOD;
	if (!fits(record, direction, &segment) || is_after_fin(&record->tcp[direction], &segment))
		return DROP_TCP_WINDOW;
	learn(record, direction, &segment, segment.window << record->tcp[direction].scale);
	return move(record, direction, event, next);
}

bool track_tcp_has_sent(const struct flow_record *record, enum flow_direction direction, uint32_t sequence)
{
	const struct flow_tcp_end *sender = &record->tcp[direction], *receiver = &record->tcp[!direction];

	return !tcp_before(sender->end, sequence) &&
	       !tcp_before(sequence, sender->end - tcp_max_window(receiver) - 1);
}
