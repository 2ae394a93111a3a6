/* SPDX-License-Identifier: Apache-2.0
 *
 * See ring.h.
 */
#include "ring.h"

#include <string.h>

enum {
	PACKED_AVAIL = 1 << VRING_PACKED_DESC_F_AVAIL,
	PACKED_USED = 1 << VRING_PACKED_DESC_F_USED,
	LINE = 64,
	TABLE_ALIGNMENT = 8,
	PUT_AHEAD = 32,
};

/* Where guest memory is, or NULL. */
static uint8_t *host_address(const struct ring_memory *memory, uint64_t guest, uint32_t length)
{
	for (uint32_t i = 0; i < memory->count; i++) {
		uint64_t offset = guest - memory->regions[i].guest;

		if (offset < memory->regions[i].size && length <= memory->regions[i].size - offset)
			return memory->regions[i].host + offset;
	}
	return NULL;
}

/* Where a table of descriptors is. One that its fields would be misaligned in is refused. */
static const void *host_table(const struct ring_memory *memory, uint64_t guest, uint32_t length)
{
	const uint8_t *table = host_address(memory, guest, length);

	return (uintptr_t)table % TABLE_ALIGNMENT ? NULL : table;
}

static bool add_piece(struct ring *ring, struct ring_buffer *buffer, uint64_t guest, uint32_t length)
{
	uint8_t *bytes = host_address(ring->memory, guest, length);

	if (!bytes || buffer->count == RING_PIECES) {
		ring->broken = true;
		return false;
	}
	buffer->pieces[buffer->count++] = (struct frame){bytes, length};
	buffer->bytes += length;
	return true;
}

/* A chain of split descriptors in a table: the ring's own, or an indirect one. */
static bool walk_split(struct ring *ring, struct ring_buffer *buffer, const struct vring_desc *table,
		       uint32_t entries, uint32_t at)
{
	for (uint32_t i = 0; i < entries; i++) {
		const struct vring_desc *entry = &table[at];

		if (at >= entries)
			break;
		if (entry->flags & VRING_DESC_F_INDIRECT) {
			const struct vring_desc *inner = host_table(ring->memory, entry->addr, entry->len);

			if (!inner || table != ring->split)
				break;
			return walk_split(ring, buffer, inner, entry->len / sizeof(*inner), 0);
		}
		if (!add_piece(ring, buffer, entry->addr, entry->len))
			return false;
		if (!(entry->flags & VRING_DESC_F_NEXT))
			return true;
		at = entry->next;
	}
	ring->broken = true;
	return false;
}

static bool next_split(struct ring *ring, struct ring_buffer *buffer)
{
	uint16_t head;

	if (ring->next == ring->ready) {
		/* Pairs with the guest's barrier between an entry and the index. */
		ring->ready = __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE);
		if (ring->next == ring->ready)
			return false;
	}
	head = ring->avail->ring[ring->next & (ring->size - 1)];
	if (!walk_split(ring, buffer, ring->split, ring->size, head))
		return false;
	ring->held[ring->held_count].id = head;
	ring->next++;
	return true;
}

/* An indirect table of packed entries has no chain: all of it counts (section 2.8.8). */
static bool walk_table(struct ring *ring, struct ring_buffer *buffer, uint64_t guest, uint32_t length)
{
	const struct vring_packed_desc *table = host_table(ring->memory, guest, length);

	if (!table) {
		ring->broken = true;
		return false;
	}
	for (uint32_t i = 0; i < length / sizeof(*table); i++)
		if (!add_piece(ring, buffer, table[i].addr, table[i].len))
			return false;
	return true;
}

