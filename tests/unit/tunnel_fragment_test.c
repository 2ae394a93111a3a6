/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragments of what the appliance itself reads: a tunnel's datagrams and echo requests go on whole, whatever
 * the order in which their fragments come, and what is missing or contradicts itself ends under a name; see
 * vpn_world.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "support/vpn_tables.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, FRAGMENT = 8, ICMP = 8, PIECES = 3, ECHO_BYTES = 3008 };
enum { ROOM = ETHERNET + IPV6 + FRAGMENT + ECHO_BYTES };

static const struct craft inside = {.protocol = IPPROTO_UDP,
				    .source = "10.0.0.5",
				    .destination = "192.0.2.10",
				    .source_port = 53,
				    .destination_port = 4000,
				    .payload = 600};

/* A datagram that is to be cut: a frame, and where its IP payload is. */
static struct whole {
	uint8_t frame[ROOM];
	uint32_t bytes, at;
	bool ipv6;
} whole;

static int clear(void **state)
{
	(void)state;
	vpn_clear();
	return 0;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void finish_ipv4(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~craft_sum(ip, IPV4, 0));
}

/* Bytes `start` to `end` of the payload arrive. */
static void arrive(uint32_t start, uint32_t end)
{
	bool more = whole.at + end < whole.bytes;
	uint8_t frame[ROOM], *ip = frame + ETHERNET;
	uint32_t headers = whole.at + (whole.ipv6 ? FRAGMENT : 0);

	memcpy(frame, whole.frame, whole.at);
	memcpy(frame + headers, whole.frame + whole.at + start, end - start);
	if (whole.ipv6) {
		const uint8_t fragment[FRAGMENT] = {ip[6], 0, start >> 8, start | more, 1, 2, 3, 4};

		memcpy(ip + IPV6, fragment, sizeof(fragment));
		ip[6] = IPPROTO_FRAGMENT;
		put16(ip + 4, FRAGMENT + end - start);
	} else {
		put16(ip + 2, IPV4 + end - start);
		put16(ip + 6, start / 8 | (more ? 0x2000 : 0));
		finish_ipv4(ip);
	}
	nf_host_receive(WAN, frame, headers + end - start);
}

static void seal(bool ipv6)
{
	const struct vpn_outer outer = {.ipv6 = ipv6};
	uint8_t packet[CRAFT_MAX];

	vpn_connect(ipv6 ? 6 : 4);
	whole.ipv6 = ipv6;
	whole.at = ETHERNET + (ipv6 ? IPV6 : IPV4);
	whole.bytes = vpn_seal(whole.frame, 0, packet, vpn_packet(&inside, packet), 0, &outer);
}

static void assert_reached_lan(void)
{
	uint8_t packet[CRAFT_MAX];
	const uint8_t *sent;
	uint32_t count;
	size_t bytes = vpn_packet(&inside, packet);

	assert_int_equal(vpn_dropped_all(), 0);
	assert_int_equal(stats.port[WG0].rx_packets, 1);
	assert_int_equal(nf_host.sent_count, 1);
	sent = nf_host_sent_bytes(0, &count);
	assert_int_equal(count, ETHERNET + bytes);
	assert_memory_equal(sent + ETHERNET + IPV4, packet + IPV4, bytes - IPV4);
	assert_true(nf_host_settles());
}

/* Where the pieces end but for the last; the first holds no more than UDP's header. */
static const uint16_t cuts[PIECES - 1] = {8, 400};

static void arrive_piece(int piece)
{
	arrive(piece ? cuts[piece - 1] : 0, piece + 1 < PIECES ? cuts[piece] : whole.bytes - whole.at);
}

static void every_order(void **state)
{
	static const uint8_t orders[][PIECES] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
			seal(ipv6);
			for (int j = 0; j < PIECES; j++) {
				assert_int_equal(stats.held, j);
				arrive_piece(orders[i][j]);
			}
			assert_int_equal(stats.held, 0);
			assert_reached_lan();
		}
	}
}

