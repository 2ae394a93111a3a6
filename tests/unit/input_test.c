/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/input/input.c and the files parse_*.c: named rows, each a sample with a few bytes changed, and under
 * which reason the frame ends, or that it goes on. What input promises of those that go on is held by
 * tests/fuzz/input_fuzz.c too.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { GOES_ON = DROP_REASON_COUNT, CHANGES_MAX = 9, IP = 14 };

struct change {
	uint16_t at;
	uint8_t to;
};

struct row {
	const char *name;
	enum sample sample;
	uint16_t length;		    /* 0: all */
	bool bad_checksum;		    /* leave the IPv4 checksum as the changes made it */
	int expected;			    /* enum drop_reason, or GOES_ON */
	struct change changes[CHANGES_MAX]; /* until one at 0 to 0 */
};

static const struct row rows[] = {
    {"a plain datagram", SAMPLE_UDP4, .expected = GOES_ON},
    {"13 bytes", SAMPLE_UDP4, .length = 13, .expected = DROP_RUNT},
    {"another station", SAMPLE_UDP4, .expected = DROP_NOT_FOR_US, .changes = {{5, 9}}},
    {"to all stations", SAMPLE_UDP4, .expected = GOES_ON,
     .changes = {{0, 0xff}, {1, 0xff}, {2, 0xff}, {3, 0xff}, {4, 0xff}, {5, 0xff}}},
    {"unknown EtherType", SAMPLE_UDP4, .expected = DROP_ETHERTYPE_UNKNOWN,
     .changes = {{12, 0x88}, {13, 0xb5}}},
    {"VLAN of a port", SAMPLE_VLAN, .expected = GOES_ON},
    {"VLAN of no port", SAMPLE_VLAN, .expected = DROP_VLAN_UNKNOWN, .changes = {{15, 21}}},
    {"priority tag", SAMPLE_PRIORITY, .expected = GOES_ON},
    {"stacked tags", SAMPLE_VLAN, .expected = DROP_VLAN_UNKNOWN, .changes = {{16, 0x81}, {17, 0}}},
    {"service tag with the VLAN of a port", SAMPLE_VLAN, .expected = DROP_VLAN_UNKNOWN,
     .changes = {{12, 0x88}, {13, 0xa8}}},
    {"service tag behind a priority tag", SAMPLE_PRIORITY, .expected = DROP_VLAN_UNKNOWN,
     .changes = {{16, 0x88}, {17, 0xa8}}},
    {"tag cut off", SAMPLE_VLAN, .length = 17, .expected = DROP_RUNT},
    {"version 5", SAMPLE_UDP4, .expected = DROP_IP_VERSION, .changes = {{IP, 0x55}}},
    {"header of 16 bytes", SAMPLE_UDP4, .expected = DROP_IP_HEADER, .changes = {{IP, 0x44}}},
    {"header longer than the packet", SAMPLE_UDP4, .expected = DROP_IP_HEADER, .bad_checksum = true,
     .changes = {{IP, 0x4f}}},
    {"total length below the header", SAMPLE_UDP4, .expected = DROP_IP_HEADER, .changes = {{IP + 3, 19}}},
    {"total length beyond the frame", SAMPLE_UDP4, .expected = DROP_IP_TRUNCATED, .changes = {{IP + 2, 1}}},
    {"header cut off", SAMPLE_UDP4, .length = 33, .expected = DROP_IP_TRUNCATED},
    {"wrong checksum", SAMPLE_UDP4, .bad_checksum = true, .expected = DROP_IP_CHECKSUM,
     .changes = {{IP + 8, 77}}},
    {"from 0.0.0.0/8", SAMPLE_UDP4, .expected = DROP_IP_SOURCE, .changes = {{IP + 12, 0}, {IP + 13, 1}}},
    {"from loopback", SAMPLE_UDP4, .expected = DROP_IP_SOURCE, .changes = {{IP + 12, 127}}},
    {"from a group", SAMPLE_UDP4, .expected = DROP_IP_SOURCE, .changes = {{IP + 12, 224}}},
    {"from class E", SAMPLE_UDP4, .expected = DROP_IP_SOURCE, .changes = {{IP + 12, 240}}},
    {"from our own address", SAMPLE_UDP4, .expected = DROP_IP_SOURCE, .changes = {{IP + 15, 1}}},
    {"from our address on another port", SAMPLE_UDP4, .expected = DROP_IP_SOURCE,
     .changes = {{IP + 12, 198}, {IP + 13, 51}, {IP + 14, 100}, {IP + 15, 1}}},
    {"from a neighbour of our address on another port", SAMPLE_UDP4, .expected = GOES_ON,
     .changes = {{IP + 12, 198}, {IP + 13, 51}, {IP + 14, 100}, {IP + 15, 3}}},
    {"from the broadcast address of another port's subnet", SAMPLE_UDP4, .expected = DROP_IP_SOURCE,
     .changes = {{IP + 12, 198}, {IP + 13, 51}, {IP + 14, 100}, {IP + 15, 127}}},
    {"from the subnet's broadcast address", SAMPLE_UDP4, .expected = DROP_IP_SOURCE,
     .changes = {{IP + 15, 255}}},
    {"to loopback", SAMPLE_UDP4, .expected = DROP_IP_DESTINATION, .changes = {{IP + 16, 127}}},
    {"to 0.0.0.0/8", SAMPLE_UDP4, .expected = DROP_IP_DESTINATION, .changes = {{IP + 16, 0}, {IP + 17, 1}}},
    {"to class E", SAMPLE_UDP4, .expected = DROP_IP_DESTINATION, .changes = {{IP + 16, 250}}},
    {"to a group", SAMPLE_MULTICAST4, .expected = GOES_ON},
    {"options: end", SAMPLE_BIG4, .expected = DROP_L4_TRUNCATED, .changes = {{IP, 0x46}, {IP + 20, 0}}},
    {"options: length 0", SAMPLE_BIG4, .expected = DROP_IP_OPTIONS,
     .changes = {{IP, 0x46}, {IP + 20, 7}, {IP + 21, 0}}},
    {"options: beyond the header", SAMPLE_BIG4, .expected = DROP_IP_OPTIONS,
     .changes = {{IP, 0x46}, {IP + 20, 7}, {IP + 21, 5}}},
    {"options: loose source route", SAMPLE_BIG4, .expected = DROP_IP_OPTIONS,
     .changes = {{IP, 0x46}, {IP + 20, 131}, {IP + 21, 3}}},
    {"options: strict source route", SAMPLE_BIG4, .expected = DROP_IP_OPTIONS,
     .changes = {{IP, 0x46}, {IP + 20, 137}, {IP + 21, 3}}},
    {"UDP length beyond the packet", SAMPLE_UDP4, .expected = DROP_L4_TRUNCATED, .changes = {{IP + 24, 1}}},
    {"UDP length of 7", SAMPLE_UDP4, .expected = DROP_L4_TRUNCATED, .changes = {{IP + 25, 7}}},
    {"TCP header of 16 bytes", SAMPLE_TCP4, .expected = DROP_L4_TRUNCATED, .changes = {{IP + 32, 0x40}}},
    {"TCP header beyond the packet", SAMPLE_TCP4, .expected = DROP_L4_TRUNCATED,
     .changes = {{IP + 32, 0xf0}}},
    {"first fragment", SAMPLE_FIRST4, .expected = GOES_ON},
    {"later fragment", SAMPLE_LATER4, .expected = GOES_ON},
    {"fragment over the first TCP bytes", SAMPLE_LATER4, .expected = DROP_FRAGMENT_BAD,
     .changes = {{IP + 7, 1}, {IP + 9, 6}}},
    {"fragment past 65535", SAMPLE_LATER4, .expected = DROP_FRAGMENT_BAD,
     .changes = {{IP + 6, 0x1f}, {IP + 7, 0xff}}},
    {"first fragment, not a multiple of 8", SAMPLE_UDP4, .expected = DROP_FRAGMENT_BAD,
     .changes = {{IP + 6, 0x20}}},
    {"first fragment without its TCP header", SAMPLE_TCP4, .expected = DROP_FRAGMENT_BAD,
     .changes = {{IP + 6, 0x20}, {IP + 3, 36}}},
    {"a plain IPv6 datagram", SAMPLE_UDP6, .expected = GOES_ON},
    {"IPv6 version 4", SAMPLE_UDP6, .expected = DROP_IP_VERSION, .changes = {{IP, 0x40}}},
    {"IPv6 cut off", SAMPLE_UDP6, .length = 53, .expected = DROP_IP_TRUNCATED},
    {"IPv6 length beyond the frame", SAMPLE_UDP6, .expected = DROP_IP_TRUNCATED, .changes = {{IP + 4, 1}}},
    {"IPv6 from a group", SAMPLE_UDP6, .expected = DROP_IP_SOURCE, .changes = {{IP + 8, 0xff}}},
    {"IPv6 from our own address", SAMPLE_UDP6, .expected = DROP_IP_SOURCE, .changes = {{IP + 23, 1}}},
    {"IPv6 from our address on another port", SAMPLE_UDP6, .expected = DROP_IP_SOURCE,
     .changes = {{IP + 13, 2}, {IP + 23, 1}}},
    {"IPv6 from our link-local address", SAMPLE_UDP6, .expected = DROP_IP_SOURCE,
     .changes = {{IP + 8, 0xfe},
		 {IP + 9, 0x80},
		 {IP + 10, 0},
		 {IP + 11, 0},
		 {IP + 13, 0},
		 {IP + 16, 0},
		 {IP + 19, 0xff},
		 {IP + 20, 0xfe},
		 {IP + 23, 1}}},
    {"IPv6 to an interface-local group", SAMPLE_UDP6, .expected = DROP_IP_DESTINATION,
     .changes = {{IP + 24, 0xff}, {IP + 25, 1}}},
    {"hop-by-hop header that doesn't fit", SAMPLE_UDP6, .expected = DROP_IPV6_EXTENSION,
     .changes = {{IP + 6, 0}, {IP + 41, 200}}},
    {"jumbogram", SAMPLE_UDP6, .expected = DROP_IPV6_EXTENSION,
     .changes = {{IP + 6, 0}, {IP + 40, 17}, {IP + 41, 0}, {IP + 42, 0xc2}, {IP + 43, 4}}},
    {"routing header of type 0", SAMPLE_UDP6, .expected = DROP_IPV6_EXTENSION,
     .changes = {{IP + 6, 43}, {IP + 40, 17}, {IP + 41, 0}, {IP + 42, 0}}},
    {"second hop-by-hop header", SAMPLE_BIG6, .expected = DROP_IPV6_EXTENSION,
     .changes = {{IP + 6, 60}, {IP + 40, 0}, {IP + 41, 0}, {IP + 42, 1}, {IP + 43, 4}}},
    {"first IPv6 fragment", SAMPLE_FIRST6, .expected = GOES_ON},
    {"a fragment within a whole one", SAMPLE_UDP6, .expected = DROP_IPV6_EXTENSION,
     .changes = {{IP + 6, 44},
		 {IP + 40, 44},
		 {IP + 42, 0},
		 {IP + 43, 0},
		 {IP + 48, 17},
		 {IP + 50, 0},
		 {IP + 51, 8}}},
    {"a fragment within a first one", SAMPLE_UDP6, .expected = DROP_FRAGMENT_BAD,
     .changes = {{IP + 6, 44},
		 {IP + 40, 44},
		 {IP + 42, 0},
		 {IP + 43, 1},
		 {IP + 48, 17},
		 {IP + 50, 0},
		 {IP + 51, 8}}},
    {"ARP for Token Ring", SAMPLE_ARP, .expected = DROP_ARP_BAD, .changes = {{15, 6}}},
    {"ARP cut off", SAMPLE_ARP, .length = 41, .expected = DROP_ARP_BAD},
    {"ARP of ours, looped", SAMPLE_ARP, .expected = DROP_ARP_BAD, .changes = {{26, 0}, {27, 1}}},
    {"ARP from a group address", SAMPLE_ARP, .expected = DROP_ARP_BAD, .changes = {{22, 3}}},
    {"neighbour solicitation, hop limit 254", SAMPLE_SOLICITATION, .expected = DROP_ND_BAD,
     .changes = {{IP + 7, 254}}},
    {"neighbour solicitation, wrong checksum", SAMPLE_SOLICITATION, .bad_checksum = true,
     .expected = DROP_ND_BAD, .changes = {{IP + 45, 1}}},
    {"neighbour solicitation, code 1", SAMPLE_SOLICITATION, .expected = DROP_ND_BAD,
     .changes = {{IP + 41, 1}}},
    {"neighbour solicitation, option of length 0", SAMPLE_SOLICITATION, .expected = DROP_ND_BAD,
     .changes = {{IP + 65, 0}}},
    {"neighbour solicitation, option too long", SAMPLE_SOLICITATION, .expected = DROP_ND_BAD,
     .changes = {{IP + 65, 2}}},
    {"neighbour solicitation for a group", SAMPLE_SOLICITATION, .expected = DROP_ND_BAD,
     .changes = {{IP + 48, 0xff}}},
    {"neighbour advertisement without an address", SAMPLE_ADVERTISEMENT, .expected = DROP_ND_BAD,
     .changes = {{IP + 48, 0xff}}},
};

