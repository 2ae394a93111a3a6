/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding virtio devices. Each finder appends to the handover, in slot order, what it can map for ring 3.
 */
#ifndef RING0_DEVICES_H
#define RING0_DEVICES_H

#include "boot/handover.h"

/* Those that the command line names: virtio_mmio.device=SIZE@BASE:LINE (Linux: drivers/virtio/virtio_mmio.c).
 */
void virtio_mmio_find(const char *command_line, struct handover *handover);

/* Those on the PCI buses that configuration mechanism 1 reaches. */
void virtio_pci_find(struct handover *handover);

#endif