/* They all come in one burst with what came whole, in which each place is taken. */
static void a_full_burst(void **state)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX], half[ROOM];
	uint32_t middle = 400, last;
	uint16_t count = 0;

	(void)state;
	seal(false);
	last = whole.bytes - whole.at - middle;
	memcpy(half, whole.frame, whole.bytes);
	put16(half + ETHERNET + 2, IPV4 + middle);
	put16(half + ETHERNET + 6, 0x2000);
	finish_ipv4(half + ETHERNET);
	nf_host_receive(WAN, half, whole.at + middle);
	memcpy(half + whole.at, whole.frame + whole.at + middle, last);
	put16(half + ETHERNET + 2, IPV4 + last);
	put16(half + ETHERNET + 6, middle / 8);
	finish_ipv4(half + ETHERNET);
	burst[count++] = nf_host_frame(half, whole.at + last, 0);
	while (count < BURST_MAX) {
		size_t bytes =
		    vpn_seal(frame, 0, packet, vpn_packet(&inside, packet), 0, &(struct vpn_outer){0});

		burst[count++] = nf_host_frame(frame, bytes, 0);
	}
	appliance_chain(WAN, burst, count);
	assert_int_equal(stats.port[WG0].rx_packets, BURST_MAX);
	assert_int_equal(vpn_dropped_all(), 0);
	assert_true(nf_host_settles());
}

static void what_is_missing(void **state)
{
	(void)state;
	for (int missing = 0; missing < PIECES; missing++) {
		seal(missing == 1);
		for (int piece = 0; piece < PIECES; piece++)
			if (piece != missing)
				arrive_piece(piece);
		assert_int_equal(stats.held, PIECES - 1);
		nf_host_run((uint64_t)31 * SECOND);
		assert_int_equal(stats.held, 0);
		assert_int_equal(vpn_dropped("fragment-timeout"), PIECES - 1);
		assert_int_equal(stats.port[WG0].rx_packets, 0);
		assert_true(nf_host_settles());
	}
}

static void what_contradicts(void **state)
{
	(void)state;
	seal(false); /* twice the same: networks do that */
	arrive_piece(0);
	arrive_piece(1);
	arrive_piece(1);
	arrive_piece(2);
	assert_int_equal(vpn_dropped("fragment-overlap"), 1);
	assert_int_equal(stats.port[WG0].rx_packets, 1);
	assert_true(nf_host_settles());
	seal(false);
	arrive_piece(0);
	arrive(cuts[0] - 8, cuts[1] - 8);
	arrive_piece(2);
	assert_int_equal(vpn_dropped("fragment-overlap"), PIECES);
	assert_int_equal(stats.port[WG0].rx_packets, 0);
	assert_true(nf_host_settles());
}

/* To a port that is no tunnel's: fragments pass one by one, to whom nobody answers. */
static void of_no_tunnel(void **state)
{
	(void)state;
	seal(false);
	put16(whole.frame + whole.at + 2, VPN_LISTEN + 7);
	for (int piece = 0; piece < PIECES; piece++) {
		arrive_piece(piece);
		assert_int_equal(stats.held, 0);
	}
	assert_int_equal(vpn_dropped("local-unwanted"), PIECES);
	assert_true(nf_host_settles());
}

static void make_echo(bool ipv6)
{
	uint8_t *ip = whole.frame + ETHERNET, *icmp;
	uint32_t sum;

	memset(&whole, 0, sizeof(whole));
	seal(ipv6); /* for Ethernet's header and addresses */
	icmp = whole.frame + whole.at;
	whole.bytes = whole.at + ECHO_BYTES;
	memset(icmp, 0, ECHO_BYTES);
	icmp[0] = ipv6 ? 128 : 8;
	for (uint32_t i = ICMP; i < ECHO_BYTES; i++)
		icmp[i] = i * 7;
	ip[ipv6 ? 6 : 9] = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	put16(ip + (ipv6 ? 4 : 2), ECHO_BYTES + (ipv6 ? 0 : IPV4));
	sum = ipv6 ? craft_sum(ip + 8, 32, IPPROTO_ICMPV6 + ECHO_BYTES) : 0;
	put16(icmp + 2, (uint16_t)~craft_sum(icmp, ECHO_BYTES, sum));
}

