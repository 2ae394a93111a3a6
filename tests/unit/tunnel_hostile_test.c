/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels and what a network, or a peer who has the keys, does wrong or seldom: each row is one datagram, or
 * one packet inside, and what becomes of it; see vpn_world.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/peer.h"
#include "support/vpn_tables.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, UDP = 8 };

static const struct vpn_outer usual4;
static const struct craft good = {.protocol = IPPROTO_UDP,
				  .source = "10.0.0.5",
				  .destination = "192.0.2.10",
				  .source_port = 53,
				  .destination_port = 4000,
				  .payload = 100};

static int clear(void **state)
{
	(void)state;
	vpn_clear();
	return 0;
}

/* Reason NULL: the packet inside reaches the lan. */
static void assert_ended(const char *reason)
{
	assert_int_equal(vpn_dropped_all(), reason != NULL);
	if (reason)
		assert_int_equal(vpn_dropped(reason), 1);
	assert_true(nf_host_books_balance());
}

static void assert_reached_lan(void)
{
	uint8_t packet[CRAFT_MAX];
	uint32_t count;
	const uint8_t *sent;
	size_t bytes = vpn_packet(&good, packet);

	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(nf_host.sent[0].device, LAN);
	sent = nf_host_sent_bytes(0, &count);
	assert_int_equal(count, ETHERNET + bytes);
	assert_memory_equal(sent + ETHERNET + IPV4, packet + IPV4, bytes - IPV4);
}

/* The outside of a datagram whose inside is good. */
static const struct outer_row {
	const char *name, *reason;
	struct vpn_outer outer;
} outer_rows[] = {
    {"usual", NULL, {0}},
    {"usual, IPv6", NULL, {.ipv6 = true}},
    {"options", NULL, {.extension = 40}},
    {"extension header", NULL, {.ipv6 = true, .extension = 24}},
    {"bytes behind UDP", NULL, {.behind_udp = 37}},
    {"bytes behind UDP, IPv6", NULL, {.ipv6 = true, .behind_udp = 37}},
    {"bytes behind the message", "wg-forged", {.trailing = 1}},
    {"a byte less", "wg-forged", {.cut = 1}},
    {"a byte less, with another behind UDP", "wg-forged", {.cut = 1, .behind_udp = 1}},
    {"no tag", "wg-forged", {.cut = 16}},
    {"header and half a tag", "wg-length", {.cut = 128 + 8}},
    {"half a header", "wg-length", {.cut = 128 + 16 + 8}},
    {"a type only", "wg-length", {.cut = 128 + 16 + 12}},
    {"a byte", "wg-length", {.cut = 128 + 16 + 15}},
    {"nothing", "wg-length", {.cut = 128 + 16 + 16}},
    {"another port and address", NULL, {.source = "203.0.113.99", .source_port = 7}},
    {"to the lan's address", NULL, {.destination = "192.0.2.1"}},
    {"from us", "ip-source", {.source = "198.51.100.1"}},
    {"from a group", "ip-source", {.source = "224.0.0.1"}},
    {"from port 0", NULL, {.source_port = 0}},
};

static void outsides(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(outer_rows); i++) {
		const struct outer_row *row = &outer_rows[i];

		print_message("# %s\n", row->name);
		vpn_connect(4);
		vpn_arrive(0, &good, &row->outer);
		assert_ended(row->reason);
		if (!row->reason)
			assert_reached_lan();
		assert_true(nf_host_settles());
	}
}

/* Each in segments too, of which none ends where a header does. */
static void outsides_in_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(outer_rows); i++) {
		const struct outer_row *row = &outer_rows[i];
		uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
		struct rte_mbuf *m;
		size_t bytes;

		vpn_connect(4);
		bytes = vpn_seal(frame, 0, packet, vpn_packet(&good, packet), 0, &row->outer);
		m = nf_host_frame(frame, bytes, 53);
		m->port = WAN;
		appliance_chain(WAN, &m, 1);
		if (row->outer.cut < 100)
			assert_ended(row->reason);
		if (!row->reason)
			assert_reached_lan();
		assert_true(nf_host_settles());
	}
}

static void addresses_that_are_not_ours(void **state)
{
	static const struct vpn_outer outers[] = {
	    {.destination = "198.51.100.9"},	      {.destination = "198.51.100.255"},
	    {.destination = "255.255.255.255"},	      {.destination = "224.0.0.1"},
	    {.ipv6 = true, .destination = "ff02::1"}, {.ipv6 = true, .destination = "2001:db8:2::9"},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(outers); i++) {
		vpn_connect(4);
		vpn_arrive(0, &good, &outers[i]);
		assert_int_equal(stats.port[WG0].rx_packets, 0);
		assert_true(nf_host_books_balance());
		assert_true(nf_host_settles());
	}
}

/* To the broadcast's MAC address, though the IP address is ours. */
static void frames_to_groups(void **state)
{
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	size_t bytes;

	(void)state;
	vpn_connect(4);
	bytes = vpn_seal(frame, 0, packet, vpn_packet(&good, packet), 0, &usual4);
	memset(frame, 0xff, 6);
	nf_host_receive(WAN, frame, bytes);
	assert_int_equal(stats.port[WG0].rx_packets, 0);
	assert_true(nf_host_settles());
}

