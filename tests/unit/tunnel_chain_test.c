/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels and the rest of the chain: what waits for a session or has no way, errors into tunnels and out of
 * them, the appliance's own addresses, NAT, the firewall, and bursts of everything; see vpn_world.h.
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
#include "nf/wireguard/handshake.h"
#include "nf/wireguard/peer.h"
#include "support/vpn_tables.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, UDP = 8, WAITING_MAX = 32, POOL = 1023 };

static const struct vpn_outer usual4;

static struct craft udp(const char *source, uint16_t source_port, const char *destination,
			uint16_t destination_port)
{
	return (struct craft){.protocol = IPPROTO_UDP,
			      .source = source,
			      .destination = destination,
			      .source_port = source_port,
			      .destination_port = destination_port,
			      .payload = 32};
}

static void receive_udp(const char *destination, uint16_t number)
{
	struct craft craft = udp("192.0.2.10", number, destination, 53);

	vpn_receive(LAN, &craft);
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static int clear(void **state)
{
	(void)state;
	vpn_clear();
	return 0;
}

/* What was sent there, from its IP header on. */
static const uint8_t *sent_on(uint32_t index, uint16_t device)
{
	uint32_t bytes;

	assert_true(index < nf_host.sent_count);
	assert_int_equal(nf_host.sent[index].device, device);
	return nf_host_sent_bytes(index, &bytes) + ETHERNET;
}

static const uint8_t *inside(uint32_t index)
{
	const uint8_t *packet;

	assert_int_not_equal(vpn_opened(index, &packet), UINT32_MAX);
	return packet;
}

static void assert_address(const uint8_t *at, const char *address)
{
	uint8_t bytes[16];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, address, bytes), 1);
	assert_memory_equal(at, bytes, family == AF_INET ? 4 : 16);
}

/* Source and destination with ports, and right checksums. */
static void assert_udp(const uint8_t *ip, const char *source, uint16_t source_port, const char *destination,
		       uint16_t destination_port)
{
	uint32_t l4_bytes = get16(ip + 2) - IPV4;

	assert_address(ip + 12, source);
	assert_address(ip + 16, destination);
	assert_int_equal(get16(ip + IPV4), source_port);
	assert_int_equal(get16(ip + IPV4 + 2), destination_port);
	assert_int_equal(craft_sum(ip, IPV4, 0), 0xffff);
	assert_int_equal(craft_sum(ip + IPV4, l4_bytes, craft_sum(ip + 12, 8, 0) + l4_bytes + IPPROTO_UDP),
			 0xffff);
}

/* An ICMP error with right checksums; returns what it is about. */
static const uint8_t *assert_error(const uint8_t *ip, uint8_t type, uint8_t code, const char *destination)
{
	assert_int_equal(ip[9], IPPROTO_ICMP);
	assert_int_equal(ip[IPV4], type);
	assert_int_equal(ip[IPV4 + 1], code);
	assert_address(ip + 16, destination);
	assert_int_equal(craft_sum(ip, IPV4, 0), 0xffff);
	assert_int_equal(craft_sum(ip + IPV4, get16(ip + 2) - IPV4, 0), 0xffff);
	return ip + IPV4 + 8;
}

/* Waiting for a session */

static void packets_wait_in_order(void **state)
{
	(void)state;
	vpn_start(4);
	for (uint16_t i = 0; i < 5; i++)
		receive_udp("10.0.0.5", 1000 + i);
	assert_int_equal(stats.held, 5);
	assert_true(nf_host_books_balance());
	vpn_network();
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.port[WG0].tx_packets, 5);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

static void they_leave_before_what_came_later(void **state)
{
	(void)state;
	vpn_start(4);
	for (uint16_t i = 0; i < 5; i++)
		receive_udp("10.0.0.5", 1000 + i);
	assert_int_equal(vpn_network_once(), 1);
	assert_int_equal(vpn_network_once(), 1);
	receive_udp("10.0.0.5", 1005);
	assert_int_equal(nf_host.sent_count, 6);
	for (uint16_t i = 0; i < 6; i++)
		assert_udp(inside(i), "192.0.2.10", 1000 + i, "10.0.0.5", 53);
	assert_true(nf_host_settles());
}

