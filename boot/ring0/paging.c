/* SPDX-License-Identifier: Apache-2.0
 *
 * See paging.h. Called by memory.c, bootinfo.c, and those who find devices; everything here runs once, at
 * boot. Every address is an identity one, apart from the window. Source: Intel SDM volume 3, section 4.5.
 */
#include "paging.h"
#include "cpu.h"
#include "string.h"

enum {
	PRESENT = 1 << 0,
	WRITABLE = 1 << 1,
	USER = 1 << 2,
	WRITE_THROUGH = 1 << 3,
	CACHE_DISABLE = 1 << 4,
	ACCESSED = 1 << 5,
	DIRTY = 1 << 6,
	LARGE = 1 << 7,
	ENTRIES = 512,
	TABLES = 64,	  /* spare tables. Devices, each behind a bridge of its own, share no large page */
	RAM_TABLES = 14,  /* of these, what RAM may have: 8 GiB, and more is not used */
	WINDOW_PAGES = 2, /* for memory, and behind them one for the firmware's, one for registers */
};
#define NO_EXECUTE	(UINT64_C(1) << 63)
#define ADDRESS_MASK	UINT64_C(0x000ffffffffff000)
#define DATA		(PRESENT | WRITABLE | ACCESSED | DIRTY | NO_EXECUTE)
#define TABLE		(PRESENT | WRITABLE | USER | ACCESSED)
#define DIRECTORY_BYTES (UINT64_C(1) << 30)
#define LIMIT		(UINT64_C(1) << 46) /* of what can be identity-mapped: half of a 47-bit address space */

/* The last large pages below LIMIT: no machine that Weir runs on has memory there. */
#define WINDOW		(LIMIT - (uint64_t)(WINDOW_PAGES + 2) * LARGE_PAGE_BYTES)
#define FIRMWARE_WINDOW (LIMIT - (uint64_t)2 * LARGE_PAGE_BYTES)
#define DEVICE_WINDOW	(LIMIT - LARGE_PAGE_BYTES)

extern uint64_t page_map[];

