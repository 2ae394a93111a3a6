/* SPDX-License-Identifier: Apache-2.0
 *
 * What is sent: frames for the slots that are due, made of templates.
 */
#include "trial.h"

#include <string.h>
#include <rte_prefetch.h>
#include "port.h"

enum {
	CATCH_UP = 2 * BURST_MAX, /* slots that may be late; what is later is missed */
	FLOW_AHEAD = 16,
};

static const void *next_flow(struct trial *trial, struct sender *sender, int side, uint32_t *number)
{
	const struct stream *stream = &trial->stream;
	size_t ahead = sender->schedule_at + FLOW_AHEAD;

	rte_prefetch0(
	    stream_stored(stream, stream->schedule[ahead < stream->schedule_count ? ahead : 0], side));
	*number = stream->schedule[sender->schedule_at];
	if (++sender->schedule_at == stream->schedule_count) {
		sender->schedule_at = 0;
		sender->cycle_at++; /* so that a flow has frames of every size */
	}
	return stream_stored(stream, *number, side);
}

/* A frame that begins a new flow, with the next sequence number. */
static struct frame *new_flow(struct trial *trial)
{
	const struct stream *stream = &trial->stream;
	uint32_t number =
	    stream->spec.flows + (uint32_t)(trial->new_count++ % (FLOWS_MAX - stream->spec.flows));
	struct flow flow;

	trial->new_next += trial->new_interval;
	stream_flow(stream, number, SIDE_A, &flow);
	return opening_frame(trial, KIND_OPEN, number, &flow);
}

void give_build(struct trial *trial, int side, uint32_t count, uint64_t now)
{
	const struct stream *stream = &trial->stream;
	struct sender *sender = &trial->senders[side];
	struct stamp stamp = {
	    .magic = STAMP_MAGIC, .trial = trial->number, .time = (uint32_t)(now >> STAMP_TIME_SHIFT)};
	uint64_t elapsed = (now - trial->start) << 16;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t number, size;
		const void *flow;
		struct frame *m;

		if (trial->new_interval && side == SIDE_A && trial->new_next <= elapsed) {
			sender->pending[i] = new_flow(trial);
			continue;
		}
		flow = next_flow(trial, sender, side, &number);
		if (sender->cycle_at >= stream->cycle_count)
			sender->cycle_at = 0;
		size = stream->cycle[sender->cycle_at++];
		m = carousel_next(&sender->data[size]);
		stamp.flow = stamp_word(number, KIND_DATA, side);
		stamp.sequence = sender->sequence++;
		stream_write(stream, &stream->data[side][size], m->bytes, flow, &stamp);
		sender->pending[i] = m;
	}
	sender->pending_at = 0;
	sender->pending_count = count;
}

bool give_pending(struct trial *trial, int side, uint64_t now)
{
	struct sender *sender = &trial->senders[side];
	uint32_t left = sender->pending_count - sender->pending_at;
	uint32_t sent = port_send(side, sender->pending + sender->pending_at, left);

	sender->sent += sent;
	trial->moved += sent;
	sender->offered += sent;
	sender->pending_at += sent;
	if (sent > 0) {
		if (trial->first_sent == 0)
			trial->first_sent = now;
		trial->last_sent = now;
	}
	if (!trial->wait) {
		sender->refused += left - sent;
		sender->offered += left - sent;
		sender->pending_at = sender->pending_count;
	}
	return sent > 0;
}

/* Slots that are due, at most a burst; those that are too late are skipped. */
static uint32_t slots_due(struct trial *trial, struct sender *sender, uint64_t now)
{
	uint64_t elapsed = (now - trial->start) << 16, due;

	if (sender->interval == 0) {
		if (now - trial->start >= trial->seconds_ticks)
			sender->slots_left = 0;
		due = sender->slots_left;
	} else {
		if (elapsed < sender->next || sender->slots_left == 0)
			return 0;
		due = (elapsed - sender->next) / sender->interval + 1;
		if (due > sender->slots_left)
			due = sender->slots_left;
		if (due > CATCH_UP) {
			uint64_t skip = due - CATCH_UP;

			sender->missed += skip;
			sender->slots_left -= skip;
			sender->next += skip * sender->interval;
			due = CATCH_UP;
		}
	}
	return (uint32_t)(due < trial->stream.spec.burst ? due : trial->stream.spec.burst);
}

bool trial_give(struct trial *trial, int side, uint64_t now)
{
	struct sender *sender = &trial->senders[side];
	uint32_t count;

	if (sender->pending_at < sender->pending_count)
		return give_pending(trial, side, now);
	count = slots_due(trial, sender, now);
	if (count == 0)
		return false;
	sender->slots_left -= count;
	sender->next += count * sender->interval;
	give_build(trial, side, count, now);
	return give_pending(trial, side, now);
}

bool give_done(const struct trial *trial)
{
	for (int side = 0; side < SIDES; side++) {
		const struct sender *sender = &trial->senders[side];

		if (sender->active && (sender->slots_left > 0 || sender->pending_at < sender->pending_count))
			return false;
	}
	return true;
}