/* Takes a fragment of the reply, and checks its headers. Returns its identification. */
static uint32_t take_fragment(uint32_t number, bool ipv6, uint8_t *reply)
{
	uint32_t count, word, headers = ipv6 ? IPV6 + FRAGMENT : IPV4;
	const uint8_t *ip = nf_host_sent_bytes(number, &count) + ETHERNET;
	bool last = number + 1 == nf_host.sent_count;

	count -= ETHERNET;
	assert_true(count <= 1500);
	if (ipv6) {
		word = ip[IPV6 + 2] << 8 | ip[IPV6 + 3];
		assert_int_equal(ip[6], IPPROTO_FRAGMENT);
		assert_int_equal(ip[IPV6], IPPROTO_ICMPV6);
		assert_int_equal(ip[4] << 8 | ip[5], count - IPV6);
		assert_int_equal(word & 1, !last);
	} else {
		word = (ip[6] << 8 | ip[7]) << 3;
		assert_int_equal(ip[9], IPPROTO_ICMP);
		assert_int_equal(craft_sum(ip, IPV4, 0), 0xffff);
		assert_int_equal(ip[6] >> 5 & 1, !last);
	}
	memcpy(reply + (word & 0xfff8), ip + headers, count - headers);
	return ipv6 ? (uint32_t)ip[IPV6 + 4] << 24 | ip[IPV6 + 5] << 16 | ip[IPV6 + 6] << 8 | ip[IPV6 + 7]
		    : (uint32_t)ip[4] << 8 | ip[5];
}

/* The reply leaves in fragments, as the request came; put together it is the request's. Returns their
 * identification. */
static uint32_t reply_to_echo(bool ipv6)
{
	uint8_t reply[ECHO_BYTES] = {0}, pseudo[32];
	uint32_t identification = 0;

	for (uint32_t at = 0; at < ECHO_BYTES; at += 1000)
		arrive(at, at + 1000 < ECHO_BYTES ? at + 1000 : ECHO_BYTES);
	assert_int_equal(vpn_dropped_all(), 0);
	assert_int_equal(nf_host.sent_count, 3);
	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		uint32_t found = take_fragment(i, ipv6, reply);

		assert_true(i == 0 || found == identification);
		identification = found;
	}
	memcpy(pseudo, whole.frame + ETHERNET + 8, sizeof(pseudo));
	assert_int_equal(reply[0], ipv6 ? 129 : 0);
	assert_int_equal(craft_sum(reply, ECHO_BYTES,
				   ipv6 ? craft_sum(pseudo, sizeof(pseudo), IPPROTO_ICMPV6 + ECHO_BYTES) : 0),
			 0xffff);
	assert_memory_equal(reply + ICMP, whole.frame + whole.at + ICMP, ECHO_BYTES - ICMP);
	assert_true(nf_host_settles());
	return identification;
}

static void echo(void **state)
{
	(void)state;
	make_echo(false);
	reply_to_echo(false);
}

/* Identifications of IPv6 can't be foretold from the last (RFC 7739). */
static void echo_ipv6(void **state)
{
	uint32_t first;

	(void)state;
	make_echo(true);
	first = reply_to_echo(true);
	nf_host_forget();
	assert_true(reply_to_echo(true) - first > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(every_order, clear),	    cmocka_unit_test_setup(a_full_burst, clear),
	    cmocka_unit_test_setup(what_is_missing, clear), cmocka_unit_test_setup(what_contradicts, clear),
	    cmocka_unit_test_setup(of_no_tunnel, clear),    cmocka_unit_test_setup(echo, clear),
	    cmocka_unit_test_setup(echo_ipv6, clear),
	};

	return cmocka_run_group_tests_name("tunnel_fragment", tests, NULL, NULL);
}
