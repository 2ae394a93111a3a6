/* SPDX-License-Identifier: Apache-2.0
 *
 * See devices.h. Called by start.c. A device whose capabilities point outside its own registers, or into RAM,
 * is passed over with a line that says so. Source: virtio 1.2, section 4.1; PCI 3.0, section 6.8.2 for MSI-X.
 */
#include <stddef.h>
#include "devices.h"
#include "apic.h"
#include "console.h"
#include "memory.h"
#include "paging.h"
#include "pci.h"

enum {
	VENDOR = 0x1af4,
	DEVICE_TRANSITIONAL = 0x1000,
	DEVICE_MODERN = 0x1040,
	DEVICE_END = 0x1080,

	/* struct virtio_pci_cap, section 4.1.4 */
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_LENGTH = 12,
	CAP_NOTIFY_MULTIPLIER = 16,
	CAP_NONE = 0,
	CAP_COMMON = 1,
	CAP_NOTIFY = 2,
	CAP_ISR = 3,
	CAP_DEVICE = 4,
	CAP_TYPES = 5,
	COMMON_BYTES = 56,
	REGION_BYTES_MAX = 16 * PAGE_BYTES,

	MSIX_ENABLE = 1u << 31,
	MSIX_FUNCTION_MASK = 1 << 30,
	MSIX_TABLE = 4,
	MSIX_TABLE_BAR = 7,
	MSIX_ENTRY_BYTES = 16,
	MSIX_NO_VECTOR = 0xffff,
};

struct region {
	uint64_t start;
	uint32_t bytes;
};

struct found {
	struct region region[CAP_TYPES];
	uint32_t notify_multiplier;
	uint8_t msix; /* offset of the capability, 0: none */
};

static const uint32_t least_bytes[CAP_TYPES] = {[CAP_COMMON] = COMMON_BYTES, [CAP_NOTIFY] = 2, [CAP_ISR] = 1};

static bool read_region(struct pci_function f, uint8_t capability, struct region *region)
{
	uint32_t index = pci_read(f, capability + CAP_BAR) & 0xff;
	uint32_t offset = pci_read(f, capability + CAP_OFFSET), bytes = pci_read(f, capability + CAP_LENGTH);
	struct pci_bar bar = index < 6 ? pci_bar(f, index) : (struct pci_bar){0, 0};

	if (bytes == 0 || (uint64_t)offset + bytes > bar.bytes)
		return false;
	*region = (struct region){bar.base + offset, bytes < REGION_BYTES_MAX ? bytes : REGION_BYTES_MAX};
	return !memory_overlaps(region->start & ~(uint64_t)(PAGE_BYTES - 1),
				region->start + region->bytes + PAGE_BYTES);
}

/* The first usable capability of a type counts (section 4.1.4.1). */
static void read_capability(struct pci_function f, uint8_t at, struct found *found)
{
	uint32_t first = pci_read(f, at);
	uint32_t type = first >> 24;
	struct region region;

	if ((first & 0xff) == PCI_CAPABILITY_MSIX)
		found->msix = at;
	if ((first & 0xff) != PCI_CAPABILITY_VENDOR || type == CAP_NONE || type >= CAP_TYPES ||
	    at > 0x100 - 20)
		return;
	if (found->region[type].bytes || !read_region(f, at, &region) || region.bytes < least_bytes[type])
		return;
	found->region[type] = region;
	if (type == CAP_NOTIFY)
		found->notify_multiplier = pci_read(f, at + CAP_NOTIFY_MULTIPLIER);
}

static bool map_region(const struct region *region)
{
	uint64_t page = region->start & ~(uint64_t)(PAGE_BYTES - 1);

	for (; page < region->start + region->bytes; page += PAGE_BYTES)
		if (!paging_map_device(page, true))
			return false;
	return true;
}

