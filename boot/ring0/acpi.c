/* SPDX-License-Identifier: Apache-2.0
 *
 * See acpi.h. Called by generation.c.
 */
#include <stddef.h>
#include "acpi.h"
#include "paging.h"
#include "string.h"

struct rsdp {
	char signature[8];
	uint8_t checksum, oem[6], revision;
	uint32_t rsdt;
	/* revision 2 */
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));
_Static_assert(offsetof(struct rsdp, xsdt) == 24, "ACPI 6.4, table 5.3");

enum {
	TABLES_MAX = 64,
	RSDP_OLD_BYTES = 20,
	RSDP_FIRECRACKER = 0xe0000, /* RSDP_ADDR of its layout.rs; by PVH it does not say so */
};

static bool read_root(struct rsdp *root, uint64_t at)
{
	*root = (struct rsdp){.revision = 0};
	if (!physical_read(root, at ? at : RSDP_FIRECRACKER, RSDP_OLD_BYTES) ||
	    memcmp(root->signature, "RSD PTR ", 8) != 0)
		return false;
	return root->revision < 2 || physical_read(root, at ? at : RSDP_FIRECRACKER, sizeof(*root));
}

bool acpi_begin(struct acpi_walk *walk, uint64_t rsdp)
{
	struct acpi_table list;
	struct rsdp root;

	if (!read_root(&root, rsdp))
		return false;
	*walk = (struct acpi_walk){.root = root.rsdt, .entry_bytes = sizeof(uint32_t)};
	if (!root.rsdt)
		*walk = (struct acpi_walk){.root = root.xsdt, .entry_bytes = sizeof(uint64_t)};
	if (!walk->root || !physical_read(&list, walk->root, sizeof(list)) || list.length < sizeof(list) ||
	    list.signature !=
		(root.rsdt ? ACPI_SIGNATURE('R', 'S', 'D', 'T') : ACPI_SIGNATURE('X', 'S', 'D', 'T')))
		return false;
	walk->entries = (list.length - (uint32_t)sizeof(list)) / walk->entry_bytes;
	return true;
}

uint64_t acpi_next(struct acpi_walk *walk, struct acpi_table *table)
{
	while (walk->next < walk->entries && walk->next < TABLES_MAX) {
		uint64_t at = 0, entry = walk->root + sizeof(*table) + walk->next++ * walk->entry_bytes;

		if (physical_read(&at, entry, walk->entry_bytes) &&
		    physical_read(table, at, sizeof(*table)) && table->length >= sizeof(*table))
			return at;
	}
	return 0;
}
