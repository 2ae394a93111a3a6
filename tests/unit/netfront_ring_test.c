/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames through the rings of a backend that behaves: each test runs for grant tables of both versions, with
 * and without split event channels, and with several queues, and ends with every mbuf, channel and grant
 * back.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/netfront/net.h"
#include "pktio/offload.h"
#include "support/netback.h"

enum { BURST = 32, RING = RING_ENTRIES };

struct stats_page stats;
static struct netback back;
static struct device *const device = &netback_world.device[0];
static struct rte_mbuf *burst[2 * RING];
static uint8_t frame[NETBACK_FRAME_MAX];
static const struct netback_about plain;

static const struct mode {
	const char *name;
	uint32_t grants;
	struct netback_offer offer;
} modes[] = {
    {"grants 1", 1, {.sg = true, .gso = true, .ipv6_csum = true, .queues = 1}},
    {"grants 2, split", 2, {.sg = true, .gso = true, .ipv6_csum = true, .split = true}},
    {"4 queues", 1, {.sg = true, .gso = true, .ipv6_csum = true, .queues = 8}},
    {"3 queues, split", 2, {.sg = true, .gso = true, .ipv6_csum = true, .split = true, .queues = 3}},
};

void host_log(const char *line)
{
	if (strstr(line, "connected") == NULL && strstr(line, "there is none") == NULL)
		fail_msg("logged: %s", line);
}

static void open_mode(void **state)
{
	const struct mode *mode = *state;

	netback_world_init(1, mode->grants);
	netback_world_start();
	netback_up(&back, 0, &mode->offer, device);
	assert_int_equal(back.queues, mode->offer.queues ? RTE_MIN(mode->offer.queues, 4u) : 1);
}

static void close_balanced(void)
{
	assert_int_equal(stats.port[0].device_resets, 0);
	assert_int_equal(stats.port[0].device_errors, 0);
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static uint16_t receive(uint16_t max)
{
	return device->driver->receive(device, burst, max);
}

static uint16_t transmit(uint16_t count)
{
	return device->driver->transmit(device, burst, count);
}

static void deliver(uint32_t queue, uint32_t bytes, uint8_t seed)
{
	netback_pattern(frame, bytes, seed);
	assert_true(netback_deliver(&back, queue, frame, bytes, &plain));
}

/* From whichever queue it was put into. */
static uint32_t fetch(struct netback_about *about)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < back.queues && bytes == 0; i++)
		bytes = netback_fetch(&back, i, frame, about);
	return bytes;
}

static void expect_sent(uint32_t bytes, uint8_t seed)
{
	static uint8_t pattern[NETBACK_FRAME_MAX];
	struct netback_about about;

	netback_pattern(pattern, bytes, seed);
	assert_int_equal(fetch(&about), bytes);
	assert_memory_equal(frame, pattern, bytes);
	assert_int_equal(about.flags, 0);
	assert_int_equal(about.gso_type, 0);
}

/* The rings go round hundreds of times, with bursts that do not divide their size. */
static void receives_over_many_laps(void **state)
{
	uint32_t sent = 0, got = 0;

	open_mode(state);
	while (got < 20000) {
		uint32_t lap = sent / 37, more = 1 + sent % 37;

		for (; more > 0; more--, sent++)
			deliver(lap % back.queues, 60 + sent % 1400, (uint8_t)sent);
		for (uint16_t count; (count = receive(1 + got % 40));)
			for (uint16_t i = 0; i < count; i++, got++) {
				assert_int_equal(burst[i]->port, 0);
				assert_int_equal(burst[i]->ol_flags, 0);
				assert_true(rte_pktmbuf_headroom(burst[i]) >= RTE_PKTMBUF_HEADROOM);
				rte_mbuf_sanity_check(burst[i], 1);
				if (back.queues == 1)
					assert_true(netback_matches(burst[i], 60 + got % 1400, (uint8_t)got));
				rte_pktmbuf_free(burst[i]);
			}
		assert_int_equal(got, sent);
	}
	close_balanced();
}

