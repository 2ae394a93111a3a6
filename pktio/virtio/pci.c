/* SPDX-License-Identifier: Apache-2.0
 *
 * virtio over PCI, modern interface only: virtio 1.2, section 4.1. Ring 0 walked the capabilities and mapped
 * what they point to, uncached; what the device says about places inside these mappings is checked here.
 */
#include <errno.h>
#include "registers.h"
#include "transport.h"

static volatile struct pci_common *common_of(struct transport *transport)
{
	return (volatile struct pci_common *)transport->found->pci.common;
}

static uint8_t pci_status(struct transport *transport)
{
	return common_of(transport)->device_status;
}

static void pci_set_status(struct transport *transport, uint8_t status)
{
	common_of(transport)->device_status = status;
}

static uint64_t pci_device_features(struct transport *transport)
{
	volatile struct pci_common *common = common_of(transport);
	uint64_t features;

	common->device_feature_select = 1;
	features = (uint64_t)common->device_feature << 32;
	common->device_feature_select = 0;
	return features | common->device_feature;
}

static void pci_set_driver_features(struct transport *transport, uint64_t features)
{
	volatile struct pci_common *common = common_of(transport);

	common->driver_feature_select = 1;
	common->driver_feature = (uint32_t)(features >> 32);
	common->driver_feature_select = 0;
	common->driver_feature = (uint32_t)features;
}

static uint16_t pci_config(struct transport *transport, uint32_t offset, uint32_t width)
{
	uintptr_t field = transport->found->pci.config + offset;

	if (offset + width > transport->found->pci.config_length)
		return 0;
	return width == 1 ? *(volatile uint8_t *)field : *(volatile uint16_t *)field;
}

static uint32_t pci_config_generation(struct transport *transport)
{
	return common_of(transport)->config_generation;
}

static uint32_t pci_queue_size_max(struct transport *transport, uint16_t queue)
{
	volatile struct pci_common *common = common_of(transport);

	if (queue >= common->queue_count)
		return 0;
	common->queue_select = queue;
	return common->queue_size;
}

/* Section 4.1.4.4: where notifications of the selected queue go; false: outside of what is mapped. */
static bool find_notify_address(struct transport *transport, uint16_t queue)
{
	const struct handover_device *found = transport->found;
	uint64_t offset = (uint64_t)common_of(transport)->queue_notify_offset * found->pci.notify_multiplier;

	if (offset % sizeof(uint16_t) || offset + sizeof(uint16_t) > found->pci.notify_length)
		return false;
	transport->notify[queue] = (volatile uint16_t *)(found->pci.notify + offset);
	return true;
}

/* Section 4.1.5.1.3. config_msix_vector stays unset, since the link is looked at once a second anyway. Only
 * the receive queue interrupts: frames that have left are collected in passing. */
static int pci_queue_enable(struct transport *transport, uint16_t queue, const struct queue_memory *memory)
{
	volatile struct pci_common *common = common_of(transport);
	uint16_t vector = queue == QUEUE_RECEIVE ? transport->found->pci.msix_vector : PCI_NO_VECTOR;

	/* The queue is selected: its largest size was asked for. */
	if (common->queue_enable)
		return -EBUSY;
	if (!find_notify_address(transport, queue))
		return -ERANGE;
	common->queue_size = memory->size;
	common->queue_descriptors_low = (uint32_t)memory->descriptors;
	common->queue_descriptors_high = (uint32_t)(memory->descriptors >> 32);
	common->queue_driver_low = (uint32_t)memory->driver;
	common->queue_driver_high = (uint32_t)(memory->driver >> 32);
	common->queue_device_low = (uint32_t)memory->device;
	common->queue_device_high = (uint32_t)(memory->device >> 32);
	/* Section 4.1.5.1.2.2: a device that can't take the vector reads back as having none. */
	common->queue_msix_vector = vector;
	if (common->queue_msix_vector != vector)
		transport->interrupts = false;
	common->queue_enable = 1;
	return 0;
}

static void pci_notify(struct transport *transport, uint16_t queue)
{
	*transport->notify[queue] = queue;
}

/* Section 4.1.4.5: reading the ISR status clears it. With MSI-X there is nothing to clear. */
static void pci_acknowledge(struct transport *transport)
{
	if (transport->found->pci.msix_vector == PCI_NO_VECTOR)
		transport->change_seen |= *(volatile uint8_t *)transport->found->pci.isr & INTERRUPT_CHANGE;
}

/* With MSI-X, changes have no vector: each look may find one. */
static bool pci_changed(struct transport *transport)
{
	bool changed;

	pci_acknowledge(transport);
	changed = transport->change_seen || transport->found->pci.msix_vector != PCI_NO_VECTOR;
	transport->change_seen = false;
	return changed;
}

static const struct transport_operations pci_operations = {
    .status = pci_status,
    .set_status = pci_set_status,
    .device_features = pci_device_features,
    .set_driver_features = pci_set_driver_features,
    .config = pci_config,
    .config_generation = pci_config_generation,
    .queue_size_max = pci_queue_size_max,
    .queue_enable = pci_queue_enable,
    .notify = pci_notify,
    .acknowledge = pci_acknowledge,
    .changed = pci_changed,
};

int pci_attach(struct transport *transport, const struct handover_device *found)
{
	*transport = (struct transport){
	    .operations = &pci_operations,
	    .found = found,
	    .location = found->location,
	    .interrupts = found->interrupt && (found->pci.msix_vector != PCI_NO_VECTOR || found->pci.isr),
	};
	return found->pci.common && found->pci.notify ? 0 : -ENODEV;
}
