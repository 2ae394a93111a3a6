/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the loader's information, once, for start.c. All of it is outside input: lengths are bounded, and
 * what makes no sense is left out. Sources: Xen, public/arch-x86/hvm/start_info.h; Linux,
 * Documentation/arch/x86/zero-page.rst and boot.rst.
 */
#include <stddef.h>
#include "bootinfo.h"
#include "console.h"
#include "paging.h"
#include "string.h"
#include "xen.h"

struct hvm_start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, command_line, rsdp;
	/* version 1 */
	uint64_t memory_map;
	uint32_t memory_entries, reserved;
};
_Static_assert(sizeof(struct hvm_start_info) == 56, "start_info.h");

struct hvm_memory_entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};
_Static_assert(sizeof(struct hvm_memory_entry) == 24, "start_info.h");

struct e820_entry {
	uint64_t start, bytes;
	uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20, "zero-page.rst");

enum {
	START_INFO_MAGIC = 0x336ec578,
	MEMORY_RAM = 1, /* in both protocols */
	BOOT_PARAMS_RSDP = 0x070,
	BOOT_PARAMS_EXT_COMMAND_LINE = 0x0c8,
	BOOT_PARAMS_E820_ENTRIES = 0x1e8,
	BOOT_PARAMS_COMMAND_LINE = 0x228,
	BOOT_PARAMS_E820_TABLE = 0x2d0,
	BOOT_PARAMS_E820_MAX = 128,
};

void bootinfo_add_memory(struct boot_info *info, uint64_t start, uint64_t bytes, uint32_t type)
{
	uint64_t end = start + bytes;

	if (info->entries == MEMORY_ENTRIES_MAX || end <= start)
		return;
	info->entry[info->entries++] = (struct memory_entry){start, end, type == MEMORY_RAM};
}

uint32_t bootinfo_limit_entries(uint32_t entries)
{
	if (entries <= MEMORY_ENTRIES_MAX)
		return entries;
	console_print("weir: memory map of %u entries: using the first %u\n", (uint64_t)entries,
		      (uint64_t)MEMORY_ENTRIES_MAX);
	return MEMORY_ENTRIES_MAX;
}

void bootinfo_read_command_line(struct boot_info *info, uint64_t address)
{
	if (address && !physical_read(info->command_line, address, COMMAND_LINE_BYTES))
		info->command_line[0] = '\0';
	info->command_line[COMMAND_LINE_BYTES - 1] = '\0';
}

/* What Xen tells whose toolstack does not put a map beside the start information. */
static const char *ask_xen(struct boot_info *info)
{
	static struct e820_entry entries[MEMORY_ENTRIES_MAX];
	unsigned int count = xen_memory_map(entries, MEMORY_ENTRIES_MAX);

	for (unsigned int i = 0; i < count; i++)
		bootinfo_add_memory(info, entries[i].start, entries[i].bytes, entries[i].type);
	return count ? NULL : "hvm_start_info has no memory map (version 0)";
}

static void read_memory_map(const struct hvm_start_info *start, struct boot_info *info)
{
	uint32_t entries = bootinfo_limit_entries(start->memory_entries);

	for (uint32_t i = 0; i < entries; i++) {
		struct hvm_memory_entry entry;

		if (physical_read(&entry, start->memory_map + i * sizeof(entry), sizeof(entry)))
			bootinfo_add_memory(info, entry.start, entry.bytes, entry.type);
	}
}

static const char *read_pvh(uint64_t address, struct boot_info *info)
{
	struct hvm_start_info start;

	if (!physical_read(&start, address, sizeof(start)) || start.magic != START_INFO_MAGIC)
		return "no hvm_start_info where the loader points";
	info->rsdp = start.rsdp;
	bootinfo_read_command_line(info, start.command_line);
	if (start.version < 1)
		return ask_xen(info);
	read_memory_map(&start, info);
	return NULL;
}

static const char *read_linux64(uint64_t address, struct boot_info *info)
{
	uint32_t line_low, line_high;
	uint8_t entries;

	if (!physical_read(&entries, address + BOOT_PARAMS_E820_ENTRIES, sizeof(entries)) ||
	    !physical_read(&info->rsdp, address + BOOT_PARAMS_RSDP, sizeof(info->rsdp)) ||
	    !physical_read(&line_low, address + BOOT_PARAMS_COMMAND_LINE, sizeof(line_low)) ||
	    !physical_read(&line_high, address + BOOT_PARAMS_EXT_COMMAND_LINE, sizeof(line_high)))
		return "no boot_params where the loader points";
	for (unsigned int i = 0; i < entries && i < BOOT_PARAMS_E820_MAX; i++) {
		struct e820_entry entry;

		if (physical_read(&entry, address + BOOT_PARAMS_E820_TABLE + i * sizeof(entry),
				  sizeof(entry)))
			bootinfo_add_memory(info, entry.start, entry.bytes, entry.type);
	}
	bootinfo_read_command_line(info, (uint64_t)line_high << 32 | line_low);
	return NULL;
}

const char *bootinfo_read(enum boot_protocol protocol, uint64_t address, struct boot_info *info)
{
	switch (protocol) {
	case BOOT_PVH:
		info->protocol = "pvh";
		return read_pvh(address, info);
	case BOOT_LINUX64:
		info->protocol = "linux64";
		return read_linux64(address, info);
	default:
		info->protocol = "multiboot2";
		return bootinfo_read_multiboot2(address, info);
	}
}
