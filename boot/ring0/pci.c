/* SPDX-License-Identifier: Apache-2.0
 *
 * See pci.h; called by virtio_pci.c. Bus numbers and addresses are the firmware's. What a function says of
 * itself is outside input. Source: PCI Local Bus 3.0, chapter 6; PCI-to-PCI Bridge 1.2, section 3.2.
 */
#include "pci.h"
#include "cpu.h"

enum {
	ADDRESS_PORT = 0xcf8,
	DATA_PORT = 0xcfc,
	POST_PORT = 0x80, /* for codes of a self-test, which nobody reads */
	HEADER = 0x0c,
	HEADER_TYPE_SHIFT = 16,
	HEADER_TYPE_MASK = 0x7f,
	HEADER_BRIDGE = 1,
	HEADER_MULTI_FUNCTION = 1 << 23,
	BRIDGE_BUSES = 0x18,
	BARS = 0x10,
	BAR_COUNT = 6,
	BAR_IO = 1 << 0,
	BAR_64 = 2 << 1,
	BAR_TYPE_MASK = 3 << 1,
	BAR_FLAGS = 15,
	CAPABILITIES = 0x34,
	BUSES = 256,
	DEVICES = 32,
	FUNCTIONS = 8,
};
#define ADDRESS_ENABLE UINT32_C(0x80000000)

static void select(struct pci_function f, uint8_t offset)
{
	out32(ADDRESS_PORT, ADDRESS_ENABLE | (uint32_t)f.bus << 16 | (uint32_t)f.device << 11 |
				(uint32_t)f.function << 8 | (offset & 0xfc));
}

uint32_t pci_read(struct pci_function f, uint8_t offset)
{
	select(f, offset);
	return in32(DATA_PORT);
}

void pci_write(struct pci_function f, uint8_t offset, uint32_t value)
{
	select(f, offset);
	out32(DATA_PORT, value);
}

uint8_t pci_next_capability(struct pci_function f, uint8_t after, unsigned int *budget)
{
	uint8_t next;

	if (*budget == 0 || !(pci_read(f, PCI_COMMAND) & PCI_STATUS_CAPABILITIES))
		return 0;
	--*budget;
	next = (uint8_t)(after ? pci_read(f, after) >> 8 : pci_read(f, CAPABILITIES)) & 0xfc;
	return next < 0x40 ? 0 : next;
}

/* What of a register keeps the ones that are written to it: its size, negated. */
static uint32_t probe(struct pci_function f, uint8_t offset, uint32_t value)
{
	uint32_t mask;

	pci_write(f, offset, UINT32_MAX);
	mask = pci_read(f, offset);
	pci_write(f, offset, value);
	return mask;
}

struct pci_bar pci_bar(struct pci_function f, unsigned int index)
{
	uint8_t offset = (uint8_t)(BARS + index * 4);
	uint32_t low = pci_read(f, offset), command = pci_read(f, PCI_COMMAND) & 0xffff;
	uint64_t base = low & ~(uint32_t)BAR_FLAGS, mask;
	struct pci_bar none = {0, 0};

	if (low & BAR_IO)
		return none;
	pci_write(f, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MEMORY);
	mask = UINT64_C(0xffffffff00000000) | (probe(f, offset, low) & ~(uint32_t)BAR_FLAGS);
	if ((low & BAR_TYPE_MASK) == BAR_64 && index + 1 < BAR_COUNT) {
		uint32_t high = pci_read(f, offset + 4);

		base |= (uint64_t)high << 32;
		mask = (uint64_t)probe(f, offset + 4, high) << 32 | (uint32_t)mask;
	}
	pci_write(f, PCI_COMMAND, command);
	if (base == 0 || (uint32_t)mask == 0 || base + (~mask + 1) < base)
		return none;
	return (struct pci_bar){base, ~mask + 1};
}

struct walk {
	void (*visit)(struct pci_function f, void *context);
	void *context;
	bool pending[BUSES]; /* there is a bridge to it */
};

static bool is_there(struct pci_function f)
{
	return (pci_read(f, PCI_ID) & 0xffff) != 0xffff;
}

/* Returns whether other functions of the same device are to be looked for. */
static bool look_at(struct walk *walk, struct pci_function f)
{
	uint32_t header;

	if (!is_there(f))
		return f.function != 0;
	header = pci_read(f, HEADER);
	if ((header >> HEADER_TYPE_SHIFT & HEADER_TYPE_MASK) == HEADER_BRIDGE)
		walk->pending[pci_read(f, BRIDGE_BUSES) >> 8 & 0xff] = true;
	else
		walk->visit(f, walk->context);
	return f.function != 0 || header & HEADER_MULTI_FUNCTION;
}

/* A host may answer a port that it has not with what went through the last one: so another comes between. */
static bool has_pci(void)
{
	out32(ADDRESS_PORT, ADDRESS_ENABLE);
	out8(POST_PORT, 0xff);
	return in32(ADDRESS_PORT) == ADDRESS_ENABLE;
}

static void walk_bus(struct walk *walk, uint8_t bus)
{
	for (unsigned int device = 0; device < DEVICES; device++)
		for (unsigned int function = 0; function < FUNCTIONS; function++)
			if (!look_at(walk, (struct pci_function){bus, (uint8_t)device, (uint8_t)function}))
				break;
}

/* Each bus once, whatever the bridges say: the firmware numbers buses so that they ascend behind bridges. A
 * bus that no bridge leads to may be a further root (QEMU: pxb-pcie): it is one if it has a first device. */
void pci_walk(void (*visit)(struct pci_function f, void *context), void *context)
{
	static struct walk walk;

	if (!has_pci())
		return;
	walk = (struct walk){.visit = visit, .context = context, .pending = {[0] = true}};
	for (unsigned int bus = 0; bus < BUSES; bus++)
		if (walk.pending[bus] || is_there((struct pci_function){(uint8_t)bus, 0, 0}))
			walk_bus(&walk, (uint8_t)bus);
}
