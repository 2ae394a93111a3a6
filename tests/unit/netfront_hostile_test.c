/* SPDX-License-Identifier: Apache-2.0
 *
 * Backends that lie. Whatever one does on the rings, it is closed and counted, every mbuf is recovered, and
 * it is connected anew through the store; one that does not stop is left down. AddressSanitizer and the
 * watched pool look for touches of what is not the driver's.
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
#include "pktio/netfront/net.h"
#include "support/netback.h"

enum { BURST = 32 };

struct stats_page stats;
static struct netback back;
static struct device *const device = &netback_world.device[0];
static struct rte_mbuf *burst[BURST];
static uint8_t frame[NETBACK_FRAME_MAX];
static const struct netback_about plain;
static char last_log[256];

void host_log(const char *line)
{
	snprintf(last_log, sizeof(last_log), "%s", line);
}

static const struct netback_offer offers[] = {
    {.sg = true, .gso = true, .ipv6_csum = true, .split = true, .queues = 1},
    {.sg = true, .gso = true, .ipv6_csum = true, .queues = 2},
};

static uint16_t receive_and_free(void)
{
	uint16_t count = device->driver->receive(device, burst, BURST);

	rte_pktmbuf_free_bulk(burst, count);
	return count;
}

static bool works(void)
{
	struct netback_about about;
	uint32_t bytes = 0;

	netback_pattern(frame, 100, 1);
	if (!netback_deliver(&back, 0, frame, 100, &plain) || receive_and_free() != 1)
		return false;
	burst[0] = netback_frame(100, 2048, 1);
	if (device->driver->transmit(device, burst, 1) != 1)
		return false;
	for (uint32_t i = 0; i < back.queues && bytes == 0; i++)
		bytes = netback_fetch(&back, i, frame, &about);
	return bytes == 100;
}

/* One answer on the receive ring, which says what it likes. The id is right if it is 0 there. */
static void answer(struct netif_rx_response response)
{
	struct netif_rx_request request;

	assert_true(netback_take_buffer(&back, 0, &request));
	response.id += request.id;
	netback_answer(&back, 0, &response);
}

static void answer_and_push(struct netif_rx_response response)
{
	answer(response);
	netback_push_rx(&back, 0);
}

static void answer_extra(struct netif_extra_info extra)
{
	struct netif_rx_request request;
	struct netif_rx_response response;

	assert_true(netback_take_buffer(&back, 0, &request));
	memcpy(&response, &extra, sizeof(response));
	netback_answer(&back, 0, &response);
}

static void id_of_another(void)
{
	answer_and_push((struct netif_rx_response){.id = 1, .status = 100});
}

static void id_far_out(void)
{
	answer_and_push((struct netif_rx_response){.id = 0x8000, .status = 100});
}

static void same_id_twice(void)
{
	answer((struct netif_rx_response){.status = 100});
	answer_and_push((struct netif_rx_response){.id = (uint16_t)-1, .status = 100});
}

static void longer_than_page(void)
{
	answer_and_push((struct netif_rx_response){.status = 4097});
}

static void longest(void)
{
	answer_and_push((struct netif_rx_response){.status = INT16_MAX});
}

static void behind_page(void)
{
	answer_and_push((struct netif_rx_response){.offset = 4000, .status = 97});
}

static void far_behind_page(void)
{
	answer_and_push((struct netif_rx_response){.offset = UINT16_MAX, .status = 1});
}

static void nothing_written(void)
{
	answer_and_push((struct netif_rx_response){.status = 0});
}

static void endless(void)
{
	for (int i = 0; i <= NET_PIECES_MAX; i++) {
		answer_and_push((struct netif_rx_response){.status = 10, .flags = NETRXF_more_data});
		if (i % 16 == 0)
			receive_and_free();
	}
}

static void too_long(void)
{
	for (int i = 0; i < 17; i++)
		answer_and_push((struct netif_rx_response){.status = 4096, .flags = NETRXF_more_data});
}

static void never_complete(void)
{
	answer_and_push((struct netif_rx_response){.status = 100, .flags = NETRXF_more_data});
	for (int i = 0; i <= NET_STALL_POLLS; i++)
		receive_and_free();
}

static void extra_never_comes(void)
{
	answer_and_push((struct netif_rx_response){.status = 100, .flags = NETRXF_extra_info});
	for (int i = 0; i <= NET_STALL_POLLS; i++)
		receive_and_free();
}