static bool map_regions(const struct found *found)
{
	if (!found->region[CAP_COMMON].bytes || !found->region[CAP_NOTIFY].bytes ||
	    !found->region[CAP_ISR].bytes)
		return false;
	for (unsigned int type = CAP_COMMON; type < CAP_TYPES; type++)
		if (!map_region(&found->region[type]))
			return false;
	return true;
}

static bool is_shared_with_ring3(const struct found *found, uint64_t page)
{
	for (unsigned int type = CAP_COMMON; type < CAP_TYPES; type++) {
		const struct region *r = &found->region[type];

		if (r->bytes && r->start < page + PAGE_BYTES && page < r->start + r->bytes)
			return true;
	}
	return false;
}

/* Entry 0 interrupts this processor; its page is ring 0's. */
static bool program_msix(struct pci_function f, const struct found *found)
{
	uint32_t table = found->msix ? pci_read(f, found->msix + MSIX_TABLE) : 0;
	struct pci_bar bar = {0, 0};
	struct msi_message message = apic_msi();

	if (found->msix && (table & MSIX_TABLE_BAR) < 6)
		bar = pci_bar(f, table & MSIX_TABLE_BAR);
	uint64_t at = bar.base + (table & ~(uint32_t)MSIX_TABLE_BAR), page = at & ~(uint64_t)(PAGE_BYTES - 1);
	if (bar.bytes < MSIX_ENTRY_BYTES || at - bar.base > bar.bytes - MSIX_ENTRY_BYTES ||
	    memory_overlaps(page, page + PAGE_BYTES) || is_shared_with_ring3(found, page))
		return false;

	volatile uint32_t *entry = paging_look_at_device(at);
	if (!entry)
		return false;
	entry[0] = (uint32_t)message.address;
	entry[1] = (uint32_t)(message.address >> 32);
	entry[2] = message.data;
	entry[3] = 0; /* not masked */
	pci_write(f, found->msix, (pci_read(f, found->msix) & ~(uint32_t)MSIX_FUNCTION_MASK) | MSIX_ENABLE);
	return true;
}

static uint16_t virtio_id(uint16_t device, uint32_t subsystem)
{
	return device >= DEVICE_MODERN ? device - DEVICE_MODERN : (uint16_t)(subsystem >> 16);
}

static void visit(struct pci_function f, void *context)
{
	struct handover *handover = context;
	uint32_t id = pci_read(f, PCI_ID),
		 location = (uint32_t)f.bus << 8 | (uint32_t)f.device << 3 | f.function;
	uint16_t device = (uint16_t)(id >> 16);
	unsigned int budget = PCI_CAPABILITIES_MAX;
	struct found found = {0};

	if ((id & 0xffff) != VENDOR || device < DEVICE_TRANSITIONAL || device >= DEVICE_END ||
	    handover->devices == HANDOVER_DEVICES_MAX)
		return;
	for (uint8_t at = 0; (at = pci_next_capability(f, at, &budget));)
		read_capability(f, at, &found);
	pci_write(f, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	if (!map_regions(&found)) {
		console_print("weir: PCI function %x: not a usable virtio 1.x device\n", (uint64_t)location);
		return;
	}
	bool interrupt = program_msix(f, &found);
	handover->device[handover->devices++] = (struct handover_device){
	    .virtio_id = virtio_id(device, pci_read(f, PCI_SUBSYSTEM)),
	    .transport = TRANSPORT_VIRTIO_PCI,
	    .interrupt = interrupt,
	    .location = location,
	    .pci.common = found.region[CAP_COMMON].start,
	    .pci.notify = found.region[CAP_NOTIFY].start,
	    .pci.isr = found.region[CAP_ISR].start,
	    .pci.config = found.region[CAP_DEVICE].start,
	    .pci.notify_multiplier = found.notify_multiplier,
	    .pci.notify_length = found.region[CAP_NOTIFY].bytes,
	    .pci.config_length = found.region[CAP_DEVICE].bytes,
	    .pci.msix_vector = interrupt ? 0 : MSIX_NO_VECTOR,
	};
}

void virtio_pci_find(struct handover *handover)
{
	pci_walk(visit, handover);
}
