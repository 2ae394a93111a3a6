/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of ACPI, one after the other. They are outside input: what does not fit ends the walk or is
 * passed over. Source: ACPI 6.4, sections 5.2.5 to 5.2.8.
 */
#ifndef RING0_ACPI_H
#define RING0_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct acpi_table {
	uint32_t signature, length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_table) == 36, "ACPI 6.4, table 5.4");

#define ACPI_SIGNATURE(a, b, c, d) \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

struct acpi_walk {
	uint64_t root;	     /* address of the list of tables */
	uint32_t entries;    /* in it */
	uint32_t next;	     /* that comes next */
	uint8_t entry_bytes; /* 4 or 8 */
};

/* `rsdp`: where the loader says that ACPI begins; 0: it does not. False: there are no tables. */
bool acpi_begin(struct acpi_walk *walk, uint64_t rsdp);

/* Copies the next table's header, which is at least as long as it says. Returns its address; 0: no more. */
uint64_t acpi_next(struct acpi_walk *walk, struct acpi_table *table);

#endif
