/* SPDX-License-Identifier: Apache-2.0
 *
 * See memory.h. Free ranges are an array in ascending order; it is full of small numbers, because a static
 * glibc asks for memory a few dozen times. Called by start.c at boot and calls.c afterwards.
 */
#include <stddef.h>
#include "memory.h"
#include "console.h"
#include "paging.h"
#include "string.h"

enum { RANGES_MAX = 256 };

struct range {
	uint64_t start, end;
};

struct ranges {
	unsigned int count;
	struct range range[RANGES_MAX];
};

/* Never RAM, whatever the map says: firmware, local APIC, I/O APICs, and below the image. */
static const struct range device_hole = {0xfe000000, 0x100000000};

extern char __image_start[], __text_start[], __data_start[], __ring0_text_start[], __image_end[];
extern char __guard_ring3_stack[], __ring3_stack[];

extern uint64_t ring3_break; /* gate.S */

static struct ranges ram;  /* all of ring 3's RAM, mapped; constant after memory_init */
static struct ranges free; /* of these, what is neither heap nor mmap'ed */
static uint64_t heap_start, heap_end;

static bool insert_at(struct ranges *r, unsigned int at, struct range range)
{
	if (r->count == RANGES_MAX)
		return false;
	memmove(&r->range[at + 1], &r->range[at], (r->count - at) * sizeof(range));
	r->range[at] = range;
	r->count++;
	return true;
}

static void remove_at(struct ranges *r, unsigned int at)
{
	r->count--;
	memmove(&r->range[at], &r->range[at + 1], (r->count - at) * sizeof(r->range[0]));
}

/* Adds a range, joined with those that it touches or overlaps. */
static bool add(struct ranges *r, struct range new)
{
	unsigned int at = 0;

	while (at < r->count && r->range[at].end < new.start)
		at++;
	while (at < r->count && r->range[at].start <= new.end) {
		if (r->range[at].start < new.start)
			new.start = r->range[at].start;
		if (r->range[at].end > new.end)
			new.end = r->range[at].end;
		remove_at(r, at);
	}
	return insert_at(r, at, new);
}

/* Takes a range out of all. Where the table is full, more than that is lost, never less. */
static void subtract(struct ranges *r, struct range out)
{
	for (unsigned int i = 0; i < r->count;) {
		struct range *old = &r->range[i];
		struct range above = {out.end, old->end};

		if (old->end <= out.start || old->start >= out.end) {
			i++;
			continue;
		}
		old->end = out.start;
		if (old->end <= old->start)
			remove_at(r, i);
		else
			i++;
		if (above.start < above.end && insert_at(r, i, above))
			i++;
	}
}

static bool overlaps(const struct ranges *r, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < r->count; i++)
		if (r->range[i].start < end && start < r->range[i].end)
			return true;
	return false;
}

static struct range whole_pages(const struct memory_entry *entry)
{
	uint64_t mask = PAGE_BYTES - 1;

	if (entry->ram && entry->start > ~mask)
		return (struct range){0, 0};
	if (entry->ram) /* rounded inwards; what else is there, outwards */
		return (struct range){(entry->start + mask) & ~mask, entry->end & ~mask};
	return (struct range){entry->start & ~mask, entry->end > ~mask ? ~mask : (entry->end + mask) & ~mask};
}

static void collect(const struct boot_info *info)
{
	for (unsigned int i = 0; i < info->entries; i++) {
		struct range range = whole_pages(&info->entry[i]);

		if (info->entry[i].ram && range.start < range.end)
			add(&ram, range);
	}
	for (unsigned int i = 0; i < info->entries; i++)
		if (!info->entry[i].ram)
			subtract(&ram, whole_pages(&info->entry[i]));
	subtract(&ram, device_hole);
	subtract(&ram, (struct range){0, (uintptr_t)__image_end});
}

static void map_all(void)
{
	for (unsigned int i = 0; i < ram.count; i++) {
		struct range *range = &ram.range[i];
		uint64_t large = LARGE_PAGE_BYTES - 1, start = range->start;

		/* The image's last table maps up to the next large page already. */
		if (start == (uintptr_t)__image_end)
			start = (start + large) & ~large;
		if (start >= range->end)
			continue;
		uint64_t mapped = paging_map_ram(start, range->end);
		if (mapped < range->end) {
			console_print("weir: memory above %x is not used\n", mapped);
			range->end = mapped > range->start ? mapped : range->start;
			ram.count = i + 1;
		}
	}
}

const char *memory_init(const struct boot_info *info)
{
	collect(info);
	if (ram.count == 0)
		return "the loader's memory map has no RAM behind the image";
	map_all();
	free.count = ram.count;
	memcpy(free.range, ram.range, ram.count * sizeof(ram.range[0]));
	heap_start = heap_end = ring3_break = ram.range[0].start;
	return NULL;
}

uint64_t memory_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < ram.count; i++)
		bytes += ram.range[i].end - ram.range[i].start;
	return bytes;
}

bool memory_overlaps(uint64_t start, uint64_t end)
{
	return overlaps(&ram, start, end) || start < (uintptr_t)__image_end;
}

bool memory_is_never_ram(uint64_t start, uint64_t end)
{
	return start >= device_hole.start && start <= end && end <= device_hole.end;
}

bool memory_is_ring3(uint64_t address, uint64_t bytes, bool writable)
{
	uint64_t end = address + bytes;

	if (end < address)
		return false;
	if (address >= (uintptr_t)(writable ? __data_start : __image_start) &&
	    end <= (uintptr_t)__ring0_text_start)
		return end <= (uintptr_t)__guard_ring3_stack || address >= (uintptr_t)__ring3_stack;
	for (unsigned int i = 0; i < ram.count; i++)
		if (address >= ram.range[i].start && end <= ram.range[i].end)
			return true;
	return false;
}

uint64_t memory_take(uint64_t bytes)
{
	uint64_t align = bytes < LARGE_PAGE_BYTES ? PAGE_BYTES : LARGE_PAGE_BYTES;

	for (unsigned int i = free.count; bytes && i-- > 0;) {
		struct range *range = &free.range[i];
		uint64_t start = (range->end - bytes) & ~(align - 1);

		if (range->end - range->start < bytes || start < range->start)
			continue;
		subtract(&free, (struct range){start, start + bytes});
		return start;
	}
	return 0;
}

bool memory_give(uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;
	bool ours = false;

	for (unsigned int i = 0; i < ram.count; i++)
		ours |= start >= ram.range[i].start && end <= ram.range[i].end;
	if (end <= start || !ours || overlaps(&free, start, end) || (start < heap_end && heap_start < end))
		return false;
	return add(&free, (struct range){start, end});
}

/* The range that the heap may grow into starts where the heap ends. */
uint64_t memory_break(uint64_t wanted)
{
	uint64_t mask = PAGE_BYTES - 1, new_end = (wanted + mask) & ~mask;

	if (wanted < heap_start || new_end < wanted)
		return heap_end;
	if (new_end < heap_end && add(&free, (struct range){new_end, heap_end}))
		heap_end = new_end;
	if (new_end > heap_end && free.count && free.range[0].start == heap_end &&
	    new_end <= free.range[0].end) {
		free.range[0].start = new_end;
		if (free.range[0].start == free.range[0].end)
			remove_at(&free, 0);
		heap_end = new_end;
	}
	ring3_break = heap_end;
	return heap_end;
}
