/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets of one flow in one burst: those that end a record and begin another one, join a record that was
 * made for the packet before, or go by a record that has to give way meanwhile.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/flow_check.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

enum { SCTP_DATA = 0, SCTP_INIT = 1, SCTP_ABORT = 6, SCTP_SHUTDOWN = 7, SCTP_COOKIE_ACK = 11 };

static int start(void **state)
{
	(void)state;
	nf_host_start();
	table_rules[RULE_NEW].action = FIREWALL_ACCEPT;
	return 0;
}

static struct craft sctp(uint8_t chunk)
{
	return (struct craft){.source = "192.0.2.10",
			      .destination = "203.0.113.7",
			      .protocol = IPPROTO_SCTP,
			      .source_port = 7,
			      .destination_port = 9,
			      .chunk = chunk,
			      .mac = {2, 0, 0, 0, 0, 1}};
}

static void receive(const struct craft *crafts, uint16_t count)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint8_t frame[CRAFT_MAX];

	for (uint16_t i = 0; i < count; i++)
		packets[i] = nf_host_frame(frame, craft_frame(&crafts[i], frame), 0);
	appliance_chain(0, packets, count);
	assert_true(nf_host_books_balance());
	nf_host_forget();
}

static const struct tcp_script_ends ends = {false, 4242, 1000, 5000};
#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1\n"

static struct craft udp(bool ipv6, uint16_t port)
{
	return (struct craft){.source = ipv6 ? "2001:db8:1::10" : "192.0.2.10",
			      .destination = ipv6 ? "2001:db8:99::7" : "203.0.113.7",
			      .protocol = IPPROTO_UDP,
			      .source_port = port,
			      .destination_port = 53,
			      .mac = {2, 0, 0, 0, 0, 1}};
}

/* Lines from the client, in one burst; "udp N" is a datagram from port N. */
static void receive_lines_of(const struct tcp_script_ends *of, const char *const *lines, uint16_t count)
{
	struct craft crafts[BURST_MAX];

	for (uint16_t i = 0; i < count; i++) {
		if (strncmp(lines[i], "udp ", 4) == 0)
			crafts[i] = udp(of->ipv6, strtoul(lines[i] + 4, NULL, 10));
		else
			tcp_script_segment(of, lines[i], &crafts[i]);
	}
	receive(crafts, count);
}

static void receive_lines(const char *const *lines, uint16_t count)
{
	receive_lines_of(&ends, lines, count);
}

static void a_burst_reopens_an_association(void **state)
{
	static const uint8_t after[] = {SCTP_INIT, SCTP_ABORT, SCTP_DATA, SCTP_SHUTDOWN, SCTP_COOKIE_ACK};

	(void)state;
	for (size_t i = 0; i < sizeof(after); i++) {
		const struct craft begin = sctp(SCTP_INIT), end = sctp(SCTP_SHUTDOWN);
		const struct craft burst[] = {sctp(SCTP_INIT), sctp(after[i]), sctp(after[i])};

		nf_host_start();
		receive(&begin, 1);
		receive(&end, 1);
		assert_int_equal(flow_records[1].state, FLOW_SCTP_CLOSING);
		receive(burst, 3);
		assert_int_equal(stats.flow.flows, 1);
		assert_int_equal(stats.flow.created, 2);
		nf_host_run(600 * (uint64_t)SECOND);
		assert_int_equal(stats.flow.flows, 0);
		assert_int_equal(stats.flow.expired, 1);
	}
}

static void a_burst_reopens_a_connection(void **state)
{
	static const char *const lines[] = {"> S 70000", "> S 70000", "> . 70001 ack 1", "> S 70000"};

	(void)state;
	tcp_script_lines(&ends, "reopened", OPENED "< R 1 = closed\n");
	receive_lines(lines, 4);
	assert_int_equal(stats.forwarded, 4 + 3);
	assert_int_equal(stats.dropped[DROP_TCP_WINDOW], 1); /* by the connection that is over */
	tcp_script_lines(&ends, "reopened",
			 "< S. 0 ack 70001 = syn-received\n> . 70001 ack 1 = established\n");
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(stats.flow.created, 2);
}

