/* SPDX-License-Identifier: Apache-2.0
 *
 * See ring.h. Called by setup.c, rx.c, tx.c and net.c.
 */
#include <assert.h>
#include "ring.h"

void rx_ring_start(struct rx_ring *ring, void *page)
{
	netif_rx_sring_t *shared = page;

	assert(rx_ring_out(ring) == 0);
	memset(page, 0, XEN_PAGE_BYTES);
	XEN_FRONT_RING_INIT(&ring->front, shared, XEN_PAGE_BYTES);
	ring->fault = NULL;
	rx_ring_disarm(ring);
}

void tx_ring_start(struct tx_ring *ring, void *page)
{
	netif_tx_sring_t *shared = page;

	memset(page, 0, XEN_PAGE_BYTES);
	XEN_FRONT_RING_INIT(&ring->front, shared, XEN_PAGE_BYTES);
	shared->rsp_event = 0; /* never told of what was sent */
	for (uint16_t i = 0; i < RING_ENTRIES; i++)
		ring->slots[i] = (struct tx_slot){.next = i + 1};
	ring->free_slot = 0;
	ring->free_slots = RING_ENTRIES;
	ring->extras = 0;
	ring->fault = NULL;
}

void rx_ring_recover(struct rx_ring *ring)
{
	for (uint32_t i = 0; i < RING_ENTRIES; i++) {
		rte_pktmbuf_free(ring->slots[i]);
		ring->slots[i] = NULL;
	}
	ring->front.rsp_cons = ring->front.req_prod_pvt;
}

void tx_ring_recover(struct tx_ring *ring)
{
	for (uint32_t i = 0; i < RING_ENTRIES; i++) {
		rte_pktmbuf_free(ring->slots[i].packet);
		ring->slots[i] = (struct tx_slot){0};
	}
	ring->front.rsp_cons = ring->front.req_prod_pvt;
}

static uint32_t ready(RING_IDX produced, RING_IDX consumed, RING_IDX requested, const char **fault)
{
	uint32_t count = produced - consumed;

	if (unlikely(count > requested - consumed)) {
		*fault = "answered more than it was asked";
		return 0;
	}
	/* Orders the position before the answers it covers, and what the backend wrote to buffers; pairs with
	 * the backend's barrier before it stores the position. */
	xen_rmb();
	return count;
}

uint32_t rx_ring_ready(struct rx_ring *ring)
{
	RING_IDX produced = *(volatile RING_IDX *)&ring->front.sring->rsp_prod;

	return ready(produced, ring->front.rsp_cons, ring->front.req_prod_pvt, &ring->fault);
}

uint32_t tx_ring_ready(struct tx_ring *ring)
{
	RING_IDX produced = *(volatile RING_IDX *)&ring->front.sring->rsp_prod;

	return ready(produced, ring->front.rsp_cons, ring->front.req_prod_pvt, &ring->fault);
}

bool rx_ring_push(struct rx_ring *ring)
{
	bool notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring->front, notify);
	return notify;
}

bool tx_ring_push(struct tx_ring *ring)
{
	bool notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring->front, notify);
	return notify;
}

bool rx_ring_arm(struct rx_ring *ring)
{
	int pending;

	RING_FINAL_CHECK_FOR_RESPONSES(&ring->front, pending);
	return pending != 0;
}

void rx_ring_disarm(struct rx_ring *ring)
{
	*(volatile RING_IDX *)&ring->front.sring->rsp_event = ring->front.rsp_cons;
}