static void the_newest_are_kept(void **state)
{
	(void)state;
	vpn_start(4);
	for (uint16_t i = 0; i < WAITING_MAX + 7; i++)
		receive_udp("10.0.0.5", 1000 + i);
	assert_int_equal(stats.held, WAITING_MAX);
	assert_int_equal(vpn_dropped("wg-no-session"), 7);
	assert_true(nf_host_books_balance());
	nf_host_run((uint64_t)200 * SECOND);
	assert_int_equal(stats.held, 0);
	assert_int_equal(vpn_dropped("wg-no-session"), WAITING_MAX + 7);
	assert_true(nf_host_settles());
}

static void pieces_wait_and_count_once(void **state)
{
	struct craft craft = udp("192.0.2.10", 1000, "10.0.0.5", 53);

	(void)state;
	craft.payload = 1450;
	vpn_start(4);
	vpn_receive(LAN, &craft);
	assert_int_equal(stats.held, 1);
	for (uint16_t i = 0; i < WAITING_MAX - 1; i++)
		receive_udp("10.0.0.5", 1000 + i);
	assert_int_equal(vpn_dropped("wg-no-session"), 1);
	assert_int_equal(stats.held, WAITING_MAX - 1);
	assert_true(nf_host_books_balance());
	vpn_network();
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

/* No way */

static void senders_are_told(const char *destination, const char *reason)
{
	const uint8_t *about;

	vpn_connect(4);
	receive_udp(destination, 1000);
	assert_int_equal(nf_host.sent_count, 1);
	about = assert_error(sent_on(0, LAN), 3, 1, "192.0.2.10");
	assert_address(about + 16, destination);
	assert_int_equal(get16(about + IPV4), 1000);
	assert_int_equal(vpn_dropped(reason), 1);
	assert_true(nf_host_settles());
}

static void unreachable_peers_are_told_of(void **state)
{
	(void)state;
	senders_are_told("10.1.0.5", "wg-no-endpoint");
	senders_are_told("10.3.0.5", "wg-no-peer");
}

static void masquerade(uint8_t port)
{
	vpn_source_count = 1;
	vpn_source_rule = (struct nat_source_rule){
	    .name = "masquerade",
	    .kind = NAT_SOURCE_MASQUERADE,
	    .out_port = port,
	    .in_port = PORT_NONE,
	    .port_low = 20000,
	    .port_high = 30000,
	};
}

/* The sender knows nothing of the translation, nor of the pieces. */
static void unreachable_peers_are_told_of_as_sent(void **state)
{
	struct craft craft = udp("192.0.2.10", 1000, "10.1.0.5", 53);
	const uint8_t *about;

	(void)state;
	masquerade(WG0);
	for (uint16_t payload = 30; payload <= 1430; payload += 1400) {
		uint8_t packet[CRAFT_MAX];

		craft.payload = payload;
		vpn_packet(&craft, packet);
		vpn_connect(4);
		vpn_receive(LAN, &craft);
		assert_int_equal(nf_host.sent_count, 1);
		about = assert_error(sent_on(0, LAN), 3, 1, "192.0.2.10");
		assert_address(about + 12, "192.0.2.10");
		assert_memory_equal(about + IPV4, packet + IPV4, 36);
		assert_int_equal(vpn_dropped("wg-no-endpoint"), 1);
		assert_true(nf_host_settles());
	}
}

/* RFC 1122, section 3.2.2. */
static void nobody_is_told_of_later_fragments(void **state)
{
	struct craft first = udp("192.0.2.10", 1000, "10.1.0.5", 53), later = first;

	(void)state;
	vpn_connect(4);
	first.more_fragments = true;
	later.fragment = 40;
	later.payload = 1440;
	vpn_receive(LAN, &first);
	nf_host_forget();
	vpn_receive(LAN, &later);
	assert_int_equal(nf_host.sent_count, 0);
	assert_int_equal(vpn_dropped("wg-no-endpoint"), 2);
	assert_true(nf_host_settles());
}

static void an_endpoint_behind_the_tunnel_has_an_end(void **state)
{
	(void)state;
	vpn_connect(4);
	peers[PEER_FAR].endpoint.address.ipv4 = IP4(203, 0, 113, 200);
	for (uint16_t i = 0; i < 40; i++)
		receive_udp("203.0.113.200", 1000 + i);
	nf_host_run((uint64_t)300 * SECOND);
	assert_int_equal(stats.port[WG0].tx_packets, 40);
	assert_true(nf_host_settles());
}

/* Errors */

static void errors_go_into_the_tunnel(void **state)
{
	struct craft craft = udp("10.0.0.5", 53, "198.18.0.1", 4000);
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	const uint8_t *about;
	size_t bytes;

	(void)state;
	vpn_connect(4);
	bytes = vpn_packet(&craft, packet);
	packet[8] = 1;
	memset(packet + 10, 0, 2);
	*(rte_be16_t *)(packet + 10) = htons(~craft_sum(packet, IPV4, 0));
	bytes = vpn_seal(frame, 0, packet, bytes, 0, &usual4);
	nf_host_receive(WAN, frame, bytes);
	assert_int_equal(nf_host.sent_count, 1);
	about = assert_error(inside(0), 11, 0, "10.0.0.5");
	assert_address(inside(0) + 12, "10.0.0.1");
	assert_address(about + 16, "198.18.0.1");
	assert_int_equal(vpn_dropped("ttl-exceeded"), 1);
	assert_int_equal(stats.originated, 2);
	assert_true(nf_host_settles());
}

static void an_echo_to_the_tunnel_is_answered(void **state)
{
	struct craft echo = {.protocol = IPPROTO_ICMP,
			     .source = "10.0.0.5",
			     .destination = "10.0.0.1",
			     .source_port = 7,
			     .destination_port = 8 << 8,
			     .payload = 64},
		     echo6 = {.protocol = IPPROTO_ICMPV6,
			      .source = "2001:db8:a::5",
			      .destination = "2001:db8:a::1",
			      .source_port = 7,
			      .destination_port = 128 << 8,
			      .payload = 64};
	const uint8_t *answer;

	(void)state;
	vpn_connect(4);
	vpn_arrive(0, &echo, &usual4);
	vpn_arrive(0, &echo6, &usual4);
	assert_int_equal(nf_host.sent_count, 2);
	answer = inside(0);
	assert_address(answer + 12, "10.0.0.1");
	assert_int_equal(get16(answer + IPV4), 0);
	assert_int_equal(craft_sum(answer + IPV4, get16(answer + 2) - IPV4, 0), 0xffff);
	answer = inside(1);
	assert_address(answer + 8, "2001:db8:a::1");
	assert_int_equal(answer[IPV6], 129);
	assert_int_equal(stats.consumed, 4);
	assert_true(nf_host_settles());
}

/* The answer is larger than the tunnel takes at once. */
static void a_large_echo_is_answered_in_pieces(void **state)
{
	struct craft echo = {.protocol = IPPROTO_ICMP,
			     .source = "10.0.0.5",
			     .destination = "192.0.2.1",
			     .source_port = 7,
			     .destination_port = 8 << 8,
			     .payload = 1450};

	(void)state;
	vpn_connect(4);
	vpn_arrive(0, &echo, &usual4);
	assert_int_equal(nf_host.sent_count, 2);
	assert_int_equal(get16(inside(0) + 6), 0x2000);
	assert_int_equal(stats.originated, 4);
	assert_int_equal(stats.fragments, 0);
	assert_true(nf_host_settles());
}

struct scoped {
	const char *name;
	struct craft craft;
	const char *reason; /* NULL: none, it is consumed */
	uint32_t sent;
};

static void what_is_of_links_ends(void **state)
{
	static const struct scoped rows[] = {
	    {"solicitation",
	     {.protocol = IPPROTO_ICMPV6,
	      .source = "2001:db8:a::5",
	      .destination = "ff02::1:ff00:1",
	      .destination_port = 135 << 8,
	      .payload = 16},
	     "link-local",
	     0},
	    {"advertisement",
	     {.protocol = IPPROTO_ICMPV6,
	      .source = "fe80::5",
	      .destination = "2001:db8:a::1",
	      .destination_port = 136 << 8,
	      .payload = 16},
	     "link-local",
	     0},
	    {"echo from a link-local address",
	     {.protocol = IPPROTO_ICMPV6,
	      .source = "fe80::5",
	      .destination = "2001:db8:a::1",
	      .destination_port = 128 << 8},
	     NULL,
	     0},
	    {"echo to a link-local address",
	     {.protocol = IPPROTO_ICMPV6,
	      .source = "2001:db8:a::5",
	      .destination = "fe80::ff:fe00:1",
	      .destination_port = 128 << 8},
	     "link-local",
	     0},
	    {"echo to all nodes",
	     {.protocol = IPPROTO_ICMPV6,
	      .source = "2001:db8:a::5",
	      .destination = "ff02::1",
	      .destination_port = 128 << 8},
	     NULL,
	     1},
	    {"multicast",
	     {.protocol = IPPROTO_UDP, .source = "10.0.0.5", .destination = "239.1.2.3"},
	     "link-local",
	     0},
	    {"broadcast",
	     {.protocol = IPPROTO_UDP, .source = "10.0.0.5", .destination = "255.255.255.255"},
	     "link-local",
	     0},
	    {"loopback",
	     {.protocol = IPPROTO_UDP, .source = "10.0.0.5", .destination = "127.0.0.1"},
	     NULL,
	     0},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		print_message("# %s\n", rows[i].name);
		vpn_connect(4);
		vpn_arrive(0, &rows[i].craft, &usual4);
		assert_int_equal(nf_host.sent_count, rows[i].sent);
		if (rows[i].reason)
			assert_int_equal(vpn_dropped(rows[i].reason), 1);
		assert_true(nf_host_settles());
	}
}

/* NAT and the firewall */

static void sources_are_translated_on_the_way_in(void **state)
{
	struct craft out = udp("192.0.2.10", 4000, "10.0.0.5", 53), back;
	uint16_t port;

	(void)state;
	masquerade(WG0);
	vpn_connect(4);
	vpn_receive(LAN, &out);
	assert_int_equal(nf_host.sent_count, 1);
	port = get16(inside(0) + IPV4);
	assert_udp(inside(0), "10.0.0.1", port, "10.0.0.5", 53);
	nf_host_forget();
	back = udp("10.0.0.5", 53, "10.0.0.1", port);
	vpn_arrive(0, &back, &usual4);
	assert_int_equal(nf_host.sent_count, 1);
	assert_udp(sent_on(0, LAN), "10.0.0.5", 53, "192.0.2.10", 4000);
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nf_host_settles());
}