static bool next_packed(struct ring *ring, struct ring_buffer *buffer)
{
	uint16_t at = ring->next, flags;
	bool wrap = ring->wrap;

	/* Pairs with the guest's barrier before the flags of a chain's first entry. */
	flags = __atomic_load_n(&ring->entries[at].flags, __ATOMIC_ACQUIRE);
	if (!(flags & PACKED_AVAIL) == wrap || !(flags & PACKED_USED) != wrap)
		return false;
	ring->held[ring->held_count].place = at;
	ring->held[ring->held_count].wrap = wrap;
	for (uint16_t i = 0; i < ring->size; i++) {
		const struct vring_packed_desc *entry = &ring->entries[at];

		if (flags & VRING_DESC_F_INDIRECT ? !walk_table(ring, buffer, entry->addr, entry->len)
						  : !add_piece(ring, buffer, entry->addr, entry->len))
			return false;
		ring->held[ring->held_count].id = entry->id; /* the last one's counts */
		if (++at == ring->size) {
			at = 0;
			wrap = !wrap;
		}
		if (!(flags & VRING_DESC_F_NEXT)) {
			ring->next = at;
			ring->wrap = wrap;
			return true;
		}
		flags = ring->entries[at].flags;
	}
	ring->broken = true;
	return false;
}

bool ring_next(struct ring *ring, struct ring_buffer *buffer)
{
	buffer->count = buffer->bytes = 0;
	if (ring->broken || ring->held_count == RING_USED)
		return false;
	if (ring->packed ? !next_packed(ring, buffer) : !next_split(ring, buffer))
		return false;
	ring->held[ring->held_count++].length = 0;
	return true;
}

/* The last buffer first: the guest looks at the first one's place, and then finds all of them. The places'
 * lines so go from core to core once. */
static void give_back_packed(struct ring *ring)
{
	for (uint32_t i = ring->held_count; i-- > 0;) {
		struct vring_packed_desc *entry = &ring->entries[ring->held[i].place];

		entry->id = ring->held[i].id;
		entry->len = ring->held[i].length;
		/* Pairs with the guest's barrier behind its look at the flags. */
		__atomic_store_n(&entry->flags, ring->held[i].wrap ? PACKED_AVAIL | PACKED_USED : 0,
				 __ATOMIC_RELEASE);
	}
}

void ring_give_back(struct ring *ring)
{
	if (ring->packed) {
		give_back_packed(ring);
	} else {
		uint16_t index = ring->used->idx;

		for (uint32_t i = 0; i < ring->held_count; i++) {
			struct vring_used_elem *element = &ring->used->ring[index++ & (ring->size - 1)];

			element->id = ring->held[i].id;
			element->len = ring->held[i].length;
		}
		/* Pairs with the guest's barrier behind its look at the index. */
		__atomic_store_n(&ring->used->idx, index, __ATOMIC_RELEASE);
	}
	ring->held_count = 0;
}

bool ring_wants_call(const struct ring *ring)
{
	/* What was given back must be visible before the guest's wish is read: else both sides could wait. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->packed)
		return ring->driver_event->flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	return !(ring->avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
}

static void *copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
	typedef long long vector __attribute__((vector_size(16), aligned(1)));

	if (length < 16 || length > 256)
		return memcpy(to, from, length);
	/* Short frames without a call. The last piece overlaps the one before. */
	for (uint32_t at = 0; at < length - 16; at += 16)
		*(vector *)(to + at) = *(const vector *)(from + at);
	*(vector *)(to + length - 16) = *(const vector *)(from + length - 16);
	return to;
}

/* Writes a header and a frame over pieces that have room for them. Returns the bytes written. */
static uint32_t fill(const struct ring_buffer *buffer, uint32_t skip, const uint8_t *bytes, uint32_t length)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < buffer->count && done < length; i++) {
		uint32_t room = buffer->pieces[i].length, part;

		if (skip >= room) {
			skip -= room;
			continue;
		}
		part = length - done < room - skip ? length - done : room - skip;
		copy(buffer->pieces[i].bytes + skip, bytes + done, part);
		done += part;
		skip = 0;
	}
	return done;
}

/* Takes back what ring_next gave since the ring was `before`. */
static void put_back(struct ring *ring, uint16_t next, bool wrap, uint32_t held)
{
	ring->next = next;
	ring->wrap = wrap;
	ring->held_count = held;
}

