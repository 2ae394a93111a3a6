/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames through the rings of a card that behaves: each test runs for split and packed rings, with and
 * without EVENT_IDX and INDIRECT_DESC, and ends with every mbuf back in the pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/virtio/net.h"
#include "support/virtio_port.h"

enum { BURST = 32, RING = 64 };

struct stats_page stats;
static struct virtio_port port;
static struct rte_mbuf *burst[256];
static uint8_t frame[CARD_FRAME_MAX];
static const struct virtio_net_header plain;

void host_log(const char *line)
{
	fail_msg("logged: %s", line);
}

static void open_mode(void **state, uint64_t features)
{
	const struct ring_mode *mode = *state;

	port_init(&port, features | mode->features);
	port.card.queue_size[0] = port.card.queue_size[1] = RING;
	port_open(&port);
}

static void close_balanced(void)
{
	assert_int_equal(stats.port[0].device_resets, 0);
	assert_int_equal(stats.port[0].device_errors, 0);
	assert_true(port_close(&port));
}

static uint16_t receive(uint16_t max)
{
	return port.device.driver->receive(&port.device, burst, max);
}

static uint16_t transmit(uint16_t count)
{
	return port.device.driver->transmit(&port.device, burst, count);
}

static void deliver(uint32_t bytes, uint16_t buffers, uint8_t seed)
{
	port_pattern(frame, bytes, seed);
	assert_true(card_deliver(&port.card, plain, frame, bytes, buffers));
}

static void expect_sent(uint32_t bytes, uint8_t seed)
{
	static uint8_t pattern[CARD_FRAME_MAX];
	struct virtio_net_header header;

	port_pattern(pattern, bytes, seed);
	assert_int_equal(card_fetch(&port.card, frame, &header, NULL), bytes);
	assert_memory_equal(frame, pattern, bytes);
	assert_memory_equal(&header, &plain, sizeof(header));
}

/* The ring goes round hundreds of times, with bursts that do not divide its size. */
static void receives_over_many_laps(void **state)
{
	uint32_t sent = 0, got = 0;

	open_mode(state, CARD_FEATURES);
	while (got < 70000) {
		for (uint32_t i = 0; i < 1 + sent % 37; i++, sent++)
			deliver(60 + sent % 1400, 1, (uint8_t)sent);
		for (uint16_t count; (count = receive(1 + got % 40));)
			for (uint16_t i = 0; i < count; i++, got++) {
				assert_true(port_matches(burst[i], 60 + got % 1400, (uint8_t)got));
				assert_int_equal(rte_pktmbuf_headroom(burst[i]), RTE_PKTMBUF_HEADROOM);
				rte_pktmbuf_free(burst[i]);
			}
		assert_int_equal(got, sent);
	}
	close_balanced();
}

static void transmits_over_many_laps(void **state)
{
	uint32_t sent = 0, fetched = 0;

	open_mode(state, CARD_FEATURES);
	while (fetched < 70000) {
		uint16_t count = (uint16_t)(1 + sent % 37);

		for (uint16_t i = 0; i < count; i++)
			burst[i] = port_frame(&port, 60 + (sent + i) % 1400, i % 3 ? PORT_ROOM : 700,
					      (uint8_t)(sent + i));
		assert_int_equal(transmit(count), count);
		sent += count;
		for (; fetched < sent; fetched++)
			expect_sent(60 + fetched % 1400, (uint8_t)fetched);
	}
	assert_true(port.device.driver->drain(&port.device));
	close_balanced();
}