static void extra_in_the_middle(void)
{
	answer((struct netif_rx_response){.status = 100, .flags = NETRXF_more_data});
	answer_and_push((struct netif_rx_response){.status = 100, .flags = NETRXF_extra_info});
}

static void extra_of_type(uint8_t type)
{
	answer((struct netif_rx_response){.status = 100, .flags = NETRXF_extra_info});
	answer_extra((struct netif_extra_info){.type = type, .u.gso = {.size = 1000, .type = 1}});
	netback_push_rx(&back, 0);
}

static void extra_none(void)
{
	extra_of_type(XEN_NETIF_EXTRA_TYPE_NONE);
}

static void extra_hash(void)
{
	extra_of_type(XEN_NETIF_EXTRA_TYPE_HASH);
}

static void extra_multicast(void)
{
	extra_of_type(XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
}

static void extra_unknown(void)
{
	extra_of_type(200);
}

static void extra_twice(void)
{
	struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO,
					 .flags = XEN_NETIF_EXTRA_FLAG_MORE,
					 .u.gso = {.size = 1000, .type = XEN_NETIF_GSO_TYPE_TCPV4}};

	answer((struct netif_rx_response){.status = 100, .flags = NETRXF_extra_info});
	answer_extra(extra);
	answer_extra(extra);
	netback_push_rx(&back, 0);
}

static void gso_of_no_type(void)
{
	answer((struct netif_rx_response){.status = 100, .flags = NETRXF_extra_info});
	answer_extra((struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = {.size = 1000}});
	netback_push_rx(&back, 0);
}

static void prefix(void)
{
	answer_and_push((struct netif_rx_response){.status = 100, .flags = NETRXF_gso_prefix});
}

static void rx_runs_ahead(void)
{
	back.queue[0].rx.sring->rsp_prod += RING_ENTRIES + 1;
}

static void rx_runs_a_little_ahead(void)
{
	back.queue[0].rx.sring->rsp_prod = back.queue[0].rx.sring->req_prod + 1;
}

static void rx_runs_back(void)
{
	back.queue[0].rx.sring->rsp_prod -= 1;
}

static void tx_runs_ahead(void)
{
	back.queue[0].tx.sring->rsp_prod += RING_ENTRIES + 1;
}

static void tx_runs_a_little_ahead(void)
{
	back.queue[0].tx.sring->rsp_prod = back.queue[0].tx.sring->req_prod + 1;
}

static void tx_runs_back(void)
{
	back.queue[0].tx.sring->rsp_prod -= 1;
}

static void tx_answer(uint16_t id, int16_t status)
{
	netback_answer_tx(&back, 0, id, status);
	back.queue[0].tx.req_cons++;
	back.queue[0].tx.sring->rsp_prod = back.queue[0].tx.rsp_prod_pvt;
}

static uint16_t next_id(void)
{
	return RING_GET_REQUEST(&back.queue[0].tx, back.queue[0].tx.req_cons)->id;
}

static void tx_id_far_out(void)
{
	tx_answer(0xfff0, NETIF_RSP_OKAY);
}

static void tx_id_just_out(void)
{
	tx_answer(RING_ENTRIES, NETIF_RSP_OKAY);
}

static void tx_id_not_out(void)
{
	tx_answer(next_id() + 100, NETIF_RSP_OKAY);
}

static void tx_id_twice(void)
{
	uint16_t id = next_id();

	tx_answer(id, NETIF_RSP_OKAY);
	tx_answer(id, NETIF_RSP_OKAY);
}

static void tx_null_for_nothing(void)
{
	tx_answer(next_id(), NETIF_RSP_NULL);
}