/* Of two packets the first goes by the record that the second one ends. */
static void a_burst_closes_and_reopens(void **state)
{
	static const char *const lines[] = {"> R 101", "> S 70000", "> S 70000"};

	(void)state;
	tcp_script_lines(&ends, "reopened", OPENED "> . 1:101 ack 1\n");
	receive_lines(lines, 3);
	tcp_script_lines(&ends, "reopened", "< S. 0 ack 70001 = syn-received\n");
	assert_int_equal(stats.flow.flows, 1);
	assert_int_equal(stats.forwarded, 4 + 3 + 1);
}

/* What the rules refuse ends nothing: else anybody could end what is over only for now (a reset that an end
 * did not believe). */
static void a_refused_syn_reopens_nothing(void **state)
{
	(void)state;
	tcp_script_lines(&ends, "refused", OPENED "> R 1 = closed\n");
	table_rules[RULE_NEW].action = FIREWALL_DROP;
	tcp_script_lines(&ends, "refused",
			 "> S 70000 ! firewall-drop closed\n< S 70000 ! firewall-drop closed\n"
			 "> . 1:101 ack 1 = closed\n");
	assert_int_equal(stats.flow.created, 1);
}

static void a_burst_begins_one_flow(void **state)
{
	static const char *const lines[] = {"> S 0", "> S 0", "> . 1 ack 1", "> S 0"};

	(void)state;
	receive_lines(lines, 4);
	assert_int_equal(stats.forwarded, 3);
	assert_int_equal(stats.dropped[DROP_TCP_STATE], 1);
	assert_int_equal(stats.flow.created, 1);
	assert_int_equal(flow_records[1].packets[FLOW_ORIGINAL], 3);
}

/* Both ends begin at once, as those of a call do, and one device brings both packets: they are one flow. */
static void a_burst_begins_one_flow_from_both_ends(void **state)
{
	const struct craft burst[] = {
	    {.source = "192.0.2.10",
	     .destination = "192.0.2.20",
	     .protocol = IPPROTO_UDP,
	     .source_port = 5004,
	     .destination_port = 6004,
	     .mac = {2, 0, 0, 0, 0, 1}},
	    {.source = "192.0.2.20",
	     .destination = "192.0.2.10",
	     .protocol = IPPROTO_UDP,
	     .source_port = 6004,
	     .destination_port = 5004,
	     .mac = {2, 0, 0, 0, 0, 1}},
	};

	(void)state;
	receive(burst, 2);
	assert_int_equal(stats.dropped[DROP_NAT_UNTRANSLATABLE], 0);
	assert_int_equal(stats.flow.refused, 0);
	assert_int_equal(stats.flow.created, 1);
	assert_int_equal(flow_records[1].state, FLOW_UDP_ESTABLISHED);
	assert_int_equal(flow_records[1].packets[FLOW_REPLY], 1);
	receive(burst, 2);
	assert_int_equal(stats.flow.half_open, 0);
	assert_int_equal(rule_stats[RULE_ESTABLISHED].packets, 2);
	nf_host_run(600 * (uint64_t)SECOND);
	assert_int_equal(stats.flow.flows, 0);
}

/* Connections that are over, and what comes of the burst that opens them again. */
#define CLOSING OPENED "> F. 1 ack 1\n< F. 1 ack 2\n"
static const struct {
	const char *state, *lines;
	uint16_t packets;
} over[] = {
    {"time-wait", CLOSING "> . 2 ack 2 = time-wait\n", 6},
    {"closed", CLOSING "> R 2 = closed\n", 6},
};

enum { NOTHING = DROP_REASON_COUNT, LINES_MAX = 6, ANY_ROOM = 1024 };