/* 1 to 40 buffers for a frame, the last of them received in two polls. */
static void merges_buffers(void **state)
{
	open_mode(state, CARD_FEATURES);
	for (uint16_t buffers = 1; buffers <= 40; buffers++) {
		uint32_t bytes = buffers * 1500u;

		deliver(bytes, buffers, (uint8_t)buffers);
		deliver(60, 1, 1);
		assert_int_equal(receive(1), 1);
		assert_int_equal(burst[0]->nb_segs, buffers);
		assert_true(port_matches(burst[0], bytes, (uint8_t)buffers));
		rte_mbuf_sanity_check(burst[0], 1);
		rte_pktmbuf_free(burst[0]);
		assert_int_equal(receive(BURST), 1);
		assert_true(port_matches(burst[0], 60, 1));
		rte_pktmbuf_free(burst[0]);
	}
	close_balanced();
}

/* A device may finish the buffers of a frame one by one, if it is quick. */
static void waits_for_the_rest_of_a_frame(void **state)
{
	struct card_chain chains[2];
	struct virtio_net_header header = {.num_buffers = 2};
	const uint32_t lengths[2] = {112, 100};

	open_mode(state, CARD_FEATURES);
	port_pattern(frame, 200, 9);
	assert_true(card_take(&port.card, QUEUE_RECEIVE, &chains[0]));
	assert_true(card_take(&port.card, QUEUE_RECEIVE, &chains[1]));
	memcpy(chains[0].data[0], &header, sizeof(header));
	memcpy(chains[0].data[0] + sizeof(header), frame, 100);
	memcpy(chains[1].data[0], frame + 100, 100);
	card_finish(&port.card, QUEUE_RECEIVE, &chains[0], &lengths[0], 1);
	assert_int_equal(receive(BURST), 0);
	card_finish(&port.card, QUEUE_RECEIVE, &chains[1], &lengths[1], 1);
	assert_int_equal(receive(BURST), 1);
	assert_true(port_matches(burst[0], 200, 9));
	rte_pktmbuf_free(burst[0]);
	close_balanced();
}

static void finishes_out_of_order(void **state)
{
	struct card_chain chains[RING];
	uint32_t lengths[RING];

	open_mode(state, CARD_FEATURES);
	for (int lap = 0; lap < 20; lap++) {
		uint16_t count = 0;

		while (count < 20 && card_take(&port.card, QUEUE_RECEIVE, &chains[19 - count]))
			count++;
		assert_int_equal(count, 20);
		for (uint16_t i = 0; i < count; i++) {
			struct virtio_net_header header = {.num_buffers = 1};

			memcpy(chains[i].data[0], &header, sizeof(header));
			port_pattern(chains[i].data[0] + sizeof(header), 64, (uint8_t)i);
			lengths[i] = 64 + sizeof(header);
		}
		card_finish(&port.card, QUEUE_RECEIVE, chains, lengths, count);
		assert_int_equal(receive(BURST), count);
		for (uint16_t i = 0; i < count; i++) {
			assert_true(port_matches(burst[i], 64, (uint8_t)i));
			rte_pktmbuf_free(burst[i]);
		}
	}
	close_balanced();
}

static void transmits_chains(void **state)
{
	open_mode(state, CARD_FEATURES);
	for (uint16_t segments = 1; segments <= 40; segments++) {
		struct virtio_net_header header;
		uint16_t descriptors;

		burst[0] = port_frame(&port, segments * 1000u, 1000, (uint8_t)segments);
		assert_int_equal(burst[0]->nb_segs, segments);
		assert_int_equal(transmit(1), 1);
		assert_int_equal(card_fetch(&port.card, frame, &header, &descriptors), segments * 1000u);
		assert_int_equal(descriptors, segments);
	}
	close_balanced();
}

/* With tables of descriptors a ring holds as many frames of 33 segments as it has entries, and not the one
 * that fits without. */
