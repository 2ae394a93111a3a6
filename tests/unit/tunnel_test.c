/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets into tunnels and out of them, through the whole chain; see vpn_world.h. tunnel_hostile_test.c has
 * what a network or a peer does wrong.
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

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, DF = 0x40 };

static const struct vpn_outer usual4, usual6 = {.ipv6 = true};
static const struct craft to_far4 = {.protocol = IPPROTO_UDP,
				     .source = "192.0.2.10",
				     .destination = "10.0.0.5",
				     .source_port = 4000,
				     .destination_port = 53,
				     .payload = 100},
			  from_far4 = {.protocol = IPPROTO_UDP,
				       .source = "10.0.0.5",
				       .destination = "192.0.2.10",
				       .source_port = 53,
				       .destination_port = 4000,
				       .payload = 100},
			  to_far6 = {.protocol = IPPROTO_UDP,
				     .source = "2001:db8:1::10",
				     .destination = "2001:db8:a::5",
				     .source_port = 4000,
				     .destination_port = 53,
				     .payload = 100},
			  from_far6 = {.protocol = IPPROTO_UDP,
				       .source = "2001:db8:a::5",
				       .destination = "2001:db8:1::10",
				       .source_port = 53,
				       .destination_port = 4000,
				       .payload = 100};

/* The packet that a host sent, as the next hop sees it. */
static size_t forwarded(const struct craft *craft, uint8_t *packet)
{
	size_t bytes = vpn_packet(craft, packet);

	if (packet[0] >> 4 == 6) {
		packet[7]--;
		return bytes;
	}
	packet[8]--;
	memset(packet + 10, 0, 2);
	*(uint16_t *)(packet + 10) = htons(~craft_sum(packet, IPV4, 0));
	return bytes;
}

/* One datagram left, with that inside and zeros behind it. */
static void assert_inside(uint32_t index, const uint8_t *packet, size_t bytes)
{
	const uint8_t *inside;
	uint32_t count = vpn_opened(index, &inside);

	assert_int_equal(count, RTE_MIN((bytes + 15) & ~(size_t)15, (size_t)VPN_MTU));
	assert_memory_equal(inside, packet, bytes);
	for (size_t i = bytes; i < count; i++)
		assert_int_equal(inside[i], 0);
}

static void goes_in(uint8_t family, const struct craft *craft)
{
	uint8_t packet[CRAFT_MAX];
	size_t bytes = forwarded(craft, packet);

	vpn_connect(family);
	vpn_receive(LAN, craft);
	assert_int_equal(nf_host.sent_count, 1);
	assert_inside(0, packet, bytes);
	assert_int_equal(stats.forwarded, 1);
	assert_int_equal(stats.originated, 1);
	assert_int_equal(stats.port[WG0].tx_packets, 1);
	assert_int_equal(stats.port[WG0].tx_bytes, bytes);
	assert_true(nf_host_settles());
}

static void packets_go_in(void **state)
{
	const struct craft *rows[] = {&to_far4, &to_far6};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		goes_in(4, rows[i]);
		goes_in(6, rows[i]);
	}
}

static void comes_out(uint8_t family, const struct craft *craft, const struct vpn_outer *outer)
{
	uint8_t packet[CRAFT_MAX];
	size_t bytes = forwarded(craft, packet);
	const uint8_t *sent;
	uint32_t count;

	vpn_connect(family);
	vpn_arrive(0, craft, outer);
	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(nf_host.sent[0].device, LAN);
	sent = nf_host_sent_bytes(0, &count);
	assert_int_equal(count, ETHERNET + bytes);
	assert_memory_equal(sent + ETHERNET, packet, bytes);
	assert_int_equal(nf_host.sent[0].packet->ol_flags, 0);
	assert_int_equal(stats.port[WG0].rx_packets, 1);
	assert_int_equal(stats.consumed, 1);
	assert_int_equal(stats.forwarded, 1);
	assert_true(nf_host_settles());
}

static void packets_come_out(void **state)
{
	(void)state;
	comes_out(4, &from_far4, &usual4);
	comes_out(4, &from_far6, &usual4);
	comes_out(6, &from_far4, &usual6);
	comes_out(6, &from_far6, &usual6);
}

/* ECN and DSCP */

enum { NOT_ECT, ECT_1, ECT_0, CE, LOST };
enum { DSCP_INSIDE = 46 << 2, DSCP_OUTSIDE = 10 << 2 };

static void set_tos(uint8_t *packet, uint8_t tos)
{
	static const uint8_t label[3] = {0x0a, 0xbc, 0xde};

	if (packet[0] >> 4 == 6) {
		memcpy(packet + 1, label, sizeof(label));
		packet[0] = 6 << 4 | tos >> 4;
		packet[1] |= tos << 4;
		return;
	}
	packet[1] = tos;
	memset(packet + 10, 0, 2);
	*(rte_be16_t *)(packet + 10) = htons(~craft_sum(packet, IPV4, 0));
}

