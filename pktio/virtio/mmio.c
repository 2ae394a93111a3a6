/* SPDX-License-Identifier: Apache-2.0
 *
 * virtio over MMIO registers, virtio 1.2, section 4.2: microvm's and Firecracker's transport. The register
 * page is uncached, so accesses to it happen in program order and after earlier stores to memory.
 */
#include <errno.h>
#include "registers.h"
#include "transport.h"

static volatile struct mmio_registers *registers_of(struct transport *transport)
{
	return (volatile struct mmio_registers *)transport->found->mmio.registers;
}

static uint8_t mmio_status(struct transport *transport)
{
	return (uint8_t)registers_of(transport)->status;
}

static void mmio_set_status(struct transport *transport, uint8_t status)
{
	registers_of(transport)->status = status;
}

static uint64_t mmio_device_features(struct transport *transport)
{
	volatile struct mmio_registers *registers = registers_of(transport);
	uint64_t features;

	registers->device_features_select = 1;
	features = (uint64_t)registers->device_features << 32;
	registers->device_features_select = 0;
	return features | registers->device_features;
}

static void mmio_set_driver_features(struct transport *transport, uint64_t features)
{
	volatile struct mmio_registers *registers = registers_of(transport);

	registers->driver_features_select = 1;
	registers->driver_features = (uint32_t)(features >> 32);
	registers->driver_features_select = 0;
	registers->driver_features = (uint32_t)features;
}

static uint16_t mmio_config(struct transport *transport, uint32_t offset, uint32_t width)
{
	volatile uint8_t *field = registers_of(transport)->config + offset;

	return width == 1 ? *field : *(volatile uint16_t *)field;
}

static uint32_t mmio_config_generation(struct transport *transport)
{
	return registers_of(transport)->config_generation;
}

static uint32_t mmio_queue_size_max(struct transport *transport, uint16_t queue)
{
	volatile struct mmio_registers *registers = registers_of(transport);

	registers->queue_select = queue;
	return registers->queue_size_max;
}

/* Section 4.2.3.2, step by step. 1, selecting the queue, is done: its largest size was asked for. */
static int mmio_queue_enable(struct transport *transport, uint16_t queue, const struct queue_memory *memory)
{
	volatile struct mmio_registers *registers = registers_of(transport);

	(void)queue;
	if (registers->queue_ready) /* 2: must not be in use already */
		return -EBUSY;
	/* 3 and 4, the size that is possible and the memory, are the caller's. */
	registers->queue_size = memory->size;				  /* 5 */
	registers->queue_descriptors_low = (uint32_t)memory->descriptors; /* 6 */
	registers->queue_descriptors_high = (uint32_t)(memory->descriptors >> 32);
	registers->queue_driver_low = (uint32_t)memory->driver;
	registers->queue_driver_high = (uint32_t)(memory->driver >> 32);
	registers->queue_device_low = (uint32_t)memory->device;
	registers->queue_device_high = (uint32_t)(memory->device >> 32);
	registers->queue_ready = 1; /* 7 */
	return 0;
}

static void mmio_notify(struct transport *transport, uint16_t queue)
{
	registers_of(transport)->queue_notify = queue;
}

static void mmio_acknowledge(struct transport *transport)
{
	registers_of(transport)->interrupt_acknowledge = INTERRUPT_USED;
}

static bool mmio_changed(struct transport *transport)
{
	volatile struct mmio_registers *registers = registers_of(transport);
	uint32_t pending = registers->interrupt_status;

	if (pending)
		registers->interrupt_acknowledge = pending;
	return pending & INTERRUPT_CHANGE;
}

static const struct transport_operations mmio_operations = {
    .status = mmio_status,
    .set_status = mmio_set_status,
    .device_features = mmio_device_features,
    .set_driver_features = mmio_set_driver_features,
    .config = mmio_config,
    .config_generation = mmio_config_generation,
    .queue_size_max = mmio_queue_size_max,
    .queue_enable = mmio_queue_enable,
    .notify = mmio_notify,
    .acknowledge = mmio_acknowledge,
    .changed = mmio_changed,
};

int mmio_attach(struct transport *transport, const struct handover_device *found)
{
	volatile struct mmio_registers *registers = (volatile struct mmio_registers *)found->mmio.registers;

	*transport = (struct transport){
	    .operations = &mmio_operations,
	    .found = found,
	    .location = found->location,
	    .interrupts = found->interrupt,
	};
	/* Section 4.2.3.1.1: look at these three, in this order, and touch nothing else if they are wrong. */
	if (registers->magic != MMIO_MAGIC || registers->version != MMIO_VERSION)
		return -ENODEV;
	return registers->device_id == found->virtio_id ? 0 : -ENODEV;
}
