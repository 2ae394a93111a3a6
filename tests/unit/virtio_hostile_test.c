/* SPDX-License-Identifier: Apache-2.0
 *
 * Cards that lie. Whatever a card does, it is reset and counted, every mbuf is recovered, and it works again;
 * one that does not stop is left down. AddressSanitizer and the watched pool look for touches of what is not
 * the driver's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <assert.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/virtio/net.h"
#include "support/virtio_port.h"

enum { BURST = 32, RING = 64 };

struct stats_page stats;
static struct virtio_port port;
static struct rte_mbuf *burst[BURST];
static uint8_t frame[CARD_FRAME_MAX];
static const struct virtio_net_header plain;
static char last_log[256];

void host_log(const char *line)
{
	snprintf(last_log, sizeof(last_log), "%s", line);
}

static void open_port(uint64_t features)
{
	port_init(&port, CARD_FEATURES | features);
	port.card.queue_size[0] = port.card.queue_size[1] = RING;
	port_open(&port);
}

static uint16_t receive_and_free(void)
{
	uint16_t count = port.device.driver->receive(&port.device, burst, BURST);

	rte_pktmbuf_free_bulk(burst, count);
	return count;
}

static bool works(void)
{
	struct virtio_net_header header;

	port_pattern(frame, 100, 1);
	if (!card_deliver(&port.card, plain, frame, 100, 1) || receive_and_free() != 1)
		return false;
	burst[0] = port_frame(&port, 100, PORT_ROOM, 1);
	return port.device.driver->transmit(&port.device, burst, 1) == 1 &&
	       card_fetch(&port.card, frame, &header, NULL) == 100;
}

/* Finishes a receive buffer with a header of its own choice. */
static void finish_with(uint16_t num_buffers, uint32_t length)
{
	struct virtio_net_header header = {.num_buffers = num_buffers};
	struct card_chain chain;

	assert_true(card_take(&port.card, QUEUE_RECEIVE, &chain));
	memcpy(chain.data[0], &header, sizeof(header));
	card_finish(&port.card, QUEUE_RECEIVE, &chain, &length, 1);
}

static void id_out_of_range(uint16_t queue)
{
	struct card_chain chain;
	uint32_t length = 100;

	assert_true(card_take(&port.card, queue, &chain));
	chain.id = 0xfff0;
	card_finish(&port.card, queue, &chain, &length, 1);
}

static void id_just_out_of_range(uint16_t queue)
{
	struct card_chain chain;
	uint32_t length = 100;

	assert_true(card_take(&port.card, queue, &chain));
	chain.id = RING;
	card_finish(&port.card, queue, &chain, &length, 1);
}

static void finished_twice(uint16_t queue)
{
	struct card_chain chains[2];
	const uint32_t lengths[2] = {12, 12};

	assert_true(card_take(&port.card, queue, &chains[0]));
	assert_true(card_take(&port.card, queue, &chains[1]));
	if (queue == QUEUE_RECEIVE)
		memcpy(chains[0].data[0], &(struct virtio_net_header){.num_buffers = 1}, 12);
	chains[1].id = chains[0].id;
	card_finish(&port.card, queue, chains, lengths, 2);
}

static void index_runs_ahead(uint16_t queue)
{
	((struct split_used *)port.card.queue[queue].memory.device)->index += RING + 1;
}

static void index_runs_back(uint16_t queue)
{
	((struct split_used *)port.card.queue[queue].memory.device)->index -= 1;
}

static void longer_than_buffer(uint16_t queue)
{
	(void)queue;
	finish_with(1, PORT_ROOM + NET_HEADER_BYTES + 1);
}

static void longest(uint16_t queue)
{
	(void)queue;
	finish_with(1, UINT32_MAX);
}

static void shorter_than_header(uint16_t queue)
{
	(void)queue;
	finish_with(1, NET_HEADER_BYTES - 1);
}

static void nothing_written(uint16_t queue)
{
	(void)queue;
	finish_with(1, 0);
}

static void no_buffers(uint16_t queue)
{
	(void)queue;
	finish_with(0, 100);
}

static void too_many_buffers(uint16_t queue)
{
	(void)queue;
	finish_with(RING + 1, 100);
}

static void empty_part(uint16_t queue)
{
	(void)queue;
	finish_with(3, 100);
	finish_with(0, 0);
}

static void frame_too_long(uint16_t queue)
{
	(void)queue;
	for (int i = 0; i < 40; i++)
		finish_with(40, PORT_ROOM + NET_HEADER_BYTES);
}

static void frame_never_complete(uint16_t queue)
{
	(void)queue;
	finish_with(3, 100);
	for (int i = 0; i <= NET_STALL_POLLS; i++)
		assert_int_equal(receive_and_free(), 0);
}

