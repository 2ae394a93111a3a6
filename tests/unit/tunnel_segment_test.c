/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP super-frames into tunnels: what a device hands over whole leaves in packets that fit, each sealed by
 * itself; see vpn_world.h. wireguard_coalesce_test.c has the way back.
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

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, TCP = 20, SYN_ECE_CWR = 0xc2, CWR = 0x80 };

static const struct craft whole4 = {.protocol = IPPROTO_TCP,
				    .source = "192.0.2.10",
				    .destination = "10.0.0.5",
				    .source_port = 4000,
				    .destination_port = 80,
				    .sequence = 0xffffff00,
				    .tcp_flags = SYN_ECE_CWR,
				    .payload = 1200},
			  whole6 = {.protocol = IPPROTO_TCP,
				    .source = "2001:db8:1::10",
				    .destination = "2001:db8:a::5",
				    .source_port = 4000,
				    .destination_port = 80,
				    .sequence = 0xffffff00,
				    .tcp_flags = SYN_ECE_CWR,
				    .payload = 1200};

/* The checksum field as a device leaves it: the pseudo-header's sum. */
static void open_checksum(uint8_t *ip, size_t bytes)
{
	bool ipv6 = ip[0] >> 4 == 6;
	size_t header = ipv6 ? IPV6 : IPV4, addresses = ipv6 ? 8 : 12;
	uint16_t sum = craft_sum(ip + addresses, header - addresses, IPPROTO_TCP + bytes - header);

	ip[header + 16] = sum >> 8;
	ip[header + 17] = sum & 0xff;
}

static void receive_whole(const struct craft *craft, uint16_t segment_bytes, uint16_t mbuf_bytes)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame);
	struct rte_mbuf *m;

	memcpy(frame, port_configs[LAN].mac, 6);
	open_checksum(frame + ETHERNET, bytes - ETHERNET);
	m = nf_host_frame(frame, bytes, mbuf_bytes);
	m->port = LAN;
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->ol_flags |= strchr(craft->source, ':') ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	m->tso_segsz = segment_bytes;
	appliance_chain(LAN, &m, 1);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static uint32_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* What is inside of a datagram that left: a segment with those bytes of the whole's payload, all of whose
 * lengths and checksums are right. */
static void assert_segment(uint32_t index, const struct craft *craft, uint32_t at, uint32_t bytes)
{
	uint8_t wanted[CRAFT_MAX];
	const uint8_t *ip;
	uint32_t header = strchr(craft->source, ':') ? IPV6 : IPV4, count = vpn_opened(index, &ip), total;

	assert_int_not_equal(count, UINT32_MAX);
	total = header == IPV6 ? IPV6 + get16(ip + 4) : get16(ip + 2);
	assert_int_equal(total, header + TCP + bytes);
	assert_true(total <= count && count <= VPN_MTU);
	if (header == IPV4) {
		assert_int_equal(craft_sum(ip, IPV4, 0), 0xffff);
		assert_int_equal(craft_sum(ip + 12, total - 12, IPPROTO_TCP + total - IPV4), 0xffff);
	} else {
		assert_int_equal(craft_sum(ip + 8, total - 8, IPPROTO_TCP + total - IPV6), 0xffff);
	}
	assert_int_equal(get32(ip + header + 4), craft->sequence + at);
	assert_int_equal(ip[header + 13], at ? SYN_ECE_CWR & ~CWR : SYN_ECE_CWR);
	vpn_packet(craft, wanted);
	assert_memory_equal(ip + header + TCP, wanted + header + TCP + at, bytes);
}

static void assert_books(uint32_t pieces)
{
	assert_int_equal(nf_host.sent_count, pieces);
	assert_int_equal(stats.forwarded, 1);
	assert_int_equal(stats.fragmented, pieces > 1);
	assert_int_equal(stats.fragments, pieces > 1 ? pieces : 0);
	assert_int_equal(stats.originated, pieces);
	assert_int_equal(stats.port[WG0].tx_packets, pieces);
	assert_int_equal(vpn_dropped_all(), 0);
	assert_true(nf_host_settles());
}

static void super_frames_are_cut(void **state)
{
	const struct craft *rows[] = {&whole4, &whole6};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		for (uint16_t mbuf_bytes = 0; mbuf_bytes < 900; mbuf_bytes += 299) {
			vpn_connect(4);
			receive_whole(rows[i], 500, mbuf_bytes);
			assert_int_equal(nf_host.sent_count, 3);
			assert_segment(0, rows[i], 0, 500);
			assert_segment(1, rows[i], 500, 500);
			assert_segment(2, rows[i], 1000, 200);
			assert_books(3);
		}
}

/* Identifications of IPv4 count up, for a receiver that puts segments together. */
static void identifications_count_up(void **state)
{
	const uint8_t *ip;
	uint32_t first;

	(void)state;
	vpn_connect(4);
	receive_whole(&whole4, 400, 0);
	assert_int_equal(nf_host.sent_count, 3);
	assert_true(vpn_opened(0, &ip) < UINT32_MAX);
	first = get16(ip + 4);
	assert_true(vpn_opened(2, &ip) < UINT32_MAX);
	assert_int_equal(get16(ip + 4), (first + 2) & 0xffff);
}

/* A device may call a packet one that has no more than a segment. */
static void a_single_segment_is_no_super_frame(void **state)
{
	(void)state;
	vpn_connect(4);
	receive_whole(&whole4, 1200, 0);
	assert_int_equal(nf_host.sent_count, 1);
	assert_segment(0, &whole4, 0, 1200);
	assert_books(1);
}

/* Segments of IPv4 that may be cut are made to fit; of IPv6, the sender has to know. */
static void segments_fit_the_tunnel(void **state)
{
	struct craft long4 = whole4, long6 = whole6;

	(void)state;
	long4.payload = long6.payload = 1500;
	vpn_connect(4);
	receive_whole(&long4, 1420, 0);
	assert_int_equal(nf_host.sent_count, 2);
	assert_segment(0, &long4, 0, VPN_MTU - IPV4 - TCP);
	assert_segment(1, &long4, VPN_MTU - IPV4 - TCP, 1500 - (VPN_MTU - IPV4 - TCP));
	assert_books(2);
	vpn_connect(4);
	receive_whole(&long6, 1420, 0);
	assert_int_equal(vpn_dropped("too-big"), 1);
	assert_int_equal(stats.port[WG0].tx_packets, 0);
	assert_true(nf_host_settles());
}

/* Nobody has it: one error for all of it, not one for each piece. */
static void errors_are_about_the_whole(void **state)
{
	struct craft nobodys = whole4;

	(void)state;
	nobodys.destination = "10.3.0.5";
	vpn_connect(4);
	receive_whole(&nobodys, 500, 0);
	assert_int_equal(vpn_dropped("wg-no-peer"), 1);
	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(nf_host.sent[0].device, LAN);
	assert_true(nf_host_settles());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(super_frames_are_cut),
	    cmocka_unit_test(identifications_count_up),
	    cmocka_unit_test(a_single_segment_is_no_super_frame),
	    cmocka_unit_test(segments_fit_the_tunnel),
	    cmocka_unit_test(errors_are_about_the_whole),
	};

	return cmocka_run_group_tests_name("tunnel segments", tests, NULL, NULL);
}
