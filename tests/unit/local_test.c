/* SPDX-License-Identifier: Apache-2.0
 *
 * What is for the appliance itself, and what it says unasked: echo to each kind of address, checksums,
 * neighbour discovery, announcements, and how much may wait for neighbours. Through the whole chain; lan's
 * MAC address is 02:00:00:00:00:01, so its link-local address is fe80::ff:fe00:1.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/router/neighbour.h"
#include "support/craft.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { IP = 14, LAN = 0, WAN = 1, ARP = 0x0806, CHANGES_MAX = 20, ANSWERED = 1 << 16 };
enum { SOLICITATION = 135, ADVERTISEMENT = 136, ROUTER_FLAG = 0x80, SOLICITED = 0x40, OVERRIDE = 0x20 };

#define HOST6	   "2001:db8:1::10"
#define OUR6	   "2001:db8:1::1"
#define OUR_LOCAL6 "fe80::ff:fe00:1"
#define ROUTER	   .mac = {2, 0, 0, 0, 0, 1}
#define ALL_NODES  .mac = {0x33, 0x33, 0, 0, 0, 1}
#define ECHO6	   .protocol = IPPROTO_ICMPV6, .destination_port = 128 << 8, .payload = 32
#define UDP	   .protocol = IPPROTO_UDP, .source_port = 1, .destination_port = 2, .payload = 33

/* A packet to the appliance, and what becomes of it: `icmp` is type << 8 | code of the answer, and ANSWERED
 * for an echo reply of ICMP, where both are 0; 0: there is none. */
static const struct {
	const char *name;
	struct craft packet;
	const char *from; /* source of the answer */
	int icmp;
	int reason; /* enum drop_reason, or DROP_REASON_COUNT: consumed */
	bool no_checksum;
} rows[] = {
    {"echo to our address", {HOST6, OUR6, ECHO6, ROUTER}, OUR6, 129 << 8, DROP_REASON_COUNT, false},
    {"echo to another port's address",
     {HOST6, "2001:db8:2::1", ECHO6, ROUTER},
     "2001:db8:2::1",
     129 << 8,
     DROP_REASON_COUNT,
     false},
    {"echo to the link-local address",
     {HOST6, OUR_LOCAL6, ECHO6, ROUTER},
     OUR_LOCAL6,
     129 << 8,
     DROP_REASON_COUNT,
     false},
    {"echo to all nodes: answered from our address",
     {HOST6, "ff02::1", ECHO6, ALL_NODES},
     OUR6,
     129 << 8,
     DROP_REASON_COUNT,
     false},
    {"echo to all routers: answered from our address",
     {HOST6, "ff02::2", ECHO6, .mac = {0x33, 0x33, 0, 0, 0, 2}},
     OUR6,
     129 << 8,
     DROP_REASON_COUNT,
     false},
    {"echo to a group that we are not in",
     {HOST6, "ff02::3", ECHO6, .mac = {0x33, 0x33, 0, 0, 0, 3}},
     NULL,
     0,
     DROP_LINK_LOCAL,
     false},
    {"echo to the subnet-router anycast address: answered from our address",
     {HOST6, "2001:db8:1::", ECHO6, ROUTER},
     OUR6,
     129 << 8,
     DROP_REASON_COUNT,
     false},
    {"another's link-local address", {HOST6, "fe80::1", ECHO6, ROUTER}, NULL, 0, DROP_LINK_LOCAL, false},
    {"echo of nothing but zeros: there are two zeros",
     {"192.0.2.10", "192.0.2.1", .protocol = IPPROTO_ICMP, .destination_port = 8 << 8, ROUTER},
     "192.0.2.1",
     ANSWERED,
     DROP_REASON_COUNT,
     false},
    {"damaged echo", {HOST6, OUR6, ECHO6, ROUTER, .bad_checksum = true}, NULL, 0, DROP_LOCAL_CHECKSUM, false},
    {"UDP", {"192.0.2.10", "192.0.2.1", UDP, ROUTER}, "192.0.2.1", 3 << 8 | 3, DROP_LOCAL_UNWANTED, false},
    {"UDP over IPv6", {HOST6, OUR6, UDP, ROUTER}, OUR6, 1 << 8 | 4, DROP_LOCAL_UNWANTED, false},
    {"damaged UDP",
     {"192.0.2.10", "192.0.2.1", UDP, ROUTER, .bad_checksum = true},
     NULL,
     0,
     DROP_LOCAL_CHECKSUM,
     false},
    {"damaged UDP over IPv6",
     {HOST6, OUR6, UDP, ROUTER, .bad_checksum = true},
     NULL,
     0,
     DROP_LOCAL_CHECKSUM,
     false},
    {"UDP without a checksum",
     {"192.0.2.10", "192.0.2.1", UDP, ROUTER},
     "192.0.2.1",
     3 << 8 | 3,
     DROP_LOCAL_UNWANTED,
     true},
    {"UDP over IPv6 without a checksum", {HOST6, OUR6, UDP, ROUTER}, NULL, 0, DROP_LOCAL_CHECKSUM, true},
    {"UDP to all nodes: no error", {HOST6, "ff02::1", UDP, ALL_NODES}, NULL, 0, DROP_LOCAL_UNWANTED, false},
};

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

