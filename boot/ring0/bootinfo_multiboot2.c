/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what a Multiboot2 loader (GRUB, under BIOS and UEFI) says; called by bootinfo.c. It is a list of
 * tags, which is outside input: it ends where it says, at the latest, and a tag that is not all inside ends
 * it too. Source: Multiboot2 Specification 2.0, section 3.6.
 */
#include <stddef.h>
#include "bootinfo.h"
#include "paging.h"

struct tags_head {
	uint32_t bytes, reserved; /* of all tags, and of this */
};
_Static_assert(sizeof(struct tags_head) == 8, "section 3.6.1");

struct tag {
	uint32_t type, bytes; /* this included; the next one begins at a multiple of 8 */
};
_Static_assert(sizeof(struct tag) == 8, "section 3.6.2");

struct memory_tag {
	struct tag tag;
	uint32_t entry_bytes, entry_version;
};
_Static_assert(sizeof(struct memory_tag) == 16, "section 3.6.8");

struct memory_tag_entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};
_Static_assert(sizeof(struct memory_tag_entry) == 24, "section 3.6.8");

enum {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_MEMORY = 6,
	TAG_RSDP_OLD = 14, /* a copy of it, ACPI 1.0's */
	TAG_RSDP_NEW = 15, /* ACPI 2.0's and later */
	TAGS_BYTES_MAX = 1 << 20,
};

/* The text's own NUL lies inside the tag, or else the tag's end does as well. */
static void read_text(struct boot_info *info, uint64_t at, uint32_t bytes)
{
	bootinfo_read_command_line(info, at);
	if (bytes < COMMAND_LINE_BYTES)
		info->command_line[bytes] = '\0';
}

static void read_memory(struct boot_info *info, uint64_t at, uint32_t bytes)
{
	struct memory_tag_entry entry;
	struct memory_tag head;
	uint32_t entries;

	if (bytes < sizeof(head) || !physical_read(&head, at, sizeof(head)) ||
	    head.entry_bytes < sizeof(entry))
		return;
	entries = bootinfo_limit_entries((uint32_t)(bytes - sizeof(head)) / head.entry_bytes);
	at += sizeof(head);
	for (uint32_t i = 0; i < entries; i++, at += head.entry_bytes)
		if (physical_read(&entry, at, sizeof(entry)))
			bootinfo_add_memory(info, entry.start, entry.bytes, entry.type);
}

static void read_tag(struct boot_info *info, uint64_t at, const struct tag *tag)
{
	uint64_t body = at + sizeof(*tag);

	if (tag->type == TAG_COMMAND_LINE)
		read_text(info, body, tag->bytes - (uint32_t)sizeof(*tag));
	else if (tag->type == TAG_MEMORY)
		read_memory(info, at, tag->bytes);
	else if (tag->type == TAG_RSDP_NEW || (tag->type == TAG_RSDP_OLD && !info->rsdp))
		info->rsdp = body;
}

const char *bootinfo_read_multiboot2(uint64_t address, struct boot_info *info)
{
	struct tags_head head;
	uint32_t at = sizeof(head);
	struct tag tag;

	if (!address || !physical_read(&head, address, sizeof(head)))
		return "no Multiboot2 information where the loader points";
	if (head.bytes > TAGS_BYTES_MAX)
		return "more Multiboot2 information than a loader has";
	while (at + sizeof(tag) <= head.bytes && physical_read(&tag, address + at, sizeof(tag))) {
		if (tag.type == TAG_END || tag.bytes < sizeof(tag) || tag.bytes > head.bytes - at)
			break;
		read_tag(info, address + at, &tag);
		at += (tag.bytes + 7) & ~UINT32_C(7);
	}
	return NULL;
}