static void asks_for_reset(uint16_t queue)
{
	(void)queue;
	port.card.status |= STATUS_NEEDS_RESET;
	port.device.driver->link(&port.device);
}

enum where { RECEIVING = 1, TRANSMITTING = 2, ONLY_SPLIT = 4 };
static const struct act {
	const char *name;
	void (*commit)(uint16_t queue);
	unsigned int where;
} acts[] = {
    {"id far out of range", id_out_of_range, RECEIVING | TRANSMITTING},
    {"id just out of range", id_just_out_of_range, RECEIVING | TRANSMITTING},
    {"buffer finished twice", finished_twice, RECEIVING | TRANSMITTING},
    {"used index ahead", index_runs_ahead, RECEIVING | TRANSMITTING | ONLY_SPLIT},
    {"used index backwards", index_runs_back, RECEIVING | TRANSMITTING | ONLY_SPLIT},
    {"length beyond the buffer", longer_than_buffer, RECEIVING},
    {"length of 4 GiB", longest, RECEIVING},
    {"length below the header", shorter_than_header, RECEIVING},
    {"length 0", nothing_written, RECEIVING},
    {"num_buffers 0", no_buffers, RECEIVING},
    {"num_buffers beyond the ring", too_many_buffers, RECEIVING},
    {"empty part of a frame", empty_part, RECEIVING},
    {"frame beyond 64 KiB", frame_too_long, RECEIVING},
    {"frame never complete", frame_never_complete, RECEIVING},
    {"NEEDS_RESET", asks_for_reset, RECEIVING},
};

struct lie {
	const struct act *act;
	const struct ring_mode *mode;
	uint16_t queue;
};

/* Lets the driver see what the card did. */
static void poll_both(void)
{
	receive_and_free();
	port.device.driver->drain(&port.device);
}

static void commit(const struct lie *lie)
{
	for (int i = 0; i < 3; i++)
		burst[i] = port_frame(&port, 100, 50, 1);
	assert_int_equal(port.device.driver->transmit(&port.device, burst, 3), 3);
	lie->act->commit(lie->queue);
	poll_both();
}

static void is_reset_and_goes_on(void **state)
{
	const struct lie *lie = *state;

	open_port(lie->mode->features);
	for (uint32_t i = 1; i <= 3; i++) {
		commit(lie);
		assert_int_equal(stats.port[0].device_resets, i);
		assert_int_equal(port.card.status & STATUS_DRIVER_OK, STATUS_DRIVER_OK);
		assert_int_equal(rte_mempool_in_use_count(port.device.pool), RING);
		assert_true(works());
		assert_true(port.device.driver->drain(&port.device));
	}
	assert_true(port_close(&port));
}

static void is_left_down_in_the_end(void **state)
{
	const struct lie *lie = *state;

	open_port(lie->mode->features);
	while (stats.port[0].device_resets <= NET_RESETS_MAX)
		commit(lie);
	assert_int_equal(port.card.status, STATUS_RESET);
	assert_non_null(strstr(last_log, "left down"));
	assert_int_equal(rte_mempool_in_use_count(port.device.pool), 0);
	assert_false(port.device.link_up);
	assert_false(port.device.driver->link(&port.device));
	assert_false(port.device.driver->arm(&port.device));
	assert_true(port.device.driver->drain(&port.device));
	assert_int_equal(receive_and_free(), 0);
	burst[0] = port_frame(&port, 100, 50, 1);
	assert_int_equal(port.device.driver->transmit(&port.device, burst, 1), 0);
	rte_pktmbuf_free(burst[0]);
	assert_true(port_close(&port));
}

static void good_frames_end_a_row(void **state)
{
	(void)state;
	open_port(0);
	for (int lap = 0; lap < 2; lap++) {
		for (int i = 0; i < NET_RESETS_MAX; i++) {
			finish_with(0, 100);
			poll_both();
		}
		for (int i = 0; i < NET_FORGIVE_AFTER; i++) {
			port_pattern(frame, 60, 0);
			assert_true(card_deliver(&port.card, plain, frame, 60, 1));
			assert_int_equal(receive_and_free(), 1);
		}
	}
	assert_int_equal(stats.port[0].device_resets, 2 * NET_RESETS_MAX);
	assert_true(works());
	assert_true(port_close(&port));
}

static void offers_less_after_reset(void **state)
{
	(void)state;
	open_port(0);
	port.card.offered &= ~FEATURE(CSUM);
	finish_with(0, 100);
	poll_both();
	assert_int_equal(stats.port[0].device_resets, 1);
	assert_false(port.device.link_up);
	assert_int_equal(rte_mempool_in_use_count(port.device.pool), 0);
	assert_true(port_close(&port));
}