static void receive(const uint8_t *frame, size_t count, uint16_t segment)
{
	struct rte_mbuf *m = nf_host_frame(frame, count, segment);

	appliance_chain(LAN, &m, 1);
}

/* The answer's addresses, and a checksum over all of it that is right. */
static void check_answer(size_t row)
{
	struct craft like = {
	    .source = rows[row].from, .destination = rows[row].packet.source, .protocol = IPPROTO_ICMP};
	bool ipv6 = strchr(rows[row].from, ':') != NULL;
	uint8_t expected[CRAFT_MAX];
	const uint8_t *frame, *icmp;
	uint32_t count, bytes;

	craft_frame(&like, expected);
	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(nf_host.sent[0].device, LAN);
	frame = nf_host_sent_bytes(0, &count);
	icmp = frame + IP + (ipv6 ? 40 : 20);
	bytes = count - (icmp - frame);
	assert_memory_equal(frame + IP + (ipv6 ? 8 : 12), expected + IP + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
	assert_int_equal(icmp[0] << 8 | icmp[1], rows[row].icmp & ~ANSWERED);
	assert_int_equal(craft_sum(icmp, bytes, ipv6 ? craft_sum(frame + IP + 8, 32, 58 + bytes) : 0),
			 0xffff);
}

static void each_packet_to_us(void **state)
{
	static const uint16_t segments[] = {0, 97, 41};

	(void)state;
	for (size_t i = 0; i < 3 * RTE_DIM(rows); i++) {
		size_t row = i / 3, count;
		uint8_t frame[CRAFT_MAX];

		print_message("  %s\n", rows[row].name);
		nf_host_start();
		count = craft_frame(&rows[row].packet, frame);
		if (rows[row].no_checksum)
			memset(frame + IP + (strchr(rows[row].packet.source, ':') ? 46 : 26), 0, 2);
		receive(frame, count, segments[i % 3]);
		assert_int_equal(rows[row].reason == DROP_REASON_COUNT ? stats.consumed
								       : stats.dropped[rows[row].reason],
				 1);
		if (rows[row].icmp)
			check_answer(row);
		else
			assert_int_equal(nf_host.sent_count, 0);
		assert_true(nf_host_books_balance());
	}
}

/* The host fe80::20 has to be resolved before it gets its answer, on the port that it asked on. */
static void link_local_hosts_are_answered_on_their_link(void **state)
{
	struct craft echo = {"fe80::20", OUR_LOCAL6, ECHO6, ROUTER};
	uint8_t frame[CRAFT_MAX], tagged[SAMPLE_BYTES_MAX];
	const uint8_t *question;
	uint32_t count;
	size_t bytes = craft_frame(&echo, frame);

	(void)state;
	receive(frame, bytes, 0);
	assert_int_equal(nf_host.sent_count, 1);
	question = nf_host_sent_bytes(0, &count);
	assert_int_equal(question[IP + 40], SOLICITATION);
	assert_int_equal(question[IP + 8], 0xfe);
	memcpy(tagged, frame, bytes);
	receive(tagged, sample_tag(tagged, bytes, 0x8100, 20), 0);
	question = nf_host_sent_bytes(1, &count);
	assert_int_equal(question[12] << 8 | question[13], 0x8100);
	assert_int_equal(question[15], 20);
	assert_int_equal(question[18 + 40], SOLICITATION);
}

struct change {
	uint16_t at;
	uint8_t to;
};

/* Neighbour discovery: a sample with changes, and the first byte of flags of the advertisement that answers.
 */
static const struct {
	const char *name;
	struct change changes[CHANGES_MAX];
	int flags; /* -1: no answer */
	bool to_all;
} asked[] = {
    {"for our address", {{0}}, ROUTER_FLAG | SOLICITED | OVERRIDE, false},
    {"for the subnet-router anycast address: nobody is overridden",
     {{IP + 39, 0}, {IP + 63, 0}},
     ROUTER_FLAG | SOLICITED,
     false},
    {"for another's address", {{IP + 63, 9}}, -1, false},
};

static void solicitations(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(asked); i++) {
		uint8_t frame[SAMPLE_BYTES_MAX];
		size_t count = sample_frame(SAMPLE_SOLICITATION, frame);
		const uint8_t *answer;
		uint32_t bytes;

		print_message("  %s\n", asked[i].name);
		nf_host_start();
		for (int c = 0; asked[i].changes[c].at; c++)
			frame[asked[i].changes[c].at] = asked[i].changes[c].to;
		sample_fix_icmpv6(frame);
		receive(frame, count, 0);
		assert_int_equal(stats.consumed, 1);
		assert_int_equal(nf_host.sent_count, asked[i].flags >= 0);
		if (asked[i].flags < 0)
			continue;
		answer = nf_host_sent_bytes(0, &bytes);
		assert_int_equal(answer[IP + 40], ADVERTISEMENT);
		assert_int_equal(answer[IP + 44], asked[i].flags);
		assert_int_equal(answer[5], 0x14);
		assert_memory_equal(answer + IP + 48, frame + IP + 48, 16);
	}
}