/* The packet inside. */
static const struct inner_row {
	const char *name, *reason;
	uint16_t bytes, padding;
	uint8_t at[4], value[4]; /* bytes written over; at 0 is the last that counts but for the first */
} inner_rows[] = {
    {"usual", NULL, 128, 0, {0}, {0x45}},
    {"padded far", NULL, 128, 200, {0}, {0x45}},
    {"no version", "wg-inner", 128, 0, {0}, {0x05}},
    {"version 5", "wg-inner", 128, 0, {0}, {0x55}},
    {"version 6, too short for it", "wg-inner", 39, 0, {0}, {0x65}},
    {"19 bytes", "wg-inner", 19, 0, {0}, {0x45}},
    {"a byte", "wg-inner", 1, 0, {0}, {0x45}},
    {"header of 16 bytes", "ip-header", 128, 0, {0}, {0x44}},
    {"header of 60 bytes, truncated", "ip-truncated", 40, 0, {0}, {0x4f}},
    {"longer than it is", "ip-truncated", 112, 0, {0}, {0x45}},
    {"wrong checksum", "ip-checksum", 128, 0, {0, 10}, {0x45, 0}},
    {"not the peer's source", "wg-allowed-ips", 128, 0, {0, 13}, {0x45, 9}},
};

static void insides(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(inner_rows); i++) {
		const struct inner_row *row = &inner_rows[i];
		uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
		size_t bytes;

		print_message("# %s\n", row->name);
		vpn_connect(4);
		vpn_packet(&good, packet);
		for (int j = 0; j < 4; j++)
			if (j == 0 || row->at[j])
				packet[row->at[j]] = row->value[j];
		bytes = vpn_seal(frame, 0, packet, row->bytes, row->padding, &usual4);
		nf_host_receive(WAN, frame, bytes);
		assert_ended(row->reason);
		if (!row->reason)
			assert_reached_lan();
		assert_true(nf_host_settles());
	}
}

static void sources_of_other_peers(void **state)
{
	static const char *const sources[] = {"10.1.0.5", "10.2.0.5", "203.0.113.9", "2001:db8:c::5"};
	struct craft craft = good;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sources); i++) {
		craft.source = sources[i];
		craft.destination = strchr(sources[i], ':') ? "2001:db8:1::10" : "192.0.2.10";
		vpn_connect(4);
		vpn_arrive(0, &craft, &usual4);
		assert_ended("wg-allowed-ips");
		assert_int_equal(nf_host.sent_count, 0);
		assert_true(nf_host_settles());
	}
}

static void a_message_comes_twice(void **state)
{
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	struct rte_mbuf *burst[2];
	size_t bytes;

	(void)state;
	vpn_connect(4);
	bytes = vpn_seal(frame, 0, packet, vpn_packet(&good, packet), 0, &usual4);
	for (int i = 0; i < 2; i++)
		burst[i] = nf_host_frame(frame, bytes, 0);
	appliance_chain(WAN, burst, 2);
	assert_ended("wg-replay");
	assert_reached_lan();
	assert_true(nf_host_settles());
}

static void a_message_comes_to_the_other_tunnel(void **state)
{
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	size_t bytes;

	(void)state;
	vpn_connect(4);
	bytes = vpn_seal(frame, 0, packet, vpn_packet(&good, packet), 0, &usual4);
	frame[ETHERNET + IPV4 + 3]++;
	nf_host_receive(WAN, frame, bytes);
	assert_ended("wg-unknown-session");
	assert_true(nf_host_settles());
}

/* What is not authentic does not move a peer. */
static void only_the_keys_move_an_endpoint(void **state)
{
	const struct vpn_outer elsewhere = {.source = "203.0.113.99", .source_port = 7, .cut = 1},
			       moved = {.source = "203.0.113.99", .source_port = 7};
	struct wireguard_endpoint before;

	(void)state;
	vpn_connect(4);
	before = peers[PEER_FAR].endpoint;
	vpn_arrive(0, &good, &elsewhere);
	assert_memory_equal(&peers[PEER_FAR].endpoint, &before, sizeof(before));
	vpn_arrive(0, &good, &moved);
	assert_int_equal(peers[PEER_FAR].endpoint.address.ipv4, IP4(203, 0, 113, 99));
	assert_int_equal(peers[PEER_FAR].endpoint.port, 7);
	assert_true(nf_host_settles());
}

/* Answers must leave by the link that a link-local address is of, or not be asked for. */
static void link_local_endpoints(void **state)
{
	static const struct vpn_outer outers[] = {
	    {.ipv6 = true, .source = "fe80::7", .destination = "2001:db8:2::1"},
	    {.ipv6 = true, .source = "fe80::7", .destination = "fe80::ff:fe00:2"},
	    {.source = "169.254.0.7"},
	};
	struct craft out = {.protocol = IPPROTO_UDP, .source = "192.0.2.10", .destination = "10.0.0.5"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(outers); i++) {
		vpn_connect(4);
		vpn_arrive(0, &good, &outers[i]);
		nf_host_forget();
		vpn_receive(LAN, &out);
		for (uint32_t j = 0; j < nf_host.sent_count; j++)
			assert_int_equal(nf_host.sent[j].device, WAN);
		assert_int_equal(nf_host.sent_count, 1);
		assert_int_not_equal(vpn_opened(0, &(const uint8_t *){NULL}), UINT32_MAX);
		assert_true(nf_host_settles());
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, clear)
	static const struct CMUnitTest tests[] = {
	    TEST(outsides),
	    TEST(outsides_in_segments),
	    TEST(addresses_that_are_not_ours),
	    TEST(frames_to_groups),
	    TEST(insides),
	    TEST(sources_of_other_peers),
	    TEST(a_message_comes_twice),
	    TEST(a_message_comes_to_the_other_tunnel),
	    TEST(only_the_keys_move_an_endpoint),
	    TEST(link_local_endpoints),
	};

	return cmocka_run_group_tests_name("tunnel_hostile", tests, NULL, NULL);
}
