/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/firewall/reject.c in the chain of the example appliance, whose firewall here rejects everything: which packets
 * are answered, and with what.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/nf_host.h"
#include "support/sample.h"

const struct firewall_rule firewall_rules[] = {{.name = "default", .action = FIREWALL_REJECT}};
const uint32_t firewall_rule_count = 1;
const struct ipv4_match ipv4_matches[] = {{.common = {.rule = 0}}};
const struct ipv6_match ipv6_matches[] = {{.common = {.rule = 0}}};
const uint32_t ipv4_match_count = 0, ipv6_match_count = 0;

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, ETHERNET = 14 };
enum answer { NOTHING, RESET, ICMP };

/* From a static neighbour on lan to places behind wan's gateway. */
#define ROUTER	.mac = {2, 0, 0, 0, 0, 1}
#define V4	ROUTER, .source = "192.0.2.10", .destination = "198.18.0.1"
#define V6	ROUTER, .source = "2001:db8:1::10", .destination = "2001:db8:77::1"
#define PORTS	.source_port = 4242, .destination_port = 80
#define NUMBERS .sequence = 1000, .acknowledgement = 0xfffffff0

static const struct {
	const char *name;
	struct craft packet;
	enum answer answer;
	uint8_t flags;
	uint32_t sequence, acknowledgement;
} rows[] = {
    {"SYN", {V4, IPPROTO_TCP, PORTS, SYN, NUMBERS}, RESET, RST | ACK, 0, 1001},
    {"SYN, IPv6", {V6, IPPROTO_TCP, PORTS, SYN, NUMBERS}, RESET, RST | ACK, 0, 1001},
    {"SYN with data", {V4, IPPROTO_TCP, PORTS, SYN, NUMBERS, .payload = 100}, RESET, RST | ACK, 0, 1101},
    {"FIN with data, no ACK",
     {V6, IPPROTO_TCP, PORTS, FIN, NUMBERS, .payload = 7},
     RESET,
     RST | ACK,
     0,
     1008},
    {"no flags", {V4, IPPROTO_TCP, PORTS, 0, NUMBERS, .payload = 9}, RESET, RST | ACK, 0, 1009},
    {"sequence numbers wrap",
     {V4, IPPROTO_TCP, PORTS, SYN, .sequence = 0xffffffff, .payload = 2},
     RESET,
     RST | ACK,
     0,
     2},
    {"ACK", {V4, IPPROTO_TCP, PORTS, ACK, NUMBERS, .payload = 5}, RESET, RST, 0xfffffff0, 0},
    {"SYN and ACK, IPv6", {V6, IPPROTO_TCP, PORTS, SYN | ACK, NUMBERS}, RESET, RST, 0xfffffff0, 0},
    {"RST", {V4, IPPROTO_TCP, PORTS, RST, NUMBERS}, NOTHING, 0, 0, 0},
    {"RST and ACK, IPv6", {V6, IPPROTO_TCP, PORTS, RST | ACK, NUMBERS}, NOTHING, 0, 0, 0},
    {"damaged SYN", {V4, IPPROTO_TCP, PORTS, SYN, NUMBERS, .bad_checksum = true}, NOTHING, 0, 0, 0},
    {"damaged SYN, IPv6", {V6, IPPROTO_TCP, PORTS, SYN, NUMBERS, .bad_checksum = true}, NOTHING, 0, 0, 0},
    {"odd number of bytes, damaged",
     {V4, IPPROTO_TCP, PORTS, SYN, NUMBERS, .payload = 3, .bad_checksum = true},
     NOTHING,
     0,
     0,
     0},
    {"first fragment",
     {V4, IPPROTO_TCP, PORTS, SYN, NUMBERS, .payload = 12, .more_fragments = true},
     ICMP,
     0,
     0,
     0},
    {"later fragment", {V4, IPPROTO_TCP, .payload = 16, .fragment = 64}, NOTHING, 0, 0, 0},
    {"UDP", {V4, IPPROTO_UDP, PORTS, .payload = 4}, ICMP, 0, 0, 0},
    {"UDP, IPv6", {V6, IPPROTO_UDP, PORTS, .payload = 4}, ICMP, 0, 0, 0},
    {"echo request", {V4, IPPROTO_ICMP, .destination_port = 8 << 8}, ICMP, 0, 0, 0},
    {"ICMP error", {V4, IPPROTO_ICMP, .destination_port = 3 << 8 | 1, .payload = 28}, NOTHING, 0, 0, 0},
};

static uint32_t word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/* The pseudo-header's addresses, its length and protocol, and the segment: right when all is 0xffff. */
static uint16_t segment_sum(const uint8_t *ip, bool ipv6)
{
	uint32_t sum = (ipv6 ? craft_sum(ip + 8, 32, 0) : craft_sum(ip + 12, 8, 0)) + 20 + IPPROTO_TCP;

	return craft_sum(ip + (ipv6 ? 40 : 20), 20, sum);
}

/* Source and destination of the answer are those of the offender, exchanged: addresses and ports. */
static void assert_swapped(const uint8_t *answer, const uint8_t *offender, bool ipv6)
{
	size_t at = ipv6 ? 8 : 12, bytes = ipv6 ? 16 : 4, ports = ipv6 ? 40 : 20;

	assert_memory_equal(answer + at, offender + at + bytes, bytes);
	assert_memory_equal(answer + at + bytes, offender + at, bytes);
	assert_memory_equal(answer + ports, offender + ports + 2, 2);
	assert_memory_equal(answer + ports + 2, offender + ports, 2);
}