/* A probe (RFC 4862, section 5.4.3): from ::, to the solicited-node group, without an option. */
static void duplicate_address_detection(void **state)
{
	for (int own = 0; own < 2; own++) {
		uint8_t frame[SAMPLE_BYTES_MAX];
		const uint8_t *answer;
		uint32_t bytes;

		start(state);
		sample_frame(SAMPLE_SOLICITATION, frame);
		memset(frame + IP + 8, 0, 16);
		frame[IP + 5] = 24;
		frame[IP + 39] = frame[IP + 63] = own ? 1 : 9;
		sample_fix_icmpv6(frame);
		receive(frame, IP + 64, 0);
		assert_int_equal(stats.consumed, 1);
		assert_int_equal(nf_host.sent_count, own);
		if (!own)
			continue;
		answer = nf_host_sent_bytes(0, &bytes);
		assert_int_equal(answer[0] << 8 | answer[5], 0x3301);
		assert_int_equal(answer[IP + 24] << 8 | answer[IP + 39], 0xff01);
		assert_int_equal(answer[IP + 44], ROUTER_FLAG | OVERRIDE);
		frame[IP + 5] = 32; /* with an option: malformed */
		memcpy(frame + IP + 64, "\1\1\2\0\0\0\1\x14", 8);
		sample_fix_icmpv6(frame);
		receive(frame, IP + 72, 0);
		assert_int_equal(stats.dropped[DROP_ND_BAD], 1);
	}
}

static void advertise(uint8_t flags, uint8_t mac)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_ADVERTISEMENT, frame);

	frame[IP + 44] = flags;
	frame[IP + 71] = mac;
	sample_fix_icmpv6(frame);
	receive(frame, count, 0);
}

/* RFC 4861, section 7.2.5: with a new address and without the override flag it only raises doubt. */
static void an_advertisement_without_override(void **state)
{
	struct craft udp = {"2001:db8:99::7", "2001:db8:1::77", UDP, .mac = {2, 0, 0, 0, 0, 2}};
	uint8_t frame[CRAFT_MAX], address[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x77};
	struct neighbour_key key = neighbour_key_ipv6(LAN, address);

	(void)state;
	nf_host_receive(WAN, frame, craft_frame(&udp, frame));
	advertise(SOLICITED | OVERRIDE, 0x77);
	assert_int_equal(neighbour_find(&key)->state, NEIGHBOUR_REACHABLE);
	advertise(SOLICITED, 0x66);
	assert_int_equal(neighbour_find(&key)->state, NEIGHBOUR_STALE);
	assert_int_equal(neighbour_find(&key)->mac.addr_bytes[5], 0x77);
	advertise(SOLICITED, 0x66);
	assert_int_equal(neighbour_find(&key)->mac.addr_bytes[5], 0x77);
	advertise(OVERRIDE, 0x66);
	assert_int_equal(neighbour_find(&key)->state, NEIGHBOUR_STALE);
	assert_int_equal(neighbour_find(&key)->mac.addr_bytes[5], 0x66);
	advertise(SOLICITED, 0x66);
	assert_int_equal(neighbour_find(&key)->state, NEIGHBOUR_REACHABLE);
}

