/* SPDX-License-Identifier: Apache-2.0
 *
 * The neighbour cache: every cell of its state machine, and what it does over time, with the chain around it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/packet.h"
#include "nf/router/neighbour.h"
#include "support/craft.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { IP = 14, LAN = 0, WAN = 1, NO = -1 };

/* RFC 4861, appendix C, row by row. Columns: a packet to send, time over, tries over, confirmed, heard,
 * doubted. */
static const int expected[NEIGHBOUR_STATES][NEIGHBOUR_EVENTS] = {
    [NEIGHBOUR_IDLE] = {NEIGHBOUR_INCOMPLETE, NO, NO, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_INCOMPLETE] = {NO, NEIGHBOUR_INCOMPLETE, NEIGHBOUR_FAILED, NEIGHBOUR_REACHABLE,
			      NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_REACHABLE] = {NO, NEIGHBOUR_STALE, NO, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NEIGHBOUR_STALE},
    [NEIGHBOUR_STALE] = {NEIGHBOUR_DELAY, NO, NO, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_DELAY] = {NO, NEIGHBOUR_PROBE, NO, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_PROBE] = {NO, NEIGHBOUR_PROBE, NEIGHBOUR_FAILED, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_FAILED] = {NO, NEIGHBOUR_IDLE, NO, NEIGHBOUR_REACHABLE, NEIGHBOUR_STALE, NO},
    [NEIGHBOUR_PERMANENT] = {NO, NO, NO, NO, NO, NO},
};

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

static void every_cell(void **state)
{
	(void)state;
	for (int s = 0; s < NEIGHBOUR_STATES; s++)
		for (int e = 0; e < NEIGHBOUR_EVENTS; e++)
			assert_int_equal(neighbour_next_state(s, e), expected[s][e]);
}

/* A datagram from the gateway to a host on lan. */
static void send_to(uint8_t host, uint16_t payload)
{
	char destination[32];
	uint8_t frame[CRAFT_MAX];
	struct craft udp = {
	    .source = "203.0.113.7", .protocol = 17, .payload = payload, .mac = {2, 0, 0, 0, 0, 2}};

	snprintf(destination, sizeof(destination), "192.0.2.%u", host);
	udp.destination = destination;
	nf_host_receive(WAN, frame, craft_frame(&udp, frame));
}

static void answer_arp(uint8_t host)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_ARP_REPLY, frame);

	frame[31] = host;
	nf_host_receive(LAN, frame, count);
}

static uint8_t state_of(uint8_t host)
{
	struct neighbour_key key = neighbour_key_ipv4(LAN, 192u << 24 | 2 << 8 | host);
	struct neighbour *n = neighbour_find(&key);

	return n ? n->state : NEIGHBOUR_STATES;
}

static void asked_answered_sent(void **state)
{
	uint32_t count;
	const uint8_t *frame;

	(void)state;
	send_to(77, 10);
	assert_int_equal(stats.held, 1);
	assert_int_equal(nf_host.sent_count, 1);
	frame = nf_host_sent_bytes(0, &count);
	assert_int_equal(frame[12] << 8 | frame[13], 0x0806);
	assert_int_equal(frame[0], 0xff);
	assert_int_equal(frame[41], 77);
	answer_arp(77);
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.forwarded, 1);
	frame = nf_host_sent_bytes(1, &count);
	assert_int_equal(frame[5], 0x4d);
	assert_int_equal(state_of(77), NEIGHBOUR_REACHABLE);
	assert_true(nf_host_books_balance());
}

static void the_newest_packets_wait(void **state)
{
	(void)state;
	for (int i = 0; i < NEIGHBOUR_QUEUE_MAX + 3; i++)
		send_to(77, i);
	assert_int_equal(stats.held, NEIGHBOUR_QUEUE_MAX);
	assert_int_equal(stats.dropped[DROP_NEIGHBOUR_QUEUE_FULL], 3);
	answer_arp(77);
	assert_int_equal(stats.forwarded, NEIGHBOUR_QUEUE_MAX);
	assert_int_equal(nf_host.sent[1].packet->pkt_len, IP + 28 + 3);
}

/* Three requests, a second apart; then the packet ends, and its sender is told. */
static void nobody_answers(void **state)
{
	uint32_t count;
	const uint8_t *frame;

	(void)state;
	send_to(77, 10);
	nf_host_run((uint64_t)2 * SECOND + SECOND / 2);
	assert_int_equal(nf_host.sent_count, 3);
	assert_int_equal(stats.held, 1);
	nf_host_run(SECOND);
	assert_int_equal(stats.dropped[DROP_NEIGHBOUR_UNRESOLVED], 1);
	assert_int_equal(nf_host.sent_count, 4);
	frame = nf_host_sent_bytes(3, &count);
	assert_int_equal(nf_host.sent[3].device, WAN);
	assert_int_equal(frame[IP + 20] << 8 | frame[IP + 21], 3 << 8 | 1);
	send_to(77, 10);
	assert_int_equal(stats.dropped[DROP_NEIGHBOUR_UNRESOLVED], 2);
	assert_int_equal(stats.held, 0);
	assert_true(nf_host_settles());
}

