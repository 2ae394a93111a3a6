/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers and the heap of peers that have any set; see timers.h. heap[1] waits for the earliest time, and
 * children of i are 2i and 2i + 1.
 */
#include <errno.h>
#include <rte_malloc.h>
#include "nf/host.h"
#include "config.h"
#include "handshake.h"
#include "messages.h"
#include "outer.h"
#include "peer.h"
#include "timers.h"

#define JITTER_NS (WIREGUARD_SECOND_NS / 3)

struct waiting {
	uint64_t ns;
	struct peer *peer;
};

static struct waiting *heap;
static uint32_t heap_count;

static inline void put(uint32_t place, struct waiting waiting)
{
	heap[place] = waiting;
	waiting.peer->timers.place = place;
	waiting.peer->timers.waits_ns = waiting.ns;
}

/* Lets one that waits for an earlier time than before rise to its place. */
static void rise(uint32_t place, struct waiting waiting)
{
	for (; place > 1 && heap[place / 2].ns > waiting.ns; place /= 2)
		put(place, heap[place / 2]);
	put(place, waiting);
}

static void sink(uint32_t place, struct waiting waiting)
{
	for (uint32_t child; (child = 2 * place) <= heap_count; place = child) {
		if (child < heap_count && heap[child + 1].ns < heap[child].ns)
			child++;
		if (heap[child].ns >= waiting.ns)
			break;
		put(place, heap[child]);
	}
	put(place, waiting);
}

static void take_first(void)
{
	heap[1].peer->timers.place = 0;
	if (--heap_count)
		sink(1, heap[heap_count + 1]);
}

static void set(struct peer *peer, enum timer timer, uint64_t wait_ns)
{
	struct timers *timers = &peer->timers;
	uint64_t due_ns = host_now_ns + wait_ns;

	timers->due_ns[timer] = due_ns;
	if (timers->place == 0)
		rise(++heap_count, (struct waiting){due_ns, peer});
	else if (due_ns < timers->waits_ns)
		rise(timers->place, (struct waiting){due_ns, peer});
}

static void set_unless_set(struct peer *peer, enum timer timer, uint64_t wait_ns)
{
	if (peer->timers.due_ns[timer] == TIMER_OFF)
		set(peer, timer, wait_ns);
}

static void clear(struct peer *peer, enum timer timer)
{
	peer->timers.due_ns[timer] = TIMER_OFF;
}

static uint64_t jitter(void)
{
	return host_random() % JITTER_NS;
}

/* When they fire. An endpoint's own address that no answer comes to may not be ours any more: so the route
 * chooses it anew. */

static void fire_retransmit(struct peer *peer)
{
	if (host_now_ns - peer->timers.began_ns < REKEY_ATTEMPT_TIME * WIREGUARD_SECOND_NS) {
		peer->endpoint.local_known = false;
		handshake_want(peer, true);
		return;
	}
	clear(peer, TIMER_KEEPALIVE);
	set_unless_set(peer, TIMER_ZERO_OUT, 3 * REJECT_AFTER_TIME * WIREGUARD_SECOND_NS);
	wireguard_session_failed(peer->number);
}

static void fire_keepalive(struct peer *peer)
{
	bool again = peer->timers.keepalive_again;

	peer->timers.keepalive_again = false;
	peer_send_keepalive(peer);
	if (again)
		set(peer, TIMER_KEEPALIVE, KEEPALIVE_TIMEOUT * WIREGUARD_SECOND_NS);
}

static void fire_new_session(struct peer *peer)
{
	peer->endpoint.local_known = false;
	handshake_want(peer, false);
}

static void (*const fire[TIMERS])(struct peer *peer) = {
    [TIMER_RETRANSMIT] = fire_retransmit,     [TIMER_KEEPALIVE] = fire_keepalive,
    [TIMER_NEW_SESSION] = fire_new_session,   [TIMER_ZERO_OUT] = peer_zero_out,
    [TIMER_PERSISTENT] = peer_send_keepalive,
};

/* The first in the heap: fires what is due, and waits for the rest. */
static void run_first(struct peer *peer)
{
	struct timers *timers = &peer->timers;
	uint64_t next_ns = TIMER_OFF;

	for (int i = 0; i < TIMERS; i++)
		if (timers->due_ns[i] <= host_now_ns) {
			timers->due_ns[i] = TIMER_OFF;
			fire[i](peer);
		}
	for (int i = 0; i < TIMERS; i++)
		next_ns = RTE_MIN(next_ns, timers->due_ns[i]);
	if (next_ns == TIMER_OFF)
		take_first();
	else
		sink(1, (struct waiting){next_ns, peer});
}

void timers_run(uint32_t limit)
{
	while (limit-- && heap_count && heap[1].ns <= host_now_ns)
		run_first(heap[1].peer);
}

uint64_t timers_next(void)
{
	return heap_count ? heap[1].ns : UINT64_MAX;
}

int timers_init(void)
{
	heap_count = 0;
	rte_free(heap);
	heap = rte_malloc("timers", (wireguard_peer_count + 1) * sizeof(*heap), RTE_CACHE_LINE_SIZE);
	if (heap)
		return 0;
	host_log("wireguard: no memory for timers");
	return -ENOMEM;
}

void timers_start(struct peer *peer)
{
	for (int i = 0; i < TIMERS; i++)
		clear(peer, i);
	peer->timers.place = 0;
	if (peer->keepalive_s && peer->endpoint.family)
		set(peer, TIMER_PERSISTENT, 0);
}

static void anything_passed(struct peer *peer)
{
	if (peer->keepalive_s)
		set(peer, TIMER_PERSISTENT, peer->keepalive_s * WIREGUARD_SECOND_NS);
}

void timers_data_sent(struct peer *peer)
{
	if (peer->timers.due_ns[TIMER_NEW_SESSION] == TIMER_OFF)
		set(peer, TIMER_NEW_SESSION,
		    (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT) * WIREGUARD_SECOND_NS + jitter());
}

void timers_data_received(struct peer *peer)
{
	if (peer->timers.due_ns[TIMER_KEEPALIVE] == TIMER_OFF)
		set(peer, TIMER_KEEPALIVE, KEEPALIVE_TIMEOUT * WIREGUARD_SECOND_NS);
	else
		peer->timers.keepalive_again = true;
}

void timers_anything_sent(struct peer *peer)
{
	clear(peer, TIMER_KEEPALIVE);
	anything_passed(peer);
}

void timers_anything_received(struct peer *peer)
{
	clear(peer, TIMER_NEW_SESSION);
	anything_passed(peer);
}

void timers_initiation_sent(struct peer *peer)
{
	set(peer, TIMER_RETRANSMIT, REKEY_TIMEOUT * WIREGUARD_SECOND_NS + jitter());
}

void timers_initiation_postponed(struct peer *peer, uint64_t sent_ns)
{
	set_unless_set(peer, TIMER_RETRANSMIT,
		       sent_ns + REKEY_TIMEOUT * WIREGUARD_SECOND_NS - host_now_ns + jitter());
}

void timers_handshake_completed(struct peer *peer)
{
	clear(peer, TIMER_RETRANSMIT);
	peer->last_minute = false;
}

void timers_session_derived(struct peer *peer)
{
	set(peer, TIMER_ZERO_OUT, 3 * REJECT_AFTER_TIME * WIREGUARD_SECOND_NS);
}

void timers_session_prepared(struct peer *peer)
{
	set_unless_set(peer, TIMER_ZERO_OUT, 3 * REJECT_AFTER_TIME * WIREGUARD_SECOND_NS);
}
