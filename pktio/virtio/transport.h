/* SPDX-License-Identifier: Apache-2.0
 *
 * What the driver needs of the bus that a virtio device sits on: MMIO (mmio.c), PCI (pci.c), or a test's own.
 * None of these is called for a packet; notify is called for a burst, at most.
 */
#ifndef PKTIO_VIRTIO_TRANSPORT_H
#define PKTIO_VIRTIO_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

struct transport;

struct queue_memory {
	uint16_t size;
	uint64_t descriptors, driver,
	    device; /* addresses as the device sees them; section 2.6 names the areas */
};

struct transport_operations {
	uint8_t (*status)(struct transport *);
	void (*set_status)(struct transport *, uint8_t);
	uint64_t (*device_features)(struct transport *);
	void (*set_driver_features)(struct transport *, uint64_t);

	/* Field of the device's configuration; width is 1 or 2. A field that is not there reads as 0. */
	uint16_t (*config)(struct transport *, uint32_t offset, uint32_t width);
	uint32_t (*config_generation)(struct transport *);

	/* Largest size the device allows, 0: no such queue. */
	uint32_t (*queue_size_max)(struct transport *, uint16_t queue);
	/* For the queue that queue_size_max was asked of last. Returns 0, or -errno where the device will not
	 * have it. */
	int (*queue_enable)(struct transport *, uint16_t queue, const struct queue_memory *);
	void (*notify)(struct transport *, uint16_t queue);

	/* Ends an interrupt about used buffers, so that the next one is noticed. */
	void (*acknowledge)(struct transport *);
	/* Ends any interrupt, and tells whether the device's status or configuration may have changed since
	 * the last time. */
	bool (*changed)(struct transport *);
};

struct transport {
	const struct transport_operations *operations;
	const struct handover_device *found;
	uint32_t location;	      /* for messages */
	uint8_t status;		      /* of the device, as far as setup.c knows */
	bool interrupts;	      /* false: polling is all there is */
	bool change_seen;	      /* PCI: by acknowledge, for changed */
	volatile uint16_t *notify[2]; /* PCI: where to write, for each queue */
};

/* Each returns 0, or -errno when the registers are not those of such a device. */
int mmio_attach(struct transport *, const struct handover_device *found);
int pci_attach(struct transport *, const struct handover_device *found);

#endif