static void queues_super_frames(void **state)
{
	const struct ring_mode *mode = *state;
	uint16_t expected = mode->features & FEATURE(INDIRECT_DESC) ? 40 : 1;

	open_mode(state, CARD_FEATURES);
	for (uint16_t i = 0; i < 40; i++)
		burst[i] = port_frame(&port, 65000, 1992, (uint8_t)i);
	assert_int_equal(burst[0]->nb_segs, 33);
	assert_int_equal(transmit(40), expected);
	for (uint16_t i = 0; i < expected; i++)
		expect_sent(65000, (uint8_t)i);
	for (uint16_t i = expected; i < 40; i++)
		assert_true(port_matches(burst[i], 65000, (uint8_t)i));
	rte_pktmbuf_free_bulk(burst + expected, 40 - expected);
	assert_true(port.device.driver->drain(&port.device));
	close_balanced();
}

/* Then the frame's descriptors go into the ring, as long as there are as many. */
static void needs_no_buffer_for_a_table(void **state)
{
	static struct rte_mbuf *hoard[PORT_MBUFS];
	uint32_t hoarded = 0;

	open_mode(state, CARD_FEATURES);
	for (uint16_t i = 0; i < 2; i++)
		burst[i] = port_frame(&port, 65000, 1992, i);
	while ((hoard[hoarded] = rte_pktmbuf_alloc(port.device.pool)))
		hoarded++;
	assert_int_equal(transmit(2), 1);
	expect_sent(65000, 0);
	assert_true(port_matches(burst[1], 65000, 1));
	rte_pktmbuf_free(burst[1]);
	rte_pktmbuf_free_bulk(hoard, hoarded);
	assert_true(port.device.driver->drain(&port.device));
	close_balanced();
}

/* Where the header can't go into the headroom it gets an mbuf of its own, and the frame is not written to. */
static void leaves_shared_frames_alone(void **state)
{
	open_mode(state, CARD_FEATURES);
	burst[0] = port_frame(&port, 100, PORT_ROOM, 1);
	rte_mbuf_refcnt_update(burst[0], 1);
	burst[1] = burst[0];
	burst[2] = port_frame(&port, 90, PORT_ROOM, 2);
	burst[2]->data_off = NET_HEADER_BYTES - 1;
	port_pattern(rte_pktmbuf_mtod(burst[2], uint8_t *), 90, 2);
	assert_int_equal(transmit(3), 3);
	expect_sent(100, 1);
	expect_sent(100, 1);
	expect_sent(90, 2);
	assert_true(port.device.driver->drain(&port.device));
	close_balanced();
}

static void sends_no_empty_segments(void **state)
{
	open_mode(state, CARD_FEATURES);
	burst[0] = port_frame(&port, 300, 100, 5);
	assert_int_equal(rte_pktmbuf_trim(burst[0], 100), 0);
	burst[0]->next->data_len = 0;
	burst[0]->pkt_len -= 100;
	assert_int_equal(transmit(1), 1);
	expect_sent(100, 5);
	close_balanced();
}

/* What found no room stays the caller's, unchanged; once there is room again it goes. */
static void leaves_the_tail_to_the_caller(void **state)
{
	uint16_t taken, rest;

	open_mode(state, CARD_FEATURES);
	for (uint16_t i = 0; i < 100; i++)
		burst[i] = port_frame(&port, 80, PORT_ROOM, (uint8_t)i);
	taken = transmit(100);
	assert_in_range(taken, RING / 2, RING);
	for (uint16_t i = 0; i < taken; i++)
		expect_sent(80, (uint8_t)i);
	for (uint16_t i = taken; i < 100; i++)
		assert_true(port_matches(burst[i], 80, (uint8_t)i));
	rest = 100 - taken;
	memmove(burst, burst + taken, rest * sizeof(*burst));
	assert_int_equal(transmit(rest), rest);
	for (uint16_t i = taken; i < 100; i++)
		expect_sent(80, (uint8_t)i);
	close_balanced();
}

static void says_what_is_left_to_send(void **state)
{
	open_mode(state, CARD_FEATURES);
	assert_true(port.device.driver->drain(&port.device));
	burst[0] = port_frame(&port, 80, PORT_ROOM, 0);
	assert_int_equal(transmit(1), 1);
	assert_false(port.device.driver->drain(&port.device));
	expect_sent(80, 0);
	assert_true(port.device.driver->drain(&port.device));
	assert_int_equal(rte_mempool_in_use_count(port.device.pool), RING);
	close_balanced();
}

