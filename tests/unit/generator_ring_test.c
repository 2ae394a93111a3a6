/* SPDX-License-Identifier: Apache-2.0
 *
 * The generator's side of a virtqueue against a small driver: split and packed, in one piece, in chains, in
 * indirect tables, merged; and against a driver that writes nonsense.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bench/generator/ring.h"
#include "bench/generator/sample.h"

enum {
	SIZE = 16,
	MEMORY = 1 << 20,
	GUEST_BASE = 0x40000000,
	BUFFER = 4096, /* of guest memory for each buffer */
	TABLES = 512 * 1024,
	FRAME_LONGEST = 3000,
	ROUNDS = 3000,
};

/* How the driver lays a buffer out. */
enum layout { WHOLE, HEADER_APART, PIECES, INDIRECT, LAYOUTS };

static uint8_t *memory;
static struct ring_memory map;
static struct ring ring;
static uint64_t random_state = 11;
static uint8_t room[BURST_MAX * RING_BYTES_MAX];

/* The driver: buffers in flight, oldest first. */
static struct driver {
	bool packed, wrap, used_wrap;
	uint16_t next, used, free_id;
	struct vring_desc split[SIZE];
	struct vring_packed_desc entries[SIZE];
	struct vring_packed_desc_event event;
	struct {
		uint16_t flags, idx, ring[SIZE];
	} avail;
	struct {
		uint16_t flags, idx;
		struct vring_used_elem ring[SIZE];
	} used_ring;
	uint32_t in_flight, entries_free;
	struct {
		uint16_t id, entries;
	} flight[SIZE];
} driver;

static uint32_t below(uint32_t limit)
{
	return (uint32_t)(sample_random(&random_state) % limit);
}

static void begin(bool packed)
{
	memset(&driver, 0, sizeof(driver));
	memset(&ring, 0, sizeof(ring));
	driver.packed = ring.packed = packed;
	driver.wrap = driver.used_wrap = ring.wrap = true;
	driver.entries_free = SIZE;
	map.count = 1;
	map.regions[0].guest = GUEST_BASE;
	map.regions[0].size = MEMORY;
	map.regions[0].host = memory;
	ring.memory = &map;
	ring.size = SIZE;
	if (packed) {
		ring.entries = driver.entries;
		ring.driver_event = &driver.event;
	} else {
		ring.split = driver.split;
		ring.avail = (struct vring_avail *)&driver.avail;
		ring.used = (struct vring_used *)&driver.used_ring;
	}
}

/* The pieces of a buffer of `length` bytes, which is the one with that id. */
static uint32_t lay_out(enum layout layout, uint16_t id, uint32_t length, uint64_t *at, uint32_t *lengths)
{
	uint32_t count = 0, done = 0;

	while (done < length || count == 0) {
		uint32_t part = length - done;

		if (layout == HEADER_APART && count == 0)
			part = RING_HEADER;
		if ((layout == PIECES || layout == INDIRECT) && count < 3)
			part = part > 1 ? 1 + below(part) : part;
		at[count] = GUEST_BASE + (uint64_t)id * BUFFER + done;
		lengths[count++] = part;
		done += part;
	}
	return count;
}

static void offer_split(uint16_t head, uint32_t count, const uint64_t *at, const uint32_t *lengths,
			bool indirect)
{
	struct vring_desc *table = driver.split;
	uint32_t first = head;

	if (indirect) {
		table = (struct vring_desc *)(memory + TABLES + head * 256);
		driver.split[head] = (struct vring_desc){.addr = GUEST_BASE + TABLES + head * 256,
							 .len = count * sizeof(*table),
							 .flags = VRING_DESC_F_INDIRECT};
		first = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t here = (first + i) % SIZE, next = (first + i + 1) % SIZE;

		table[here] = (struct vring_desc){.addr = at[i],
						  .len = lengths[i],
						  .flags = i + 1 < count ? VRING_DESC_F_NEXT : 0,
						  .next = (uint16_t)next};
	}
	driver.avail.ring[driver.avail.idx % SIZE] = head;
	driver.avail.idx++;
}

