/* SPDX-License-Identifier: Apache-2.0
 *
 * Preparing a trial, and its loop; see trial.h.
 */
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "port.h"

enum {
	STALL_US = 200,
	LINK_POLL_US = 200,
	REST_US = 2000,
	REST_NS = 400,
	REPLAY_PATIENCE_S = 30, /* in which a replay must find room for a frame */
	TAKES = 4,		/* bursts of a side in a turn, at most */
};

static int fill(struct carousel *carousel, const struct shape *shape)
{
	for (int i = 0; i < BURST_MAX; i++) {
		uint32_t room = shape ? (shape->bytes + 63u) & ~63u : RING_BYTES_MAX;
		struct frame *frame = aligned_alloc(64, 64 + room);

		free(carousel->frames[i]);
		carousel->frames[i] = frame;
		if (!frame)
			return -1;
		frame->bytes = (uint8_t *)frame + 64;
		frame->length = shape ? shape->bytes : 0;
		if (shape)
			memcpy(frame->bytes, shape->frame, shape->bytes);
	}
	return 0;
}

/* The stream and its frames, made anew where the words ask for another stream. */
static int prepare_stream(struct trial *trial, const struct spec *spec, char *error, size_t room)
{
	struct stream *stream = &trial->stream;
	int failed;

	if (stream_serves(stream, spec)) {
		stream->spec = *spec;
		return 0;
	}
	stream_free(stream);
	if (stream_make(stream, spec, error, room) < 0)
		return -1;
	failed = fill(&trial->other, NULL);
	for (int side = 0; side < SIDES; side++)
		for (uint32_t i = 0; i < stream->size_count; i++)
			failed |= fill(&trial->senders[side].data[i], &stream->data[side][i]);
	for (int kind = KIND_OPEN; kind <= KIND_CONFIRM; kind++)
		failed |= fill(&trial->opening[kind], &stream->opening[kind]);
	if (failed) {
		stream_free(stream);
		snprintf(error, room, "no memory for frames");
		return -1;
	}
	return 0;
}

static void prepare_sender(struct trial *trial, int side)
{
	const struct spec *spec = &trial->stream.spec;
	struct sender *sender = &trial->senders[side];
	int sides = spec->sends[SIDE_A] + spec->sends[SIDE_B];
	double rate = spec->rate / sides, slots;

	sender->active = spec->sends[side];
	sender->pending_at = sender->pending_count = 0;
	sender->sequence = 0;
	sender->offered = sender->sent = sender->refused = sender->missed = sender->corrupt =
	    sender->reordered_flow = 0;
	sender->schedule_at = sender->cycle_at = 0;
	memset(trial->stream.newest[side], 0, trial->stream.spec.flows * sizeof(uint32_t));
	window_clear(&sender->window);
	histogram_clear(&sender->latency);

	sender->interval = rate > 0 ? (uint64_t)((double)trial->hz * 65536 / rate) : 0;
	sender->next = side == SIDE_B ? sender->interval / 2 : 0; /* the sides take turns */
	slots = spec->packets ? ceil((double)spec->packets / sides)
		: rate > 0    ? ceil(rate * spec->seconds)
			      : 4e9;
	sender->slots_left = sender->active && !trial->replay ? (uint64_t)slots : 0;
}

static void prepare(struct trial *trial)
{
	const struct spec *spec = &trial->stream.spec;

	trial->respond =
	    spec->open != 0 && (spec->open == 1 || spec->proto == PROTO_TCP || spec->sends[SIDE_B]);
	trial->wait = spec->wait >= 0 ? spec->wait
		      : trial->replay ? spec->rate == 0 && !spec->replay_clock
				      : spec->rate == 0;
	trial->check = trial->check_left = spec->check;
	trial->new_interval = spec->new_rate > 0 ? (uint64_t)((double)trial->hz * 65536 / spec->new_rate) : 0;
	trial->new_next = 0;
	trial->new_before = trial->new_count;
	trial->seconds_ticks = spec->packets ? UINT64_MAX : (uint64_t)(spec->seconds * (double)trial->hz);
	trial->foreign = trial->answered = trial->answers = trial->unanswered = trial->late = 0;
	trial->replayed = trial->bits_out = trial->bits_in = 0;
	trial->idle = trial->busy = trial->stalled = trial->longest = trial->turns = 0;
	trial->first_sent = trial->last_sent = 0;
	for (int side = 0; side < SIDES; side++)
		prepare_sender(trial, side);
}

static int wait_link(const struct trial *trial, const struct spec *spec, char *error, size_t room)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(spec->link_seconds * (double)trial->hz);

	while (!port_up(SIDE_A) || !port_up(SIDE_B)) {
		if (rte_rdtsc() > end) {
			snprintf(error, room, "port %s did not come up within %g s",
				 port_up(SIDE_A) ? "b" : "a", spec->link_seconds);
			return -1;
		}
		usleep(LINK_POLL_US);
	}
	return 0;
}

/* More than a turn gives, so that what comes back makes no queue. */
static bool take_all(struct trial *trial, int side)
{
	uint32_t burst = trial->stream.spec.burst;

	for (int i = 0; i < TAKES; i++) {
		uint32_t taken = trial_take(trial, side);

		if (taken < burst)
			return i > 0 || taken > 0;
	}
	return true;
}