static uint32_t notified(uint16_t queue)
{
	uint32_t count = port.card.queue[queue].notifications;

	port.card.queue[queue].notifications = 0;
	return count;
}

static void send_burst(uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		burst[i] = port_frame(&port, 80, PORT_ROOM, (uint8_t)i);
	assert_int_equal(transmit(count), count);
}

static void fetch_all(void)
{
	struct virtio_net_header header;

	while (card_fetch(&port.card, frame, &header, NULL))
		;
}

/* At most one notification a burst, and none that the device did not ask for; over enough laps to wrap. */
static void notifies_only_when_asked(void **state)
{
	bool positions;

	open_mode(state, CARD_FEATURES);
	positions = port.card.accepted & FEATURE(EVENT_IDX);
	notified(QUEUE_TRANSMIT);
	for (int lap = 0; lap < 5000; lap++) {
		card_want_all(&port.card, QUEUE_TRANSMIT);
		send_burst(1 + lap % 7);
		assert_int_equal(notified(QUEUE_TRANSMIT), 1);
		card_want_none(&port.card, QUEUE_TRANSMIT);
		send_burst(1 + lap % 7);
		assert_int_equal(notified(QUEUE_TRANSMIT), 0);
		fetch_all();
		if (!positions)
			continue;
		card_want_after(&port.card, QUEUE_TRANSMIT, 5);
		send_burst(5);
		assert_int_equal(notified(QUEUE_TRANSMIT), 0);
		send_burst(1);
		assert_int_equal(notified(QUEUE_TRANSMIT), 1);
		send_burst(1);
		assert_int_equal(notified(QUEUE_TRANSMIT), 0);
		fetch_all();
	}
	assert_int_equal(stats.port[0].notifications, 1 + 5000 * (positions ? 2 : 1));
	close_balanced();
}

/* Polling draws no interrupt; after arm there is one at the next frame, unless it was there already. */
static void interrupts_only_when_armed(void **state)
{
	const struct device_driver *driver;
	struct card_queue *queue = &port.card.queue[QUEUE_RECEIVE];

	open_mode(state, CARD_FEATURES);
	driver = port.device.driver;
	for (int lap = 0; lap < 1000; lap++) {
		uint32_t before = queue->interrupts;

		deliver(80, 1, 0);
		assert_int_equal(queue->interrupts, before);
		assert_true(driver->arm(&port.device));
		driver->disarm(&port.device);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);

		assert_false(driver->arm(&port.device));
		assert_false(driver->arm(&port.device));
		deliver(80, 1, 0);
		assert_int_equal(queue->interrupts, before + 1);
		driver->disarm(&port.device);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);
	}
	assert_int_equal(port.card.acknowledgements, 2000);
	close_balanced();
}

/* Nor is there one in all the buffers that a position can count, on neither ring. */
static void no_interrupt_while_polling(void **state)
{
	open_mode(state, CARD_FEATURES);
	for (int lap = 0; lap < 3 * 65536 / 32; lap++) {
		for (int i = 0; i < 32; i++)
			deliver(80, 1, 0);
		assert_int_equal(receive(BURST), 32);
		rte_pktmbuf_free_bulk(burst, 32);
		send_burst(32);
		fetch_all();
	}
	assert_int_equal(port.card.queue[QUEUE_RECEIVE].interrupts, 0);
	assert_int_equal(port.card.queue[QUEUE_TRANSMIT].interrupts, 0);
	close_balanced();
}

static void polls_a_card_without_interrupts(void **state)
{
	const struct ring_mode *mode = *state;

	port_init(&port, CARD_FEATURES | mode->features);
	port.card.transport.interrupts = false;
	port_open(&port);
	assert_true(port.device.driver->arm(&port.device));
	close_balanced();
}