static uint8_t tos_of(const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? packet[0] << 4 | packet[1] >> 4 : packet[1];
}

static void receive_marked(const struct craft *craft, uint8_t tos)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame);

	memcpy(frame, port_configs[LAN].mac, 6);
	set_tos(frame + ETHERNET, tos);
	nf_host_receive(LAN, frame, bytes);
}

static void marks_are_shown_outside(void **state)
{
	const struct craft *rows[] = {&to_far4, &to_far6};
	const uint8_t *inside;
	uint32_t bytes;

	(void)state;
	for (uint8_t family = 4; family <= 6; family += 2)
		for (int row = 0; row < 2; row++)
			for (uint8_t ecn = NOT_ECT; ecn <= CE; ecn++) {
				vpn_connect(family);
				receive_marked(rows[row], DSCP_INSIDE | ecn);
				assert_int_equal(tos_of(nf_host_sent_bytes(0, &bytes) + ETHERNET), ecn);
				vpn_opened(0, &inside);
				assert_int_equal(tos_of(inside), DSCP_INSIDE | ecn);
			}
}

/* RFC 6040, figure 4: [inside][outside]. */
static const uint8_t leaving[4][4] = {
    [NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_0] = NOT_ECT, [ECT_1] = NOT_ECT, [CE] = LOST},
    [ECT_0] = {[NOT_ECT] = ECT_0, [ECT_0] = ECT_0, [ECT_1] = ECT_1, [CE] = CE},
    [ECT_1] = {[NOT_ECT] = ECT_1, [ECT_0] = ECT_1, [ECT_1] = ECT_1, [CE] = CE},
    [CE] = {[NOT_ECT] = CE, [ECT_0] = CE, [ECT_1] = CE, [CE] = CE},
};

static void leave_marked(bool ipv6_inside, bool ipv6_outside, uint8_t inside, uint8_t outside)
{
	struct vpn_outer outer = {.ipv6 = ipv6_outside, .tos = DSCP_OUTSIDE | outside};
	uint8_t packet[CRAFT_MAX], wanted[CRAFT_MAX], frame[VPN_FRAME_MAX], to = leaving[inside][outside];
	const struct craft *craft = ipv6_inside ? &from_far6 : &from_far4;
	size_t bytes = vpn_packet(craft, packet), count;

	vpn_connect(ipv6_outside ? 6 : 4);
	set_tos(packet, DSCP_INSIDE | inside);
	count = vpn_seal(frame, 0, packet, bytes, 0, &outer);
	nf_host_receive(WAN, frame, count);
	assert_int_equal(vpn_dropped("wg-ecn"), to == LOST);
	assert_int_equal(nf_host.sent_count, to != LOST);
	assert_true(nf_host_books_balance());
	if (to == LOST)
		return;
	forwarded(craft, wanted);
	set_tos(wanted, DSCP_INSIDE | to);
	assert_memory_equal(nf_host_sent_bytes(0, &(uint32_t){0}) + ETHERNET, wanted, bytes);
}

static void marks_come_out(void **state)
{
	(void)state;
	for (uint8_t inside = NOT_ECT; inside <= CE; inside++)
		for (uint8_t outside = NOT_ECT; outside <= CE; outside++)
			for (int families = 0; families < 4; families++)
				leave_marked(families & 1, families & 2, inside, outside);
}

/* Sizes */

static void padding_ends_at_the_mtu(void **state)
{
	static const uint16_t sizes[] = {28, 29, 44, 48, 1408, 1409, 1416, 1417, 1419, 1420};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		struct craft craft = to_far4;

		craft.payload = sizes[i] - 28;
		goes_in(4, &craft);
		goes_in(6, &craft);
	}
}

static void set_df(uint8_t *frame)
{
	frame[ETHERNET + 6] |= DF;
	memset(frame + ETHERNET + 10, 0, 2);
	*(rte_be16_t *)(frame + ETHERNET + 10) = htons(~craft_sum(frame + ETHERNET, IPV4, 0));
}

