/* SPDX-License-Identifier: Apache-2.0
 *
 * See rng.h. Set-up is by the numbers of virtio 1.2, section 3.1.1; the queue is a split one (section 2.7)
 * with a single descriptor in use. What the device says of a buffer is checked against what it was given.
 */
#include <string.h>
#include <rte_atomic.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include "registers.h"
#include "rng.h"
#include "transport.h"

enum { QUEUE_REQUESTS = 0, ENTRIES_MAX = 4, RESET_POLLS = 1000000 };

static struct {
	struct split_descriptor descriptors[ENTRIES_MAX];
	struct {
		uint16_t flags, index;
		uint16_t ring[ENTRIES_MAX + 1];
	} available;
	struct {
		_Alignas(4) uint16_t flags;
		uint16_t index;
		struct split_used_element ring[ENTRIES_MAX + 1];
	} used;
	uint8_t buffer[RNG_BYTES_MAX];
} shared __attribute__((aligned(64)));
_Static_assert(offsetof(__typeof__(shared.available), ring) == sizeof(struct split_available) &&
		   offsetof(__typeof__(shared.used), ring) == sizeof(struct split_used),
	       "virtio 1.2, section 2.7.8");

static struct transport transport;
static uint16_t entries, asked, taken; /* available and used index */
static bool works;

static void add_status(uint8_t bits)
{
	transport.status |= bits;
	transport.operations->set_status(&transport, transport.status);
}

static bool reset(void)
{
	transport.status = STATUS_RESET;
	transport.operations->set_status(&transport, STATUS_RESET);
	for (uint32_t i = 0; i < RESET_POLLS; i++)
		if (transport.operations->status(&transport) == STATUS_RESET)
			return true;
	return false;
}

static const char *negotiate(void)
{
	uint64_t wanted = UINT64_C(1) << FEATURE_VERSION_1;

	if (!(transport.operations->device_features(&transport) & wanted)) /* 4 */
		return "legacy device; it must be of virtio 1.0 or later";
	transport.operations->set_driver_features(&transport, wanted);
	add_status(STATUS_FEATURES_OK);				     /* 5 */
	transport.status = transport.operations->status(&transport); /* 6 */
	return transport.status & STATUS_FEATURES_OK ? NULL : "refuses the features that we need";
}

static const char *start_queue(void)
{
	uint32_t size = transport.operations->queue_size_max(&transport, QUEUE_REQUESTS);
	struct queue_memory memory = {
	    .descriptors = (uintptr_t)shared.descriptors,
	    .driver = (uintptr_t)&shared.available,
	    .device = (uintptr_t)&shared.used,
	};

	memset(&shared, 0, sizeof(shared));
	asked = taken = 0;
	if (size == 0 || size > QUEUE_SIZE_MAX || (size & (size - 1)))
		return "its queue has an impossible size";
	entries = memory.size = size < ENTRIES_MAX ? size : ENTRIES_MAX;
	shared.available.flags = SPLIT_NO_INTERRUPT;
	return transport.operations->queue_enable(&transport, QUEUE_REQUESTS, &memory)
		   ? "its queue can't be set up"
		   : NULL;
}

const char *rng_open(const struct handover_device *found)
{
	const char *why;

	works = false;
	if (found->transport == TRANSPORT_VIRTIO_PCI ? pci_attach(&transport, found)
						     : mmio_attach(&transport, found))
		return "no virtio 1.x device";
	if (!reset()) /* 1 */
		return "does not come out of reset";
	add_status(STATUS_ACKNOWLEDGE); /* 2 */
	add_status(STATUS_DRIVER);	/* 3 */
	why = negotiate();		/* 4, 5, 6 */
	if (why == NULL)
		why = start_queue();				    /* 7 */
	add_status(why == NULL ? STATUS_DRIVER_OK : STATUS_FAILED); /* 8 */
	works = why == NULL;
	return why;
}

static void ask(uint32_t bytes)
{
	shared.descriptors[0] = (struct split_descriptor){
	    .address = (uintptr_t)shared.buffer,
	    .length = bytes,
	    .flags = DESCRIPTOR_WRITE,
	};
	shared.available.ring[asked++ % entries] = 0;
	/* Orders the descriptor and its place in the ring before the index; pairs with the device, which
	 * reads the index first. */
	rte_smp_wmb();
	*(volatile uint16_t *)&shared.available.index = asked;
	transport.operations->notify(&transport, QUEUE_REQUESTS);
}

static bool has_answered(uint64_t deadline_tsc)
{
	while (*(volatile uint16_t *)&shared.used.index == taken) {
		if (rte_rdtsc() >= deadline_tsc)
			return false;
		rte_pause();
	}
	/* Orders the index before what it speaks of; pairs with the device, which stores the index last. */
	rte_smp_rmb();
	return true;
}

/* Bytes that the device wrote, of `bytes` at most; 0: it lies, and is reset for good. */
static uint32_t take(uint32_t bytes)
{
	const volatile struct split_used_element *element = &shared.used.ring[taken % entries];
	uint32_t id = element->id, written = element->length;

	works = *(volatile uint16_t *)&shared.used.index == (uint16_t)(taken + 1) && id == 0 &&
		written > 0 && written <= bytes;
	taken++;
	if (works)
		return written;
	reset();
	return 0;
}

/* What was late is of no use: nobody knows when it was made. */
static bool drop_late(uint64_t deadline_tsc)
{
	return asked == taken || (has_answered(deadline_tsc) && take(RNG_BYTES_MAX) > 0);
}

bool rng_read(void *out, size_t bytes, uint64_t deadline_tsc)
{
	uint8_t *to = out;

	if (!works || bytes > RNG_BYTES_MAX || !drop_late(deadline_tsc))
		return false;
	while (bytes > 0) {
		uint32_t some;

		ask((uint32_t)bytes);
		if (!has_answered(deadline_tsc))
			return false;
		some = take((uint32_t)bytes);
		if (some == 0)
			return false;
		memcpy(to, shared.buffer, some);
		memset(shared.buffer, 0, some);
		to += some;
		bytes -= some;
	}
	return true;
}
