/* SPDX-License-Identifier: Apache-2.0
 *
 * The virtio entropy device's driver against devices that obey, are slow, give little, or lie. Its registers
 * are plain memory, and what the device does is done by a thread of the test's.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <rte_cycles.h>
#include "pktio/virtio/registers.h"
#include "pktio/virtio/rng.h"

#define SOON	 (rte_rdtsc() + 20000000)    /* some milliseconds */
#define PATIENCE (rte_rdtsc() + 20000000000) /* some seconds: only a test that fails waits so long */

static struct mmio_registers registers;
static struct handover_device found;

/* What the device does with a request. */
struct lie {
	const char *name;
	uint32_t id;
	int32_t length;	  /* that it says it wrote; -1: all of it */
	uint16_t advance; /* of the used index */
	bool good;
};

static struct {
	struct lie lie;
	uint32_t most; /* bytes that it gives at once */
	uint32_t requests;
	atomic_bool stop, slow;
	uint16_t seen;
} device;

static struct split_available *available(void)
{
	return (struct split_available *)((uint64_t)registers.queue_driver_high << 32 |
					  registers.queue_driver_low);
}

static struct split_used *used(void)
{
	return (struct split_used *)((uint64_t)registers.queue_device_high << 32 |
				     registers.queue_device_low);
}

static void answer(void)
{
	const struct split_descriptor *table =
	    (const struct split_descriptor *)((uint64_t)registers.queue_descriptors_high << 32 |
					      registers.queue_descriptors_low);
	uint16_t head = available()->ring[device.seen % registers.queue_size];
	uint32_t bytes = table[head].length < device.most ? table[head].length : device.most;
	struct split_used_element *element = &used()->ring[device.seen % registers.queue_size];

	memset((void *)table[head].address, 0x40 + (int)device.requests % 64, bytes);
	element->id = device.lie.id ? device.lie.id : head;
	element->length = device.lie.length < 0 ? bytes : (uint32_t)device.lie.length;
	device.requests++;
	device.seen++;
	atomic_thread_fence(memory_order_release);
	*(volatile uint16_t *)&used()->index += device.lie.advance;
}

static void *work(void *nothing)
{
	while (!atomic_load(&device.stop))
		if (registers.queue_ready && !atomic_load(&device.slow) &&
		    *(volatile uint16_t *)&available()->index != device.seen) {
			atomic_thread_fence(memory_order_acquire);
			answer();
		}
	return nothing;
}

static const struct lie honest = {.name = "honest", .length = -1, .advance = 1, .good = true};

static const char *plug(uint32_t queue_size)
{
	memset(&device, 0, sizeof(device));
	device.lie = honest;
	device.most = UINT32_MAX;
	registers = (struct mmio_registers){
	    .magic = MMIO_MAGIC,
	    .version = MMIO_VERSION,
	    .device_id = VIRTIO_ID_ENTROPY,
	    .device_features = 1, /* bit 32, and 0: plain memory has one word for both */
	    .queue_size_max = queue_size,
	};
	found = (struct handover_device){
	    .virtio_id = VIRTIO_ID_ENTROPY,
	    .transport = TRANSPORT_VIRTIO_MMIO,
	    .mmio.registers = (uintptr_t)&registers,
	};
	return rng_open(&found);
}

static pthread_t start_device(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
	return thread;
}

static void end_device(pthread_t thread)
{
	atomic_store(&device.stop, true);
	pthread_join(thread, NULL);
}

static bool all(const uint8_t *bytes, size_t count, uint8_t value)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void opens(void **state)
{
	(void)state;
	assert_null(plug(8));
	assert_int_equal(registers.status,
			 STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	assert_int_equal(registers.queue_size, 4);
	assert_int_equal(available()->flags, SPLIT_NO_INTERRUPT);
	assert_null(plug(1));
	assert_int_equal(registers.queue_size, 1);
	assert_string_equal(plug(0), "its queue has an impossible size");
	assert_true(registers.status & STATUS_FAILED);
	assert_string_equal(plug(6), "its queue has an impossible size");
	plug(8);
	registers.magic = 0;
	assert_string_equal(rng_open(&found), "no virtio 1.x device");
}

static void reads(void **state)
{
	uint8_t bytes[RNG_BYTES_MAX];
	pthread_t thread;

	(void)state;
	assert_null(plug(8));
	thread = start_device();
	for (uint8_t i = 0; i < 20; i++) {
		assert_true(rng_read(bytes, 64, PATIENCE));
		assert_true(all(bytes, 64, 0x40 + i));
	}
	assert_true(rng_read(bytes, RNG_BYTES_MAX, PATIENCE));
	assert_int_equal(device.requests, 21);
	assert_false(rng_read(bytes, RNG_BYTES_MAX + 1, PATIENCE));
	end_device(thread);
}

/* Asked again until it is enough. */
static void reads_little(void **state)
{
	uint8_t bytes[64];
	pthread_t thread;

	(void)state;
	assert_null(plug(2));
	device.most = 24;
	thread = start_device();
	assert_true(rng_read(bytes, sizeof(bytes), PATIENCE));
	assert_int_equal(device.requests, 3);
	assert_true(all(bytes, 24, 0x40) && all(bytes + 24, 24, 0x41) && all(bytes + 48, 16, 0x42));
	end_device(thread);
}

/* What comes too late is never given out, and nothing is asked for before it has come. */
static void waits(void **state)
{
	uint8_t bytes[64] = {0};
	pthread_t thread;

	(void)state;
	assert_null(plug(8));
	atomic_store(&device.slow, true);
	thread = start_device();
	assert_false(rng_read(bytes, sizeof(bytes), SOON));
	assert_false(rng_read(bytes, sizeof(bytes), SOON));
	assert_int_equal(available()->index, 1);
	assert_true(all(bytes, sizeof(bytes), 0));
	atomic_store(&device.slow, false);
	assert_true(rng_read(bytes, sizeof(bytes), PATIENCE));
	assert_int_equal(device.requests, 2);
	assert_true(all(bytes, sizeof(bytes), 0x41));
	end_device(thread);
}

static const struct lie lies[] = {
    {"a buffer that it does not have", 3, -1, 1, false},
    {"a buffer that there can't be", 70000, -1, 1, false},
    {"nothing written", 0, 0, 1, false},
    {"more than the buffer", 0, 65, 1, false},
    {"the most that can be said", 0, INT32_MAX, 1, false},
    {"finished twice", 0, -1, 2, false},
    {"finished backwards", 0, -1, 0xffff, false},
};

/* Reset, and not asked again. */
static void tells_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint8_t bytes[64];
		pthread_t thread;

		print_message("  %s\n", lies[i].name);
		assert_null(plug(8));
		device.lie = lies[i];
		thread = start_device();
		assert_false(rng_read(bytes, sizeof(bytes), PATIENCE));
		assert_int_equal(registers.status, STATUS_RESET);
		assert_false(rng_read(bytes, sizeof(bytes), PATIENCE));
		assert_int_equal(device.requests, 1);
		end_device(thread);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens), cmocka_unit_test(reads),	   cmocka_unit_test(reads_little),
	    cmocka_unit_test(waits), cmocka_unit_test(tells_lies),
	};

	return cmocka_run_group_tests_name("virtio_rng", tests, NULL, NULL);
}