/* What comes to these never gets to NAT. */
static void ports_of_tunnels_are_not_given_out(void **state)
{
	(void)state;
	masquerade(WAN);
	vpn_source_rule.port_low = VPN_LISTEN;
	vpn_source_rule.port_high = VPN_LISTEN + 3;
	for (int mapping = 0; mapping < 2; mapping++) {
		vpn_source_rule.mapping = mapping;
		vpn_connect(4);
		for (uint16_t i = 0; i < 3; i++)
			receive_udp("203.0.113.99", 4000 + i);
		assert_int_equal(nf_host.sent_count, 3);
		assert_true(get16(sent_on(0, WAN) + IPV4) >= VPN_LISTEN + 2);
		assert_true(get16(sent_on(1, WAN) + IPV4) >= VPN_LISTEN + 2);
		assert_int_equal(nf_host.sent[2].device, LAN);
		assert_true(nf_host_settles());
	}
}

static void ports_are_forwarded_through_a_tunnel(void **state)
{
	struct craft in = udp("203.0.113.99", 4000, "198.51.100.1", 80), back;

	(void)state;
	vpn_destination_count = 1;
	vpn_destination_rule = (struct nat_destination_rule){
	    .name = "forward",
	    .in_port = WAN,
	    .protocol = IPPROTO_UDP,
	    .any_address = true,
	    .port_low = 80,
	    .port_high = 80,
	    .to = {.ipv4 = IP4(10, 0, 0, 5)},
	    .to_port = 8080,
	};
	vpn_connect(4);
	vpn_receive(WAN, &in);
	assert_int_equal(nf_host.sent_count, 1);
	assert_udp(inside(0), "203.0.113.99", 4000, "10.0.0.5", 8080);
	nf_host_forget();
	back = udp("10.0.0.5", 8080, "203.0.113.99", 4000);
	vpn_arrive(0, &back, &usual4);
	assert_int_equal(nf_host.sent_count, 1);
	assert_udp(sent_on(0, WAN), "198.51.100.1", 80, "203.0.113.99", 4000);
	assert_true(nf_host_settles());
}

