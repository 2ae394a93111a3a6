/* SPDX-License-Identifier: Apache-2.0
 *
 * What the loader says: memory and command line, from any boot protocol, copied to where ring 3 can't
 * change it.
 */
#ifndef RING0_BOOTINFO_H
#define RING0_BOOTINFO_H

#include <stdbool.h>
#include <stdint.h>

enum boot_protocol { BOOT_PVH = 0, BOOT_LINUX64 = 1, BOOT_MULTIBOOT2 = 2 }; /* entry.S has the numbers too */

enum { MEMORY_ENTRIES_MAX = 128, COMMAND_LINE_BYTES = 4096 };

struct memory_entry {
	uint64_t start, end; /* start < end */
	bool ram;
};

struct boot_info {
	const char *protocol;
	uint32_t entries;
	struct memory_entry entry[MEMORY_ENTRIES_MAX];
	uint64_t rsdp; /* ACPI 6.4, section 5.2.5.3: where its tables begin; 0: not said */
	char command_line[COMMAND_LINE_BYTES]; /* ends with a NUL, cut where it was longer */
};

/* Returns NULL, or why there is no boot with this. Missing parts are empty. */
const char *bootinfo_read(enum boot_protocol protocol, uint64_t address, struct boot_info *info);

/* For the protocols that have a file of their own: bootinfo_multiboot2.c. */
const char *bootinfo_read_multiboot2(uint64_t address, struct boot_info *info);

/* A range of the loader's memory map, in any order, of a type that each protocol has from BIOS's INT 15,
 * E820: 1 is RAM. One that is empty or wraps around is left out. */
void bootinfo_add_memory(struct boot_info *info, uint64_t start, uint64_t bytes, uint32_t type);

/* Says that the map is longer than what is used of it. Returns how many entries are. */
uint32_t bootinfo_limit_entries(uint32_t entries);

/* Copies the text at `address`, cut where it is too long; 0: there is none. */
void bootinfo_read_command_line(struct boot_info *info, uint64_t address);

#endif