static const struct lie {
	const char *name;
	void (*commit)(void);
} lies[] = {
    {"receive: id of another", id_of_another},
    {"receive: id far out of range", id_far_out},
    {"receive: the same id twice", same_id_twice},
    {"receive: longer than a page", longer_than_page},
    {"receive: 32767 bytes", longest},
    {"receive: behind the page", behind_page},
    {"receive: far behind the page", far_behind_page},
    {"receive: nothing written", nothing_written},
    {"receive: pieces without end", endless},
    {"receive: beyond 64 KiB", too_long},
    {"receive: frame never complete", never_complete},
    {"receive: extra info never comes", extra_never_comes},
    {"receive: extra info in the middle", extra_in_the_middle},
    {"receive: extra info of type 0", extra_none},
    {"receive: hash", extra_hash},
    {"receive: multicast", extra_multicast},
    {"receive: extra info of type 200", extra_unknown},
    {"receive: GSO twice", extra_twice},
    {"receive: GSO of no type", gso_of_no_type},
    {"receive: prefix", prefix},
    {"receive: position far ahead", rx_runs_ahead},
    {"receive: position one ahead", rx_runs_a_little_ahead},
    {"receive: position backwards", rx_runs_back},
    {"transmit: position far ahead", tx_runs_ahead},
    {"transmit: position one ahead", tx_runs_a_little_ahead},
    {"transmit: position backwards", tx_runs_back},
    {"transmit: id far out of range", tx_id_far_out},
    {"transmit: id just out of range", tx_id_just_out},
    {"transmit: id that is not out", tx_id_not_out},
    {"transmit: the same id twice", tx_id_twice},
    {"transmit: no answer, where an answer is due", tx_null_for_nothing},
};

struct test {
	const struct lie *lie;
	const struct netback_offer *offer;
	uint32_t grants;
};

static void open_device(const struct test *test)
{
	netback_world_init(1, test->grants);
	netback_world_start();
	netback_up(&back, 0, test->offer, device);
}

/* The same flow for all frames: they go into queue 0 or another one; then the lie is told there first. */
static void commit(const struct lie *lie)
{
	receive_and_free();
	for (int i = 0; i < 3; i++) {
		burst[i] = netback_frame(100, 50, 1);
		memset(rte_pktmbuf_mtod(burst[i], void *), 0, 14);
	}
	assert_int_equal(device->driver->transmit(device, burst, 3), 3);
	lie->commit();
	receive_and_free();
	device->driver->drain(device);
}