/* A frame that needs more than the buffer's first piece. `buffer` is the one that is held already. */
static bool put_in_pieces(struct ring *ring, struct ring_buffer *buffer, const struct frame *frame,
			  bool merge)
{
	uint8_t header[RING_HEADER] = {0};
	struct ring_buffer first = *buffer;
	uint32_t done, buffers = 1;

	if (first.bytes < RING_HEADER || (!merge && first.bytes < RING_HEADER + frame->length))
		return false;
	done = fill(&first, RING_HEADER, frame->bytes, frame->length);
	ring_wrote(ring, 0, RING_HEADER + done);
	while (done < frame->length) {
		uint32_t part;

		if (!ring_next(ring, buffer))
			return false;
		part = fill(buffer, 0, frame->bytes + done, frame->length - done);
		ring_wrote(ring, 0, part);
		done += part;
		buffers++;
	}
	header[RING_HEADER_BUFFERS] = (uint8_t)buffers;
	fill(&first, 0, header, RING_HEADER);
	return true;
}

/* One frame, however its buffers are made. False: there is no room. */
static bool put_one(struct ring *ring, const struct frame *frame, bool merge)
{
	uint32_t held = ring->held_count;
	uint16_t next = ring->next;
	bool wrap = ring->wrap;
	struct ring_buffer buffer;

	if (!ring_next(ring, &buffer))
		return false;
	if (put_in_pieces(ring, &buffer, frame, merge))
		return true;
	put_back(ring, next, wrap, held);
	return !merge && !ring->broken;
}

/* The next buffers, as long as each is in one piece and has room for its frame. Their lines are the guest's
 * core's: they are fetched together, before the first is written. */
static uint32_t find_room(struct ring *ring, uint8_t **places, struct frame *const *frames, uint32_t count)
{
	struct ring_buffer buffer;
	uint32_t found;

	for (found = 0; found < count; found++) {
		uint32_t held = ring->held_count, need = RING_HEADER + frames[found]->length;
		uint16_t next = ring->next;
		bool wrap = ring->wrap;

		if (!ring_next(ring, &buffer))
			break;
		if (buffer.pieces[0].length < need) {
			put_back(ring, next, wrap, held);
			break;
		}
		places[found] = buffer.pieces[0].bytes;
		ring_wrote(ring, 0, need);
		__builtin_prefetch(places[found], 1);
		__builtin_prefetch(places[found] + LINE, 1);
	}
	return found;
}

uint32_t ring_put(struct ring *ring, struct frame *const *frames, uint32_t count, bool merge)
{
	static const uint8_t header[RING_HEADER] = {[RING_HEADER_BUFFERS] = 1};
	uint8_t *places[PUT_AHEAD];
	uint32_t done = 0;

	while (done < count) {
		uint32_t found = find_room(ring, places, frames + done,
					   count - done < PUT_AHEAD ? count - done : PUT_AHEAD);

		for (uint32_t i = 0; i < found; i++, done++) {
			memcpy(places[i], header, RING_HEADER);
			copy(places[i] + RING_HEADER, frames[done]->bytes, frames[done]->length);
		}
		if (found == 0) {
			if (!put_one(ring, frames[done], merge))
				break;
			done++;
		}
	}
	return done;
}

static void gather(struct frame *frame, const struct ring_buffer *buffer, uint8_t *room)
{
	uint32_t skip = RING_HEADER, length = 0;

	for (uint32_t i = 0; i < buffer->count; i++) {
		uint32_t part = buffer->pieces[i].length;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part -= skip;
		if (part > RING_BYTES_MAX - length)
			part = RING_BYTES_MAX - length;
		memcpy(room + length, buffer->pieces[i].bytes + skip, part);
		length += part;
		skip = 0;
	}
	*frame = (struct frame){room, length};
}

uint32_t ring_take(struct ring *ring, struct frame *frames, uint32_t count, uint8_t *room)
{
	struct ring_buffer buffer;
	uint32_t taken;

	for (taken = 0; taken < count && ring_next(ring, &buffer); taken++) {
		const struct frame *first = &buffer.pieces[0];

		if (buffer.count == 1 && first->length >= RING_HEADER)
			frames[taken] =
			    (struct frame){first->bytes + RING_HEADER, first->length - RING_HEADER};
		else if (buffer.count == 2 && first->length == RING_HEADER)
			frames[taken] = buffer.pieces[1];
		else
			gather(&frames[taken], &buffer, room + (size_t)taken * RING_BYTES_MAX);
		/* Another core wrote it. */
		__builtin_prefetch(frames[taken].bytes);
		__builtin_prefetch(frames[taken].bytes + LINE - RING_HEADER);
	}
	return taken;
}
