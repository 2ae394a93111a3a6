/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/flow/mss.c: which SYN segments are told a smaller size, and that nothing else in them changes but the
 * checksum. Of example_ports.c wan takes 1360 bytes, guest 1000, lan anything.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/mss.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/nf_host.h"

enum { LAN, WAN, GUEST, SYN = 2, ACK = 16, ETHERNET = 14, IPV4 = 20, IPV6 = 40, TCP = 20, OPTIONS_MAX = 40 };

#define SIZE(mss)    2, 4, (mss) >> 8, (mss)&0xff
#define NOP	     1
#define END	     0
#define SCALE(shift) 3, 3, shift
#define SACK_ALLOWED 4, 2
#define STAMP	     8, 10, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0

static const struct {
	const char *name;
	uint8_t in, out, flags;
	bool ipv6;
	uint8_t bytes, before[OPTIONS_MAX], after[OPTIONS_MAX];
} rows[] = {
    {"larger than the way out takes", LAN, WAN, SYN, false, 4, {SIZE(1460)}, {SIZE(1360)}},
    {"larger than the way in takes", WAN, LAN, SYN, false, 4, {SIZE(1460)}, {SIZE(1360)}},
    {"the smaller of both ports", GUEST, WAN, SYN, false, 4, {SIZE(1460)}, {SIZE(1000)}},
    {"the same, the other way", WAN, GUEST, SYN, false, 4, {SIZE(1460)}, {SIZE(1000)}},
    {"neither port asks", LAN, LAN, SYN, false, 4, {SIZE(1460)}, {SIZE(1460)}},
    {"the answer, too", WAN, LAN, SYN | ACK, false, 4, {SIZE(1460)}, {SIZE(1360)}},
    {"no SYN", LAN, WAN, ACK, false, 4, {SIZE(1460)}, {SIZE(1460)}},
    {"just as large", LAN, WAN, SYN, false, 4, {SIZE(1360)}, {SIZE(1360)}},
    {"by one", LAN, WAN, SYN, false, 4, {SIZE(1361)}, {SIZE(1360)}},
    {"small already", LAN, WAN, SYN, false, 4, {SIZE(536)}, {SIZE(536)}},
    {"the largest there is", LAN, WAN, SYN, false, 4, {SIZE(65535)}, {SIZE(1360)}},
    {"0", LAN, WAN, SYN, false, 4, {SIZE(0)}, {SIZE(0)}},
    {"IPv6 has a longer header", LAN, WAN, SYN, true, 4, {SIZE(1440)}, {SIZE(1340)}},
    {"IPv6, small already", LAN, WAN, SYN, true, 4, {SIZE(1340)}, {SIZE(1340)}},
    {"without options", LAN, WAN, SYN, false, 0, {0}, {0}},
    {"without that one",
     LAN,
     WAN,
     SYN,
     false,
     8,
     {SACK_ALLOWED, NOP, SCALE(7), NOP, NOP},
     {SACK_ALLOWED, NOP, SCALE(7), NOP, NOP}},
    {"behind others",
     LAN,
     WAN,
     SYN,
     false,
     12,
     {SACK_ALLOWED, SCALE(7), NOP, NOP, SIZE(1460), NOP},
     {SACK_ALLOWED, SCALE(7), NOP, NOP, SIZE(1360), NOP}},
    {"before others",
     LAN,
     WAN,
     SYN,
     false,
     20,
     {SIZE(1460), SACK_ALLOWED, STAMP, NOP, SCALE(7)},
     {SIZE(1360), SACK_ALLOWED, STAMP, NOP, SCALE(7)}},
    {"at an odd place",
     LAN,
     WAN,
     SYN,
     false,
     8,
     {NOP, SIZE(1460), NOP, NOP, NOP},
     {NOP, SIZE(1360), NOP, NOP, NOP}},
    {"the last there can be",
     LAN,
     WAN,
     SYN,
     false,
     40,
     {STAMP, STAMP, STAMP, NOP, NOP, NOP, NOP, NOP, NOP, SIZE(1460)},
     {STAMP, STAMP, STAMP, NOP, NOP, NOP, NOP, NOP, NOP, SIZE(1360)}},
    {"the first of two", LAN, WAN, SYN, false, 8, {SIZE(1460), SIZE(1460)}, {SIZE(1360), SIZE(1460)}},
    {"behind the end",
     LAN,
     WAN,
     SYN,
     false,
     8,
     {END, NOP, NOP, NOP, SIZE(1460)},
     {END, NOP, NOP, NOP, SIZE(1460)}},
    {"of another length", LAN, WAN, SYN, false, 4, {2, 3, 5, 0xb4}, {2, 3, 5, 0xb4}},
    {"longer than the header", LAN, WAN, SYN, false, 4, {NOP, 2, 4, 5}, {NOP, 2, 4, 5}},
    {"an option without a length", LAN, WAN, SYN, false, 4, {NOP, NOP, NOP, 2}, {NOP, NOP, NOP, 2}},
    {"behind one of length 0",
     LAN,
     WAN,
     SYN,
     false,
     8,
     {8, 0, NOP, NOP, SIZE(1460)},
     {8, 0, NOP, NOP, SIZE(1460)}},
    {"behind one of length 1",
     LAN,
     WAN,
     SYN,
     false,
     8,
     {8, 1, NOP, NOP, SIZE(1460)},
     {8, 1, NOP, NOP, SIZE(1460)}},
};

