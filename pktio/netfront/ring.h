/* SPDX-License-Identifier: Apache-2.0
 *
 * The two rings of a queue, as rx.c and tx.c see them: a page each, shared with the backend, in the layout of
 * Xen's public/io/ring.h, whose macros are used. Here is what is kept beside them, where the backend can't
 * see it: which mbufs it has, and how far both sides are.
 *
 * What the backend writes is read once, and believed only as far as the slots agree; otherwise `fault` says
 * what was wrong, and the ring gives nothing more until it is started anew.
 */
#ifndef PKTIO_NETFRONT_RING_H
#define PKTIO_NETFRONT_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "pktio/xen/public.h"

enum { RING_ENTRIES = __CONST_RING_SIZE(netif_tx, XEN_PAGE_BYTES) };
_Static_assert(RING_ENTRIES == 256 && __CONST_RING_SIZE(netif_rx, XEN_PAGE_BYTES) == RING_ENTRIES,
	       "both rings of a queue have as many entries");

/* A request that is out answers in its own place (netif.h, "Guest receive"), so a slot is a place. */
struct rx_ring {
	netif_rx_front_ring_t front;
	struct rte_mbuf *slots[RING_ENTRIES]; /* NULL: none out */
	uint16_t size;			      /* requests that may be out: the pool is a limit, too */
	const char *fault;		      /* what the backend did wrong, or NULL */
	uint32_t reference;		      /* grant of the page */
};

/* A slot is a request's id. A frame takes a slot for each of its pieces, of which the first holds it. */
struct tx_slot {
	struct rte_mbuf *packet; /* in a frame's first slot; NULL there: a request without a frame */
	uint16_t first;		 /* slot of the frame */
	uint16_t pieces, count;	 /* in the first slot: those that are out, and all */
	uint16_t last;		 /* in the first slot: where the frame's list ends */
	uint16_t next;		 /* of a frame's list, or of the free slots' */
	bool out;
};

struct tx_ring {
	netif_tx_front_ring_t front;
	struct tx_slot slots[RING_ENTRIES];
	uint16_t free_slot; /* first of the list */
	uint16_t free_slots;
	uint16_t extras; /* entries out that hold extra info, and are answered without an id */
	const char *fault;
	uint32_t reference;
};

/* Begin empty rings in these pages, which no backend uses. No mbufs are out. */
void rx_ring_start(struct rx_ring *ring, void *page);
void tx_ring_start(struct tx_ring *ring, void *page);

/* Frees the mbufs that are out, which the backend does not use any more. */
void rx_ring_recover(struct rx_ring *ring);
void tx_ring_recover(struct tx_ring *ring);

/* Answers that wait. Sets `fault` where there are more than requests out. */
uint32_t rx_ring_ready(struct rx_ring *ring);
uint32_t tx_ring_ready(struct tx_ring *ring);

/* Give the backend what was put in. Return whether it wants to hear of it. */
bool rx_ring_push(struct rx_ring *ring);
bool tx_ring_push(struct tx_ring *ring);

/* Asks for an event at the next answer, and looks again. Returns true if there is one already. */
bool rx_ring_arm(struct rx_ring *ring);
/* Wants no event: the position to tell of stays behind, and is not passed again. */
void rx_ring_disarm(struct rx_ring *ring);

static inline uint32_t rx_ring_out(const struct rx_ring *ring)
{
	return ring->front.req_prod_pvt - ring->front.rsp_cons;
}

static inline uint32_t tx_ring_free(const struct tx_ring *ring)
{
	return RING_FREE_REQUESTS(&ring->front);
}

#endif
