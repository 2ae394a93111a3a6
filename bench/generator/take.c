/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes back: counted, checked, timed; neighbours and openings are answered.
 */
#include "trial.h"

#include <string.h>
#include <rte_prefetch.h>
#include "inspect.h"
#include "neighbour.h"
#include "port.h"

enum { PREFETCH_AHEAD = 4 };

static void take_foreign(struct trial *trial, int side, const uint8_t *frame, uint32_t length)
{
	struct rte_mbuf *m;
	uint32_t answer;

	trial->foreign++;
	if (trial->replies == BURST_MAX)
		return;
	m = trial->other.mbufs[trial->other.next % BURST_MAX];
	answer =
	    neighbour_answer(&trial->stream.spec.sides[side], frame, length, rte_pktmbuf_mtod(m, uint8_t *));
	if (answer == 0)
		return;
	trial->other.next++;
	trial->answered++;
	m->data_len = (uint16_t)answer;
	m->pkt_len = answer;
	trial->reply[trial->replies++] = m;
}

/* Whether a flow's packets keep their order. Those of different flows may overtake each other. */
static inline void take_in_flow(struct trial *trial, struct sender *sender, int side,
				const struct stamp *stamp)
{
	uint32_t number = stamp_flow(stamp), *newest;

	if (number >= trial->stream.spec.flows)
		return;
	newest = &trial->stream.newest[side][number];
	if (stamp->sequence < *newest)
		sender->reordered_flow++;
	else
		*newest = stamp->sequence + 1;
}

static void take_ours(struct trial *trial, int side, const struct stamp *stamp, const uint8_t *frame,
		      uint64_t now)
{
	enum kind kind = stamp_kind(stamp);
	struct sender *sender = &trial->senders[!side];

	if (stamp->trial != trial->number || stamp_side(stamp) == side) {
		trial->late += kind == KIND_DATA; /* of openings some are sent twice */
		return;
	}
	if (kind != KIND_DATA) {
		if (trial->respond || trial->opening_now)
			opening_step(trial, kind, stamp_flow(stamp), frame);
		if (trial->opening_now || kind != KIND_OPEN) {
			trial->answers++;
			return;
		}
	}
	if (window_add(&sender->window, stamp->sequence)) {
		histogram_add(&sender->latency, (uint32_t)(now >> STAMP_TIME_SHIFT) - stamp->time);
		take_in_flow(trial, sender, !side, stamp);
	}
}

static bool is_neighbours(const uint8_t *frame, uint32_t length)
{
	if (length >= 42 && frame[12] == 0x08 && frame[13] == 0x06)
		return true;
	return length >= 78 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 58 &&
	       frame[54] >= 133 && frame[54] <= 137; /* RFC 4861: the types of neighbour discovery */
}

static void take_frame(struct trial *trial, int side, struct rte_mbuf *m, uint64_t now)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct stamp *stamp;
	bool whole = false;

	if (trial->replay) {
		if (!is_neighbours(frame, m->data_len))
			trial->replayed++;
		else
			take_foreign(trial, side, frame, m->data_len);
		return;
	}
	if (--trial->check_left == 0) {
		trial->check_left = trial->check;
		whole = true;
	}
	switch (inspect(&trial->stream, frame, m->data_len, whole, &stamp)) {
	case VERDICT_INTACT:
		take_ours(trial, side, stamp, frame, now);
		break;
	case VERDICT_CORRUPT:
		trial->senders[!side].corrupt++;
		break;
	case VERDICT_FOREIGN:
		take_foreign(trial, side, frame, m->data_len);
		break;
	}
}

uint16_t trial_take(struct trial *trial, int side)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	uint16_t count = port_receive(side, mbufs, (uint16_t)trial->stream.spec.burst);
	uint64_t now;

	if (count == 0)
		return 0;
	now = rte_rdtsc();
	trial->replies = 0;
	for (uint16_t i = 0; i < PREFETCH_AHEAD && i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		if (i + PREFETCH_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + PREFETCH_AHEAD], void *));
		take_frame(trial, side, mbufs[i], now);
	}
	rte_pktmbuf_free_bulk(mbufs, count);
	if (trial->replies > 0)
		trial->unanswered += trial->replies - port_send(side, trial->reply, (uint16_t)trial->replies);
	trial->last_taken = now;
	return count;
}