static void offer_packed(uint16_t id, uint32_t count, const uint64_t *at, const uint32_t *lengths,
			 bool indirect)
{
	struct vring_packed_desc *table = (void *)(memory + TABLES + id * 256);
	uint64_t where = GUEST_BASE + TABLES + id * 256;
	uint32_t bytes = count * sizeof(*table);

	if (indirect) {
		for (uint32_t i = 0; i < count; i++)
			table[i] = (struct vring_packed_desc){.addr = at[i], .len = lengths[i]};
		at = &where;
		lengths = &bytes;
		count = 1;
	}
	for (uint32_t i = 0; i < count; i++) {
		driver.entries[driver.next] = (struct vring_packed_desc){
		    .addr = at[i],
		    .len = lengths[i],
		    .id = id,
		    .flags = (uint16_t)((driver.wrap ? 1 << VRING_PACKED_DESC_F_AVAIL
						     : 1 << VRING_PACKED_DESC_F_USED) |
					(i + 1 < count ? VRING_DESC_F_NEXT : 0) |
					(indirect ? VRING_DESC_F_INDIRECT : 0))};
		if (++driver.next == SIZE) {
			driver.next = 0;
			driver.wrap = !driver.wrap;
		}
	}
}

/* Makes a buffer available. Returns its id, or -1: no room. In order, so that descriptors need no free list.
 */
static int offer(enum layout layout, uint32_t length)
{
	uint64_t at[SIZE];
	uint32_t lengths[SIZE], count, entries;
	uint16_t id = driver.free_id;

	count = lay_out(layout, id, length, at, lengths);
	entries = layout == INDIRECT ? 1 : count;
	if (entries > driver.entries_free)
		return -1;
	if (driver.packed)
		offer_packed(id, count, at, lengths, layout == INDIRECT);
	else
		offer_split(id, count, at, lengths, layout == INDIRECT);
	driver.flight[driver.in_flight].id = id;
	driver.flight[driver.in_flight++].entries = (uint16_t)entries;
	driver.entries_free -= entries;
	driver.free_id = (uint16_t)((id + entries) % SIZE);
	return id;
}

/* The next used buffer: its length, or -1. It must be the oldest in flight. */
static int reclaim(uint16_t *id)
{
	uint32_t length;

	if (driver.packed) {
		const struct vring_packed_desc *entry = &driver.entries[driver.used];
		bool used = entry->flags >> VRING_PACKED_DESC_F_USED & 1,
		     avail = entry->flags >> VRING_PACKED_DESC_F_AVAIL & 1;

		if (used != avail || used != driver.used_wrap || driver.in_flight == 0)
			return -1;
		*id = entry->id;
		length = entry->len;
		driver.used += driver.flight[0].entries;
		if (driver.used >= SIZE) {
			driver.used -= SIZE;
			driver.used_wrap = !driver.used_wrap;
		}
	} else {
		if (driver.used == driver.used_ring.idx)
			return -1;
		*id = (uint16_t)driver.used_ring.ring[driver.used % SIZE].id;
		length = driver.used_ring.ring[driver.used++ % SIZE].len;
	}
	assert_true(driver.in_flight > 0);
	assert_int_equal(*id, driver.flight[0].id);
	driver.entries_free += driver.flight[0].entries;
	memmove(driver.flight, driver.flight + 1, --driver.in_flight * sizeof(driver.flight[0]));
	return (int)length;
}

static uint8_t *buffer_bytes(uint16_t id)
{
	return memory + (size_t)id * BUFFER;
}