static struct craft segment(size_t row)
{
	struct craft craft = {
	    .source = rows[row].ipv6 ? "2001:db8:1::10" : "192.0.2.10",
	    .destination = rows[row].ipv6 ? "2001:db8:2::2" : "198.51.100.2",
	    .protocol = IPPROTO_TCP,
	    .source_port = 4000,
	    .destination_port = 80,
	    .tcp_flags = rows[row].flags,
	    .sequence = 0x12345678,
	    .window = 0xffff,
	    .payload = 3,
	    .option_bytes = rows[row].bytes,
	};

	memcpy(craft.options, rows[row].before, rows[row].bytes);
	return craft;
}

static struct rte_mbuf *pass(const struct craft *craft, uint8_t in, uint8_t out, uint64_t ol_flags)
{
	struct rte_mbuf *m = craft_packet(craft);

	packet_meta(m)->in_port = in;
	packet_meta(m)->out_port = out;
	m->ol_flags |= ol_flags;
	assert_int_equal(mss_clamp(&m, 1), 1);
	return m;
}

/* What is made anew with other options has the right checksum. */
static void each_segment_is_told_what_fits(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct craft craft = segment(row);
		uint8_t expected[CRAFT_MAX];
		struct rte_mbuf *m;

		print_message("# %s\n", rows[row].name);
		m = pass(&craft, rows[row].in, rows[row].out, 0);
		memcpy(craft.options, rows[row].after, rows[row].bytes);
		assert_int_equal(m->pkt_len, craft_frame(&craft, expected));
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), expected, m->pkt_len);
		rte_pktmbuf_free(m);
	}
}

/* Where the way out computes the checksum, the field holds the pseudo-header's sum, in which no option is. */
static void unfinished_checksums_stay(void **state)
{
	struct craft craft = segment(0);
	uint8_t before[CRAFT_MAX];
	static const uint64_t wishes[] = {RTE_MBUF_F_TX_TCP_CKSUM, RTE_MBUF_F_TX_TCP_SEG};

	(void)state;
	craft_frame(&craft, before);
	for (int i = 0; i < 2; i++) {
		struct rte_mbuf *m = pass(&craft, LAN, WAN, wishes[i]);
		const uint8_t *tcp = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETHERNET + IPV4);

		assert_memory_equal(tcp, before + ETHERNET + IPV4, TCP);
		assert_memory_equal(tcp + TCP, rows[0].after, rows[0].bytes);
		rte_pktmbuf_free(m);
	}
}

/* Others are not looked into: a fragment, another protocol, what is for the appliance itself by a port that
 * doesn't ask. */
static void others_stay(void **state)
{
	struct craft crafts[] = {segment(0), segment(0), segment(0)};
	static const uint8_t out[] = {WAN, WAN, PORT_SELF};

	(void)state;
	crafts[0].more_fragments = true;
	crafts[1].protocol = IPPROTO_UDP;
	for (int i = 0; i < 3; i++) {
		uint8_t before[CRAFT_MAX];
		size_t bytes = craft_frame(&crafts[i], before);
		struct rte_mbuf *m = pass(&crafts[i], LAN, out[i], 0);

		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), before, bytes);
		rte_pktmbuf_free(m);
	}
}

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_segment_is_told_what_fits),
	    cmocka_unit_test(unfinished_checksums_stay),
	    cmocka_unit_test(others_stay),
	};

	return cmocka_run_group_tests_name("mss", tests, start, NULL);
}