static uint64_t tables[TABLES][ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static unsigned int tables_used, tables_end = TABLES;

/* The table that `entry` leads to, made when there is none. NULL: no room, or a large page is in the way. */
static uint64_t *next_table(uint64_t *entry)
{
	if (!(*entry & PRESENT)) {
		if (tables_used >= tables_end)
			return NULL;
		*entry = (uintptr_t)tables[tables_used++] | TABLE;
	}
	return *entry & LARGE ? NULL : (uint64_t *)(*entry & ADDRESS_MASK);
}

static uint64_t *directory_entry(uint64_t address)
{
	uint64_t *table = next_table(&page_map[address >> 39 & (ENTRIES - 1)]);

	if (table)
		table = next_table(&table[address >> 30 & (ENTRIES - 1)]);
	return table ? &table[address >> 21 & (ENTRIES - 1)] : NULL;
}

static uint64_t *page_entry(uint64_t address)
{
	uint64_t *entry = directory_entry(address);
	uint64_t *table = entry ? next_table(entry) : NULL;

	return table ? &table[address >> 12 & (ENTRIES - 1)] : NULL;
}

/* Small pages up to a large page's boundary or `end`. */
static uint64_t map_edge(uint64_t start, uint64_t end)
{
	uint64_t *entry = page_entry(start);
	uint64_t stop = (start | (LARGE_PAGE_BYTES - 1)) + 1;

	if (!entry)
		return start;
	if (stop > end)
		stop = end;
	for (; start < stop; start += PAGE_BYTES)
		*entry++ = start | DATA | USER;
	return stop;
}

/* Large pages up to `end`, to where something is mapped already, or to the directory's end. A hypervisor that
 * emulates ring 0 pays by the instruction: so the directory is looked up once. */
static uint64_t map_large(uint64_t start, uint64_t end)
{
	uint64_t *entry = directory_entry(start), stop = (start | (DIRECTORY_BYTES - 1)) + 1;

	if (!entry)
		return start;
	end &= ~(uint64_t)(LARGE_PAGE_BYTES - 1);
	if (stop > end)
		stop = end;
	for (; start < stop && !(*entry & PRESENT); start += LARGE_PAGE_BYTES)
		*entry++ = start | DATA | USER | LARGE;
	return start;
}

uint64_t paging_map_ram(uint64_t start, uint64_t end)
{
	if (end > WINDOW)
		end = start > WINDOW ? start : WINDOW;
	tables_end = RAM_TABLES;
	while (start < end) {
		uint64_t stop = start;

		if (start % LARGE_PAGE_BYTES == 0)
			stop = map_large(start, end);
		if (stop == start)
			stop = map_edge(start, end);
		if (stop == start)
			break;
		start = stop;
	}
	tables_end = TABLES;
	return start;
}

static bool map_page(uint64_t page, uint64_t kind, bool for_ring3)
{
	uint64_t *entry = page < WINDOW ? page_entry(page) : NULL;

	/* What ring 0 has there already, a local APIC for one, is not for ring 3. */
	if (!entry || (for_ring3 && (*entry & (PRESENT | USER)) == PRESENT))
		return false;
	*entry = page | kind | (for_ring3 ? USER : 0);
	invalidate_page(page);
	return true;
}

bool paging_map_device(uint64_t page, bool for_ring3)
{
	return map_page(page, DATA | WRITE_THROUGH | CACHE_DISABLE, for_ring3);
}

bool paging_map_shared(uint64_t page, bool for_ring3)
{
	return map_page(page, DATA, for_ring3);
}

/* The first large page is ring 0's as a whole: what lies there shows elsewhere. */
uintptr_t paging_map_firmware(uint64_t page)
{
	uint64_t at = page < LARGE_PAGE_BYTES ? FIRMWARE_WINDOW : page;
	uint64_t *entry = page < WINDOW ? page_entry(at) : NULL;

	if (!entry || *entry & PRESENT)
		return 0;
	*entry = page | PRESENT | USER | ACCESSED | NO_EXECUTE;
	invalidate_page(at);
	return at;
}

void paging_unmap_device(uint64_t page)
{
	uint64_t *entry = page_entry(page);

	if (entry)
		*entry = 0;
	invalidate_page(page);
}

volatile void *paging_look_at_device(uint64_t address)
{
	uint64_t *entry = address < WINDOW ? directory_entry(DEVICE_WINDOW) : NULL;
	uint64_t offset = address & (LARGE_PAGE_BYTES - 1);

	if (!entry)
		return NULL;
	*entry = (address - offset) | DATA | LARGE | WRITE_THROUGH | CACHE_DISABLE;
	invalidate_page(DEVICE_WINDOW);
	return (volatile void *)(DEVICE_WINDOW + offset);
}

void paging_publish(uintptr_t page)
{
	*page_entry(page) = page | PRESENT | USER | ACCESSED | NO_EXECUTE;
	invalidate_page(page);
}

void paging_unpublish(uintptr_t page)
{
	*page_entry(page) = page | DATA;
	invalidate_page(page);
}

void paging_map_code(uintptr_t page)
{
	*page_entry(page) = page | PRESENT | ACCESSED;
	invalidate_page(page);
}

static bool open_window(uint64_t base)
{
	static uint64_t opened = UINT64_MAX;
	uint64_t *entry = base == opened ? NULL : directory_entry(WINDOW);

	if (base == opened)
		return true;
	for (unsigned int i = 0; entry && i < WINDOW_PAGES; i++) {
		entry[i] = (base + (uint64_t)i * LARGE_PAGE_BYTES) | DATA | LARGE;
		invalidate_page(WINDOW + (uint64_t)i * LARGE_PAGE_BYTES);
	}
	opened = entry ? base : opened;
	return entry;
}

bool physical_read(void *to, uint64_t from, size_t bytes)
{
	uint64_t base = from & ~(uint64_t)(LARGE_PAGE_BYTES - 1);

	if (from >= LIMIT || bytes > LARGE_PAGE_BYTES || !open_window(base))
		return false;
	memcpy(to, (const void *)(WINDOW + (from - base)), bytes);
	return true;
}
