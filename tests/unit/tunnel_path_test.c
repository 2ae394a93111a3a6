/* SPDX-License-Identifier: Apache-2.0
 *
 * "Packet too big" from the path of an IPv6 endpoint: what it says is told inside, and only if it quotes what
 * nobody else knows; see vpn_world.h and nf/wireguard/path.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "support/vpn_tables.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, UDP = 8, ICMP = 8, QUOTED = 96, PATH = 1400, DF = 0x40 };
enum { INSIDE = 1312 }; /* PATH less 80 bytes, in blocks of 16 */

static const struct craft to_far4 = {.protocol = IPPROTO_UDP,
				     .source = "192.0.2.10",
				     .destination = "10.0.0.5",
				     .source_port = 4000,
				     .destination_port = 53,
				     .payload = 100},
			  to_far6 = {.protocol = IPPROTO_UDP,
				     .source = "2001:db8:1::10",
				     .destination = "2001:db8:a::5",
				     .source_port = 4000,
				     .destination_port = 53,
				     .payload = 100};

/* A router's answer to the datagram that left last; a bit of what it quotes, or of its own, can be wrong. */
static void answer(uint32_t mtu, uint32_t wrong_at, bool wrong_checksum)
{
	uint8_t frame[ETHERNET + IPV6 + ICMP + QUOTED] = {0}, *ip = frame + ETHERNET, *icmp = ip + IPV6;
	uint32_t count;
	const uint8_t *sent = nf_host_sent_bytes(nf_host.sent_count - 1, &count);
	uint16_t sum;

	assert_true(count >= ETHERNET + QUOTED);
	memcpy(frame, port_configs[WAN].mac, 6);
	frame[6] = 2;
	frame[12] = 0x86;
	frame[13] = 0xdd;
	ip[0] = 0x60;
	ip[5] = ICMP + QUOTED;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 64;
	memcpy(ip + 8, (uint8_t[]){0x20, 1, 0x0d, 0xb8, 0, 0x99, [15] = 1}, 16);
	memcpy(ip + 24, sent + ETHERNET + 8, 16);
	icmp[0] = 2;
	icmp[6] = mtu >> 8;
	icmp[7] = mtu;
	memcpy(icmp + ICMP, sent + ETHERNET, QUOTED);
	icmp[wrong_at] ^= wrong_at ? 1 : 0;
	sum = ~craft_sum(ip + 8, 32 + ICMP + QUOTED, ICMP + QUOTED + IPPROTO_ICMPV6) ^ wrong_checksum;
	icmp[2] = sum >> 8;
	icmp[3] = sum;
	nf_host_forget();
	nf_host_receive(WAN, frame, sizeof(frame));
}

static void begin(void)
{
	vpn_connect(6);
	vpn_receive(LAN, &to_far6);
	assert_int_equal(nf_host.sent_count, 1);
}

/* The MTU that a packet of full size from inside is told; 0: it went in. */
static uint32_t told(bool ipv6)
{
	struct craft craft = ipv6 ? to_far6 : to_far4;
	uint32_t header = ipv6 ? IPV6 : IPV4, count;
	uint8_t frame[CRAFT_MAX], *ip = frame + ETHERNET;
	size_t bytes;
	const uint8_t *sent;

	craft.payload = VPN_MTU - header - UDP;
	bytes = craft_frame(&craft, frame);
	memcpy(frame, port_configs[LAN].mac, 6);
	if (!ipv6) {
		ip[6] |= DF;
		memset(ip + 10, 0, 2);
		*(uint16_t *)(ip + 10) = htons(~craft_sum(ip, IPV4, 0));
	}
	nf_host_forget();
	nf_host_receive(LAN, frame, bytes);
	assert_int_equal(nf_host.sent_count, 1);
	if (nf_host.sent[0].device == WAN)
		return 0;
	sent = nf_host_sent_bytes(0, &count);
	return sent[ETHERNET + header + 6] << 8 | sent[ETHERNET + header + 7];
}

static void the_path_is_told_inside(void **state)
{
	(void)state;
	begin();
	answer(PATH, 0, false);
	assert_int_equal(nf_host.sent_count, 0);
	assert_int_equal(stats.consumed, 1);
	assert_int_equal(told(true), INSIDE);
	assert_int_equal(told(false), INSIDE);
	assert_true(nf_host_settles());
}

/* What may be cut is cut, so that it fits with all that comes around it. */
static void pieces_fit_the_path(void **state)
{
	struct craft craft = to_far4;

	(void)state;
	begin();
	answer(PATH, 0, false);
	craft.payload = VPN_MTU - IPV4 - UDP;
	vpn_receive(LAN, &craft);
	assert_int_equal(nf_host.sent_count, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_true(nf_host.sent[i].packet->pkt_len <= ETHERNET + PATH);
	assert_true(nf_host_settles());
}

/* IPv6 has 1280 bytes everywhere. */
static void ipv6_keeps_its_least(void **state)
{
	(void)state;
	begin();
	answer(68, 0, false);
	assert_int_equal(told(true), 1280);
	assert_int_equal(told(false), 1280 - 80);
	assert_true(nf_host_settles());
}

static const struct row {
	const char *name;
	uint32_t mtu, wrong_at;
	bool wrong_checksum;
} rows[] = {
    {"no smaller than it is", 1500, 0, false},
    {"another endpoint", PATH, ICMP + 39, false},
    {"another port of it", PATH, ICMP + IPV6 + 3, false},
    {"another port of ours", PATH, ICMP + IPV6 + 1, false},
    {"not UDP", PATH, ICMP + 6, false},
    {"another type of message", PATH, ICMP + IPV6 + UDP, false},
    {"another session", PATH, ICMP + IPV6 + UDP + 4, false},
    {"a wrong checksum", PATH, 0, true},
};

static void others_are_not_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		begin();
		answer(rows[i].mtu, rows[i].wrong_at, rows[i].wrong_checksum);
		if (told(true) != 0)
			fail_msg("believed: %s", rows[i].name);
		assert_true(nf_host_settles());
	}
}

static void paths_get_better(void **state)
{
	(void)state;
	begin();
	answer(PATH, 0, false);
	assert_int_equal(told(false), INSIDE);
	host_now_ns += UINT64_C(599000000000);
	assert_int_equal(told(false), INSIDE);
	host_now_ns += UINT64_C(2000000000);
	nf_host_forget();
	vpn_receive(LAN, &to_far6); /* a new session */
	vpn_network();
	assert_int_equal(told(false), 0);
	assert_true(nf_host_settles());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_path_is_told_inside), cmocka_unit_test(pieces_fit_the_path),
	    cmocka_unit_test(ipv6_keeps_its_least),    cmocka_unit_test(others_are_not_believed),
	    cmocka_unit_test(paths_get_better),
	};

	return cmocka_run_group_tests_name("tunnel path", tests, NULL, NULL);
}