static void assert_reset(size_t row, const uint8_t *offender, const uint8_t *answer, uint32_t bytes)
{
	bool ipv6 = offender[ETHERNET] >> 4 == 6;
	const uint8_t *ip = answer + ETHERNET, *tcp = ip + (ipv6 ? 40 : 20);

	assert_int_equal(bytes, ETHERNET + (ipv6 ? 60 : 40));
	assert_int_equal(ip[0], ipv6 ? 0x60 : 0x45);
	assert_int_equal(ipv6 ? ip[5] : ip[3], ipv6 ? 20 : 40);
	assert_int_equal(ipv6 ? ip[6] : ip[9], IPPROTO_TCP);
	if (!ipv6)
		assert_int_equal(craft_sum(ip, 20, 0), 0xffff);
	assert_swapped(ip, offender + ETHERNET, ipv6);
	assert_int_equal(word(tcp + 4), rows[row].sequence);
	assert_int_equal(word(tcp + 8), rows[row].acknowledgement);
	assert_int_equal(tcp[12], 0x50);
	assert_int_equal(tcp[13], rows[row].flags);
	assert_int_equal(segment_sum(ip, ipv6), 0xffff);
}

/* RFC 1812, section 5.2.7.1: type 3, code 13. RFC 4443, section 3.1: type 1, code 1. */
static void assert_prohibited(const uint8_t *answer)
{
	const uint8_t *ip = answer + ETHERNET;
	bool ipv6 = ip[0] >> 4 == 6;
	const uint8_t *icmp = ip + (ipv6 ? 40 : 20);

	assert_int_equal(ipv6 ? ip[6] : ip[9], ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	assert_int_equal(icmp[0], ipv6 ? 1 : 3);
	assert_int_equal(icmp[1], ipv6 ? 1 : 13);
}

static void each_packet_gets_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t frame[CRAFT_MAX];
		size_t bytes = craft_frame(&rows[i].packet, frame);
		const uint8_t *answer;
		uint32_t answer_bytes;

		print_message("# %s\n", rows[i].name);
		nf_host_start();
		nf_host_receive(0, frame, bytes);
		assert_int_equal(stats.dropped[DROP_FIREWALL_REJECT], 1);
		assert_int_equal(rule_stats[0].packets, 1);
		assert_int_equal(rule_stats[0].bytes, bytes);
		assert_int_equal(nf_host.sent_count, rows[i].answer != NOTHING);
		assert_int_equal(stats.originated, rows[i].answer != NOTHING);
		if (rows[i].answer != NOTHING) {
			assert_int_equal(nf_host.sent[0].device, 0);
			answer = nf_host_sent_bytes(0, &answer_bytes);
			if (rows[i].answer == RESET)
				assert_reset(i, frame, answer, answer_bytes);
			else
				assert_prohibited(answer);
		}
		nf_host_forget();
		assert_true(rte_mempool_in_use_count(host_packet_pool) == 0);
	}
}

/* A link-local sender is looked for on the port that its packet came in by, here guest. */
static void link_local_senders_are_answered_on_their_link(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		struct craft packet = {"fe80::20", "fe80::ff:fe00:1", protocols[i], PORTS, ROUTER};
		uint8_t frame[SAMPLE_BYTES_MAX];
		const uint8_t *question;
		uint32_t bytes;

		nf_host_start();
		nf_host_receive(0, frame, sample_tag(frame, craft_frame(&packet, frame), 0x8100, 20));
		assert_int_equal(stats.dropped[DROP_FIREWALL_REJECT], 1);
		assert_int_equal(nf_host.sent_count, 1);
		question = nf_host_sent_bytes(0, &bytes);
		assert_int_equal(question[12] << 8 | question[13], 0x8100);
		assert_int_equal(question[14] << 8 | question[15], 20);
		assert_int_equal(question[18 + 40], 135);
		assert_true(nf_host_settles());
	}
}

/* Without a buffer for the answer the packet is dropped all the same, and nothing is lost. */
static void without_buffers_there_is_no_answer(void **state)
{
	struct rte_mbuf *taken[4096], *last;
	uint8_t frame[CRAFT_MAX];
	size_t bytes = craft_frame(&rows[0].packet, frame);
	uint32_t count = 0;

	(void)state;
	nf_host_start();
	last = nf_host_frame(frame, bytes, 0);
	while (count < 4096 && (taken[count] = rte_pktmbuf_alloc(host_packet_pool)))
		count++;
	appliance_chain(0, &last, 1);
	assert_int_equal(nf_host.sent_count, 0);
	assert_int_equal(stats.dropped[DROP_FIREWALL_REJECT], 1);
	rte_pktmbuf_free_bulk(taken, count);
	assert_true(nf_host_books_balance());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_packet_gets_its_answer),
	    cmocka_unit_test(link_local_senders_are_answered_on_their_link),
	    cmocka_unit_test(without_buffers_there_is_no_answer),
	};

	return cmocka_run_group_tests_name("reject", tests, NULL, NULL);
}