static void what_is_too_big_and_must_stay_whole_is_told(void **state)
{
	struct craft craft = to_far4, craft6 = to_far6;
	uint8_t frame[CRAFT_MAX];
	const uint8_t *sent;
	uint32_t count;
	size_t bytes;

	(void)state;
	vpn_connect(4);
	craft.payload = VPN_MTU + 1 - 28;
	craft6.payload = VPN_MTU + 1 - 48;
	bytes = craft_frame(&craft, frame);
	memcpy(frame, port_configs[LAN].mac, 6);
	set_df(frame);
	nf_host_receive(LAN, frame, bytes);
	vpn_receive(LAN, &craft6);
	assert_int_equal(nf_host.sent_count, 2);
	sent = nf_host_sent_bytes(0, &count);
	assert_memory_equal(sent + ETHERNET + IPV4, ((uint8_t[]){3, 4}), 2);
	assert_int_equal(sent[ETHERNET + IPV4 + 6] << 8 | sent[ETHERNET + IPV4 + 7], VPN_MTU);
	sent = nf_host_sent_bytes(1, &count);
	assert_memory_equal(sent + ETHERNET + IPV6, ((uint8_t[]){2, 0}), 2);
	assert_int_equal(sent[ETHERNET + IPV6 + 6] << 8 | sent[ETHERNET + IPV6 + 7], VPN_MTU);
	assert_int_equal(vpn_dropped("too-big"), 2);
	assert_true(nf_host_settles());
}

/* Puts together what a series of datagrams has inside, and returns its bytes; `offset`: of the first. */
static size_t put_together(uint8_t *out, uint32_t offset, bool more)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		const uint8_t *inside;
		uint32_t count = vpn_opened(i, &inside), bytes, fragment;

		assert_int_not_equal(count, UINT32_MAX);
		assert_int_equal(craft_sum(inside, IPV4, 0), 0xffff);
		bytes = (inside[2] << 8 | inside[3]) - IPV4;
		fragment = (inside[6] << 8 | inside[7]) & 0x3fff;
		assert_true(bytes + IPV4 <= count && bytes + IPV4 <= VPN_MTU);
		assert_int_equal((fragment & 0x1fff) * 8, offset + total);
		assert_int_equal(fragment >> 13, more || i + 1 < nf_host.sent_count);
		memcpy(out + total, inside + IPV4, bytes);
		total += bytes;
	}
	return total;
}

static void receive_in_segments(const struct craft *craft, uint16_t segment)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(craft, frame);
	struct rte_mbuf *m;

	memcpy(frame, port_configs[LAN].mac, 6);
	m = nf_host_frame(frame, bytes, segment);
	m->port = LAN;
	appliance_chain(LAN, &m, 1);
}

static void is_cut(uint8_t family, uint16_t segment, struct craft craft)
{
	uint8_t packet[CRAFT_MAX], whole[CRAFT_MAX];
	size_t bytes = vpn_packet(&craft, packet);

	vpn_connect(family);
	receive_in_segments(&craft, segment);
	assert_int_equal(nf_host.sent_count, 2);
	assert_int_equal(put_together(whole, craft.fragment, craft.more_fragments), bytes - IPV4);
	assert_memory_equal(whole, packet + IPV4, bytes - IPV4);
	assert_int_equal(stats.forwarded, 1);
	assert_int_equal(stats.fragmented, 1);
	assert_int_equal(stats.fragments, 2);
	assert_int_equal(stats.originated, 2);
	assert_int_equal(stats.port[WG0].tx_packets, 2);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

static void what_is_too_big_is_cut(void **state)
{
	struct craft craft = to_far4;

	(void)state;
	for (int i = 0; i < 4; i++) {
		craft.payload = i % 2 ? 1460 : 1393;
		is_cut(i < 2 ? 4 : 6, 0, craft);
		is_cut(i < 2 ? 4 : 6, 333, craft);
	}
}

static void fragments_are_cut_again(void **state)
{
	struct craft craft = to_far4;

	(void)state;
	craft.payload = 1400;
	craft.more_fragments = true;
	is_cut(4, 0, craft);
}

static void later_fragments_are_cut_again(void **state)
{
	struct craft first = to_far4, later = to_far4;
	uint8_t packet[CRAFT_MAX], whole[CRAFT_MAX];
	size_t bytes;

	(void)state;
	vpn_connect(4);
	first.more_fragments = true;
	first.payload = 72;
	later.fragment = 80;
	later.payload = 1411;
	vpn_receive(LAN, &first);
	nf_host_forget();
	vpn_receive(LAN, &later);
	assert_int_equal(nf_host.sent_count, 2);
	bytes = vpn_packet(&later, packet) - IPV4;
	assert_int_equal(put_together(whole, 80, false), bytes);
	assert_memory_equal(whole, packet + IPV4, bytes);
	assert_int_equal(stats.forwarded, 2);
	assert_int_equal(stats.fragments, 2);
	assert_true(nf_host_settles());
}

/* Packets as devices hand them over */

static void packets_in_segments_go_in(void **state)
{
	static const uint16_t segments[] = {40, 61, 100, 1000};
	uint8_t packet[CRAFT_MAX];
	struct craft craft = to_far4;

	(void)state;
	craft.payload = 1300;
	for (size_t i = 0; i < RTE_DIM(segments); i++) {
		vpn_connect(4);
		receive_in_segments(&craft, segments[i]);
		assert_int_equal(nf_host.sent_count, 1);
		assert_inside(0, packet, forwarded(&craft, packet));
		assert_true(nf_host_settles());
	}
}

/* A checksum that was left to the device. */
static void leave_checksum(uint8_t *frame, size_t bytes)
{
	uint8_t *ip = frame + ETHERNET;
	bool ipv6 = ip[0] >> 4 == 6;
	size_t header = ipv6 ? IPV6 : IPV4, l4_bytes = bytes - ETHERNET - header;
	uint8_t protocol = ipv6 ? ip[6] : ip[9], *at = ip + header + (protocol == IPPROTO_TCP ? 16 : 6);
	uint32_t sum = ipv6 ? craft_sum(ip + 8, 32, 0) : craft_sum(ip + 12, 8, 0);

	sum += l4_bytes + protocol;
	*(rte_be16_t *)at = htons((sum & 0xffff) + (sum >> 16));
}

static void checksums_are_finished_inside(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct craft craft = i & 1 ? to_far6 : to_far4;
		uint8_t frame[CRAFT_MAX], packet[CRAFT_MAX];
		struct rte_mbuf *m;
		size_t bytes;

		if (i & 2) {
			craft.protocol = IPPROTO_TCP;
			craft.tcp_flags = 2;
		}
		craft.payload = 101;
		vpn_connect(4);
		bytes = craft_frame(&craft, frame);
		memcpy(frame, port_configs[LAN].mac, 6);
		leave_checksum(frame, bytes);
		m = nf_host_frame(frame, bytes, i & 4 ? 90 : 0);
		m->port = LAN;
		m->ol_flags |= i & 2 ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
		appliance_chain(LAN, &m, 1);
		assert_int_equal(nf_host.sent_count, 1);
		assert_inside(0, packet, forwarded(&craft, packet));
		assert_true(nf_host_settles());
	}
}