static void confirmed_again_when_used(void **state)
{
	(void)state;
	send_to(77, 10);
	answer_arp(77);
	nf_host_run((uint64_t)31 * SECOND);
	assert_int_equal(state_of(77), NEIGHBOUR_STALE);
	send_to(77, 10);
	assert_int_equal(stats.forwarded, 2);
	assert_int_equal(state_of(77), NEIGHBOUR_DELAY);
	nf_host_run((uint64_t)5 * SECOND + 1);
	assert_int_equal(state_of(77), NEIGHBOUR_PROBE);
	answer_arp(77);
	assert_int_equal(state_of(77), NEIGHBOUR_REACHABLE);
}

/* More hosts than the table holds: what was confirmed and what is static stays. */
static void a_scan_evicts_no_friend(void **state)
{
	(void)state;
	send_to(77, 10);
	answer_arp(77);
	nf_host_forget();
	for (int host = 100; host < 250; host++)
		send_to(host, 10);
	assert_int_equal(state_of(77), NEIGHBOUR_REACHABLE);
	assert_int_equal(state_of(10), NEIGHBOUR_PERMANENT);
	assert_int_equal(state_of(100), NEIGHBOUR_STATES);
	assert_int_equal(state_of(249), NEIGHBOUR_INCOMPLETE);
	assert_true(nf_host_books_balance());
	assert_true(nf_host_settles());
}

/* What a flow remembers of a host is the host's entry, or nothing. */
static void recalled_by_number_and_key(void **state)
{
	struct neighbour_key key = neighbour_key_ipv4(LAN, 192u << 24 | 2 << 8 | 77), other = key;
	struct neighbour *n;
	uint32_t number;

	(void)state;
	n = neighbour_get(&key);
	assert_non_null(n);
	number = neighbour_number(n);
	other.address[3]++;
	assert_ptr_equal(neighbour_recall(number, &key), n);
	assert_null(neighbour_recall(number, &other));
	assert_null(neighbour_recall(0, &key));
	send_to(77, 10);
	nf_host_run((uint64_t)20 * SECOND); /* it fails, and is forgotten */
	assert_null(neighbour_find(&key));
	assert_null(neighbour_recall(number, &key));
}

static void learns_who_asks_for_us(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];

	(void)state;
	nf_host_receive(LAN, frame, sample_frame(SAMPLE_ARP, frame));
	assert_int_equal(state_of(20), NEIGHBOUR_STALE);
	nf_host_receive(LAN, frame, sample_frame(SAMPLE_ARP_REPLY, frame));
	assert_int_equal(state_of(77), NEIGHBOUR_STATES);
	sample_frame(SAMPLE_ARP, frame);
	frame[28] = 203;
	nf_host_receive(LAN, frame, 42);
	assert_int_equal(stats.dropped[DROP_ARP_BAD], 0);
}

static void our_address_is_defended(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(SAMPLE_ARP, frame);

	(void)state;
	frame[31] = 1;
	frame[41] = 99;
	nf_host_receive(LAN, frame, count);
	nf_host_receive(LAN, frame, count);
	assert_int_equal(nf_host.logged_count, 1);
	assert_int_equal(nf_host.sent_count, 1);
}

static void ipv6_is_resolved_too(void **state)
{
	struct craft udp = {.source = "2001:db8:99::7",
			    .destination = "2001:db8:1::77",
			    .protocol = 17,
			    .payload = 10,
			    .mac = {2, 0, 0, 0, 0, 2}};
	uint8_t frame[SAMPLE_BYTES_MAX];
	const uint8_t *asked;
	uint32_t count;

	(void)state;
	nf_host_receive(WAN, frame, craft_frame(&udp, frame));
	asked = nf_host_sent_bytes(0, &count);
	assert_int_equal(asked[IP + 40], 135);
	assert_int_equal(asked[0] << 8 | asked[1], 0x3333);
	assert_int_equal(asked[5], 0x77);
	nf_host_receive(LAN, frame, sample_frame(SAMPLE_ADVERTISEMENT, frame));
	assert_int_equal(stats.forwarded, 1);
	assert_true(nf_host_books_balance());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_cell),
	    cmocka_unit_test_setup(asked_answered_sent, start),
	    cmocka_unit_test_setup(the_newest_packets_wait, start),
	    cmocka_unit_test_setup(nobody_answers, start),
	    cmocka_unit_test_setup(confirmed_again_when_used, start),
	    cmocka_unit_test_setup(a_scan_evicts_no_friend, start),
	    cmocka_unit_test_setup(recalled_by_number_and_key, start),
	    cmocka_unit_test_setup(learns_who_asks_for_us, start),
	    cmocka_unit_test_setup(our_address_is_defended, start),
	    cmocka_unit_test_setup(ipv6_is_resolved_too, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
