/* SPDX-License-Identifier: Apache-2.0
 *
 * RAM beyond the image. All of it is ring 3's: a heap that grows at the bottom (brk), and page ranges that
 * come and go (mmap).
 */
#ifndef RING0_MEMORY_H
#define RING0_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include "bootinfo.h"

/* Takes over what the boot information calls RAM. Returns NULL, or why not. */
const char *memory_init(const struct boot_info *info);

/* Bytes of RAM that ring 3 may get, the image excluded. */
uint64_t memory_bytes(void);

/* Does RAM that ring 3 may get lie in [start, end)? */
bool memory_overlaps(uint64_t start, uint64_t end);

/* Does all of [start, end) lie where no RAM is taken from, whatever the map says? */
bool memory_is_never_ram(uint64_t start, uint64_t end);

/* Does all of [address, address + bytes) belong to ring 3, image and RAM alike? */
bool memory_is_ring3(uint64_t address, uint64_t bytes, bool writable);

/* Whole pages, from a large page's boundary where there are so many. Contents are whatever they were. Returns
 * 0: no range is large enough. */
uint64_t memory_take(uint64_t bytes);

/* Gives pages back. False: they were not taken. */
bool memory_give(uint64_t start, uint64_t bytes);

/* Moves the end of the heap. Returns the end, moved or not. */
uint64_t memory_break(uint64_t wanted);

#endif