static void shrinks_and_grows_with_reset(void **state)
{
	static const uint32_t sizes[] = {16, 32768, 2, 64};

	(void)state;
	open_port(0);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		port.card.queue_size[0] = port.card.queue_size[1] = sizes[i];
		port.card.config.mac[5]++;
		finish_with(0, 100);
		poll_both();
		assert_true(works());
		assert_int_equal(port.device.mac[5], 7);
	}
	assert_int_equal(stats.port[0].device_resets, RTE_DIM(sizes));
	assert_true(port_close(&port));
}

/* Headers that ask for what was not negotiated, or contradict the frame: the frame is refused, the card is
 * not. */
static const struct bad_header {
	const char *name;
	struct virtio_net_header header;
	uint64_t without;
} bad_headers[] = {
    {"GSO type unknown", {.gso_type = 3, .gso_size = 1000}, 0},
    {"ECN of no GSO", {.gso_type = VIRTIO_NET_GSO_ECN}, 0},
    {"checksum starts behind the frame",
     {.flags = VIRTIO_NET_NEEDS_CSUM, .csum_start = 5000, .csum_offset = 16},
     0},
    {"checksum lies behind the frame",
     {.flags = VIRTIO_NET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 0xffff},
     0},
    {"GSO of size 0",
     {.flags = VIRTIO_NET_NEEDS_CSUM, .gso_type = VIRTIO_NET_GSO_TCPV4, .csum_start = 34, .csum_offset = 16},
     0},
    {"TSO4 not negotiated",
     {.flags = VIRTIO_NET_NEEDS_CSUM,
      .gso_type = VIRTIO_NET_GSO_TCPV4,
      .gso_size = 1000,
      .csum_start = 34,
      .csum_offset = 16},
     FEATURE(GUEST_TSO4)},
    {"checksum not negotiated",
     {.flags = VIRTIO_NET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16},
     FEATURE(GUEST_CSUM)},
};

static void refuses_the_frame(void **state)
{
	const struct bad_header *row = *state;

	port_init(&port, CARD_FEATURES & ~row->without);
	port_open(&port);
	for (uint16_t buffers = 1; buffers <= 3; buffers++) {
		memset(frame, 0, 200);
		assert_true(card_deliver(&port.card, row->header, frame, 200, buffers));
		assert_int_equal(receive_and_free(), 0);
		assert_int_equal(stats.port[0].device_errors, buffers);
	}
	assert_int_equal(stats.port[0].device_resets, 0);
	assert_true(works());
	assert_true(port_close(&port));
}

static struct CMUnitTest tests[400];
static size_t test_count;

static void add(const char *first, const char *second, CMUnitTestFunction function, const void *row)
{
	static char names[RTE_DIM(tests)][96];

	assert(test_count < RTE_DIM(tests));
	snprintf(names[test_count], sizeof(names[0]), "%s%s", first, second);
	tests[test_count] =
	    (struct CMUnitTest){names[test_count], function, NULL, NULL, (void *)(uintptr_t)row};
	test_count++;
}

static void add_lies(const struct ring_mode *mode)
{
	static struct lie lies[RTE_DIM(acts) * RING_MODES * 2];
	static size_t count;

	for (size_t i = 0; i < RTE_DIM(acts) * 2; i++) {
		const struct act *act = &acts[i / 2];
		uint16_t queue = i % 2 ? QUEUE_TRANSMIT : QUEUE_RECEIVE;
		char where[64];

		if (!(act->where & (queue == QUEUE_TRANSMIT ? TRANSMITTING : RECEIVING)) ||
		    (act->where & ONLY_SPLIT && mode->features & FEATURE(RING_PACKED)))
			continue;
		lies[count] = (struct lie){act, mode, queue};
		snprintf(where, sizeof(where), " (%s, %s)", queue ? "transmit" : "receive", mode->name);
		add(act->name, where, is_reset_and_goes_on, &lies[count]);
		add("never stops: ", act->name, is_left_down_in_the_end, &lies[count]);
		count++;
	}
}

int main(void)
{
	for (size_t i = 0; i < RING_MODES; i++)
		add_lies(&ring_modes[i]);
	for (size_t i = 0; i < RTE_DIM(bad_headers); i++)
		add("header: ", bad_headers[i].name, refuses_the_frame, &bad_headers[i]);
	add("good frames end a row of resets", "", good_frames_end_a_row, NULL);
	add("offers less after a reset", "", offers_less_after_reset, NULL);
	add("queues of another size after a reset", "", shrinks_and_grows_with_reset, NULL);
	return _cmocka_run_group_tests("virtio, cards that lie", tests, test_count, NULL, NULL);
}