static const struct reopening {
	const char *name, *lines[LINES_MAX];
	uint32_t capacity;
	uint32_t forwarded, created;
	int reason; /* why the others of the burst end, or NOTHING */
	const char *after;
} reopenings[] = {
    {"a SYN alone", {"> S 70000"}, ANY_ROOM, 1, 1, NOTHING, "< S. 0 ack 70001 = syn-received\n"},
    {"a SYN that comes again",
     {"> S 70000", "> S 70000", "> S 70000"},
     ANY_ROOM,
     3,
     1,
     NOTHING,
     "< S. 0 ack 70001 = syn-received\n> . 70001 ack 1 = established+\n"},
    {"another SYN",
     {"> S 70000", "> S 80000"},
     ANY_ROOM,
     2,
     1,
     NOTHING,
     "< S. 0 ack 70001 ! tcp-window syn-sent\n< S. 0 ack 80001 = syn-received\n"},
    {"a SYN with the number of the old one",
     {"> S 0"},
     ANY_ROOM,
     1,
     1,
     NOTHING,
     "< S. 0 ack 1 = syn-received\n"},
    {"an ACK of what nobody sent",
     {"> S 70000", "> . 70001 ack 1"},
     ANY_ROOM,
     1,
     1,
     DROP_TCP_WINDOW,
     "< S. 0 ack 70001 = syn-received\n"},
    {"data of the new connection before there is one",
     {"> S 70000", "> P. 70001:70101 ack 1", "> P. 70101:70201 ack 1"},
     ANY_ROOM,
     1,
     1,
     DROP_TCP_WINDOW,
     "< S. 0 ack 70001 = syn-received\n"},
    {"a late ACK of the old connection, behind",
     {"> S 70000", "> . 2 ack 2", "> S 70000"},
     ANY_ROOM,
     3,
     1,
     NOTHING,
     "< S. 0 ack 70001 = syn-received\n"},
    {"a late ACK of the old connection, before",
     {"> . 2 ack 2", "> S 70000", "> . 2 ack 2"},
     ANY_ROOM,
     3,
     1,
     NOTHING,
     "< S. 0 ack 70001 = syn-received\n"},
    {"a reset of the old connection on either side",
     {"> R 2", "> S 70000", "> R 2"},
     ANY_ROOM,
     3,
     1,
     NOTHING,
     "< S. 0 ack 70001 = syn-received\n"},
    {"a reset of the new one",
     {"> S 70000", "> R 70001"},
     ANY_ROOM,
     1,
     1,
     DROP_TCP_WINDOW,
     "< S. 0 ack 70001 = syn-received\n> R 70001 = closed\n"},
    {"impossible flags behind",
     {"> S 70000", "> SF 70001", "> 0 70001", "> SR 70001"},
     ANY_ROOM,
     1,
     1,
     DROP_TCP_FLAGS,
     "< S. 0 ack 70001 = syn-received\n"},
    {"a SYN-ACK behind",
     {"> S 70000", "> S. 70000 ack 1"},
     ANY_ROOM,
     1,
     1,
     DROP_TCP_STATE,
     "< S. 0 ack 70001 = syn-received\n"},
    {"among others",
     {"udp 1", "> S 70000", "udp 1", "udp 2", "> S 70000", "udp 2"},
     ANY_ROOM,
     6,
     3,
     NOTHING,
     "< S. 0 ack 70001 = syn-received\n"},
    {"in a full table, first",
     {"> S 70000", "udp 1", "> S 70000", "udp 2"},
     1,
     2,
     1,
     DROP_FLOW_TABLE_FULL,
     "< S. 0 ack 70001 = syn-received\n"},
    {"in a full table, behind one that takes its place",
     {"udp 1", "> S 70000", "> S 70000"},
     1,
     1,
     1,
     DROP_FLOW_TABLE_FULL,
     "< S. 0 ack 70001 ! tcp-state none\n"},
    {"in a full table, going by the old one",
     {"> . 2 ack 2", "udp 1", "> S 70000"},
     1,
     2,
     1,
     DROP_FLOW_TABLE_FULL,
     "< S. 0 ack 70001 = syn-received\n"},
};

static uint64_t all_dropped(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		sum += stats.dropped[i];
	return sum;
}

static void reopen(const struct reopening *row, int from, bool ipv6)
{
	const struct tcp_script_ends of = {ipv6, 4242, 1000, 5000};
	uint16_t count = 0;

	print_message("# %s, from %s, IPv%d\n", row->name, over[from].state, ipv6 ? 6 : 4);
	table_capacity = row->capacity;
	nf_host_start();
	tcp_script_lines(&of, row->name, over[from].lines);
	nf_host_run(SECOND);
	while (count < LINES_MAX && row->lines[count])
		count++;
	receive_lines_of(&of, row->lines, count);
	flow_check();
	assert_int_equal(stats.forwarded, over[from].packets + row->forwarded);
	assert_int_equal(all_dropped(), count - row->forwarded);
	if (row->reason != NOTHING)
		assert_int_equal(stats.dropped[row->reason], count - row->forwarded);
	assert_int_equal(stats.flow.created, 1 + row->created);
	tcp_script_lines(&of, row->name, row->after);
	flow_check();
	flow_check_ends();
	assert_true(stats.flow.used <= 1 + row->created);
}

