/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments that come out of a tunnel and are put together: cut again, a super-frame gives the very packets
 * that went into it; and what could not be given back is left alone.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/segment.h"
#include "nf/wireguard/coalesce.h"
#include "support/vpn_tables.h"

enum {
	ETHERNET = 14,
	IPV4 = 20,
	IPV6 = 40,
	TCP = 20,
	ACK = 0x10,
	PSH = 8,
	FIN = 1,
	BYTES = 100,
	PADDING = 12
};

/* One segment, as the paper's padding leaves it; what differs from the usual is told. */
struct row {
	const char *name;
	uint32_t skip; /* sequence numbers */
	uint16_t payload, identification, source_port, window;
	uint8_t flags, ttl, option;
	uint32_t acknowledgement;
	bool bad_checksum;
	uint8_t tunnel;
};

static uint32_t sequence;
static uint16_t identification;

static size_t make(const struct row *row, bool ipv6, uint8_t *packet)
{
	struct craft craft = {.protocol = IPPROTO_TCP,
			      .source = ipv6 ? "2001:db8:a::5" : "10.0.0.5",
			      .destination = ipv6 ? "2001:db8:1::10" : "192.0.2.10",
			      .source_port = 80 + row->source_port,
			      .destination_port = 4000,
			      .sequence = sequence + row->skip,
			      .acknowledgement = 7 + row->acknowledgement,
			      .window = 1000 + row->window,
			      .tcp_flags = row->flags ? row->flags : ACK,
			      .options = {1, 1, 1, row->option},
			      .option_bytes = 4,
			      .bad_checksum = row->bad_checksum,
			      .payload = row->payload ? row->payload : BYTES};
	size_t bytes = vpn_packet(&craft, packet);

	sequence += craft.payload;
	if (ipv6) {
		packet[7] -= row->ttl;
		return bytes;
	}
	packet[8] -= row->ttl;
	packet[4] = (uint16_t)(identification + row->identification) >> 8;
	packet[5] = identification + row->identification;
	identification++;
	memset(packet + 10, 0, 2);
	*(uint16_t *)(packet + 10) = htons(~craft_sum(packet, IPV4, 0));
	return bytes;
}

/* As wireguard_open unwraps it. */
static struct rte_mbuf *unwrapped(const uint8_t *packet, size_t bytes)
{
	uint8_t frame[CRAFT_MAX] = {0};
	struct rte_mbuf *m;

	memcpy(frame + ETHERNET, packet, bytes);
	m = nf_host_frame(frame, ETHERNET + bytes + PADDING, 0);
	m->l2_len = ETHERNET;
	return m;
}

/* The piece that starts `done` bytes into a super-frame's payload, as whoever cuts makes it. */
static size_t cut_again(const struct rte_mbuf *whole, bool ipv6, uint32_t done, uint16_t number, uint8_t *out)
{
	uint32_t headers = ETHERNET + (ipv6 ? IPV6 : IPV4) + TCP + 4, left = whole->pkt_len - headers - done;
	struct segment_place place = {done, number, left <= whole->tso_segsz};
	struct rte_mbuf *piece = rte_pktmbuf_alloc(host_packet_pool);
	uint32_t bytes = RTE_MIN(left, (uint32_t)whole->tso_segsz);
	uint8_t *to = (uint8_t *)rte_pktmbuf_append(piece, headers + bytes), buffer[CRAFT_MAX];

	memcpy(to, rte_pktmbuf_read(whole, 0, headers, buffer), headers);
	memcpy(to + headers, rte_pktmbuf_read(whole, headers + done, bytes, buffer), bytes);
	piece->l2_len = ETHERNET;
	piece->l3_len = ipv6 ? IPV6 : IPV4;
	piece->ol_flags = whole->ol_flags & ~RTE_MBUF_F_TX_TCP_SEG;
	segment_write_headers(piece, whole, &place);
	checksum_complete(piece);
	bytes = piece->pkt_len - ETHERNET;
	memcpy(out, to + ETHERNET, bytes);
	rte_pktmbuf_free(piece);
	return bytes;
}