static void is_reset_and_goes_on(void **state)
{
	const struct test *test = *state;

	open_device(test);
	for (uint32_t i = 1; i <= 3; i++) {
		commit(test->lie);
		assert_int_equal(stats.port[0].device_resets, i);
		assert_true(stats.port[0].device_errors >= i);
		assert_false(device->link_up);
		assert_int_equal(rte_mempool_in_use_count(netback_world.pool), 0);
		assert_int_equal(xen_world.ports_open, 0);
		burst[0] = netback_frame(100, 50, 1);
		assert_int_equal(device->driver->transmit(device, burst, 1), 0);
		rte_pktmbuf_free(burst[0]);
		netback_settle(&back, device);
		assert_true(device->link_up);
		assert_true(works());
		assert_true(device->driver->drain(device));
	}
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void is_left_down_in_the_end(void **state)
{
	const struct test *test = *state;

	open_device(test);
	while (stats.port[0].device_resets <= NET_RESETS_MAX) {
		assert_true(device->link_up);
		commit(test->lie);
		netback_settle(&back, device);
	}
	assert_int_equal(netback_front_state(&back), XenbusStateClosed);
	assert_non_null(strstr(last_log, "left down"));
	assert_int_equal(rte_mempool_in_use_count(netback_world.pool), 0);
	for (int i = 0; i < 3; i++) {
		netback_set_state(&back, XenbusStateInitWait);
		netback_settle(&back, device);
		assert_false(device->link_up);
		assert_false(device->driver->arm(device));
		assert_true(device->driver->drain(device));
		assert_int_equal(receive_and_free(), 0);
	}
	/* Another vif is another chance. */
	netback_unplug(&back);
	device->driver->link(device);
	netback_up(&back, 1, test->offer, device);
	assert_true(works());
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void good_frames_end_a_row(void **state)
{
	const struct test test = {&lies[0], &offers[0], 1};

	(void)state;
	open_device(&test);
	for (int lap = 0; lap < 2; lap++) {
		for (int i = 0; i < NET_RESETS_MAX; i++) {
			commit(test.lie);
			netback_settle(&back, device);
		}
		for (int i = 0; i < NET_FORGIVE_AFTER; i++) {
			assert_true(netback_deliver(&back, 0, frame, 60, &plain));
			assert_int_equal(receive_and_free(), 1);
		}
	}
	assert_int_equal(stats.port[0].device_resets, 2 * NET_RESETS_MAX);
	assert_true(works());
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

/* What is said of a frame and contradicts it, or an error that the backend had: the frame is refused, the
 * backend is not. */
static const struct bad_frame {
	const char *name;
	struct netback_about about;
	int16_t status; /* of its second piece; 0: there is none */
} bad_frames[] = {
    {"blank checksum of what is no IP", {.flags = NETRXF_csum_blank}, 0},
    {"GSO of what is no IP", {.flags = NETRXF_csum_blank, .gso_type = 1, .gso_size = 1000}, 0},
    {"GSO without a blank checksum", {.gso_type = 1, .gso_size = 1000}, 0},
    {"an error in the first piece", {0}, -1},
    {"dropped", {0}, -2},
    {"an error of an unknown kind", {0}, INT16_MIN},
};

static void refuses_the_frame(void **state)
{
	const struct bad_frame *row = *state;
	const struct test test = {NULL, &offers[0], 2};

	open_device(&test);
	for (uint32_t i = 1; i <= 3; i++) {
		memset(frame, 0, 200);
		if (row->status == 0) {
			assert_true(netback_deliver(&back, 0, frame, 200, &row->about));
		} else if (i == 1) {
			answer_and_push((struct netif_rx_response){.status = row->status});
		} else {
			/* and the other pieces of the frame go with it */
			answer((struct netif_rx_response){.status = i == 2 ? 100 : row->status,
							  .flags = NETRXF_more_data});
			answer_and_push((struct netif_rx_response){.status = i == 2 ? row->status : 100});
		}
		assert_int_equal(receive_and_free(), 0);
		assert_int_equal(stats.port[0].device_errors, i);
	}
	assert_int_equal(stats.port[0].device_resets, 0);
	assert_true(works());
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

/* What it says of sent frames is counted, and no more. */
static void counts_what_it_could_not_send(void **state)
{
	const struct test test = {NULL, &offers[0], 1};

	(void)state;
	open_device(&test);
	for (int16_t status = -3; status < 0; status++) {
		burst[0] = netback_frame(100, 2048, 1);
		assert_int_equal(device->driver->transmit(device, burst, 1), 1);
		tx_answer(next_id(), status);
		assert_true(device->driver->drain(device));
	}
	assert_int_equal(stats.port[0].device_errors, 3);
	assert_true(works());
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

/* Everything that the backend can write, written over again and again. */
static void scribbles(void **state)
{
	const struct test test = {NULL, &offers[1], 2};
	uint64_t random = 1;

	(void)state;
	for (int lap = 0; lap < 200; lap++) {
		open_device(&test);
		for (int i = 0; i < 100 && back.queues > 0; i++) {
			struct netback_queue *queue = &back.queue[i % 2];
			uint32_t *words =
			    i % 4 < 2 ? (uint32_t *)queue->rx.sring : (uint32_t *)queue->tx.sring;

			random = random * 6364136223846793005u + 1442695040888963407u;
			words[(random >> 33) % (i % 3 ? 1024 : 4)] = (uint32_t)(random >> 40);
			receive_and_free();
			burst[0] = netback_frame(100, 50, 1);
			if (device->driver->transmit(device, burst, 1) == 0)
				rte_pktmbuf_free(burst[0]);
			device->driver->arm(device);
			device->driver->disarm(device);
			device->driver->drain(device);
			netback_settle(&back, device);
		}
		netback_disconnect(&back);
		assert_true(netback_world_end());
	}
}

static struct CMUnitTest tests[300];
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

static void add_lies(void)
{
	static struct test rows[RTE_DIM(lies) * RTE_DIM(offers)];

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		rows[i] = (struct test){&lies[i / RTE_DIM(offers)], &offers[i % RTE_DIM(offers)], 1 + i % 2};
		add(i % RTE_DIM(offers) ? "2 queues, " : "", rows[i].lie->name, is_reset_and_goes_on,
		    &rows[i]);
		if (i % RTE_DIM(offers) == 0)
			add("never stops: ", rows[i].lie->name, is_left_down_in_the_end, &rows[i]);
	}
}

int main(void)
{
	add_lies();
	for (size_t i = 0; i < RTE_DIM(bad_frames); i++)
		add("frame: ", bad_frames[i].name, refuses_the_frame, &bad_frames[i]);
	add("good frames end a row of resets", "", good_frames_end_a_row, NULL);
	add("errors of sent frames", "", counts_what_it_could_not_send, NULL);
	add("scribbles over both rings", "", scribbles, NULL);
	return _cmocka_run_group_tests("netfront, backends that lie", tests, test_count, NULL, NULL);
}
