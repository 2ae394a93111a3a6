/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed virtqueues, virtio 1.2, section 2.8. Called through ring.h.
 *
 * One ring of descriptors is written by both sides, in turn. A slot is a buffer id, and names a whole chain;
 * the device may finish chains in any order. A descriptor is available when its AVAILABLE bit equals the wrap
 * counter and its USED bit does not, and is used when both equal it (section 2.8.1).
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
	packed->added++;
	if (++packed->next == ring->size) {
		packed->next = 0;
		packed->next_wrap = !packed->next_wrap;
	}
	return flags;
}

/* Whether the device has finished a chain, going by its first descriptor. */
static bool is_finished(const struct packed_state *packed, uint16_t first)
{
	uint16_t flags = ring_load16(&packed->descriptors[first].flags);

	return !(flags & DESCRIPTOR_AVAILABLE) == !(flags & DESCRIPTOR_USED);
}

/* Before the first burst since the last notification. A chain that is not finished yet keeps its place. */
static void note_idleness(struct ring *ring)
{
	struct packed_state *packed = &ring->packed;

	if (packed->added)
		return;
	packed->previous = packed->newest;
	packed->was_idle = is_finished(packed, packed->previous);
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
	note_idleness(ring);
	for (uint16_t i = 0; i < count; i++) {
		struct packed_descriptor *descriptor = &ring->packed.descriptors[ring->packed.next];
		uint16_t id = take_slot(ring, packets[i], 1);
		uintptr_t address = (uintptr_t)ring_buffer(ring, packets[i]);
		uint16_t flags;

		ring->packed.newest = ring->packed.next;
		flags = fill_descriptor(ring, id, address, ring->buffer_bytes) | DESCRIPTOR_WRITE;

		if (descriptor == first)
			first_flags = flags;
		else
			ring_store16(&descriptor->flags, flags);
	}
	publish(first, first_flags);
}

static void packed_send(struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	struct packed_descriptor *first = &ring->packed.descriptors[ring->packed.next];
	uint16_t first_flags = 0;

	assert(count);
	note_idleness(ring);
	for (uint16_t i = 0; i < count; i++) {
		uint16_t id = take_slot(ring, packets[i], packets[i]->nb_segs);

		ring->packed.newest = ring->packed.next;
		for (struct rte_mbuf *segment = packets[i]; segment; segment = segment->next) {
			struct packed_descriptor *descriptor = &ring->packed.descriptors[ring->packed.next];
			uint16_t flags = fill_descriptor(ring, id, rte_pktmbuf_mtod(segment, uintptr_t),
							 segment->data_len);

			if (segment->next)
				flags |= DESCRIPTOR_NEXT;
			if (descriptor == first)
				first_flags = flags;
			else
				ring_store16(&descriptor->flags, flags);
		}
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

/* Section 2.8.10: whether the position at which the device wants to hear of us lies in what was added. A
 * device that has finished all there was before, and whose position lies behind that, will not look again by
 * itself: QEMU's leaves it there when a back end that was busy takes frames again. It is told, at the cost of
 * one notification. */
static bool passed_position(const struct ring *ring, uint16_t position, uint16_t added)
{
	const struct packed_state *packed = &ring->packed;
	uint16_t event = position & ~EVENT_WRAP;
	bool same_lap = !!(position & EVENT_WRAP) == packed->next_wrap;
	bool behind = same_lap == (event < packed->next);
	/* It may have finished, and looked for more, just before the burst was there to see. */
	bool idle = packed->was_idle || is_finished(packed, packed->previous);

	if (!same_lap)
		event -= ring->size;
	return ring_event_passed(event, packed->next, packed->next - added) || (behind && idle);
}

static bool packed_wants_notification(struct ring *ring)
{
	struct packed_state *packed = &ring->packed;
	uint16_t added = packed->added;
	uint16_t flags;

	packed->added = 0;
	/* Orders our available descriptors before the device's wish for notifications; pairs with the device,
	 * which stores its wish before it looks at the ring a last time. */
	rte_smp_mb();
	flags = ring_load16(&packed->device_event->flags) & EVENT_FLAGS;
	if (flags != EVENT_AT_POSITION || !ring->event_index)
		return flags != EVENT_DISABLE;
	/* Orders the flags before the position; pairs with the device's write barrier, which stores them in
	 * the other order. */
	rte_smp_rmb();
	return passed_position(ring, ring_load16(&packed->device_event->position), added);
}

static void packed_enable_interrupt(struct ring *ring)
{
	struct packed_state *packed = &ring->packed;

	if (!ring->event_index) {
		ring_store16(&packed->driver_event->flags, EVENT_ENABLE);
		return;
	}
	ring_store16(&packed->driver_event->position, packed->taken | (packed->taken_wrap ? EVENT_WRAP : 0));
	/* Orders the position before the flags that make it count; pairs with the device's read barrier
	 * between its loads of the two. */
	rte_smp_wmb();
	ring_store16(&packed->driver_event->flags, EVENT_AT_POSITION);
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