/* The tunnel's own port is not for the rules of NAT and the firewall. */
static void a_tunnel_takes_what_is_its_own(void **state)
{
	struct craft craft = udp("10.0.0.5", 53, "192.0.2.10", 4000);

	(void)state;
	vpn_match.common.in_port = WAN;
	vpn_match.common.in_port_mask = 0xff;
	vpn_destination_count = 1;
	vpn_destination_rule = (struct nat_destination_rule){
	    .name = "forward",
	    .in_port = WAN,
	    .any_address = true,
	    .port_high = 65535,
	    .to = {.ipv4 = IP4(192, 0, 2, 11)},
	};
	vpn_connect(4);
	vpn_rules[0].action = FIREWALL_DROP;
	vpn_arrive(0, &craft, &usual4);
	assert_int_equal(nf_host.sent_count, 1);
	assert_udp(sent_on(0, LAN), "10.0.0.5", 53, "192.0.2.10", 4000);
	assert_true(nf_host_settles());
}

static void rules_see_tunnels_as_ports(void **state)
{
	struct craft craft = udp("10.0.0.5", 53, "192.0.2.10", 4000);

	(void)state;
	for (int way = 0; way < 2; way++) {
		vpn_clear();
		*(way ? &vpn_match.common.in_port : &vpn_match.common.out_port) = WG0;
		*(way ? &vpn_match.common.in_port_mask : &vpn_match.common.out_port_mask) = 0xff;
		vpn_connect(4);
		vpn_rules[0].action = FIREWALL_DROP;
		receive_udp("10.0.0.5", 1000);
		assert_int_equal(nf_host.sent_count, way);
		vpn_arrive(0, &craft, &usual4);
		assert_int_equal(nf_host.sent_count, 1);
		assert_int_equal(vpn_dropped("firewall-drop"), 1);
		assert_true(nf_host_settles());
	}
}

