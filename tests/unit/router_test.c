/* SPDX-License-Identifier: Apache-2.0
 *
 * The router from arrival to departure, through the whole chain: for each sample what leaves, where, to whom,
 * and under which name the arrival ends; TTL, ICMP errors and when none is sent, echo, fragments,
 * super-frames.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { IP = 14, LAN = 0, WAN = 1, NOWHERE = 99, FORWARDED = DROP_REASON_COUNT, CONSUMED, HELD };

struct row {
	const char *name;
	enum sample sample;
	int ends;     /* enum drop_reason, or FORWARDED, CONSUMED, HELD */
	int device;   /* of the first packet that leaves */
	uint8_t mac5; /* last byte of its destination MAC address */
	int ttl;      /* 0: the sample's own */
	int icmp;     /* type << 8 | code of the ICMP message that leaves, or -1 */
};

static const struct row rows[] = {
    {"IPv4 to the gateway", SAMPLE_UDP4, FORWARDED, WAN, 2, 0, -1},
    {"IPv6 to the gateway", SAMPLE_UDP6, FORWARDED, WAN, 2, 0, -1},
    {"from a VLAN", SAMPLE_VLAN, FORWARDED, WAN, 2, 0, -1},
    {"TTL 2", SAMPLE_UDP4, FORWARDED, WAN, 2, 2, -1},
    {"TTL 1", SAMPLE_UDP4, DROP_TTL_EXCEEDED, LAN, 10, 1, 11 << 8},
    {"hop limit 1", SAMPLE_UDP6, DROP_TTL_EXCEEDED, LAN, 10, 1, 3 << 8},
    {"TTL 1, later fragment", SAMPLE_LATER4, DROP_TTL_EXCEEDED, NOWHERE, 0, 1, -1},
    {"blackhole", SAMPLE_BLACKHOLE4, DROP_ROUTE_REJECT, NOWHERE, 0, 0, -1},
    {"unreachable", SAMPLE_UNREACHABLE4, DROP_ROUTE_REJECT, LAN, 10, 0, 3 << 8},
    {"no route", SAMPLE_NO_ROUTE6, DROP_NO_ROUTE, LAN, 10, 0, 1 << 8},
    {"multicast", SAMPLE_MULTICAST4, DROP_LINK_LOCAL, NOWHERE, 0, 0, -1},
    {"IPv6 larger than the MTU", SAMPLE_BIG6, DROP_TOO_BIG, LAN, 10, 0, 2 << 8},
    {"echo request", SAMPLE_ECHO4, CONSUMED, LAN, 10, 0, 0},
    {"ICMPv6 echo request", SAMPLE_ECHO6, CONSUMED, LAN, 10, 0, 129 << 8},
    {"UDP to us", SAMPLE_LOCAL_UDP4, DROP_LOCAL_UNWANTED, LAN, 10, 0, 3 << 8 | 3},
    {"UDP over IPv6 to us", SAMPLE_LOCAL_UDP6, DROP_LOCAL_UNWANTED, LAN, 10, 0, 1 << 8 | 4},
    {"GRE to us", SAMPLE_GRE4, DROP_LOCAL_UNWANTED, LAN, 10, 0, 3 << 8 | 2},
    {"ARP request for us", SAMPLE_ARP, CONSUMED, LAN, 0x14, 0, -1},
    {"neighbour solicitation for us", SAMPLE_SOLICITATION, CONSUMED, LAN, 0x14, 0, 136 << 8},
    {"ARP reply nobody asked for", SAMPLE_ARP_REPLY, CONSUMED, NOWHERE, 0, 0, -1},
};

static void set_ttl(uint8_t *frame, uint8_t ttl)
{
	if (frame[12] == 8) {
		frame[IP + 8] = ttl;
		sample_fix_ipv4(frame);
	} else {
		frame[IP + 7] = ttl;
	}
}

static uint64_t ended(int how)
{
	if (how == FORWARDED)
		return stats.forwarded;
	if (how == HELD)
		return stats.held;
	return how == CONSUMED ? stats.consumed : stats.dropped[how];
}

