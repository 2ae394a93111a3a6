/* SPDX-License-Identifier: Apache-2.0
 *
 * TAI64N timestamps of initiations (the paper, section 5.1; cr.yp.to/libtai/tai64.html), and what happens to
 * them when an appliance restarts. Each peer remembers the greatest timestamp that it had of us, and refuses
 * initiations that have no greater one, so that recorded ones are worth nothing.
 *
 * Our clock. Timestamps are Unix time (kvmclock or RTC, read at boot) plus the monotonic clock: within a boot
 * they only grow. They are rounded down to 2^24 ns (17 ms): nobody learns our clock to the nanosecond. If the
 * wall clock is wrong after a restart, and lower than before it, peers ignore our initiations until it has
 * caught up. What helps: they still initiate themselves, as responders we need no clock, and what they
 * initiate tells us their time. So from then on, initiations to such a peer carry at least its own time,
 * which is above what it remembers of us unless it was our clock that was ahead. A peer can push only the
 * timestamps that it gets itself, and only with a session that it has confirmed: a replayed initiation can't.
 * Without any wall clock (host_wall_ns is 0) time starts at 1970; the log says so at start.
 *
 * Our memory. A restart forgets the greatest timestamps of all peers, so an old initiation, recorded before,
 * passes once more (and so do, in their order, others). Therefore an initiation alone changes nothing that
 * matters: its answer goes to where it came from, and a session is prepared as `next`. The peer's endpoint,
 * its timers, its sessions in use and our clock for it change when a transport packet proves that the other
 * side has the keys, which no recording does. All that a replay gains is an answer of 92 bytes for its 148.
 */
#ifndef NF_WIREGUARD_TIMESTAMP_H
#define NF_WIREGUARD_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>
#include "messages.h"

/* What a peer's timestamps say. */
struct timestamp_memory {
	uint8_t greatest[TIMESTAMP_BYTES]; /* of its initiations */
	int64_t
	    ahead_ns; /* how far the peer's clock was ahead of ours when it last confirmed a session; >= 0 */
};

/* Whether a timestamp is greater than all before it; remembers it if so. */
CRYPTO_MUST_USE bool timestamp_accept(struct timestamp_memory *memory,
				      const uint8_t timestamp[TIMESTAMP_BYTES]);

/* The peer has confirmed a session that it initiated with the timestamp, at that time (ours, monotonic). */
void timestamp_confirm(struct timestamp_memory *memory, const uint8_t timestamp[TIMESTAMP_BYTES],
		       uint64_t at_ns);

/* A timestamp of now for an initiation to a peer. */
void timestamp_now(const struct timestamp_memory *memory, uint8_t timestamp[TIMESTAMP_BYTES]);

/* Says in the log when there is no wall clock. */
void timestamp_init(void);

#endif