static void frames_are_taken(void **state)
{
	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(packed);
		for (int round = 0; round < ROUNDS; round++) {
			uint8_t sent[SIZE][FRAME_LONGEST];
			uint32_t lengths[SIZE], count = 0, taken, most = below(SIZE + 1);
			struct frame frames[SIZE];
			uint16_t id;

			while (count < most) {
				uint32_t length = 1 + below(FRAME_LONGEST - 1);
				int got = offer((enum layout)below(LAYOUTS), RING_HEADER + length);

				if (got < 0)
					break;
				for (uint32_t i = 0; i < length; i++)
					sent[count][i] = buffer_bytes((uint16_t)got)[RING_HEADER + i] =
					    (uint8_t)sample_random(&random_state);
				lengths[count++] = length;
			}
			taken = ring_take(&ring, frames, SIZE, room);
			assert_int_equal(taken, count);
			assert_int_equal(reclaim(&id), -1); /* not before it is given back */
			for (uint32_t i = 0; i < taken; i++) {
				assert_int_equal(frames[i].length, lengths[i]);
				assert_memory_equal(frames[i].bytes, sent[i], lengths[i]);
			}
			ring_give_back(&ring);
			for (uint32_t i = 0; i < taken; i++)
				assert_int_equal(reclaim(&id), 0);
			assert_int_equal(reclaim(&id), -1);
			assert_false(ring.broken);
		}
	}
}

/* Puts frames of random lengths into buffers of random lengths, and reads them as a driver would. */
static void frames_are_put(void **state)
{
	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(packed);
		for (int round = 0; round < ROUNDS; round++) {
			uint8_t sent[4][FRAME_LONGEST];
			struct frame frames[4], *list[4];
			uint32_t put, capacity[SIZE];
			uint16_t id;

			for (uint32_t i = 0; i < 4; i++) {
				frames[i] =
				    (struct frame){sent[i], 1 + below(round % 2 ? 200 : FRAME_LONGEST - 1)};
				list[i] = &frames[i];
				for (uint32_t j = 0; j < frames[i].length; j++)
					sent[i][j] = (uint8_t)sample_random(&random_state);
			}
			for (int buffer = 0; buffer < SIZE; buffer++) {
				uint32_t length = round % 3 ? 2000 : RING_HEADER + 1 + below(900);
				int got = offer((enum layout)below(LAYOUTS), length);

				if (got >= 0)
					capacity[got] = length;
			}
			put = ring_put(&ring, list, 4, true);
			ring_give_back(&ring);
			for (uint32_t i = 0; i < put; i++) {
				uint32_t done = 0, buffers = 1;

				for (uint32_t j = 0; j < buffers; j++) {
					uint32_t skip = j == 0 ? RING_HEADER : 0;
					int length = reclaim(&id);

					assert_in_range(length, skip, capacity[id]);
					if (j == 0)
						memcpy(&buffers, buffer_bytes(id) + RING_HEADER_BUFFERS, 2);
					if (j + 1 < buffers)
						assert_int_equal(length,
								 capacity[id]); /* section 5.1.6.3.2 */
					assert_true(done + (uint32_t)length - skip <= frames[i].length);
					assert_memory_equal(buffer_bytes(id) + skip, sent[i] + done,
							    (uint32_t)length - skip);
					done += (uint32_t)length - skip;
				}
				assert_int_equal(done, frames[i].length);
			}
			assert_int_equal(reclaim(&id), -1);
			assert_false(ring.broken);
			/* What was not used yet is used up by short frames. */
			for (struct frame one = {sent[0], 1}, *last = &one;
			     ring_put(&ring, &last, 1, true) == 1;) {
				ring_give_back(&ring);
				assert_int_equal(reclaim(&id), RING_HEADER + 1);
			}
			assert_int_equal(driver.in_flight, 0);
		}
	}
}