/* type << 8 | code of an ICMP message with right checksums, or -1. */
static int icmp_of(const uint8_t *frame, uint32_t count)
{
	bool ipv6 = frame[12] == 0x86;
	const uint8_t *icmp = frame + IP + (ipv6 ? 40 : 20);
	uint32_t bytes = count - (icmp - frame);

	if (frame[13] == 6 || frame[IP + (ipv6 ? 6 : 9)] != (ipv6 ? 58 : 1))
		return -1;
	assert_int_equal(craft_sum(icmp, bytes, ipv6 ? craft_sum(frame + IP + 8, 32, 58 + bytes) : 0),
			 0xffff);
	return icmp[0] << 8 | icmp[1];
}

static void check_first(const struct row *row)
{
	uint32_t count;
	const uint8_t *frame;

	if (row->device == NOWHERE) {
		assert_int_equal(nf_host.sent_count, 0);
		return;
	}
	assert_int_equal(nf_host.sent_count, 1);
	frame = nf_host_sent_bytes(0, &count);
	assert_int_equal(nf_host.sent[0].device, row->device);
	assert_int_equal(frame[5], row->mac5);
	assert_int_equal(frame[11], row->device + 1);
	if (frame[12] == 8 && frame[13] == 0)
		assert_int_equal(craft_sum(frame + IP, 20, 0), 0xffff);
	assert_int_equal(icmp_of(frame, count), row->icmp);
	if (row->ends == FORWARDED && row->ttl)
		assert_int_equal(frame[IP + 8], row->ttl - 1);
}

static void each_row(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count;

		print_message("  %s\n", rows[i].name);
		nf_host_start();
		count = sample_frame(rows[i].sample, frame);
		if (rows[i].ttl)
			set_ttl(frame, rows[i].ttl);
		nf_host_receive(LAN, frame, count);
		assert_int_equal(ended(rows[i].ends), 1);
		check_first(&rows[i]);
		assert_true(nf_host_books_balance());
	}
}

static void only_ttl_and_checksum_change(void **state)
{
	uint8_t before[SAMPLE_BYTES_MAX];
	const uint8_t *after;
	uint32_t count;

	(void)state;
	for (int ttl = 2; ttl < 256; ttl++) {
		size_t bytes = sample_frame(SAMPLE_TCP4, before);

		nf_host_start();
		set_ttl(before, ttl);
		nf_host_receive(LAN, before, bytes);
		set_ttl(before, ttl - 1);
		after = nf_host_sent_bytes(0, &count);
		assert_int_equal(count, bytes);
		assert_memory_equal(before + IP, after + IP, bytes - IP);
	}
}

/* Puts the pieces that left together again. */
static void fragments_make_the_datagram(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX], whole[SAMPLE_BYTES_MAX] = {0};
	size_t count = sample_frame(SAMPLE_BIG4, frame), bytes = 0;

	(void)state;
	nf_host_start();
	nf_host_receive(LAN, frame, count);
	assert_int_equal(stats.fragmented, 1);
	assert_int_equal(stats.fragments, nf_host.sent_count);
	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		uint32_t piece;
		const uint8_t *data = nf_host_sent_bytes(i, &piece);
		uint32_t at = ((data[IP + 6] & 0x1f) << 8 | data[IP + 7]) * 8;

		assert_true(piece <= IP + 1400u);
		assert_int_equal(craft_sum(data + IP, 20, 0), 0xffff);
		assert_int_equal(data[IP + 6] >> 5 & 1, i + 1 < nf_host.sent_count);
		memcpy(whole + at, data + IP + 20, piece - IP - 20);
		bytes += piece - IP - 20;
	}
	assert_int_equal(bytes, count - IP - 20);
	assert_memory_equal(whole, frame + IP + 20, bytes);
	assert_true(nf_host_books_balance());
}

static void do_not_fragment_is_obeyed(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_BIG4, frame);
	const uint8_t *error;
	uint32_t bytes;

	(void)state;
	nf_host_start();
	frame[IP + 6] = 0x40;
	sample_fix_ipv4(frame);
	nf_host_receive(LAN, frame, count);
	assert_int_equal(stats.dropped[DROP_TOO_BIG], 1);
	error = nf_host_sent_bytes(0, &bytes);
	assert_int_equal(icmp_of(error, bytes), 3 << 8 | 4);
	assert_int_equal(error[IP + 26] << 8 | error[IP + 27], 1400);
	assert_int_equal(bytes, IP + 576);
	assert_memory_equal(error + IP + 28, frame + IP, 548);
}

