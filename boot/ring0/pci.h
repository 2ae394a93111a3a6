/* SPDX-License-Identifier: Apache-2.0
 *
 * PCI configuration space through ports 0xcf8 and 0xcfc (PCI 3.0, section 3.2.2.3.2).
 */
#ifndef RING0_PCI_H
#define RING0_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_function {
	uint8_t bus, device, function;
};

/* A range of memory that a base address register claims; no bytes: none, or not of memory. */
struct pci_bar {
	uint64_t base, bytes;
};

enum {
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_COMMAND_MEMORY = 1 << 1,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_COMMAND_NO_INTX = 1 << 10,
	PCI_STATUS_CAPABILITIES = 1 << 20, /* in the upper half of the same word */
	PCI_SUBSYSTEM = 0x2c,
	PCI_CAPABILITY_VENDOR = 0x09,
	PCI_CAPABILITY_MSIX = 0x11,
};

/* `offset` is a multiple of 4. */
uint32_t pci_read(struct pci_function f, uint8_t offset);
void pci_write(struct pci_function f, uint8_t offset, uint32_t value);

/* The next entry in the list of capabilities behind `after` (0: the first), 0 at its end. A list longer than
 * configuration space has room for is cut there: count with `budget`, which starts at PCI_CAPABILITIES_MAX.
 */
enum { PCI_CAPABILITIES_MAX = 48 };
uint8_t pci_next_capability(struct pci_function f, uint8_t after, unsigned int *budget);

/* Moves no register, but turns the function's memory decoding off for a moment. index < 6. */
struct pci_bar pci_bar(struct pci_function f, unsigned int index);

/* Calls `visit` for all functions, behind bridges too, in ascending order. */
void pci_walk(void (*visit)(struct pci_function f, void *context), void *context);

#endif
