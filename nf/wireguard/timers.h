/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer's timers (the paper, section 6), as events that set and clear them:
 *
 *     timer         set by, for                             cleared by               when it fires
 *     RETRANSMIT    an initiation sent: REKEY_TIMEOUT       a handshake completed    another initiation;
 * after
 *                   + jitter                                                         REKEY_ATTEMPT_TIME gives
 * up KEEPALIVE     data received, if not set:              anything sent            keepalive; set again if
 * more KEEPALIVE_TIMEOUT                                                data came meanwhile NEW_SESSION data
 * sent, if not set:                  anything received        initiation: the other side KEEPALIVE_TIMEOUT +
 * REKEY_TIMEOUT                                seems to be gone
 *                   + jitter
 *     ZERO_OUT      a session derived, or giving up, if     -                        all keys and handshakes
 * are not set: 3 * REJECT_AFTER_TIME                                   wiped PERSISTENT    anything sent or
 * received, where        -                        keepalive configured
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
	uint64_t due_ns[TIMERS]; /* TIMER_OFF: not set */
	uint64_t began_ns;	 /* when what is tried now was asked for last */
	uint32_t place;		 /* in the heap; 0: it is in none */
	bool keepalive_again;
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
void timers_handshake_completed(struct peer *peer);
void timers_session_derived(struct peer *peer);

/* A session was derived that nothing proves yet: sees to it that it will be wiped. */
void timers_session_prepared(struct peer *peer);

/* Fires what is due, of `limit` peers at most. */
void timers_run(uint32_t limit);

/* When the next may be due; never later than it is. UINT64_MAX: never. */
uint64_t timers_next(void);

#endif