static void what_is_rejected_is_told_through_the_tunnel(void **state)
{
	struct craft craft = udp("10.0.0.5", 53, "192.0.2.10", 4000);

	(void)state;
	vpn_match.common.in_port = WG0;
	vpn_match.common.in_port_mask = 0xff;
	vpn_connect(4);
	vpn_rules[0].action = FIREWALL_REJECT;
	vpn_arrive(0, &craft, &usual4);
	assert_int_equal(nf_host.sent_count, 1);
	assert_address(assert_error(inside(0), 3, 13, "10.0.0.5") + 16, "192.0.2.10");
	assert_true(nf_host_settles());
}

/* Replies by the other way find the flow, and the record is not what the datagram outside is sent by. */
static void flows_go_through_tunnels(void **state)
{
	struct craft out = udp("192.0.2.10", 4000, "10.0.0.5", 53),
		     back = udp("10.0.0.5", 53, "192.0.2.10", 4000);

	(void)state;
	vpn_connect(4);
	for (int i = 0; i < 3; i++) {
		vpn_receive(LAN, &out);
		vpn_arrive(0, &back, &usual4);
	}
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(nf_host.sent_count, 6);
	for (uint32_t i = 0; i < 6; i += 2) {
		assert_udp(inside(i), "192.0.2.10", 4000, "10.0.0.5", 53);
		assert_udp(sent_on(i + 1, LAN), "10.0.0.5", 53, "192.0.2.10", 4000);
	}
	assert_true(nf_host_settles());
}

/* Too little of everything */