/* Announcements that left each device: ARP and neighbour discovery. */
static void count_announcements(uint32_t count[2])
{
	count[LAN] = count[WAN] = 0;
	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		count[nf_host.sent[i].device]++;
	nf_host_forget();
}

/* Of lan and guest: two IPv4 addresses, two IPv6 ones and two link-local ones, each twice; wan has half of
 * that. */
static void a_link_that_comes_up_is_told_who_we_are(void **state)
{
	uint32_t count[2];

	(void)state;
	nf_host_run((uint64_t)60 * SECOND);
	count_announcements(count);
	assert_int_equal(count[LAN] + count[WAN], 0);
	nf_host.link_up[WAN] = false;
	nf_host_run(SECOND);
	nf_host.link_up[LAN] = false;
	nf_host_run(SECOND);
	assert_int_equal(nf_host.sent_count, 0);
	nf_host.link_up[WAN] = true;
	nf_host_run((uint64_t)5 * SECOND);
	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		assert_int_equal(nf_host.sent[i].device, WAN);
	assert_int_equal(nf_host.sent_count, 2 * 3);
	nf_host_forget();
	nf_host_run((uint64_t)5 * SECOND);
	count_announcements(count);
	assert_int_equal(count[WAN], 0);
	assert_int_equal(count[LAN], 2 * 6);
}

/* Echo requests from many hosts whose MAC addresses nobody tells: the answers that wait leave room in the
 * pool. */
static void answers_that_wait_are_bounded(void **state)
{
	uint32_t hosts = neighbour_capacity - static_neighbour_count, used;

	(void)state;
	for (uint32_t i = 0; i < NEIGHBOUR_QUEUE_MAX * hosts; i++) {
		char source[32];
		struct craft echo = {.source = source,
				     .destination = "192.0.2.1",
				     .protocol = IPPROTO_ICMP,
				     .destination_port = 8 << 8,
				     .payload = 1000,
				     ROUTER};
		uint8_t frame[CRAFT_MAX];

		snprintf(source, sizeof(source), "192.0.2.%u", 100 + i % hosts);
		receive(frame, craft_frame(&echo, frame), 300);
		nf_host_forget();
	}
	used = rte_mempool_in_use_count(host_packet_pool);
	assert_in_range(used, packet_buffers / 8, packet_buffers / 4);
	assert_true(nf_host_settles());
}

/* Segments are made to fit; so no fragment is needed, and no error is sent. */
static void a_super_frame_that_may_be_cut_is(void **state)
{
	struct craft tcp = {.source = "192.0.2.10",
			    .destination = "203.0.113.7",
			    .protocol = IPPROTO_TCP,
			    .payload = 1500,
			    ROUTER};
	static const struct {
		uint16_t segment, flags, left; /* segment size that leaves; 0: none */
	} sizes[] = {{1300, 0, 1300}, {1360, 0, 1360}, {1361, 0, 1360}, {1448, 0, 1360}, {1361, 0x40, 0}};

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		uint8_t frame[CRAFT_MAX];
		struct rte_mbuf *m;
		size_t count = craft_frame(&tcp, frame);

		start(state);
		frame[IP + 6] = sizes[i].flags;
		sample_fix_ipv4(frame);
		m = nf_host_frame(frame, count, 600);
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
		m->tso_segsz = sizes[i].segment;
		appliance_chain(LAN, &m, 1);
		assert_int_equal(nf_host.sent_count, 1);
		assert_int_equal(stats.forwarded, sizes[i].left != 0);
		assert_int_equal(stats.dropped[DROP_TOO_BIG], sizes[i].left == 0);
		if (sizes[i].left)
			assert_int_equal(nf_host.sent[0].packet->tso_segsz, sizes[i].left);
		assert_true(nf_host_books_balance());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_packet_to_us),
	    cmocka_unit_test_setup(link_local_hosts_are_answered_on_their_link, start),
	    cmocka_unit_test(solicitations),
	    cmocka_unit_test(duplicate_address_detection),
	    cmocka_unit_test_setup(an_advertisement_without_override, start),
	    cmocka_unit_test_setup(a_link_that_comes_up_is_told_who_we_are, start),
	    cmocka_unit_test_setup(answers_that_wait_are_bounded, start),
	    cmocka_unit_test(a_super_frame_that_may_be_cut_is),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