/* An empty pool is counted; when buffers come back, so does reception. */
static void survives_an_empty_pool(void **state)
{
	static struct rte_mbuf *hoard[PORT_MBUFS];
	uint32_t hoarded = 0;

	open_mode(state, CARD_FEATURES);
	while ((hoard[hoarded] = rte_pktmbuf_alloc(port.device.pool)))
		hoarded++;
	for (int i = 0; i < RING; i++)
		deliver(80, 1, 0);
	assert_int_equal(receive(200), RING);
	assert_true(stats.port[0].rx_no_buffer > 0);
	assert_true(port.device.driver->arm(&port.device));
	rte_pktmbuf_free(burst[0]);
	assert_int_equal(receive(BURST), 0);
	deliver(90, 1, 3);
	rte_pktmbuf_free_bulk(hoard, hoarded);
	rte_pktmbuf_free_bulk(burst + 1, RING - 1);
	assert_int_equal(receive(BURST), 1);
	assert_true(port_matches(burst[0], 90, 3));
	rte_pktmbuf_free(burst[0]);
	assert_int_equal(rte_mempool_in_use_count(port.device.pool), RING);
	close_balanced();
}

/* Without MRG_RXBUF the header's num_buffers means nothing. */
static void ignores_num_buffers_without_merge(void **state)
{
	struct card_chain chain;
	struct virtio_net_header header = {.num_buffers = 0xffff};
	uint32_t length = 60 + sizeof(header);

	open_mode(state, CARD_FEATURES & ~FEATURE(MRG_RXBUF));
	assert_true(card_take(&port.card, QUEUE_RECEIVE, &chain));
	memcpy(chain.data[0], &header, sizeof(header));
	card_finish(&port.card, QUEUE_RECEIVE, &chain, &length, 1);
	assert_int_equal(receive(BURST), 1);
	assert_int_equal(burst[0]->pkt_len, 60);
	rte_pktmbuf_free(burst[0]);
	close_balanced();
}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} cases[] = {
    {"reception over many laps", receives_over_many_laps},
    {"transmission over many laps", transmits_over_many_laps},
    {"mergeable buffers, 1 to 40", merges_buffers},
    {"the rest of a frame comes later", waits_for_the_rest_of_a_frame},
    {"buffers finished out of order", finishes_out_of_order},
    {"chains of 1 to 40 segments", transmits_chains},
    {"a ring full of super-frames", queues_super_frames},
    {"super-frames and an empty pool", needs_no_buffer_for_a_table},
    {"frames that must not be written to", leaves_shared_frames_alone},
    {"empty segments", sends_no_empty_segments},
    {"transmit ring full", leaves_the_tail_to_the_caller},
    {"drain", says_what_is_left_to_send},
    {"notifications", notifies_only_when_asked},
    {"arm and disarm", interrupts_only_when_armed},
    {"no interrupt while polling", no_interrupt_while_polling},
    {"no interrupts", polls_a_card_without_interrupts},
    {"empty pool", survives_an_empty_pool},
    {"num_buffers without MRG_RXBUF", ignores_num_buffers_without_merge},
};

int main(void)
{
	static struct CMUnitTest tests[RTE_DIM(cases) * RING_MODES];
	static char names[RTE_DIM(tests)][80];

	for (size_t i = 0; i < RTE_DIM(tests); i++) {
		const struct ring_mode *mode = &ring_modes[i % RING_MODES];

		snprintf(names[i], sizeof(names[i]), "%s (%s)", cases[i / RING_MODES].name, mode->name);
		tests[i] = (struct CMUnitTest){names[i], cases[i / RING_MODES].function, NULL, NULL,
					       (void *)(uintptr_t)mode};
	}
	return cmocka_run_group_tests_name("virtio rings", tests, NULL, NULL);
}