static void are_joined_and_cut_again(bool ipv6, uint16_t count, uint16_t last_bytes, uint8_t last_flags)
{
	uint8_t packets[BURST_MAX][CRAFT_MAX], found[CRAFT_MAX], tunnels[BURST_MAX] = {0};
	struct rte_mbuf *burst[BURST_MAX];
	size_t bytes[BURST_MAX];

	sequence = UINT32_MAX - 2 * BYTES;
	identification = 0xfffe;
	for (uint16_t i = 0; i < count; i++) {
		struct row row = {.payload = i == count - 1 ? last_bytes : BYTES,
				  .flags = i == count - 1 ? last_flags : ACK};

		bytes[i] = make(&row, ipv6, packets[i]);
		burst[i] = unwrapped(packets[i], bytes[i]);
	}
	assert_int_equal(coalesce(burst, tunnels, count), 1);
	assert_int_equal(burst[0]->nb_segs, count);
	assert_int_equal(burst[0]->tso_segsz, BYTES);
	assert_true(burst[0]->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
	rte_mbuf_sanity_check(burst[0], 1);
	burst[0]->l3_len = ipv6 ? IPV6 : IPV4;
	for (uint16_t i = 0; i < count; i++) {
		assert_int_equal(cut_again(burst[0], ipv6, i * BYTES, i, found), bytes[i]);
		assert_memory_equal(found, packets[i], bytes[i]);
	}
	rte_pktmbuf_free(burst[0]);
}

static void segments_are_joined(void **state)
{
	(void)state;
	vpn_connect(4);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		for (uint16_t count = 2; count <= BURST_MAX; count += 6) {
			are_joined_and_cut_again(ipv6, count, BYTES, ACK);
			are_joined_and_cut_again(ipv6, count, 1, ACK);
			are_joined_and_cut_again(ipv6, count, BYTES, ACK | PSH);
		}
}

/* The second of three segments; each row keeps it from joining the first. */
static const struct row apart[] = {
    {.name = "a gap", .skip = 1},
    {.name = "more than the first", .payload = BYTES + 1},
    {.name = "FIN", .flags = ACK | FIN},
    {.name = "ECE", .flags = ACK | 0x40},
    {.name = "no ACK", .flags = PSH},
    {.name = "another window", .window = 1},
    {.name = "another acknowledgement", .acknowledgement = 1},
    {.name = "another option", .option = 1},
    {.name = "another hop limit", .ttl = 1},
    {.name = "another flow", .source_port = 1},
    {.name = "another tunnel", .tunnel = 1},
    {.name = "a wrong checksum", .bad_checksum = true},
    {.name = "another identification", .identification = 1},
};

static void others_stay_apart(void **state)
{
	static const struct row usual;

	(void)state;
	vpn_connect(4);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		for (size_t i = 0; i < RTE_DIM(apart) - ipv6; i++) {
			uint8_t packet[CRAFT_MAX], tunnels[2] = {0, apart[i].tunnel};
			struct rte_mbuf *burst[2];

			burst[0] = unwrapped(packet, make(&usual, ipv6, packet));
			burst[1] = unwrapped(packet, make(&apart[i], ipv6, packet));
			if (coalesce(burst, tunnels, 2) != 2)
				fail_msg("joined: %s, IPv%d", apart[i].name, ipv6 ? 6 : 4);
			for (int j = 0; j < 2; j++) {
				assert_int_equal(burst[j]->nb_segs, 1);
				assert_int_equal(burst[j]->ol_flags, 0);
				rte_pktmbuf_free(burst[j]);
			}
		}
}

/* What ends a super-frame is not followed by more of it. */
static void ends_are_ends(void **state)
{
	static const struct row ends[] = {{.flags = ACK | PSH}, {.payload = BYTES - 1}};
	static const struct row usual, shorter = {.payload = BYTES - 1};

	(void)state;
	vpn_connect(4);
	for (size_t i = 0; i < RTE_DIM(ends); i++) {
		uint8_t packet[CRAFT_MAX], tunnels[3] = {0};
		struct rte_mbuf *burst[3];

		burst[0] = unwrapped(packet, make(&usual, false, packet));
		burst[1] = unwrapped(packet, make(&ends[i], false, packet));
		burst[2] = unwrapped(packet, make(&shorter, false, packet));
		assert_int_equal(coalesce(burst, tunnels, 3), 2);
		assert_int_equal(burst[0]->nb_segs, 2);
		rte_pktmbuf_free(burst[0]);
		rte_pktmbuf_free(burst[1]);
	}
}

/* Packets of hostile peers: cut anywhere, and with every bit wrong, nothing is read behind them. */
static void headers_are_not_believed(void **state)
{
	static const struct row usual;

	(void)state;
	vpn_connect(4);
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		for (uint32_t bit = 0; bit < (uint32_t)(ipv6 ? IPV6 : IPV4) * 8 + TCP * 8; bit++) {
			uint8_t packet[CRAFT_MAX], tunnels[1] = {0};
			size_t bytes = make(&usual, ipv6, packet);
			struct rte_mbuf *m;

			packet[bit / 8] ^= 1 << bit % 8;
			m = unwrapped(packet, bytes);
			rte_pktmbuf_trim(m, PADDING + bit % bytes);
			if (m->pkt_len >= ETHERNET + (packet[0] >> 4 == 6 ? IPV6 : IPV4))
				assert_int_equal(coalesce(&m, tunnels, 1), 1);
			rte_pktmbuf_free(m);
		}
}

/* Through the chain: one frame for a device that takes it whole. */
static void a_device_gets_them_whole(void **state)
{
	struct craft craft = {.protocol = IPPROTO_TCP,
			      .source = "192.0.2.10",
			      .destination = "10.0.0.5",
			      .source_port = 4000,
			      .destination_port = 80,
			      .sequence = 6,
			      .window = 60000,
			      .tcp_flags = 2};
	struct rte_mbuf *burst[3];

	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		vpn_connect(4);
		nf_host.takes_super_frames = whole;
		vpn_receive(LAN, &craft);
		sequence = 100;
		vpn_arrive(0,
			   &(struct craft){.protocol = IPPROTO_TCP,
					   .source = "10.0.0.5",
					   .destination = "192.0.2.10",
					   .source_port = 80,
					   .destination_port = 4000,
					   .sequence = 99,
					   .acknowledgement = 7,
					   .window = 60000,
					   .tcp_flags = 2 | ACK},
			   &(struct vpn_outer){0});
		nf_host_forget();
		for (int i = 0; i < 3; i++) {
			uint8_t packet[CRAFT_MAX], frame[VPN_FRAME_MAX];
			size_t bytes = make(&(struct row){0}, false, packet);

			bytes = vpn_seal(frame, 0, packet, bytes, -bytes & 15, &(struct vpn_outer){0});
			burst[i] = nf_host_frame(frame, bytes, 0);
			burst[i]->port = WAN;
		}
		appliance_chain(WAN, burst, 3);
		assert_int_equal(vpn_dropped_all(), 0);
		assert_int_equal(nf_host.sent_count, whole ? 1 : 3);
		assert_int_equal(nf_host.sent[0].packet->nb_segs, whole ? 3 : 1);
		assert_true(nf_host_settles());
	}
	nf_host.takes_super_frames = false;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segments_are_joined),
	    cmocka_unit_test(others_stay_apart),
	    cmocka_unit_test(ends_are_ends),
	    cmocka_unit_test(headers_are_not_believed),
	    cmocka_unit_test(a_device_gets_them_whole),
	};

	return cmocka_run_group_tests_name("wireguard coalesce", tests, NULL, NULL);
}
