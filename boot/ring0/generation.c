/* SPDX-License-Identifier: Apache-2.0
 *
 * See generation.h. Called once by start.c. The ID's address is said in AML, by a device whose _CID is
 * "VM_Gen_Counter". There is no interpreter of AML here: known is QEMU's form, a table of its own (an SSDT,
 * OEM table ID "VMGENID") with a number named VGIA, which its firmware has filled in; the ID is 40 bytes
 * behind. Only machines with ACPI have tables at all, so on a microvm without it nothing is read.
 *
 * Tables are outside input: what does not fit is passed over. Sources: ACPI 6.4, sections 5.2.5 to 5.2.8 and
 * 20.2.3 (integers in AML); Microsoft, "Virtual Machine Generation ID", 2012; QEMU, docs/specs/vmgenid.txt.
 */
#include <stdbool.h>
#include <stddef.h>
#include "generation.h"
#include "memory.h"
#include "paging.h"
#include "string.h"

struct rsdp {
	char signature[8];
	uint8_t checksum, oem[6], revision;
	uint32_t rsdt;
} __attribute__((packed));
_Static_assert(sizeof(struct rsdp) == 20, "ACPI 6.4, table 5.3");

struct table {
	uint32_t signature, length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct table) == 36, "ACPI 6.4, table 5.4");

enum {
	TABLES_MAX = 64,
	SSDT_BYTES_MAX = 1024, /* QEMU's has about 200 */
	ID_BYTES = 16,
	ID_OFFSET = 40, /* vmgenid.txt: room for a header that some firmware writes */
};

#define SIGNATURE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* NameOp, "VGIA", DWordPrefix, and the number. */
static uint32_t find_number(const char *aml, size_t bytes)
{
	static const char name[] = {0x08, 'V', 'G', 'I', 'A', 0x0c};
	uint32_t number;

	for (size_t at = 0; at + sizeof(name) + sizeof(number) <= bytes; at++) {
		if (aml[at] != name[0] || memcmp(aml + at, name, sizeof(name)) != 0)
			continue;
		memcpy(&number, aml + at + sizeof(name), sizeof(number));
		return number;
	}
	return 0;
}

/* The ID's page holds nothing of ours. */
static const volatile uint8_t *publish(uint64_t id)
{
	uint64_t page = id & ~(uint64_t)(PAGE_BYTES - 1);

	if (page == 0 || id + ID_BYTES > page + PAGE_BYTES || memory_overlaps(page, page + PAGE_BYTES) ||
	    !paging_map_firmware(page))
		return NULL;
	return (const volatile uint8_t *)id;
}

static const volatile uint8_t *read_ssdt(uint64_t at, uint32_t length)
{
	char aml[SSDT_BYTES_MAX];
	uint32_t number;

	if (length > sizeof(aml) || !physical_read(aml, at, length))
		return NULL;
	number = find_number(aml + sizeof(struct table), length - sizeof(struct table));
	return number ? publish((uint64_t)number + ID_OFFSET) : NULL;
}

const volatile uint8_t *generation_find(uint64_t rsdp)
{
	struct rsdp root;
	struct table table;
	uint32_t entries;

	if (!rsdp || !physical_read(&root, rsdp, sizeof(root)) ||
	    memcmp(root.signature, "RSD PTR ", 8) != 0 || !physical_read(&table, root.rsdt, sizeof(table)) ||
	    table.signature != SIGNATURE('R', 'S', 'D', 'T') || table.length < sizeof(table))
		return NULL;
	entries = (table.length - sizeof(table)) / sizeof(uint32_t);
	for (uint32_t i = 0; i < entries && i < TABLES_MAX; i++) {
		uint32_t at;

		if (physical_read(&at, (uint64_t)root.rsdt + sizeof(table) + i * sizeof(at), sizeof(at)) &&
		    physical_read(&table, at, sizeof(table)) &&
		    table.signature == SIGNATURE('S', 'S', 'D', 'T') && table.length > sizeof(table) &&
		    memcmp(table.oem_table, "VMGENID", 7) == 0)
			return read_ssdt(at, table.length);
	}
	return NULL;
}
