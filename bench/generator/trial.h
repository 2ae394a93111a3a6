/* SPDX-License-Identifier: Apache-2.0
 *
 * A trial: one loop on one core sends what is due, takes what is there, and keeps the books of both.
 *
 *     trial_run -> open_flows (opening.c) -> turns: trial_take (take.c), trial_give (give.c) or replay_give
 * (replay.c)
 *
 * The frames that are sent are made once and sent again and again: they are copied into the guest's
 * buffers before it returns, so they are ours at once.
 */
#ifndef GENERATOR_TRIAL_H
#define GENERATOR_TRIAL_H

#include <rte_cycles.h>
#include "histogram.h"
#include "ring.h"
#include "stream.h"
#include "window.h"

/* Frames to send, used in turn. */
struct carousel {
	uint32_t next;
	struct frame *frames[BURST_MAX];
};

static inline struct frame *carousel_next(struct carousel *carousel)
{
	return carousel->frames[carousel->next++ % BURST_MAX];
}

/* What is sent from one side, and what became of it. */
struct sender {
	bool active;
	struct carousel data[SIZES_MAX];

	struct frame *pending[BURST_MAX]; /* built; some found no room yet */
	uint32_t pending_at, pending_count;

	uint32_t sequence;
	size_t schedule_at;
	uint32_t cycle_at;

	/* Slots: the times at which frames are due. Ticks of the TSC with 16 bits of fraction, from the start
	 * on. */
	uint64_t interval, next, slots_left;

	uint64_t offered, sent, refused, missed, corrupt, reordered_flow;
	struct window window;
	struct histogram latency;
};

struct replay;

struct trial {
	struct stream stream;
	struct sender senders[SIDES];
	struct carousel opening[4]; /* by enum kind */
	struct carousel other;	    /* answers to neighbours */
	struct replay *replay;
	uint32_t replies;
	struct frame *reply[BURST_MAX]; /* of the burst that was just taken */

	uint8_t number; /* stamps' trial */
	bool opening_now, respond;
	bool wait;
	uint32_t check, check_left;
	uint64_t new_interval, new_next, new_count, new_before;

	uint64_t hz, start, first_sent, last_sent, last_taken;
	uint64_t moved;		    /* frames put or taken, ever */
	uint64_t replayed;	    /* frames that came back in a replay */
	uint64_t bits_out, bits_in; /* of a replay, as on a wire */
	uint64_t foreign, answered, answers, unanswered, late;
	uint64_t idle, busy, stalled, longest; /* ticks */
	uint64_t turns, seconds_ticks;
};

/* One trial: `spec` says what. The stream of the trial before serves again where it can, with its open flows.
 * Returns 0, or -1 with what went wrong in `error`. */
int trial_run(struct trial *trial, const struct spec *spec, char *error, size_t room);

/* Between trials: answers neighbours, and throws away what else arrives. */
void trial_rest(struct trial *trial, const struct spec *spec);

/* The parts. Takes a burst; returns how many frames it had. */
uint32_t trial_take(struct trial *trial, int side);

/* Each returns whether it sent a frame. */
bool trial_give(struct trial *trial, int side, uint64_t now);
bool replay_give(struct trial *trial, uint64_t now);

/* A frame that came back in a replay. */
void replay_take(struct trial *trial, const uint8_t *bytes, uint32_t length, uint64_t now);

/* A frame of so many bytes on a wire: padded, with FCS, preamble and gap (IEEE 802.3). */
static inline uint64_t wire_bits(uint32_t bytes)
{
	return (uint64_t)((bytes < BYTES_MIN ? BYTES_MIN : bytes) + FCS_BYTES + GAP_BYTES) * 8;
}

/* What a replay has done so far. */
struct replay_counts {
	uint64_t frames, skipped; /* of the captures: those that can be sent, and the others */
	uint64_t passes;	  /* that came to their end */
	uint64_t behind;	  /* sent more than a millisecond after their time */
};
struct replay_counts replay_counts(const struct trial *trial);

/* Whether it is to send as fast as possible; whether frames wait for room. */
bool replay_hurries(const struct trial *trial);
bool replay_waits(const struct trial *trial);

/* Whether everything was sent that will be. */
bool give_done(const struct trial *trial);
bool replay_done(const struct trial *trial);

/* Makes frames for the next packets of `side` and leaves them in `pending`. */
void give_build(struct trial *trial, int side, uint32_t count, uint64_t now);

/* Puts `pending` into the ring, as far as it has room. */
bool give_pending(struct trial *trial, int side, uint64_t now);

/* A frame of an opening, for the flow as given. */
struct frame *opening_frame(struct trial *trial, enum kind kind, uint32_t number, const struct flow *flow);

/* What an intact frame of an opening that arrived asks for: the next frame of it, the return tuple, or that
 * the flow is open. */
void opening_step(struct trial *trial, enum kind kind, uint32_t number, const uint8_t *frame);

/* Opens all flows that are not. Returns 0, or -1. */
int open_flows(struct trial *trial, char *error, size_t room);

/* Reads the captures that the words name. Returns 0, or -1 with why. */
int replay_load(struct trial *trial, const struct spec *spec, char *error, size_t room);

#endif
