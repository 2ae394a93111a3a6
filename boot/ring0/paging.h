/* SPDX-License-Identifier: Apache-2.0
 *
 * Page tables. The image's own pages come ready-made from the link (images/tables.awk); here the rest is
 * added: RAM in large pages, device registers page by page, and short looks at physical memory of which
 * nothing is known.
 */
#ifndef RING0_PAGING_H
#define RING0_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096, LARGE_PAGE_BYTES = 2 << 20 };

/* Identity-maps [start, end), both on page boundaries, as data of ring 3. Returns where it had to stop:
 * `end`, or earlier when there was no more room for tables. */
uint64_t paging_map_ram(uint64_t start, uint64_t end);

/* Identity-maps one page of device registers, uncached: for ring 3, or for ring 0 alone. */
bool paging_map_device(uint64_t page, bool for_ring3);

/* The same for a page of memory that others use too: cached. */
bool paging_map_shared(uint64_t page, bool for_ring3);

/* Maps one page of what the firmware left in memory, for ring 3 to read; where it is not one of the first
 * 2 MiB, at its own address. Returns where; 0: it can't be. */
uintptr_t paging_map_firmware(uint64_t page);

/* Takes the mapping of one such page away again. */
void paging_unmap_device(uint64_t page);

/* Where ring 0 finds the registers at `address`, uncached, until it looks at others; they must lie in one
 * page. NULL: they are beyond what can be mapped. */
volatile void *paging_look_at_device(uint64_t address);

/* Lets ring 3 read ring 0's page at `page`, and nobody write it. */
void paging_publish(uintptr_t page);

/* Takes that back: the page is ring 0's alone again, to write. */
void paging_unpublish(uintptr_t page);

/* Makes one of ring 0's data pages code, which nobody writes. */
void paging_map_code(uintptr_t page);

/* Copies from physical memory, wherever it is. */
bool physical_read(void *to, uint64_t from, size_t bytes);

#endif
