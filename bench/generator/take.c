/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes back: counted, checked, timed; neighbours and openings are answered.
 */
#include "trial.h"

#include <string.h>
#include "inspect.h"
#include "neighbour.h"
#include "port.h"

static void take_foreign(struct trial *trial, int side, const uint8_t *frame, uint32_t length)
{
	struct frame *m;
	uint32_t answer;

	trial->foreign++;
	if (trial->replies == BURST_MAX)
		return;
	m = trial->other.frames[trial->other.next % BURST_MAX];
	answer = neighbour_answer(&trial->stream.spec.sides[side], frame, length, m->bytes);
	if (answer == 0)
		return;
	trial->other.next++;
	trial->answered++;
	m->length = answer;
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
	if (length >= 18 && frame[12] == 0x81 && frame[13] == 0x00) { /* within a VLAN */
		frame += 4;
		length -= 4;
	}
	if (length >= 42 && frame[12] == 0x08 && frame[13] == 0x06)
		return true;
	return length >= 78 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 58 &&
	       frame[54] >= 133 && frame[54] <= 137; /* RFC 4861: the types of neighbour discovery */
}

static void take_frame(struct trial *trial, int side, const struct frame *frame, uint64_t now)
{
	const struct stamp *stamp;
	bool whole = false;

	if (trial->replay && !is_neighbours(frame->bytes, frame->length)) {
		replay_take(trial, frame->bytes, frame->length, now);
		return;
	}
	if (trial->replay) {
		take_foreign(trial, side, frame->bytes, frame->length);
		return;
	}
	if (--trial->check_left == 0) {
		trial->check_left = trial->check;
		whole = true;
	}
	switch (inspect(&trial->stream, frame->bytes, frame->length, whole, &stamp)) {
	case VERDICT_INTACT:
		take_ours(trial, side, stamp, frame->bytes, now);
		break;
	case VERDICT_CORRUPT:
		trial->senders[!side].corrupt++;
		break;
	case VERDICT_FOREIGN:
		take_foreign(trial, side, frame->bytes, frame->length);
		break;
	}
}

uint32_t trial_take(struct trial *trial, int side)
{
	struct frame frames[BURST_MAX];
	uint32_t count = port_receive(side, frames, trial->stream.spec.burst);
	uint64_t now;

	if (count == 0)
		return 0;
	now = rte_rdtsc();
	trial->replies = 0;
	for (uint32_t i = 0; i < count; i++)
		take_frame(trial, side, &frames[i], now);
	port_release(side);
	if (trial->replies > 0)
		trial->unanswered += trial->replies - port_send(side, trial->reply, trial->replies);
	trial->last_taken = now;
	trial->moved += count;
	return count;
}
