/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer's timers (the paper, section 6), and the events that set and clear them:
 *
 * RETRANSMIT   set by an initiation sent: REKEY_TIMEOUT and a jitter; by one that is postponed because it
 *              came too soon after the last, if not set. Cleared by a completed handshake. Sends another
 *              initiation; REKEY_ATTEMPT_TIME after someone wanted a session, gives up instead.
 * KEEPALIVE    set by data received, if not set: KEEPALIVE_TIMEOUT. Cleared by anything sent. Sends a
 *              keepalive, and is set again if more data came meanwhile.
 * NEW_SESSION  set by data sent, if not set: KEEPALIVE_TIMEOUT + REKEY_TIMEOUT and a jitter. Cleared by
 *              anything received. Sends an initiation: the other side seems to be gone.
 * ZERO_OUT     set by a session derived, by giving up if not set: 3 * REJECT_AFTER_TIME. Wipes all.
 * PERSISTENT   set by anything sent or received, where configured. Sends a keepalive.
 *
 * Received means authenticated. A packet must not cost more than writing down a time: so setting a timer
 * later and clearing it change nothing else, and a peer waits in a heap under a time that is never later than
 * its first timer. When that comes, its timers are looked at and it is put back. With nothing due, a look
 * costs one comparison.
 */
#ifndef NF_WIREGUARD_TIMERS_H
#define NF_WIREGUARD_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum timer { TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_NEW_SESSION, TIMER_ZERO_OUT, TIMER_PERSISTENT, TIMERS };

#define TIMER_OFF UINT64_MAX

/* Part of struct peer. */
struct timers {
	uint32_t place; /* in the heap; 0: it is in none */
	bool keepalive_again;
	uint64_t waits_ns;	 /* until then, in the heap */
	uint64_t due_ns[TIMERS]; /* TIMER_OFF: not set */
	uint64_t began_ns;	 /* when what is tried now was asked for last */
};

struct peer;

/* An empty heap for all configured peers. Returns 0, or -ENOMEM after a host_log line. */
int timers_init(void);

/* A peer's first timer is the persistent keepalive, due at once where its endpoint is known. */
void timers_start(struct peer *peer);

/* Events. */
void timers_data_sent(struct peer *peer);
void timers_data_received(struct peer *peer);
void timers_anything_sent(struct peer *peer);
void timers_anything_received(struct peer *peer);
void timers_initiation_sent(struct peer *peer);
void timers_initiation_postponed(struct peer *peer, uint64_t sent_ns); /* the last one was sent then */
void timers_handshake_completed(struct peer *peer);
void timers_session_derived(struct peer *peer);

/* A session was derived that nothing proves yet: sees to it that it will be wiped. */
void timers_session_prepared(struct peer *peer);

/* Fires what is due, of `limit` peers at most. */
void timers_run(uint32_t limit);

/* When the next may be due; never later than it is. UINT64_MAX: never. */
uint64_t timers_next(void);

#endif