static bool turn(struct trial *trial, uint64_t now)
{
	bool moved = false;

	port_turn();
	for (int side = 0; side < SIDES; side++)
		moved |= take_all(trial, side);
	if (trial->replay)
		return replay_give(trial, now) | moved;
	for (int side = 0; side < SIDES; side++)
		if (trial->senders[side].active)
			moved |= trial_give(trial, side, now);
	return moved;
}

/* What a turn took counts as idle if it moved nothing, as stalled if it was too long for either. */
static void account(struct trial *trial, uint64_t ticks, bool moved, uint64_t stall)
{
	if (ticks > stall)
		trial->stalled += ticks;
	else if (moved)
		trial->busy += ticks;
	else
		trial->idle += ticks;
	if (ticks > trial->longest)
		trial->longest = ticks;
	trial->turns++;
}

static uint64_t outstanding(const struct trial *trial)
{
	uint64_t sent = 0, back = trial->replayed;

	for (int side = 0; side < SIDES; side++) {
		sent += trial->senders[side].sent;
		back += trial->senders[side].window.unique + trial->senders[side].corrupt;
	}
	if (trial->respond) {
		sent += (trial->new_count - trial->new_before) * (trial->stream.tcp ? 2 : 1);
		back += trial->answers;
	}
	return back < sent ? sent - back : 0;
}

/* Until everything is back, or silence says that the rest is lost. What waits for room still gets its chance.
 */
static void drain(struct trial *trial)
{
	uint64_t patience = trial->hz / 1000 * trial->stream.spec.drain_ms, now = rte_rdtsc(), quiet = now;

	while (outstanding(trial) > 0 && now - quiet < patience && port_up(SIDE_A) && port_up(SIDE_B)) {
		if (turn(trial, now))
			quiet = now;
		now = rte_rdtsc();
	}
}

/* As fast as possible, a peer that is slower hands out room for a frame or two at a time, and the generator
 * would be busy with moving next to nothing. So after less than a burst it waits a little, which is time that
 * it has: idle. */
static uint64_t rest_a_little(struct trial *trial, uint64_t before, uint64_t now)
{
	uint64_t end = now + trial->hz * REST_NS / 1000000000;

	if (!trial->wait || trial->stream.spec.rate > 0 || (trial->replay && !replay_hurries(trial)) ||
	    trial->moved - before >= trial->stream.spec.burst)
		return now;
	while (now < end) {
		__builtin_ia32_pause();
		now = rte_rdtsc();
	}
	return now;
}

/* When to give up. What has no time of its own gets a limit beyond all reason: an appliance may stand still.
 */
static uint64_t last_tick(const struct trial *trial)
{
	if (trial->replay)
		return trial->start + REPLAY_PATIENCE_S * trial->hz;
	if (trial->seconds_ticks > UINT64_MAX / 2)
		return trial->start + 600 * trial->hz;
	return trial->start + trial->seconds_ticks + trial->hz / 10;
}

static void send_all(struct trial *trial)
{
	uint64_t before = rte_rdtsc(), stall = trial->hz / 1000000 * STALL_US, end;

	trial->start = before;
	end = last_tick(trial);
	while (port_up(SIDE_A) && port_up(SIDE_B) && before < end) {
		uint64_t frames = trial->moved, now, rested;
		bool moved = turn(trial, before);

		now = rte_rdtsc();
		if (trial->replay && (moved || !replay_waits(trial)))
			end = now + REPLAY_PATIENCE_S * trial->hz;
		account(trial, now - before, moved, stall);
		rested = rest_a_little(trial, frames, now);
		if (rested - now <= stall)
			trial->idle += rested - now;
		before = rested;
		if (trial->replay ? replay_done(trial) : give_done(trial))
			break;
	}
}

int trial_run(struct trial *trial, const struct spec *spec, char *error, size_t room)
{
	bool replays = spec->sides[SIDE_A].replay[0] || spec->sides[SIDE_B].replay[0];
	int result = 0;

	trial->hz = rte_get_tsc_hz();
	if (prepare_stream(trial, spec, error, room) < 0)
		return -1;
	if (replays && replay_load(trial, spec, error, room) < 0)
		return -1;
	if (!replays)
		trial->replay = NULL;
	if (wait_link(trial, spec, error, room) < 0)
		return -1;
	trial->number++;
	prepare(trial);
	if (!replays && trial->respond && trial->stream.opened < spec->flows) {
		result = open_flows(trial, error, room);
		trial->number++;
		prepare(trial);
	}
	if (result == 0) {
		send_all(trial);
		drain(trial);
		if (!port_up(SIDE_A) || !port_up(SIDE_B)) {
			snprintf(error, room, "port %s went down", port_up(SIDE_A) ? "b" : "a");
			result = -1;
		} else if (replays && !replay_done(trial)) {
			snprintf(error, room, "no room for a frame for %d s", REPLAY_PATIENCE_S);
			result = -1;
		}
	}
	port_rest();
	return result;
}

void trial_rest(struct trial *trial, const struct spec *spec)
{
	if (!trial->stream.schedule) {
		char error[128];

		if (prepare_stream(trial, spec, error, sizeof(error)) < 0)
			return;
		trial->check = trial->check_left = 1;
	}
	for (int i = 0; i < 64; i++) {
		bool moved = false;

		port_turn();
		for (int side = 0; side < SIDES; side++)
			if (port_up(side))
				moved |= trial_take(trial, side);
		if (!moved)
			break;
	}
	port_rest();
	usleep(REST_US);
}
