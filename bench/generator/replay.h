/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures in memory, as replay_load.c reads them and replay.c sends them. Both only.
 */
#ifndef GENERATOR_REPLAY_H
#define GENERATOR_REPLAY_H

#include "keyed.h"
#include "trial.h"

enum {
	NONE = 0, /* numbers of frames and connections begin with 1 */
	TWINS = UINT32_MAX,
};

struct replay_frame {
	uint64_t due; /* nanoseconds, then ticks */
	size_t at;
	uint16_t length;
	uint8_t side;
	bool back;	     /* since it was sent last */
	uint32_t sent;	     /* when, in ticks of a stamp */
	uint64_t order;	     /* among all that left by its side */
	uint32_t after;	     /* the frame that must be back first */
	uint32_t connection; /* of it */
};

/* The last frame of each side, while captures are read; whether to wait for them. */
struct connection {
	uint32_t last[SIDES];
	bool unanswered;
};

struct replay {
	struct replay_frame *frames;
	size_t count, room;
	uint8_t *bytes;
	size_t used, bytes_room;
	struct replay_counts counts;

	struct keyed by_identity;
	struct connection *connections;
	uint64_t orders[SIDES], newest[SIDES]; /* frames that left; the last of them that came back */
	uint32_t waits;			       /* that were in vain */

	size_t next, burst;	       /* the first that was not sent yet; of those that are pending */
	struct frame views[BURST_MAX]; /* of those that are pending */
	uint32_t loops_left;
	bool forever, whole;		 /* until the time is over; not within a loop */
	uint64_t loop_start, loop_ticks; /* after the trial's start; how long a loop is */
	bool hurry, ordered;		 /* ordered: of frames that come back it matters which */
};

#endif
