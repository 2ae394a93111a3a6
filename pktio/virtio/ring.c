/* SPDX-License-Identifier: Apache-2.0
 *
 * What split and packed rings have in common: their memory, their slots, the mbufs in them, and the dance
 * before sleep. Called by setup.c and net.c.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <rte_malloc.h>
#include "ring.h"

enum { RING_ALIGNMENT = 4096 };

/* Room for either format: descriptors, then two areas on cache lines of their own, of which the split ring's
 * are the larger. */
static size_t ring_bytes(uint16_t entries)
{
	size_t descriptors = entries * sizeof(struct split_descriptor);
	size_t available = sizeof(struct split_available) + (entries + 1u) * sizeof(uint16_t);
	size_t used =
	    sizeof(struct split_used) + entries * sizeof(struct split_used_element) + sizeof(uint16_t);

	return descriptors + RTE_CACHE_LINE_ROUNDUP(available) + RTE_CACHE_LINE_ROUNDUP(used) +
	       RTE_CACHE_LINE_SIZE;
}

int ring_allocate(struct ring *ring, const char *name, uint16_t capacity)
{
	ring->capacity = capacity;
	ring->slots = rte_zmalloc(name, capacity * sizeof(*ring->slots), RTE_CACHE_LINE_SIZE);
	ring->memory = rte_memzone_reserve_aligned(name, ring_bytes(capacity), SOCKET_ID_ANY,
						   RTE_MEMZONE_IOVA_CONTIG, RING_ALIGNMENT);
	return ring->slots && ring->memory ? 0 : -ENOMEM;
}

void ring_release(struct ring *ring)
{
	if (ring->memory)
		rte_memzone_free(ring->memory);
	rte_free(ring->slots);
}

void ring_start(struct ring *ring, struct queue_memory *memory)
{
	assert(ring->size && ring->size <= ring->capacity && !ring->in_flight);
	memset(ring->memory->addr, 0, ring_bytes(ring->capacity));
	for (uint16_t i = 0; i < ring->size; i++)
		ring->slots[i] = (struct ring_slot){.next = (uint16_t)(i + 1)};
	ring->free = ring->size;
	ring->free_slot = 0;
	ring->fault = NULL;
	ring->operations->start(ring, memory);
	memory->size = ring->size;
}

void ring_recover(struct ring *ring)
{
	for (uint16_t i = 0; ring->in_flight && i < ring->size; i++) {
		if (!ring->slots[i].packet)
			continue;
		rte_pktmbuf_free(ring->slots[i].packet);
		ring->slots[i].packet = NULL;
		ring->in_flight--;
	}
	assert(!ring->in_flight);
}

bool ring_disarm(struct ring *ring)
{
	ring->operations->disable_interrupt(ring);
	/* As in ring_arm: a device that does not see that we want none has stored its work before. */
	rte_smp_mb();
	return ring->operations->pending(ring);
}

bool ring_arm(struct ring *ring)
{
	ring->operations->enable_interrupt(ring);
	/* Orders our wish for an interrupt before the look for work; pairs with the device, which stores work
	 * before it looks whether we wish for an interrupt. Without it both could miss each other. */
	rte_smp_mb();
	return ring->operations->pending(ring);
}
