/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of connections per source (nf/firewall/connections.c), through the whole chain: which connections
 * count, until when, and whose.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/craft.h"
#include "support/flow_check.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

enum { SYN = 2 };

/* A connection that one source may have at most, and what happened to it: whether there may be another. */
static const struct row {
	const char *name, *lines;
	bool over;
} rows[] = {
#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1\n"
#define CLOSED OPENED "> F. 1 ack 1\n< F. 1 ack 2\n> . 2 ack 2 = time-wait\n"
    {"being opened", "> S 0\n", false},
    {"answered", "> S 0\n< S. 0 ack 1\n", false},
    {"established", OPENED, false},
    {"half closed by its opener", OPENED "> F. 1 ack 1\n< . 1 ack 2\n", false},
    {"half closed by the other end", OPENED "< F. 1 ack 1\n> . 1 ack 2\n", false},
    {"the last acknowledgement is missing", OPENED "> F. 1 ack 1\n< F. 1 ack 2\n", false},
    {"closed by both", CLOSED, true},
    {"closed by both, then reset by its opener", CLOSED "> R 2 = closed\n", true},
    {"refused", "> S 0\n< R. 0 ack 1 = closed\n", true},
    {"reset by the other end", OPENED "< R 1 = closed\n", true},
    {"reset by the other end, not at its number", OPENED "< R 5 = established\n", false},
    {"reset by its opener: who knows whether that arrives", OPENED "> R 1 = closed\n", false},
    {"... until it is forgotten", OPENED "> R 1 = closed\n- 245 = none\n", true},
    {"reset by both, the opener first", OPENED "> R 1 = closed\n< R 1 = closed\n", false},
    {"forgotten", OPENED "- 7445 = none\n", true},
};

/* A SYN from the same source, by another port. */
static void try_another(const struct row *row, bool ipv6)
{
	const struct tcp_script_ends another = {ipv6, 4300, 100, 200};

	tcp_script_lines(&another, row->name,
			 row->over ? "> S 0 = syn-sent\n" : "> S 0 ! connection-limit none\n");
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i / 2];
		const struct tcp_script_ends ends = {i & 1, 4242, 1000, 5000};

		print_message("# %s, IPv%d\n", row->name, i & 1 ? 6 : 4);
		nf_host_start();
		tcp_script_lines(&ends, row->name, row->lines);
		try_another(row, i & 1);
		flow_check_ends();
		try_another(&(struct row){.name = "afterwards", .over = true}, i & 1);
		flow_check_ends();
	}
}

/* A connection that is over and begins anew with the same ports counts again. */
static void what_reopens_counts_again(void **state)
{
	const struct tcp_script_ends ends = {false, 4242, 1000, 5000}, another = {false, 4300, 100, 200};

	(void)state;
	nf_host_start();
	tcp_script_lines(&ends, "reopened", CLOSED "> S 70000 = syn-sent\n");
	tcp_script_lines(&another, "reopened", "> S 0 ! connection-limit none\n");
	tcp_script_lines(&ends, "reopened", "< R. 0 ack 70001 = closed\n");
	tcp_script_lines(&another, "reopened", "> S 0 = syn-sent\n");
	tcp_script_lines(&ends, "reopened", "> S 80000 ! connection-limit closed\n");
	flow_check_ends();
}

/* Of IPv6, all of a /64 is one source. */
static void sources_count_by_themselves(void **state)
{
	static const struct {
		const char *source, *destination;
		bool passes;
	} sources[] = {
	    {"192.0.2.10", "203.0.113.7", true},	 {"192.0.2.11", "203.0.113.7", true},
	    {"192.0.2.10", "203.0.113.8", false},	 {"2001:db8:1::10", "2001:db8:99::7", true},
	    {"2001:db8:1::11", "2001:db8:99::7", false}, {"2001:db8:5::10", "2001:db8:99::7", true},
	};
	uint8_t frame[CRAFT_MAX];

	(void)state;
	nf_host_start();
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		uint64_t refused = stats.dropped[DROP_CONNECTION_LIMIT];
		struct craft craft = {.source = sources[i].source,
				      .destination = sources[i].destination,
				      .protocol = IPPROTO_TCP,
				      .source_port = 1000 + i,
				      .destination_port = 80,
				      .tcp_flags = SYN,
				      .mac = {2, 0, 0, 0, 0, 1}};

		nf_host_receive(0, frame, craft_frame(&craft, frame));
		assert_int_equal(stats.dropped[DROP_CONNECTION_LIMIT] - refused, !sources[i].passes);
	}
	assert_int_equal(stats.flow.flows, 4);
	flow_check_ends();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row),
	    cmocka_unit_test(what_reopens_counts_again),
	    cmocka_unit_test(sources_count_by_themselves),
	};

	table_rules[RULE_NEW].connections = 1;
	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