static void each_burst_that_reopens(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(reopenings); i++)
		for (int j = 0; j < 4; j++)
			reopen(&reopenings[i], j / 2, j & 1);
	table_capacity = ANY_ROOM;
}

/* From the other side: it was the server that had the last word, and opens the next one. */
static void the_other_side_reopens(void **state)
{
	(void)state;
	for (int from = 0; from < 2; from++) {
		static const char *const lines[] = {"< S 70000", "< S 70000", "< . 2 ack 2"};
		struct craft crafts[3];
		struct rte_mbuf *packets[3];
		uint8_t frame[CRAFT_MAX];

		nf_host_start();
		tcp_script_lines(&ends, "other side", over[from].lines);
		for (int i = 0; i < 3; i++) {
			tcp_script_segment(&ends, lines[i], &crafts[i]);
			packets[i] = nf_host_frame(frame, craft_frame(&crafts[i], frame), 0);
		}
		appliance_chain(1, packets, 3);
		nf_host_forget();
		flow_check();
		assert_int_equal(stats.forwarded, over[from].packets + 3);
		assert_int_equal(stats.flow.flows, 1);
		tcp_script_lines(&ends, "other side",
				 "> S. 0 ack 70001 = syn-received\n< . 70001 ack 1 = established+\n");
		flow_check_ends();
	}
}

/* Rules that refuse it leave the old record as it is, and the packets that go by that one pass. */
static void a_refused_burst_reopens_nothing(void **state)
{
	static const char *const lines[] = {"> S 70000", "> . 2 ack 2", "> S 80000", "> . 2 ack 2"};

	(void)state;
	for (int from = 0; from < 2; from++) {
		table_rules[RULE_NEW].action = FIREWALL_ACCEPT;
		nf_host_start();
		tcp_script_lines(&ends, "refused", over[from].lines);
		table_rules[RULE_NEW].action = FIREWALL_DROP;
		receive_lines(lines, 4);
		assert_int_equal(stats.forwarded, over[from].packets + 2);
		assert_int_equal(stats.dropped[DROP_FIREWALL_DROP], 2);
		assert_int_equal(stats.flow.created, 1);
		flow_check_ends();
	}
}

/* The next one counts in the place of the one that is over, and not beside it. */
static void a_limit_of_connections_counts_once(void **state)
{
	static const char *const lines[] = {"> S 70000", "> S 70000", "udp 1"};

	(void)state;
	table_rules[RULE_NEW].connections = 1;
	for (int from = 0; from < 2; from++) {
		nf_host_start();
		for (int again = 0; again < 2; again++) {
			tcp_script_lines(&ends, "limit", over[from].lines);
			receive_lines(lines, 3);
			assert_int_equal(stats.dropped[DROP_CONNECTION_LIMIT], 1 + again);
			assert_int_equal(stats.flow.flows, 1);
			flow_check();
			nf_host_run(3 * 3600 * (uint64_t)SECOND);
			assert_int_equal(stats.flow.flows, 0);
		}
		flow_check_ends();
	}
	table_rules[RULE_NEW].connections = 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_burst_reopens_an_association, start),
	    cmocka_unit_test_setup(a_burst_reopens_a_connection, start),
	    cmocka_unit_test_setup(a_burst_closes_and_reopens, start),
	    cmocka_unit_test_setup(a_refused_syn_reopens_nothing, start),
	    cmocka_unit_test_setup(a_burst_begins_one_flow, start),
	    cmocka_unit_test_setup(a_burst_begins_one_flow_from_both_ends, start),
	    cmocka_unit_test_setup(each_burst_that_reopens, start),
	    cmocka_unit_test_setup(the_other_side_reopens, start),
	    cmocka_unit_test_setup(a_refused_burst_reopens_nothing, start),
	    cmocka_unit_test_setup(a_limit_of_connections_counts_once, start),
	};

	return cmocka_run_group_tests_name("flow_burst", tests, NULL, NULL);
}
