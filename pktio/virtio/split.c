/* SPDX-License-Identifier: Apache-2.0
 *
 * Split virtqueues, virtio 1.2, section 2.7. Called through ring.h.
 *
 * A slot is a descriptor. The slots of a chain stay linked while the device has it, so that a finished chain
 * goes back to the free list in one piece.
 */
#include <assert.h>
#include "ring.h"

static void split_start(struct ring *ring, struct queue_memory *memory)
{
	char *base = ring->memory->addr;
	size_t available = ring->size * sizeof(struct split_descriptor);
	size_t used = available + sizeof(struct split_available) + (ring->size + 1u) * sizeof(uint16_t);

	used = RTE_CACHE_LINE_ROUNDUP(used);
	ring->split = (struct split_state){
	    .descriptors = (struct split_descriptor *)base,
	    .available = (struct split_available *)(base + available),
	    .used = (struct split_used *)(base + used),
	};
	memory->descriptors = (uintptr_t)ring->split.descriptors;
	memory->driver = (uintptr_t)ring->split.available;
	memory->device = (uintptr_t)ring->split.used;
}

static uint16_t take_slot(struct ring *ring)
{
	uint16_t slot = ring->free_slot;

	ring->free_slot = ring->slots[slot].next;
	ring->free--;
	return slot;
}

static void make_available(struct ring *ring, uint16_t head)
{
	struct split_state *split = &ring->split;

	split->available->ring[split->offered++ & (ring->size - 1)] = head;
	ring->in_flight++;
}

static void publish(struct ring *ring)
{
	/* Orders descriptors and available entries before the index; pairs with the device's read barrier
	 * between its load of the index and of the entries. */
	rte_smp_wmb();
	ring_store16(&ring->split.available->index, ring->split.offered);
}

static void split_offer(struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	assert(count <= ring->free);
	for (uint16_t i = 0; i < count; i++) {
		uint16_t id = take_slot(ring);

		ring->slots[id].packet = packets[i];
		ring->slots[id].descriptors = 1;
		ring->split.descriptors[id] = (struct split_descriptor){
		    .address = (uintptr_t)ring_buffer(ring, packets[i]),
		    .length = ring->buffer_bytes,
		    .flags = DESCRIPTOR_WRITE,
		};
		make_available(ring, id);
	}
	publish(ring);
}

static void add_chain(struct ring *ring, struct rte_mbuf *packet)
{
	uint16_t head = ring->free_slot;

	ring->slots[head].packet = packet;
	ring->slots[head].descriptors = packet->nb_segs;
	for (struct rte_mbuf *segment = packet; segment; segment = segment->next) {
		uint16_t id = take_slot(ring);

		ring->split.descriptors[id] = (struct split_descriptor){
		    .address = rte_pktmbuf_mtod(segment, uintptr_t),
		    .length = segment->data_len,
		    .flags = segment->next ? DESCRIPTOR_NEXT : 0,
		    .next = segment->next ? ring->free_slot : 0,
		};
	}
	make_available(ring, head);
}

static void fill_table(struct split_descriptor *table, const struct rte_mbuf *packet)
{
	uint16_t i = 0;

	for (const struct rte_mbuf *segment = packet; segment; segment = segment->next, i++)
		table[i] = (struct split_descriptor){
		    .address = rte_pktmbuf_mtod(segment, uintptr_t),
		    .length = segment->data_len,
		    .flags = segment->next ? DESCRIPTOR_NEXT : 0,
		    .next = i + 1,
		};
}

static void add_indirect(struct ring *ring, struct rte_mbuf *packet, struct split_descriptor *table)
{
	uint16_t id = take_slot(ring);

	fill_table(table, packet);
	ring->slots[id].packet = packet;
	ring->slots[id].descriptors = 1;
	ring->split.descriptors[id] = (struct split_descriptor){
	    .address = (uintptr_t)table,
	    .length = packet->nb_segs * sizeof(*table),
	    .flags = DESCRIPTOR_INDIRECT,
	};
	make_available(ring, id);
}

static void split_send(struct ring *ring, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		struct split_descriptor *table = ring_table(ring, packets[i]);

		assert(ring_entries(ring, packets[i]) <= ring->free);
		if (table)
			add_indirect(ring, packets[i], table);
		else
			add_chain(ring, packets[i]);
	}
	publish(ring);
}

static void free_chain(struct ring *ring, uint16_t head)
{
	uint16_t last = head;

	for (uint16_t i = 1; i < ring->slots[head].descriptors; i++)
		last = ring->slots[last].next;
	ring->slots[last].next = ring->free_slot;
	ring->free_slot = head;
}

/* Section 2.7.7: with EVENT_IDX the flags stay 0, and the field after the available ring counts. */
static void split_enable_interrupt(struct ring *ring)
{
	if (ring->event_index)
		ring_store16(&ring->split.available->ring[ring->size], ring->split.taken);
	else
		ring_store16(&ring->split.available->flags, 0);
}

/* With EVENT_IDX there is no "never": the furthest position is the one just passed, 65535 buffers away, and
 * has to be put off before they are through. An interrupt that nobody waits for is not only in vain: a line
 * that it leaves raised can't announce the next one. */
static void split_disable_interrupt(struct ring *ring)
{
	if (ring->event_index)
		ring_store16(&ring->split.available->ring[ring->size], (uint16_t)(ring->split.taken - 1));
	else
		ring_store16(&ring->split.available->flags, SPLIT_NO_INTERRUPT);
}

static void put_off_interrupt(struct ring *ring, uint16_t taken_before)
{
	if (unlikely((ring->split.taken ^ taken_before) & 0x8000) && ring->event_index)
		split_disable_interrupt(ring);
}

static uint16_t split_collect(struct ring *ring, struct completion *done, uint16_t max)
{
	struct split_state *split = &ring->split;
	uint16_t before = split->taken, ready = ring_load16(&split->used->index) - before;
	uint16_t count = 0;

	if (unlikely(ready > ring->in_flight)) {
		ring->fault = "finished with more buffers than it has";
		return 0;
	}
	/* Orders the index before the entries it covers, and what the device wrote to the buffers; pairs with
	 * the device's write barrier before it stores the index. */
	rte_smp_rmb();
	for (; count < RTE_MIN(ready, max); count++, split->taken++) {
		const struct split_used_element *element =
		    &split->used->ring[split->taken & (ring->size - 1)];
		uint32_t id = ring_load32(&element->id);

		if (!ring_claim(ring, id, ring_load32(&element->length), &done[count]))
			break;
		free_chain(ring, (uint16_t)id);
	}
	put_off_interrupt(ring, before);
	return count;
}

static bool split_wants_notification(struct ring *ring)
{
	struct split_state *split = &ring->split;
	const struct split_used_element *end = &split->used->ring[ring->size];
	uint16_t before = split->announced;

	split->announced = split->offered;
	/* Orders our available index before the device's wish for notifications; pairs with the device, which
	 * stores its wish before it looks at the index a last time. */
	rte_smp_mb();
	if (ring->event_index)
		return ring_event_passed(ring_load16((const uint16_t *)end), split->offered, before);
	return !(ring_load16(&split->used->flags) & SPLIT_NO_NOTIFY);
}

static bool split_pending(const struct ring *ring)
{
	return ring_load16(&ring->split.used->index) != ring->split.taken;
}

const struct ring_operations split_operations = {
    .start = split_start,
    .offer = split_offer,
    .send = split_send,
    .collect = split_collect,
    .wants_notification = split_wants_notification,
    .enable_interrupt = split_enable_interrupt,
    .disable_interrupt = split_disable_interrupt,
    .pending = split_pending,
};
