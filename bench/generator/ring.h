/* SPDX-License-Identifier: Apache-2.0
 *
 * The device's side of one virtqueue, split or packed: takes the buffers that the guest made available, in
 * order, and gives them back used, in the same order and a burst at a time.
 *
 * librte_vhost has such code too, and it is the bench's yardstick for peers. It copies each frame into an
 * mbuf that it has allocated, also where there turns out to be none; frames that are only looked at needn't
 * move at all. Without that the generator costs a third.
 *
 * What the guest wrote is the outside's: addresses and lengths are checked, chains are bounded. A ring that
 * makes no sense is `broken`, and has no more buffers. Knows no DPDK.
 *
 * Sources: virtio 1.2, sections 2.7 and 2.8 (rings), 5.1.6 (header).
 */
#ifndef GENERATOR_RING_H
#define GENERATOR_RING_H

#include <linux/virtio_ring.h>
#include "generator.h"

enum {
	RING_HEADER = 12,	  /* struct virtio_net_hdr_v1 */
	RING_HEADER_BUFFERS = 10, /* its num_buffers */
	RING_PIECES = 64,
	RING_REGIONS = 16,
	RING_USED = BURST_MAX * 8, /* buffers that are held at most, merged ones counted each */
};

/* A frame of somebody's bytes. */
struct frame {
	uint8_t *bytes;
	uint32_t length;
};

/* Guest memory. */
struct ring_memory {
	uint32_t count;
	struct {
		uint64_t guest, size;
		uint8_t *host;
	} regions[RING_REGIONS];
};

struct ring {
	bool packed, broken;
	uint16_t size;
	const struct ring_memory *memory;
	union {
		struct vring_desc *split;
		struct vring_packed_desc *entries;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	struct vring_used *used;

	uint16_t next;	/* split: index, which runs freely; packed: place */
	uint16_t ready; /* split: how far the guest was when we looked last */
	bool wrap;	/* packed */
	uint32_t held_count;
	struct {
		uint32_t length;
		uint16_t id, place;
		bool wrap;
	} held[RING_USED];
};

/* What a buffer consists of. */
struct ring_buffer {
	uint32_t count, bytes;
	struct frame pieces[RING_PIECES];
};

/* Takes the next buffer and holds it. False: there is none. */
bool ring_next(struct ring *ring, struct ring_buffer *buffer);

/* Gives all held buffers back, with the lengths that ring_wrote said. */
void ring_give_back(struct ring *ring);

/* Whether the guest wants to be told of what was given back. */
bool ring_wants_call(const struct ring *ring);

static inline void ring_wrote(struct ring *ring, uint32_t back, uint32_t length)
{
	ring->held[ring->held_count - 1 - back].length = length;
}

/* Puts frames into the guest's buffers, copying them; as many as there is room for. `merge`: a frame may go
 * on in the next buffer. A frame that fits no buffer, and may not go on, counts as put: it is lost. */
uint32_t ring_put(struct ring *ring, struct frame *const *frames, uint32_t count, bool merge);

/* Views of the next frames, at most `count`. They stay until ring_give_back. `room`: RING_BYTES_MAX bytes for
 * each, where frames in pieces are put together. */
uint32_t ring_take(struct ring *ring, struct frame *frames, uint32_t count, uint8_t *room);

#endif