static void checksums_are_finished_before_the_cut(void **state)
{
	struct craft craft = to_far4;
	uint8_t frame[CRAFT_MAX], packet[CRAFT_MAX], whole[CRAFT_MAX];
	struct rte_mbuf *m;
	size_t bytes;

	(void)state;
	craft.payload = 1459;
	vpn_connect(4);
	bytes = craft_frame(&craft, frame);
	memcpy(frame, port_configs[LAN].mac, 6);
	leave_checksum(frame, bytes);
	m = nf_host_frame(frame, bytes, 0);
	m->port = LAN;
	m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	appliance_chain(LAN, &m, 1);
	assert_int_equal(nf_host.sent_count, 2);
	vpn_packet(&craft, packet);
	assert_int_equal(put_together(whole, 0, false), bytes - ETHERNET - IPV4);
	assert_memory_equal(whole, packet + IPV4, bytes - ETHERNET - IPV4);
}

/* An mbuf that was handed over with little room before the frame. */
static void frames_need_no_more_headroom_than_devices_give(void **state)
{
	uint8_t packet[CRAFT_MAX];

	(void)state;
	vpn_connect(6);
	receive_in_segments(&to_far6, 0);
	assert_true(rte_pktmbuf_headroom(nf_host.sent[0].packet) < RTE_PKTMBUF_HEADROOM);
	assert_inside(0, packet, forwarded(&to_far6, packet));
}

static void keepalives_end(void **state)
{
	uint8_t frame[VPN_FRAME_MAX];
	size_t bytes;

	(void)state;
	vpn_connect(4);
	bytes = vpn_seal(frame, 0, frame, 0, 0, &usual4);
	nf_host_receive(WAN, frame, bytes);
	assert_int_equal(nf_host.sent_count, 0);
	assert_int_equal(stats.consumed, 1);
	assert_int_equal(stats.port[WG0].rx_packets, 0);
	assert_int_equal(vpn_dropped_all(), 0);
	assert_true(nf_host_settles());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(packets_go_in),
	    cmocka_unit_test(packets_come_out),
	    cmocka_unit_test(marks_are_shown_outside),
	    cmocka_unit_test(marks_come_out),
	    cmocka_unit_test(padding_ends_at_the_mtu),
	    cmocka_unit_test(what_is_too_big_and_must_stay_whole_is_told),
	    cmocka_unit_test(what_is_too_big_is_cut),
	    cmocka_unit_test(fragments_are_cut_again),
	    cmocka_unit_test(later_fragments_are_cut_again),
	    cmocka_unit_test(packets_in_segments_go_in),
	    cmocka_unit_test(checksums_are_finished_inside),
	    cmocka_unit_test(checksums_are_finished_before_the_cut),
	    cmocka_unit_test(frames_need_no_more_headroom_than_devices_give),
	    cmocka_unit_test(keepalives_end),
	};

	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
