/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures as traffic. Frames of both sides are one list in the order of the captures' clocks, and leave in
 * that order: an answer is never before its question. They are sent from where they lie: a ring copies them.
 *
 * Two sides are two rings, though, and the appliance may look at the answer's first. So, as fast as possible,
 * a frame waits until the last frame before it of its connection that left by the other side has come back,
 * or one that left behind that. For a connection in which neither comes (all was dropped), nothing waits.
 *
 * What comes back is known by what nobody changes on the way (identity.h); a frame that has its twin in the
 * captures is not. By the captures' clock, that gives latencies.
 */
#include "replay.h"

#include "identity.h"
#include "port.h"

enum {
	WAIT_US = 100000, /* for a frame that must come back first: the appliance may not be running */
	WAITS = 10,	  /* that may be in vain; then */
	WAIT_SHORT_US = 500,
};

static void begin_loop(struct trial *trial, bool over)
{
	struct replay *replay = trial->replay;

	replay->counts.passes++;
	replay->loop_start += replay->loop_ticks;
	replay->next = 0;
	if (!replay->forever || over)
		replay->loops_left--;
}

/* Whether a frame may not leave yet, as another must be back first. */
static bool must_wait(const struct trial *trial, const struct replay_frame *frame, uint64_t now)
{
	const struct replay_frame *before = &trial->replay->frames[frame->after - 1];
	struct connection *connection = &trial->replay->connections[frame->connection];
	uint64_t most = trial->replay->waits < WAITS ? WAIT_US : WAIT_SHORT_US;
	uint32_t waited;

	if (trial->replay->newest[before->side] >= before->order || connection->unanswered)
		return false;
	waited = (uint32_t)(now >> STAMP_TIME_SHIFT) - before->sent;
	if (waited <= (trial->hz / 1000000 * most) >> STAMP_TIME_SHIFT)
		return true;
	connection->unanswered = true;
	trial->replay->waits++;
	return false;
}

/* The frames that are due next and leave by the same side: into that side's pending. Returns the side. */
static int collect(struct trial *trial, uint64_t now)
{
	uint64_t elapsed = now - trial->start;
	struct replay *replay = trial->replay;
	int side = replay->frames[replay->next].side;
	struct sender *sender = &trial->senders[side];
	uint64_t millisecond = trial->hz / 1000;

	sender->pending_at = sender->pending_count = 0;
	replay->burst = replay->next;
	while (sender->pending_count < trial->stream.spec.burst && replay->next < replay->count) {
		const struct replay_frame *frame = &replay->frames[replay->next];
		struct frame *view = &replay->views[sender->pending_count];
		uint64_t due = replay->loop_start + frame->due;

		if (frame->side != side || (!replay->hurry && due > elapsed))
			break;
		if (frame->after && must_wait(trial, frame, now))
			break;
		replay->counts.behind += !replay->hurry && elapsed - due > millisecond;
		*view = (struct frame){replay->bytes + frame->at, frame->length};
		sender->pending[sender->pending_count++] = view;
		replay->next++;
	}
	if (replay->next == replay->count)
		begin_loop(trial, elapsed >= trial->seconds_ticks);
	return side;
}

/* Puts what is pending, and counts what found room. */
static bool give(struct trial *trial, int side, uint64_t now)
{
	struct sender *sender = &trial->senders[side];
	struct frame **first = &sender->pending[sender->pending_at];
	struct replay_frame *frame = &trial->replay->frames[trial->replay->burst + sender->pending_at];
	uint64_t before = sender->sent;
	bool moved = give_pending(trial, side, now);

	for (uint64_t i = 0; i < sender->sent - before; i++, frame++) {
		trial->bits_out += wire_bits(first[i]->length);
		frame->sent = (uint32_t)(now >> STAMP_TIME_SHIFT);
		frame->order = ++trial->replay->orders[side];
		frame->back = false;
	}
	return moved;
}

static int waiting_side(const struct trial *trial)
{
	for (int side = 0; side < SIDES; side++)
		if (trial->senders[side].pending_at < trial->senders[side].pending_count)
			return side;
	return -1;
}

bool replay_give(struct trial *trial, uint64_t now)
{
	struct replay *replay = trial->replay;
	int side = waiting_side(trial);

	if (side >= 0)
		return give(trial, side, now);
	if (replay->forever && !replay->whole && now - trial->start >= trial->seconds_ticks)
		replay->loops_left = 0;
	if (replay->loops_left == 0)
		return false;
	side = collect(trial, now);
	return trial->senders[side].pending_count > 0 && give(trial, side, now);
}

/* Where the same captures are sent in a hurry and nothing waits for anything, it does not matter which came.
 */
void replay_take(struct trial *trial, const uint8_t *bytes, uint32_t length, uint64_t now)
{
	struct replay *replay = trial->replay;
	struct replay_frame *frame;
	uint32_t number;
	uint64_t key;

	trial->replayed++;
	trial->bits_in += wire_bits(length);
	key = replay->hurry && !replay->ordered ? 0 : identity_of(bytes, length);
	number = key ? keyed_find(&replay->by_identity, key)->value : NONE;
	if (number == NONE || number == TWINS)
		return;
	frame = &replay->frames[number - 1];
	if (frame->back)
		return;
	frame->back = true;
	if (frame->order > replay->newest[frame->side])
		replay->newest[frame->side] = frame->order;
	if (!replay->hurry)
		histogram_add(&trial->senders[frame->side].latency,
			      (uint32_t)(now >> STAMP_TIME_SHIFT) - frame->sent);
}

struct replay_counts replay_counts(const struct trial *trial)
{
	return trial->replay->counts;
}

bool replay_hurries(const struct trial *trial)
{
	return trial->replay->hurry;
}

bool replay_waits(const struct trial *trial)
{
	return waiting_side(trial) >= 0;
}

bool replay_done(const struct trial *trial)
{
	return trial->replay->loops_left == 0 && !replay_waits(trial);
}