/* A fragment cannot leave its checksum to the device. */
static void partial_checksum_is_finished(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX], whole[SAMPLE_BYTES_MAX] = {0};
	size_t count = sample_frame(SAMPLE_BIG4, frame), bytes = count - IP - 20;
	uint16_t pseudo = craft_sum(frame + IP + 12, 8, 17 + bytes);
	struct rte_mbuf *m;

	(void)state;
	nf_host_start();
	frame[IP + 26] = pseudo >> 8;
	frame[IP + 27] = pseudo & 0xff;
	m = nf_host_frame(frame, count, 0);
	m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	appliance_chain(LAN, &m, 1);
	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		uint32_t piece;
		const uint8_t *data = nf_host_sent_bytes(i, &piece);

		assert_int_equal(nf_host.sent[i].packet->ol_flags & RTE_MBUF_F_TX_L4_MASK, 0);
		memcpy(whole + ((data[IP + 6] & 0x1f) << 8 | data[IP + 7]) * 8, data + IP + 20,
		       piece - IP - 20);
	}
	assert_int_equal(craft_sum(whole, bytes, pseudo), 0xffff);
}

static void super_frame_passes_whole(void **state)
{
	struct craft tcp = {.source = "192.0.2.10",
			    .destination = "203.0.113.7",
			    .protocol = 6,
			    .payload = 1460,
			    .mac = {2, 0, 0, 0, 0, 1}};
	uint8_t frame[CRAFT_MAX];
	struct rte_mbuf *m;

	(void)state;
	nf_host_start();
	m = nf_host_frame(frame, craft_frame(&tcp, frame), 600);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->tso_segsz = 700;
	appliance_chain(LAN, &m, 1);
	assert_int_equal(nf_host.sent_count, 1);
	assert_int_equal(nf_host.sent[0].packet->pkt_len, IP + 1500);
	assert_int_equal(nf_host.sent[0].packet->tso_segsz, 700);
	assert_true(nf_host.sent[0].packet->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
}

static void errors_are_limited(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_UNREACHABLE4, frame);

	(void)state;
	nf_host_start();
	for (int i = 0; i < 1000; i++)
		nf_host_receive(LAN, frame, count);
	assert_int_equal(nf_host.sent_count, icmp_errors_per_second);
	assert_int_equal(stats.errors_suppressed, 1000 - icmp_errors_per_second);
	nf_host_run(SECOND / 10);
	for (int i = 0; i < 1000; i++)
		nf_host_receive(LAN, frame, count);
	assert_in_range(nf_host.sent_count, icmp_errors_per_second * 11 / 10 - 1,
			icmp_errors_per_second * 11 / 10 + 1);
}

static void no_error_about_an_error(void **state)
{
	static const uint8_t types[] = {3, 4, 5, 11, 12};
	uint8_t frame[CRAFT_MAX];

	(void)state;
	nf_host_start();
	for (size_t i = 0; i < sizeof(types); i++) {
		struct craft icmp = {.source = "192.0.2.10",
				     .destination = "203.0.113.200",
				     .protocol = 1,
				     .destination_port = types[i] << 8,
				     .payload = 28,
				     .mac = {2, 0, 0, 0, 0, 1}};

		nf_host_receive(LAN, frame, craft_frame(&icmp, frame));
	}
	assert_int_equal(stats.dropped[DROP_ROUTE_REJECT], sizeof(types));
	assert_int_equal(nf_host.sent_count, 0);
}

static void a_device_that_takes_nothing(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_UDP4, frame);

	(void)state;
	nf_host_start();
	nf_host.room[WAN] = 0;
	nf_host_receive(LAN, frame, count);
	nf_host.link_up[WAN] = false;
	nf_host_receive(LAN, frame, count);
	assert_int_equal(stats.dropped[DROP_TX_FULL], 1);
	assert_int_equal(stats.dropped[DROP_LINK_DOWN], 1);
	assert_true(nf_host_books_balance());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(only_ttl_and_checksum_change),
	    cmocka_unit_test(fragments_make_the_datagram),
	    cmocka_unit_test(do_not_fragment_is_obeyed),
	    cmocka_unit_test(partial_checksum_is_finished),
	    cmocka_unit_test(super_frame_passes_whole),
	    cmocka_unit_test(errors_are_limited),
	    cmocka_unit_test(no_error_about_an_error),
	    cmocka_unit_test(a_device_that_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
