/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets of one flow in one burst: those that end a record and begin another one, join a record that was
 * made for the packet before, or go by a record that has to give way meanwhile.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
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

/* Lines from the client, in one burst. */
static void receive_lines(const char *const *lines, uint16_t count)
{
	struct craft crafts[BURST_MAX];

	for (uint16_t i = 0; i < count; i++)
		tcp_script_segment(&ends, lines[i], &crafts[i]);
	receive(crafts, count);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_burst_reopens_an_association, start),
	    cmocka_unit_test_setup(a_burst_reopens_a_connection, start),
	    cmocka_unit_test_setup(a_burst_closes_and_reopens, start),
	    cmocka_unit_test_setup(a_refused_syn_reopens_nothing, start),
	    cmocka_unit_test_setup(a_burst_begins_one_flow, start),
	    cmocka_unit_test_setup(a_burst_begins_one_flow_from_both_ends, start),
	};

	return cmocka_run_group_tests_name("flow_burst", tests, NULL, NULL);
}