static void a_full_queue_loses_datagrams(void **state)
{
	(void)state;
	vpn_connect(4);
	nf_host.room[WAN] = 1;
	for (uint16_t i = 0; i < 3; i++)
		receive_udp("10.0.0.5", 1000 + i);
	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(stats.tunnel.datagrams_lost, 2);
	assert_int_equal(stats.port[WG0].tx_packets, 3);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

static void a_link_that_is_down_loses_datagrams(void **state)
{
	(void)state;
	vpn_connect(4);
	nf_host.link_up[WAN] = false;
	receive_udp("10.0.0.5", 1000);
	assert_int_equal(nf_host.sent_count, 0);
	assert_int_equal(stats.tunnel.datagrams_lost, 1);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

static void an_empty_pool_is_survived(void **state)
{
	struct craft large = udp("192.0.2.10", 1000, "10.0.0.5", 53), echo = {.protocol = IPPROTO_ICMP,
									      .source = "10.0.0.5",
									      .destination = "10.0.0.1",
									      .destination_port = 8 << 8};
	uint8_t frame[CRAFT_MAX], packet[CRAFT_MAX], sealed[VPN_FRAME_MAX];
	struct rte_mbuf *all[POOL], *m;
	size_t bytes, sealed_bytes;
	uint16_t count = 0;

	(void)state;
	large.payload = 1450;
	vpn_connect(4);
	bytes = craft_frame(&large, frame);
	memcpy(frame, port_configs[LAN].mac, 6);
	sealed_bytes = vpn_seal(sealed, 0, packet, vpn_packet(&echo, packet), 4, &usual4);
	for (uint16_t spare = 0; spare < 4; spare++) {
		struct rte_mbuf *spares[4];

		m = nf_host_frame(frame, bytes, 0);
		for (uint16_t i = 0; i < spare; i++)
			spares[i] = rte_pktmbuf_alloc(host_packet_pool);
		while ((all[count] = rte_pktmbuf_alloc(host_packet_pool)))
			count++;
		for (uint16_t i = 0; i < spare; i++)
			rte_pktmbuf_free(spares[i]);
		appliance_chain(LAN, &m, 1);
		nf_host_run(SECOND);
		while (count)
			rte_pktmbuf_free(all[--count]);
		assert_true(nf_host_books_balance());
		nf_host_forget();
	}
	nf_host_receive(WAN, sealed, sealed_bytes);
	assert_true(nf_host_settles());
}

/* Bursts */

static struct rte_mbuf *frame_of(uint8_t port, const struct craft *craft)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame);
	struct rte_mbuf *m;

	memcpy(frame, port_configs[port].mac, 6);
	m = nf_host_frame(frame, bytes, 0);
	m->port = port;
	return m;
}

static struct rte_mbuf *sealed_of(uint8_t tunnel, const struct craft *craft)
{
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
	size_t bytes = vpn_packet(craft, packet);
	struct rte_mbuf *m;

	bytes = vpn_seal(frame, tunnel, packet, bytes, 0, &usual4);
	m = nf_host_frame(frame, bytes, 0);
	m->port = WAN;
	return m;
}

static struct rte_mbuf *handshake_of(uint8_t type, size_t bytes)
{
	uint8_t message[200] = {type}, frame[VPN_FRAME_MAX];
	struct rte_mbuf *m;

	bytes = vpn_wrap(frame, 0, message, bytes, &usual4);
	m = nf_host_frame(frame, bytes, 0);
	m->port = WAN;
	return m;
}

static void bursts_of_everything_keep_their_order(void **state)
{
	struct craft from_far = udp("10.0.0.5", 0, "192.0.2.10", 4000),
		     from_near = udp("192.0.2.77", 0, "192.0.2.10", 4000),
		     plain = udp("203.0.113.99", 0, "192.0.2.10", 4000);
	struct rte_mbuf *burst[BURST_MAX];
	uint16_t next[3] = {0};

	(void)state;
	vpn_connect(4);
	for (uint16_t i = 0; i < BURST_MAX; i++) {
		from_far.source_port = from_near.source_port = plain.source_port = i + 1;
		switch (i % 4) {
		case 0:
			burst[i] = sealed_of(0, &from_far);
			break;
		case 1:
			burst[i] = sealed_of(1, &from_near);
			break;
		case 2:
			burst[i] = frame_of(WAN, &plain);
			break;
		default:
			burst[i] = handshake_of(1 + i / 4 % 3, 148);
		}
	}
	appliance_chain(WAN, burst, BURST_MAX);
	assert_int_equal(nf_host.sent_count, BURST_MAX / 4 * 3);
	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		const uint8_t *ip = sent_on(i, LAN);
		int kind = ip[12] == 203 ? 2 : ip[12] == 192;

		assert_true(get16(ip + IPV4) > next[kind]);
		next[kind] = get16(ip + IPV4);
	}
	assert_int_equal(stats.port[WG0].rx_packets, BURST_MAX / 4);
	assert_int_equal(stats.port[WG1].rx_packets, BURST_MAX / 4);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

