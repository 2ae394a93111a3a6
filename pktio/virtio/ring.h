/* SPDX-License-Identifier: Apache-2.0
 *
 * A virtqueue as rx.c and tx.c see it: mbufs go to the device, mbufs come back. split.c and packed.c are the
 * two formats; ring.c holds what is common to them.
 *
 * The ring owns the mbufs that are with the device. It remembers them, and all else that it relies on, in
 * slots that the device never sees. What the device writes (used index, ids, lengths, flags) is read once
 * each, through ring_load*, and believed only as far as the slots agree; otherwise `fault` says what was
 * wrong, and the ring gives nothing more until it is started anew.
 *
 * Barriers: x86 keeps loads in order and stores in order, so read and write barriers only stop the compiler;
 * only a load after a store to another place needs an instruction. Each place says with what it pairs.
 */
#ifndef PKTIO_VIRTIO_RING_H
#define PKTIO_VIRTIO_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_atomic.h>
#include <rte_mbuf.h>
#include <rte_memzone.h>
#include <rte_prefetch.h>
#include "registers.h"
#include "transport.h"

struct ring;

enum {
	RING_ENTRIES_MAX = 1024,
	RING_TABLE_MAX = 64,	     /* entries that a fresh mbuf of a ring with `indirect` has room for */
	RING_TABLE_ENTRY_BYTES = 16, /* a descriptor, split or packed; also a table's alignment */
};

/* A chain that the device has finished with. */
struct completion {
	struct rte_mbuf *packet;
	uint32_t length; /* bytes the device says it wrote; at most ring->buffer_bytes on a receive ring */
};

struct ring_operations {
	/* Forgets all, and says where the areas lie in ring->memory. */
	void (*start)(struct ring *ring, struct queue_memory *memory);

	/* Give mbufs to the device, visible to it all at once: empty ones to be written, or chains to be
	 * read. Take them. There must be room: ring_entries free descriptors for each. */
	void (*offer)(struct ring *ring, struct rte_mbuf **packets, uint16_t count);
	void (*send)(struct ring *ring, struct rte_mbuf **packets, uint16_t count);

	/* Takes back up to `max` finished chains; the caller owns them. Interrupts are off. */
	uint16_t (*collect)(struct ring *ring, struct completion *done, uint16_t max);

	/* Whether the device wants to hear of what it was given since the last call. */
	bool (*wants_notification)(struct ring *ring);

	void (*enable_interrupt)(struct ring *ring);
	void (*disable_interrupt)(struct ring *ring);
	/* Whether something is there to collect. */
	bool (*pending)(const struct ring *ring);
};

/* Split ring: one for each descriptor. Packed ring: one for each buffer id. */
struct ring_slot {
	struct rte_mbuf *packet; /* NULL: no chain that is with the device starts here */
	uint16_t descriptors;	 /* length of that chain */
	uint16_t next;		 /* of a chain, or of the list of free slots */
};

struct split_state {
	struct split_descriptor *descriptors;
	struct split_available *available;
	struct split_used *used;
	uint16_t offered, announced,
	    taken; /* available index; the same at the last notification; used index */
};

struct packed_state {
	struct packed_descriptor *descriptors;
	struct packed_event *driver_event, *device_event;
	uint16_t next, taken; /* positions: of the next descriptor to fill, and to find used */
	bool next_wrap, taken_wrap;
};

struct ring {
	const struct ring_operations *operations;
	struct ring_slot *slots;
	const char *fault;	/* what the device did wrong, or NULL */
	uint32_t buffer_bytes;	/* most that the device may say it wrote to one chain */
	uint32_t buffer_offset; /* receive: from an mbuf to what the device writes to */
	uint16_t size, queue;
	uint16_t free;	    /* descriptors */
	uint16_t free_slot; /* first of the list */
	uint16_t in_flight; /* chains with the device */
	bool event_index;
	bool indirect; /* a chain takes one descriptor where its first mbuf has room for a table of them */
	union {
		struct split_state split;
		struct packed_state packed;
	};
	const struct rte_memzone *memory;
	uint16_t capacity; /* entries that the memory is for */
};

extern const struct ring_operations split_operations, packed_operations;

/* Returns 0 or -ENOMEM. */
int ring_allocate(struct ring *ring, const char *name, uint16_t capacity);
void ring_release(struct ring *ring);

/* Begins an empty ring of ring->size entries. It must not be with the device, and hold no mbufs. */
void ring_start(struct ring *ring, struct queue_memory *memory);

/* Frees the mbufs that are with a device which has been reset. */
void ring_recover(struct ring *ring);

/* Asks for an interrupt and looks again. Returns true if there is something to collect already: then the
 * interrupt may never come. */
bool ring_arm(struct ring *ring);

/* Wants no interrupt any more. Returns true if there is something to collect, as there is if one came. */
bool ring_disarm(struct ring *ring);

static inline uint16_t ring_load16(const uint16_t *shared)
{
	return *(const volatile uint16_t *)shared;
}

static inline uint32_t ring_load32(const uint32_t *shared)
{
	return *(const volatile uint32_t *)shared;
}

static inline void ring_store16(uint16_t *shared, uint16_t value)
{
	*(volatile uint16_t *)shared = value;
}

/* Section 2.7.10: whether an event at position `event` lies among those from `before` to `now`. */
static inline bool ring_event_passed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/* Believes the device that it has finished with a chain, if it can have. Returns the slot, whose `packet` now
 * belongs to the caller's completion, or NULL and sets the fault. */
static inline struct ring_slot *ring_claim(struct ring *ring, uint32_t id, uint32_t length,
					   struct completion *done)
{
	struct ring_slot *slot = id < ring->size ? &ring->slots[id] : NULL;

	if (unlikely(!slot || !slot->packet)) {
		ring->fault = "finished with a buffer that it does not have";
		return NULL;
	}
	if (unlikely(length > ring->buffer_bytes)) {
		ring->fault = "wrote more than a buffer holds";
		return NULL;
	}
	*done = (struct completion){.packet = slot->packet, .length = length};
	slot->packet = NULL;
	ring->in_flight--;
	ring->free += slot->descriptors;
	return slot;
}

/* Where a chain's table of descriptors goes (sections 2.7.5.3 and 2.8.7): behind the data of its first mbuf.
 * NULL where its descriptors go into the ring. */
static inline void *ring_table(const struct ring *ring, const struct rte_mbuf *packet)
{
	uintptr_t end = (uintptr_t)packet->buf_addr + packet->buf_len;
	uintptr_t table =
	    RTE_ALIGN_CEIL(rte_pktmbuf_mtod(packet, uintptr_t) + packet->data_len, RING_TABLE_ENTRY_BYTES);

	if (packet->nb_segs == 1 || !ring->indirect || packet->nb_segs > ring->size)
		return NULL;
	if (!RTE_MBUF_DIRECT(packet) || rte_mbuf_refcnt_read(packet) > 1)
		return NULL;
	return table + packet->nb_segs * RING_TABLE_ENTRY_BYTES <= end ? (void *)table : NULL;
}

/* Descriptors of the ring that a chain takes. */
static inline uint16_t ring_entries(const struct ring *ring, const struct rte_mbuf *packet)
{
	return ring_table(ring, packet) ? 1 : packet->nb_segs;
}

/* What the device writes to when it fills an empty mbuf. */
static inline void *ring_buffer(const struct ring *ring, struct rte_mbuf *packet)
{
	return (char *)packet + ring->buffer_offset;
}

#endif