static void transmits_over_many_laps(void **state)
{
	uint32_t sent = 0, fetched = 0;

	open_mode(state);
	while (fetched < 20000) {
		uint16_t count = (uint16_t)(1 + sent % 37);

		for (uint16_t i = 0; i < count; i++)
			burst[i] =
			    netback_frame(60 + (sent + i) % 1400, i % 3 ? 2048 : 700, (uint8_t)(sent + i));
		assert_int_equal(transmit(count), count);
		sent += count;
		for (; fetched < sent; fetched++) {
			struct netback_about about;

			if (back.queues == 1)
				expect_sent(60 + fetched % 1400, (uint8_t)fetched);
			else
				assert_true(fetch(&about) > 0);
		}
	}
	assert_true(device->driver->drain(device));
	close_balanced();
}

/* Frames of 1 to 18 pieces of any size, at any offset. */
static void receives_chains(void **state)
{
	open_mode(state);
	for (uint16_t offset = 0; offset <= 256; offset += 128) {
		for (uint16_t pieces = 1; pieces <= 16; pieces++) {
			struct netback_about about = {.offset = offset, .piece = 4096 - 256};
			uint32_t bytes = pieces * (4096u - 256) - 100;

			netback_pattern(frame, bytes, (uint8_t)pieces);
			assert_true(netback_deliver(&back, 0, frame, bytes, &about));
			assert_int_equal(receive(BURST), 1);
			assert_int_equal(burst[0]->nb_segs, pieces);
			assert_true(netback_matches(burst[0], bytes, (uint8_t)pieces));
			assert_true(rte_pktmbuf_headroom(burst[0]) >= RTE_PKTMBUF_HEADROOM);
			rte_mbuf_sanity_check(burst[0], 1);
			rte_pktmbuf_free(burst[0]);
		}
	}
	close_balanced();
}

/* There is room in front of every frame, however full its pages are; a frame that grew into it goes out. */
static void has_headroom_in_front_of_pages(void **state)
{
	open_mode(state);
	for (uint32_t bytes = 60; bytes <= 65000; bytes += bytes < 4200 ? 10 : 4096) {
		uint16_t more = 1 + bytes % RTE_PKTMBUF_HEADROOM;
		struct netback_about about;

		deliver(0, bytes, 3);
		assert_int_equal(receive(BURST), 1);
		assert_int_equal(rte_pktmbuf_headroom(burst[0]), RTE_PKTMBUF_HEADROOM);
		assert_true(netback_matches(burst[0], bytes, 3));
		memset(rte_pktmbuf_prepend(burst[0], more), 0xee, more);
		netback_pattern(frame, bytes, 3);
		assert_int_equal(transmit(1), 1);
		assert_int_equal(fetch(&about), bytes + more);
		assert_int_equal(about.pieces, (bytes + more + 4095) / 4096);
		assert_int_equal(frame[more - 1], 0xee);
		assert_int_equal(frame[more], 3);
		assert_int_equal(frame[bytes + more - 1], (uint8_t)(3 + bytes - 1 + ((bytes - 1) >> 8)));
	}
	close_balanced();
}

/* A backend may show the pieces of a frame one by one, if it is quick. */
static void waits_for_the_rest_of_a_frame(void **state)
{
	open_mode(state);
	netback_pattern(frame, 200, 9);
	for (uint16_t i = 0; i < 2; i++) {
		struct netif_rx_request request;
		struct netif_rx_response response = {.status = 100, .flags = i == 0 ? NETRXF_more_data : 0};

		assert_true(netback_take_buffer(&back, 0, &request));
		memcpy(xen_grant_look(back.domain, request.gref), frame + 100 * i, 100);
		response.id = request.id;
		netback_answer(&back, 0, &response);
		netback_push_rx(&back, 0);
		assert_int_equal(receive(BURST), i);
	}
	assert_true(netback_matches(burst[0], 200, 9));
	rte_pktmbuf_free(burst[0]);
	close_balanced();
}

/* 18 pieces go as they are; more are copied together. */
static void transmits_chains(void **state)
{
	open_mode(state);
	for (uint16_t segments = 1; segments <= 40; segments++) {
		struct netback_about about;

		burst[0] = netback_frame(segments * 1000u, 1000, (uint8_t)segments);
		assert_int_equal(burst[0]->nb_segs, segments);
		assert_int_equal(transmit(1), 1);
		assert_int_equal(fetch(&about), segments * 1000u);
		assert_int_equal(about.pieces, segments <= XEN_NETIF_NR_SLOTS_MIN
						   ? segments
						   : (segments * 1000u + 4095) / 4096);
		netback_pattern(frame + 65536, 0, 0);
		assert_int_equal(frame[segments * 1000u - 1],
				 (uint8_t)(segments + segments * 1000u - 1 + ((segments * 1000u - 1) >> 8)));
	}
	assert_true(device->driver->drain(device));
	close_balanced();
}

