/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed virtqueues, virtio 1.2, section 2.8. Called through ring.h.
 *
 * One ring of descriptors is written by both sides, in turn. A slot is a buffer id, and names a whole chain;
 * the device may finish chains in any order. A descriptor is available when its AVAILABLE bit equals the wrap
 * counter and its USED bit does not, and is used when both equal it (section 2.8.1).
 *
 * Events are on or off here, never at a position: setup.c says why.
 */
#include <assert.h>
#include "ring.h"

static void packed_start(struct ring *ring, struct queue_memory *memory)
{
	char *base = ring->memory->addr;
	size_t events = RTE_CACHE_LINE_ROUNDUP(ring->size * sizeof(struct packed_descriptor));

	ring->packed = (struct packed_state){
	    .descriptors = (struct packed_descriptor *)base,
	    .driver_event = (struct packed_event *)(base + events),
	    .device_event = (struct packed_event *)(base + events + RTE_CACHE_LINE_SIZE),
	    .next_wrap = true,
	    .taken_wrap = true,
	};
	memory->descriptors = (uintptr_t)ring->packed.descriptors;
	memory->driver = (uintptr_t)ring->packed.driver_event;
	memory->device = (uintptr_t)ring->packed.device_event;
}

static uint16_t take_slot(struct ring *ring, struct rte_mbuf *packet, uint16_t descriptors)
{
	uint16_t id = ring->free_slot;
	struct ring_slot *slot = &ring->slots[id];

	assert(descriptors <= ring->free);
	ring->free_slot = slot->next;
	slot->packet = packet;
	slot->descriptors = descriptors;
	ring->free -= descriptors;
	ring->in_flight++;
	return id;
}

/* Fills the next descriptor, flags apart; returns the flags that make it available, and steps on. */
static uint16_t fill_descriptor(struct ring *ring, uint16_t id, uintptr_t address, uint32_t length)
{
	struct packed_state *packed = &ring->packed;
	struct packed_descriptor *descriptor = &packed->descriptors[packed->next];
	uint16_t flags = packed->next_wrap ? DESCRIPTOR_AVAILABLE : DESCRIPTOR_USED;

	descriptor->address = address;
	descriptor->length = length;
	descriptor->id = id;
	if (++packed->next == ring->size) {
		packed->next = 0;
		packed->next_wrap = !packed->next_wrap;
	}
	return flags;
}

/* The device goes through the ring in order, so it sees nothing of a burst before its first descriptor is
 * available: all flags but these are stored at once, these last. */
static void publish(struct packed_descriptor *first, uint16_t flags)
{
	/* Orders all descriptors of the burst before the first one's flags; pairs with the device's read
	 * barrier between its load of these flags and of the rest. */
	rte_smp_wmb();
	ring_store16(&first->flags, flags);
}

static void packed_offer(struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	struct packed_descriptor *first = &ring->packed.descriptors[ring->packed.next];
	uint16_t first_flags = 0;

	assert(count);
	for (uint16_t i = 0; i < count; i++) {
		struct packed_descriptor *descriptor = &ring->packed.descriptors[ring->packed.next];
		uint16_t id = take_slot(ring, packets[i], 1);
		uintptr_t address = (uintptr_t)ring_buffer(ring, packets[i]);
		uint16_t flags = fill_descriptor(ring, id, address, ring->buffer_bytes) | DESCRIPTOR_WRITE;

		if (descriptor == first)
			first_flags = flags;
		else
			ring_store16(&descriptor->flags, flags);
	}
	publish(first, first_flags);
}

/* Table entries have no flags (section 2.8.7). */
static void fill_table(struct packed_descriptor *table, const struct rte_mbuf *packet)
{
	for (const struct rte_mbuf *segment = packet; segment; segment = segment->next)
		*table++ = (struct packed_descriptor){
		    .address = rte_pktmbuf_mtod(segment, uintptr_t),
		    .length = segment->data_len,
		};
}