static void a_frame_that_fits_nowhere_is_lost(void **state)
{
	uint8_t bytes[1000] = {0};
	struct frame frame = {bytes, sizeof(bytes)}, *list = &frame;
	uint16_t id;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		begin(packed);
		assert_int_equal(ring_put(&ring, &list, 1, false), 0);
		offer(WHOLE, 500);
		assert_int_equal(ring_put(&ring, &list, 1, false), 1);
		ring_give_back(&ring);
		assert_int_equal(reclaim(&id), -1);
		/* The buffer is still there, for a shorter one. */
		frame.length = 100;
		assert_int_equal(ring_put(&ring, &list, 1, false), 1);
		ring_give_back(&ring);
		assert_int_equal(reclaim(&id), RING_HEADER + 100);
		/* Merging, but too few buffers: it waits. */
		frame.length = 1000;
		offer(WHOLE, 500);
		assert_int_equal(ring_put(&ring, &list, 1, true), 0);
		offer(WHOLE, 600);
		assert_int_equal(ring_put(&ring, &list, 1, true), 1);
		ring_give_back(&ring);
		assert_int_equal(reclaim(&id), 500);
		assert_int_equal(reclaim(&id), 1000 + RING_HEADER - 500);
	}
}

static void calls_are_wanted_or_not(void **state)
{
	(void)state;
	begin(false);
	assert_true(ring_wants_call(&ring));
	driver.avail.flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_false(ring_wants_call(&ring));
	begin(true);
	assert_true(ring_wants_call(&ring));
	driver.event.flags = VRING_PACKED_EVENT_FLAG_DISABLE;
	assert_false(ring_wants_call(&ring));
}

/* An indirect table that has itself as an entry (section 2.7.5.3.1 forbids any in it). */
static void a_table_in_a_table_breaks_the_ring(void **state)
{
	struct frame frame;

	(void)state;
	begin(false);
	offer(INDIRECT, 100);
	((struct vring_desc *)(memory + TABLES))[0] = driver.split[0];
	assert_int_equal(ring_take(&ring, &frame, 1, room), 0);
	assert_true(ring.broken);
}

/* Random descriptors: whatever happens stays in the guest's memory (AddressSanitizer watches), and ends. */
static void nonsense_does_no_harm(void **state)
{
	uint32_t broken = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[FRAME_LONGEST] = {0};
		struct frame frames[SIZE], frame = {bytes, 1 + below(FRAME_LONGEST - 1)}, *list = &frame;
		uint8_t *at = round % 2 ? (uint8_t *)driver.entries : (uint8_t *)driver.split;

		begin(round % 2);
		for (int i = 0; i < SIZE * 16; i++)
			at[i] = (uint8_t)sample_random(&random_state);
		for (int i = 0; i < SIZE; i++) {
			uint64_t guest = below(9) ? GUEST_BASE + below(MEMORY) : sample_random(&random_state);
			uint32_t length = below(9) ? below(5000) : (uint32_t)sample_random(&random_state);

			if (below(5)) {
				memcpy(at + i * 16, &guest, 8);
				memcpy(at + i * 16 + 8, &length, 4);
			}
			if (round % 2 == 0 && below(3))
				driver.split[i].next %= SIZE;
			driver.avail.ring[i] =
			    (uint16_t)(below(3) ? below(SIZE) : sample_random(&random_state));
		}
		driver.avail.idx = (uint16_t)below(SIZE);
		if (round % 4 < 2)
			ring_take(&ring, frames, SIZE, room);
		else
			ring_put(&ring, &list, 1, below(2));
		ring_give_back(&ring);
		broken += ring.broken;
	}
	assert_in_range(broken, 1000, 19999);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_are_taken),
	    cmocka_unit_test(frames_are_put),
	    cmocka_unit_test(a_frame_that_fits_nowhere_is_lost),
	    cmocka_unit_test(calls_are_wanted_or_not),
	    cmocka_unit_test(a_table_in_a_table_breaks_the_ring),
	    cmocka_unit_test(nonsense_does_no_harm),
	};

	memory = malloc(MEMORY);
	return memory ? cmocka_run_group_tests_name("generator_ring", tests, NULL, NULL) : 1;
}