static void transmits_the_longest(void **state)
{
	struct netback_about about;

	open_mode(state);
	for (uint16_t segment = 2000; segment <= 4096; segment += 2096) {
		burst[0] = netback_frame(65535, segment, 7);
		assert_int_equal(transmit(1), 1);
		assert_int_equal(fetch(&about), 65535);
		assert_true(about.pieces <= XEN_NETIF_NR_SLOTS_MIN);
	}
	close_balanced();
}

/* Frames that others point into, and frames that are sent twice. */
static void leaves_shared_frames_alone(void **state)
{
	static struct rte_mempool *views;
	struct rte_mbuf *whole;

	if (views == NULL)
		views = rte_pktmbuf_pool_create("views", 15, 0, 0, 0, SOCKET_ID_ANY);
	open_mode(state);
	burst[0] = burst[1] = netback_frame(100, 2048, 1);
	rte_mbuf_refcnt_update(burst[0], 1);
	whole = netback_frame(90, 2048, 2);
	burst[2] = rte_pktmbuf_alloc(views);
	rte_pktmbuf_attach(burst[2], whole);
	rte_pktmbuf_free(whole);
	assert_int_equal(transmit(3), 3);
	expect_sent(100, 1);
	expect_sent(100, 1);
	expect_sent(90, 2);
	assert_true(device->driver->drain(device));
	assert_true(rte_mempool_full(views));
	close_balanced();
}

/* What is in no granted page is copied into one. */
static void copies_what_is_not_granted(void **state)
{
	static struct rte_mempool *elsewhere;
	struct rte_mbuf *tail;

	if (elsewhere == NULL)
		elsewhere = rte_pktmbuf_pool_create("elsewhere", 15, 0, 0, 2048, SOCKET_ID_ANY);
	open_mode(state);
	burst[0] = netback_frame(200, 100, 5);
	tail = rte_pktmbuf_alloc(elsewhere);
	memset(rte_pktmbuf_append(tail, 50), 0xaa, 50);
	assert_int_equal(rte_pktmbuf_chain(burst[0], tail), 0);
	assert_int_equal(transmit(1), 1);
	assert_true(rte_mempool_full(elsewhere));
	{
		struct netback_about about;

		assert_int_equal(fetch(&about), 250);
		assert_int_equal(about.pieces, 1);
		assert_int_equal(frame[249], 0xaa);
	}
	close_balanced();
}

static void sends_no_empty_segments(void **state)
{
	struct netback_about about;

	open_mode(state);
	burst[0] = netback_frame(300, 100, 5);
	assert_int_equal(rte_pktmbuf_trim(burst[0], 100), 0);
	burst[0]->next->data_len = 0;
	burst[0]->pkt_len -= 100;
	assert_int_equal(transmit(1), 1);
	assert_int_equal(fetch(&about), 100);
	assert_int_equal(about.pieces, 1);
	close_balanced();
}

/* Answers come in any order, also those for the pieces of one frame. */
static void takes_answers_out_of_order(void **state)
{
	netif_tx_back_ring_t *ring;
	uint16_t ids[RING];

	open_mode(state);
	ring = &back.queue[0].tx;
	for (int lap = 0; back.queues == 1 && lap < 50; lap++) {
		uint16_t count = 0;

		for (int i = 0; i < 16; i++)
			burst[i] = netback_frame(500, 100, (uint8_t)i);
		assert_int_equal(transmit(16), 16);
		while (ring->req_cons != ring->sring->req_prod)
			ids[count++] = RING_GET_REQUEST(ring, ring->req_cons++)->id;
		assert_int_equal(count, 80);
		for (uint16_t i = 0; i < count; i++)
			netback_answer_tx(&back, 0, ids[(i * 37 + 11) % count], NETIF_RSP_OKAY);
		netback_push_tx(&back, 0);
		assert_true(device->driver->drain(device));
	}
	close_balanced();
}