static void shake_hands(void)
{
	nf_host_run((uint64_t)6 * SECOND);
	nf_host_forget();
	handshake_want(&peers[PEER_FAR], false);
	assert_int_equal(vpn_network_once(), 1);
	assert_int_equal(vpn_network_once(), 1);
}

/* The first packet of a new session makes the current one the previous, and ends that: in the middle of a
 * burst, whose other packets were opened with it. */
static void a_burst_may_end_a_session(void **state)
{
	struct craft craft = udp("192.0.2.77", 1, "192.0.2.10", 4000);
	struct rte_mbuf *burst[4];

	(void)state;
	vpn_connect(4);
	burst[0] = sealed_of(1, &craft);
	burst[2] = sealed_of(1, &craft);
	burst[3] = sealed_of(1, &craft);
	shake_hands();
	vpn_network();
	shake_hands();
	assert_true(peers[PEER_NEAR].previous && peers[PEER_NEAR].next);
	nf_host_forget();
	burst[1] = sealed_of(1, &craft);
	memset(&stats, 0, sizeof(stats));
	appliance_chain(WAN, burst, 4);
	assert_int_equal(nf_host.sent_count, 2);
	assert_int_equal(vpn_dropped("wg-unknown-session"), 2);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

/* What waits with the responder leaves by the session that the burst's first packet confirms, and the burst
 * goes on. */
static void a_burst_may_let_packets_go(void **state)
{
	struct craft craft = udp("192.0.2.77", 1, "192.0.2.10", 4000),
		     out = udp("192.0.2.10", 5, "10.2.0.7", 53);
	struct rte_mbuf *burst[2];

	(void)state;
	vpn_connect(4);
	nf_host_run((uint64_t)200 * SECOND);
	shake_hands();
	nf_host_forget();
	memset(&stats, 0, sizeof(stats));
	vpn_receive(LAN, &out);
	vpn_receive(LAN, &out);
	assert_int_equal(stats.held, 2);
	burst[0] = sealed_of(1, &craft);
	burst[1] = sealed_of(1, &craft);
	appliance_chain(WAN, burst, 2);
	assert_int_equal(stats.held, 0);
	assert_int_equal(nf_host.sent_count, 4);
	assert_udp(inside(0), "192.0.2.10", 5, "10.2.0.7", 53);
	assert_udp(sent_on(2, LAN), "192.0.2.77", 1, "192.0.2.10", 4000);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, clear)
	static const struct CMUnitTest tests[] = {
	    TEST(packets_wait_in_order),
	    TEST(they_leave_before_what_came_later),
	    TEST(the_newest_are_kept),
	    TEST(pieces_wait_and_count_once),
	    TEST(unreachable_peers_are_told_of),
	    TEST(unreachable_peers_are_told_of_as_sent),
	    TEST(nobody_is_told_of_later_fragments),
	    TEST(an_endpoint_behind_the_tunnel_has_an_end),
	    TEST(errors_go_into_the_tunnel),
	    TEST(an_echo_to_the_tunnel_is_answered),
	    TEST(a_large_echo_is_answered_in_pieces),
	    TEST(what_is_of_links_ends),
	    TEST(sources_are_translated_on_the_way_in),
	    TEST(ports_of_tunnels_are_not_given_out),
	    TEST(ports_are_forwarded_through_a_tunnel),
	    TEST(a_tunnel_takes_what_is_its_own),
	    TEST(rules_see_tunnels_as_ports),
	    TEST(what_is_rejected_is_told_through_the_tunnel),
	    TEST(flows_go_through_tunnels),
	    TEST(a_full_queue_loses_datagrams),
	    TEST(a_link_that_is_down_loses_datagrams),
	    TEST(an_empty_pool_is_survived),
	    TEST(bursts_of_everything_keep_their_order),
	    TEST(a_burst_may_end_a_session),
	    TEST(a_burst_may_let_packets_go),
	};

	return cmocka_run_group_tests_name("tunnel_chain", tests, NULL, NULL);
}