static size_t make(const struct row *row, uint8_t *frame)
{
	size_t count = sample_frame(row->sample, frame);

	for (int i = 0; i < CHANGES_MAX && (row->changes[i].at || row->changes[i].to); i++)
		frame[row->changes[i].at] = row->changes[i].to;
	if (frame[12] == 8 && frame[13] == 0 && !row->bad_checksum && (frame[IP] & 0xf) >= 5)
		sample_fix_ipv4(frame);
	if (frame[12] == 0x86 && frame[IP + 6] == 58 && !row->bad_checksum)
		sample_fix_icmpv6(frame);
	return row->length ? row->length : count;
}

static bool ends_as_expected(const struct row *row, uint16_t segment)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = make(row, frame);
	struct rte_mbuf *m = nf_host_frame(frame, count, segment);
	uint64_t before = row->expected == GOES_ON ? 0 : stats.dropped[row->expected];

	if (input(0, &m, 1)) {
		bool whole = m->data_len >= m->l2_len + m->l3_len + m->l4_len;

		packet_consume(m);
		return row->expected == GOES_ON && whole;
	}
	return row->expected != GOES_ON && stats.dropped[row->expected] == before + 1;
}

/* Each row as one segment, and cut into segments of 7 bytes. */
static void each_row(void **state)
{
	unsigned int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nf_host_start();
		if (!ends_as_expected(&rows[i], 0) || !ends_as_expected(&rows[i], 7)) {
			print_error("row failed: %s\n", rows[i].name);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

static void padding_is_trimmed(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX] = {0};
	size_t count = sample_frame(SAMPLE_UDP4, frame);

	(void)state;
	nf_host_start();
	for (uint16_t segment = 0; segment < 100; segment += 9) {
		struct rte_mbuf *m = nf_host_frame(frame, count + 500, segment);

		assert_int_equal(input(0, &m, 1), 1);
		assert_int_equal(m->pkt_len, count);
		rte_mbuf_sanity_check(m, 1);
		packet_consume(m);
	}
}

static void facts_of_a_vlan_packet(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	struct rte_mbuf *m;

	(void)state;
	nf_host_start();
	m = nf_host_frame(frame, sample_frame(SAMPLE_VLAN, frame), 0);
	assert_int_equal(input(0, &m, 1), 1);
	assert_int_equal(packet_meta(m)->in_port, 2);
	assert_int_equal(packet_meta(m)->flags, PACKET_L4);
	assert_int_equal(packet_meta(m)->destination_port, rte_cpu_to_be_16(53));
	assert_int_equal(m->l2_len, 18);
	assert_int_equal(stats.port[2].rx_packets, 1);
	assert_int_equal(stats.port[2].rx_bytes, m->pkt_len);
	packet_consume(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(padding_is_trimmed),
	    cmocka_unit_test(facts_of_a_vlan_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
