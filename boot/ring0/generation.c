/* SPDX-License-Identifier: Apache-2.0
 *
 * See generation.h. Called once by start.c. The ID's address is said in AML, by a device whose _CID is
 * "VM_Gen_Counter". There is no interpreter of AML here; known are two forms:
 *
 *   QEMU          a table of its own (an SSDT, OEM table ID "VMGENID") with a number named VGIA, which its
 * firmware has filled in; the ID is 40 bytes behind Firecracker   in the DSDT, a package of the address's two
 * halves, named ADDR
 *
 * Only machines with ACPI have tables at all, so on a microvm without it nothing is read. Tables are outside
 * input: what does not fit is passed over. Sources: ACPI 6.4, sections 5.2.9 and 20.2.3 (integers in AML);
 * Microsoft, "Virtual Machine Generation ID", 2012; QEMU, docs/specs/vmgenid.txt; Firecracker,
 * src/vmm/src/devices/acpi/vmgenid.rs.
 */
#include <stdbool.h>
#include <stddef.h>
#include "acpi.h"
#include "generation.h"
#include "memory.h"
#include "paging.h"
#include "string.h"

enum {
	AML_BYTES_MAX = 8192, /* QEMU's SSDT has about 200, Firecracker's DSDT 600 and 71 for each device */
	ID_BYTES = 16,
	ID_OFFSET = 40, /* vmgenid.txt: room for a header that some firmware writes */
	FADT_X_DSDT = 140,
	LOW_MEMORY_END = 1 << 20,
	AML_ZERO = 0,
	AML_ONE = 1,
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c,
};

static uint8_t aml[AML_BYTES_MAX];
static size_t aml_bytes;

static bool read_aml(uint64_t at, const struct acpi_table *table)
{
	aml_bytes = table->length - sizeof(*table);
	return aml_bytes <= sizeof(aml) && physical_read(aml, at + sizeof(*table), aml_bytes);
}

/* Where a text ends that is there from `from` on; 0: nowhere. */
static size_t find(size_t from, const char *text, size_t bytes)
{
	for (size_t at = from; at + bytes <= aml_bytes; at++)
		if (aml[at] == (uint8_t)text[0] && memcmp(aml + at, text, bytes) == 0)
			return at + bytes;
	return 0;
}

/* An integer of four bytes at most. Returns what is behind it; 0: it is none. */
static size_t read_integer(size_t at, uint32_t *value)
{
	static const uint8_t bytes_of[] = {[AML_BYTE] = 1, [AML_WORD] = 2, [AML_DWORD] = 4};
	uint8_t kind = at > 0 && at < aml_bytes ? aml[at] : UINT8_MAX;

	*value = kind;
	if (kind == AML_ZERO || kind == AML_ONE)
		return at + 1;
	if (kind >= sizeof(bytes_of) || !bytes_of[kind] || at + 1 + bytes_of[kind] > aml_bytes)
		return 0;
	*value = 0;
	memcpy(value, aml + at + 1, bytes_of[kind]);
	return at + 1 + bytes_of[kind];
}

/* The ID's page holds nothing of ours: nor does any below 1 MiB, where there may be other tables. */
static const volatile uint8_t *publish(uint64_t id)
{
	uint64_t page = id & ~(uint64_t)(PAGE_BYTES - 1);
	uintptr_t shown = 0;

	if (page && id % 8 == 0 && id + ID_BYTES <= page + PAGE_BYTES &&
	    (page < LOW_MEMORY_END || !memory_overlaps(page, page + PAGE_BYTES)))
		shown = paging_map_firmware(page);
	return shown ? (const volatile uint8_t *)(shown + (id - page)) : NULL;
}

static const volatile uint8_t *from_qemu(uint64_t at, const struct acpi_table *table)
{
	static const char name[] = {0x08, 'V', 'G', 'I', 'A'}; /* NameOp */
	size_t behind;
	uint32_t number;

	if (!read_aml(at, table))
		return NULL;
	behind = find(0, name, sizeof(name));
	return behind && read_integer(behind, &number) && number ? publish((uint64_t)number + ID_OFFSET)
								 : NULL;
}

static const volatile uint8_t *from_firecracker(uint64_t fadt, const struct acpi_table *table)
{
	static const char name[] = {0x08, 'A', 'D', 'D', 'R', 0x12}; /* NameOp, and PackageOp */
	enum { PACKAGE_HEAD = 2 };				     /* its length, its count */
	struct acpi_table dsdt;
	uint32_t low, high;
	uint64_t address;
	size_t at;

	if (table->length < FADT_X_DSDT + sizeof(address) ||
	    !physical_read(&address, fadt + FADT_X_DSDT, sizeof(address)) ||
	    !physical_read(&dsdt, address, sizeof(dsdt)) ||
	    dsdt.signature != ACPI_SIGNATURE('D', 'S', 'D', 'T') || dsdt.length < sizeof(dsdt) ||
	    !read_aml(address, &dsdt))
		return NULL;
	at = find(0, "VM_Gen_Counter", 14);
	at = at ? find(at, name, sizeof(name)) : 0;
	at = at ? read_integer(at + PACKAGE_HEAD, &low) : 0;
	return at && read_integer(at, &high) ? publish((uint64_t)high << 32 | low) : NULL;
}

const volatile uint8_t *generation_find(uint64_t rsdp)
{
	struct acpi_table table;
	struct acpi_walk walk;
	uint64_t at;

	if (!acpi_begin(&walk, rsdp))
		return NULL;
	while ((at = acpi_next(&walk, &table))) {
		if (table.signature == ACPI_SIGNATURE('S', 'S', 'D', 'T') &&
		    memcmp(table.oem_table, "VMGENID", 7) == 0)
			return from_qemu(at, &table);
		if (table.signature == ACPI_SIGNATURE('F', 'A', 'C', 'P') &&
		    memcmp(table.oem, "FIRECK", 6) == 0)
			return from_firecracker(at, &table);
	}
	return NULL;
}