/* What found no room stays the caller's, unchanged; once there is room again it goes. */
static void leaves_the_tail_to_the_caller(void **state)
{
	uint16_t taken, rest;

	open_mode(state);
	for (uint16_t i = 0; i < RING + 44; i++)
		burst[i] = netback_frame(80, 2048, (uint8_t)i);
	taken = transmit(RING + 44);
	assert_in_range(taken, RING / 2, RING + 44);
	rest = RING + 44 - taken;
	if (back.queues == 1) {
		assert_in_range(taken, RING - 1, RING);
		for (uint16_t i = 0; i < taken; i++)
			expect_sent(80, (uint8_t)i);
		for (uint16_t i = taken; i < RING + 44; i++)
			assert_true(netback_matches(burst[i], 80, (uint8_t)i));
	} else {
		struct netback_about about;

		while (fetch(&about))
			;
	}
	memmove(burst, burst + taken, rest * sizeof(*burst));
	assert_int_equal(transmit(rest), rest);
	close_balanced();
}

static uint32_t tx_sends(void)
{
	uint32_t sends = 0;

	for (uint32_t i = 0; i < back.queues; i++)
		sends += xen_world.sends[back.queue[i].tx_port];
	return sends;
}

/* At most one notification for a burst and queue, and none that the backend did not ask for. */
static void notifies_only_when_asked(void **state)
{
	open_mode(state);
	for (int lap = 0; back.queues == 1 && lap < 1000; lap++) {
		netif_tx_back_ring_t *ring = &back.queue[0].tx;
		uint32_t before;
		int work;

		RING_FINAL_CHECK_FOR_REQUESTS(ring, work);
		assert_false(work);
		before = tx_sends();
		for (int i = 0; i < 5; i++)
			burst[i] = netback_frame(80, 2048, 0);
		assert_int_equal(transmit(5), 5);
		assert_int_equal(tx_sends(), before + 1);
		for (int i = 0; i < 5; i++)
			burst[i] = netback_frame(80, 2048, 0);
		assert_int_equal(transmit(5), 5);
		assert_int_equal(tx_sends(), before + 1);
		for (int i = 0; i < 10; i++)
			expect_sent(80, 0);
	}
	close_balanced();
}

/* Polling draws no event and costs no call; after arm there is one at the next frame, unless it was there
 * already. */
static void interrupts_only_when_armed(void **state)
{
	open_mode(state);
	for (uint32_t lap = 0; lap < 1000; lap++) {
		uint32_t i = lap % back.queues, before = back.queue[i].interrupts;
		uint32_t notified = back.queue[i].notifications;

		deliver(i, 80, 0);
		assert_int_equal(back.queue[i].interrupts, before);
		assert_int_equal(back.queue[i].notifications, notified);
		assert_true(device->driver->arm(device));
		device->driver->disarm(device);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);

		assert_false(device->driver->arm(device));
		assert_false(device->driver->arm(device));
		deliver(i, 80, 0);
		assert_int_equal(back.queue[i].interrupts, before + 1);
		device->driver->disarm(device);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);
		deliver(i, 80, 0);
		assert_int_equal(back.queue[i].interrupts, before + 1);
		assert_int_equal(back.queue[i].notifications, notified + 1);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);
	}
	close_balanced();
}

/* An event that came while nobody listened must not hide the next one. */
static void old_events_hide_none(void **state)
{
	open_mode(state);
	for (int lap = 0; lap < 10; lap++) {
		uint32_t before = back.queue[0].interrupts;

		xen_event_raise(back.queue[0].rx_port);
		assert_false(device->driver->arm(device));
		deliver(0, 80, 0);
		assert_int_equal(back.queue[0].interrupts, before + 1);
		device->driver->disarm(device);
		assert_int_equal(receive(BURST), 1);
		rte_pktmbuf_free(burst[0]);
	}
	close_balanced();
}

/* An empty pool is counted; when buffers come back, so does reception. */
static void survives_an_empty_pool(void **state)
{
	static struct rte_mbuf *hoard[NETBACK_MBUFS];
	uint32_t hoarded = 0;
	uint16_t out = 0;

	open_mode(state);
	receive(BURST);
	while ((hoard[hoarded] = rte_pktmbuf_alloc(netback_world.pool)))
		hoarded++;
	netback_pattern(frame, 80, 0);
	for (uint32_t i = 0; i < back.queues; i++)
		while (netback_deliver(&back, i, frame, 80, &plain))
			out++;
	assert_int_equal(receive(2 * RING), out);
	assert_true(stats.port[0].rx_no_buffer > 0);
	assert_true(device->driver->arm(device));
	rte_pktmbuf_free(burst[0]);
	assert_int_equal(device->driver->receive(device, burst + out, BURST), 0);
	deliver(0, 90, 3);
	rte_pktmbuf_free_bulk(hoard, hoarded);
	rte_pktmbuf_free_bulk(burst + 1, out - 1);
	assert_int_equal(receive(BURST), 1);
	assert_true(netback_matches(burst[0], 90, 3));
	rte_pktmbuf_free(burst[0]);
	close_balanced();
}