/* Fills a chain's descriptors. Makes all of them available but the burst's first, whose flags it returns. */
static uint16_t add_chain(struct ring *ring, struct rte_mbuf *packet, struct packed_descriptor *first)
{
	uint16_t id = take_slot(ring, packet, packet->nb_segs), first_flags = 0;

	for (struct rte_mbuf *segment = packet; segment; segment = segment->next) {
		struct packed_descriptor *descriptor = &ring->packed.descriptors[ring->packed.next];
		uint16_t flags =
		    fill_descriptor(ring, id, rte_pktmbuf_mtod(segment, uintptr_t), segment->data_len);

		if (segment->next)
			flags |= DESCRIPTOR_NEXT;
		if (descriptor == first)
			first_flags = flags;
		else
			ring_store16(&descriptor->flags, flags);
	}
	return first_flags;
}

/* As add_chain. */
static uint16_t add_indirect(struct ring *ring, struct rte_mbuf *packet, struct packed_descriptor *table,
			     struct packed_descriptor *first)
{
	struct packed_descriptor *descriptor = &ring->packed.descriptors[ring->packed.next];
	uint16_t id = take_slot(ring, packet, 1), flags;

	fill_table(table, packet);
	flags = fill_descriptor(ring, id, (uintptr_t)table, packet->nb_segs * sizeof(*table));
	flags |= DESCRIPTOR_INDIRECT;
	if (descriptor == first)
		return flags;
	ring_store16(&descriptor->flags, flags);
	return 0;
}

static void packed_send(struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	struct packed_descriptor *first = &ring->packed.descriptors[ring->packed.next];
	uint16_t first_flags = 0;

	assert(count);
	for (uint16_t i = 0; i < count; i++) {
		struct packed_descriptor *table = ring_table(ring, packets[i]);

		first_flags |=
		    table ? add_indirect(ring, packets[i], table, first) : add_chain(ring, packets[i], first);
	}
	publish(first, first_flags);
}

static bool packed_pending(const struct ring *ring)
{
	const struct packed_state *packed = &ring->packed;
	uint16_t flags = ring_load16(&packed->descriptors[packed->taken].flags);
	uint16_t both = DESCRIPTOR_AVAILABLE | DESCRIPTOR_USED;

	return ring->in_flight && (flags & both) == (packed->taken_wrap ? both : 0);
}

static void step_over(struct ring *ring, uint16_t descriptors)
{
	struct packed_state *packed = &ring->packed;

	packed->taken += descriptors;
	if (packed->taken >= ring->size) {
		packed->taken -= ring->size;
		packed->taken_wrap = !packed->taken_wrap;
	}
}

static uint16_t packed_collect(struct ring *ring, struct completion *done, uint16_t max)
{
	struct packed_state *packed = &ring->packed;
	uint16_t count = 0;

	for (; count < max && packed_pending(ring); count++) {
		const struct packed_descriptor *descriptor = &packed->descriptors[packed->taken];
		struct ring_slot *slot;
		uint16_t id;

		/* Orders the flags before id and length, and what the device wrote to the buffers; pairs with
		 * the device's write barrier before it stores the flags. */
		rte_smp_rmb();
		id = ring_load16(&descriptor->id);
		slot = ring_claim(ring, id, ring_load32(&descriptor->length), &done[count]);
		if (!slot)
			break;
		step_over(ring, slot->descriptors);
		slot->next = ring->free_slot;
		ring->free_slot = id;
	}
	return count;
}

static bool packed_wants_notification(struct ring *ring)
{
	/* Orders our available descriptors before the device's wish for notifications; pairs with the device,
	 * which stores its wish before it looks at the ring a last time. */
	rte_smp_mb();
	return (ring_load16(&ring->packed.device_event->flags) & EVENT_FLAGS) != EVENT_DISABLE;
}

static void packed_enable_interrupt(struct ring *ring)
{
	ring_store16(&ring->packed.driver_event->flags, EVENT_ENABLE);
}

static void packed_disable_interrupt(struct ring *ring)
{
	ring_store16(&ring->packed.driver_event->flags, EVENT_DISABLE);
}

const struct ring_operations packed_operations = {
    .start = packed_start,
    .offer = packed_offer,
    .send = packed_send,
    .collect = packed_collect,
    .wants_notification = packed_wants_notification,
    .enable_interrupt = packed_enable_interrupt,
    .disable_interrupt = packed_disable_interrupt,
    .pending = packed_pending,
};