/* Headers of TCP or UDP over either version, with the pseudo-header's sum, and a payload. */
static uint32_t write_frame(uint8_t *to, bool ipv6, uint8_t protocol, uint16_t payload)
{
	struct rte_ether_hdr *ether = (void *)to;
	struct rte_ipv4_hdr *ip = (void *)(ether + 1);
	struct rte_ipv6_hdr *ip6 = (void *)(ether + 1);
	uint16_t transport = (protocol == IPPROTO_TCP ? sizeof(struct rte_tcp_hdr) : 8) + payload;
	uint8_t *l4 = (uint8_t *)(ipv6 ? (void *)(ip6 + 1) : (void *)(ip + 1));
	uint16_t sum;

	memset(to, 0, 128);
	ether->ether_type = htons(ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	if (ipv6) {
		ip6->vtc_flow = htonl(6u << 28);
		ip6->payload_len = htons(transport);
		ip6->proto = protocol;
		ip6->src_addr[15] = 1;
		sum = rte_ipv6_phdr_cksum(ip6, 0);
	} else {
		ip->version_ihl = RTE_IPV4_VHL_DEF;
		ip->total_length = htons(sizeof(*ip) + transport);
		ip->next_proto_id = protocol;
		ip->src_addr = htonl(0x0a000001);
		sum = rte_ipv4_phdr_cksum(ip, 0);
	}
	if (protocol == IPPROTO_TCP)
		*(struct rte_tcp_hdr *)l4 = (struct rte_tcp_hdr){.data_off = 0x50, .cksum = sum};
	else
		memcpy(l4 + 6, &sum, sizeof(sum));
	for (uint16_t i = 0; i < payload; i++)
		l4[transport - payload + i] = (uint8_t)i;
	return (uint32_t)(l4 - to) + transport;
}

static const struct offload_row {
	const char *name;
	bool ipv6;
	uint8_t protocol;
	uint16_t payload, flags, gso_size;
	uint64_t marks; /* in ol_flags */
	uint16_t sent_flags;
} offload_rows[] = {
    {"TCP, done", false, IPPROTO_TCP, 100, 0, 0, 0, 0},
    {"TCP, validated", false, IPPROTO_TCP, 100, NETRXF_data_validated, 0, RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0},
    {"TCP over IPv4, blank", false, IPPROTO_TCP, 100, NETRXF_csum_blank | NETRXF_data_validated, 0,
     RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4, NETTXF_csum_blank | NETTXF_data_validated},
    {"UDP over IPv4, blank", false, IPPROTO_UDP, 100, NETRXF_csum_blank | NETRXF_data_validated, 0,
     RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4, NETTXF_csum_blank | NETTXF_data_validated},
    {"TCP over IPv6, blank", true, IPPROTO_TCP, 100, NETRXF_csum_blank, 0,
     RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6, NETTXF_csum_blank | NETTXF_data_validated},
    {"UDP over IPv6, blank", true, IPPROTO_UDP, 100, NETRXF_csum_blank, 0,
     RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV6, NETTXF_csum_blank | NETTXF_data_validated},
    {"super-frame, IPv4", false, IPPROTO_TCP, 60000, NETRXF_csum_blank | NETRXF_data_validated, 1448,
     RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4,
     NETTXF_csum_blank | NETTXF_data_validated},
    {"super-frame, IPv6", true, IPPROTO_TCP, 60000, NETRXF_csum_blank | NETRXF_data_validated, 1428,
     RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV6,
     NETTXF_csum_blank | NETTXF_data_validated},
};

/* In at one port as the backend says it, out by what host_transmit does: the same on the other side. */
static void carries_offloads_both_ways(void **state)
{
	static uint8_t sent[NETBACK_FRAME_MAX];

	open_mode(state);
	for (size_t i = 0; i < RTE_DIM(offload_rows); i++) {
		const struct offload_row *row = &offload_rows[i];
		uint32_t bytes = write_frame(sent, row->ipv6, row->protocol, row->payload);
		struct netback_about about = {.flags = row->flags};

		print_message("  %s\n", row->name);
		about.gso_size = row->gso_size;
		about.gso_type = row->gso_size == 0 ? 0
				 : row->ipv6	    ? XEN_NETIF_GSO_TYPE_TCPV6
						    : XEN_NETIF_GSO_TYPE_TCPV4;
		assert_true(netback_deliver(&back, 0, sent, bytes, &about));
		assert_int_equal(receive(BURST), 1);
		assert_true(burst[0]->ol_flags == row->marks);
		assert_int_equal(burst[0]->tso_segsz, row->gso_size);
		assert_int_equal(offload_transmit(device, burst, 1), 1);
		assert_int_equal(fetch(&about), bytes);
		assert_memory_equal(frame, sent, bytes);
		assert_int_equal(about.flags, row->sent_flags);
		assert_int_equal(about.gso_size, row->gso_size);
		assert_int_equal(about.gso_type, row->gso_size == 0 ? 0 : row->ipv6 ? 2 : 1);
	}
	assert_int_equal(stats.port[0].checksummed, 0);
	assert_int_equal(stats.port[0].segmented, 0);
	close_balanced();
}

/* Frames of a flow leave by one queue, whatever else is sent; flows are spread. */
static void keeps_flows_in_order(void **state)
{
	uint32_t used = 0;

	open_mode(state);
	for (uint32_t flow = 0; flow < 64; flow++) {
		uint32_t queue = UINT32_MAX;

		for (uint16_t i = 0; i < 8; i++) {
			uint32_t bytes = write_frame(frame, flow & 1, i & 1 ? IPPROTO_TCP : IPPROTO_UDP, i);

			if (flow & 1)
				frame[sizeof(struct rte_ether_hdr) + 39] = (uint8_t)flow;
			else
				frame[sizeof(struct rte_ether_hdr) + 19] = (uint8_t)flow;
			burst[i] = rte_pktmbuf_alloc(netback_world.pool);
			memcpy(rte_pktmbuf_append(burst[i], (uint16_t)bytes), frame, bytes);
		}
		assert_int_equal(transmit(8), 8);
		for (uint32_t i = 0; i < back.queues; i++) {
			struct netback_about about;
			uint32_t count = 0;

			while (netback_fetch(&back, i, frame, &about))
				count++;
			assert_true(count == 0 || count == 8);
			queue = count ? i : queue;
		}
		assert_true(queue != UINT32_MAX);
		used |= 1u << queue;
	}
	assert_int_equal(used, (1u << back.queues) - 1);
	close_balanced();
}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} cases[] = {
    {"reception over many laps", receives_over_many_laps},
    {"transmission over many laps", transmits_over_many_laps},
    {"received chains of 1 to 16 pieces", receives_chains},
    {"headroom", has_headroom_in_front_of_pages},
    {"the rest of a frame comes later", waits_for_the_rest_of_a_frame},
    {"sent chains of 1 to 40 segments", transmits_chains},
    {"65535 bytes", transmits_the_longest},
    {"frames that must not be written to", leaves_shared_frames_alone},
    {"frames in pages that are not granted", copies_what_is_not_granted},
    {"empty segments", sends_no_empty_segments},
    {"answers out of order", takes_answers_out_of_order},
    {"transmit ring full", leaves_the_tail_to_the_caller},
    {"notifications", notifies_only_when_asked},
    {"arm and disarm", interrupts_only_when_armed},
    {"events of before", old_events_hide_none},
    {"empty pool", survives_an_empty_pool},
    {"checksums and super-frames", carries_offloads_both_ways},
    {"order of flows", keeps_flows_in_order},
};

int main(void)
{
	static struct CMUnitTest tests[RTE_DIM(cases) * RTE_DIM(modes)];
	static char names[RTE_DIM(tests)][80];

	for (size_t i = 0; i < RTE_DIM(tests); i++) {
		const struct mode *mode = &modes[i % RTE_DIM(modes)];

		snprintf(names[i], sizeof(names[i]), "%s (%s)", cases[i / RTE_DIM(modes)].name, mode->name);
		tests[i] = (struct CMUnitTest){names[i], cases[i / RTE_DIM(modes)].function, NULL, NULL,
					       (void *)(uintptr_t)mode};
	}
	return cmocka_run_group_tests_name("netfront rings", tests, NULL, NULL);
}
