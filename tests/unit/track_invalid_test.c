/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets that fit no flow, where a rule names the state `invalid`: the firewall sees them, and accepts or
 * drops them; whatever it does, they begin no flow and move none.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

static const struct tcp_script_ends ends = {false, 4242, 1000, 5000};

#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1 = established\n"

static const struct {
	const char *name, *before, *line;
	enum drop_reason reason;
} rows[] = {
    {"no connection", "", "> . 1 ack 1", DROP_TCP_STATE},
    {"no connection, reset", "", "< R 1", DROP_TCP_STATE},
    {"no connection, all flags", "", "> FSRP.UEW 1 ack 1", DROP_TCP_FLAGS},
    {"no connection, wrong checksum", "", "> S 0 bad", DROP_L4_CHECKSUM},
    {"out of the window", OPENED, "> . 5000:5100 ack 1", DROP_TCP_WINDOW},
    {"out of the window, FIN", OPENED, "< F. 5000 ack 1", DROP_TCP_WINDOW},
    {"out of the window, RST", OPENED, "< R 5000", DROP_TCP_WINDOW},
    {"flags", OPENED, "< F 1", DROP_TCP_FLAGS},
    {"before the answer", "> S 0\n", "> . 1 ack 1", DROP_TCP_STATE},
};

static void receive(const char *line)
{
	uint8_t frame[CRAFT_MAX];
	struct craft craft;
	uint16_t device = tcp_script_segment(&ends, line, &craft);

	nf_host_receive(device, frame, craft_frame(&craft, frame));
	nf_host_forget();
}

static void run(size_t row, uint8_t action)
{
	struct flow_record before;
	const struct flow_record *record;
	uint64_t passed = action == FIREWALL_ACCEPT, forwarded;

	nf_host_start();
	table_rules[RULE_INVALID].action = action;
	tcp_script_lines(&ends, rows[row].name, rows[row].before);
	record = tcp_script_record(&ends);
	if (record)
		before = *record;
	forwarded = stats.forwarded;
	nf_host_run(SECOND);
	receive(rows[row].line);
	assert_int_equal(rule_stats[RULE_INVALID].packets, 1);
	assert_int_equal(stats.forwarded - forwarded, passed);
	assert_int_equal(stats.dropped[rows[row].reason], 1 - passed);
	assert_ptr_equal(tcp_script_record(&ends), record);
	if (record)
		assert_memory_equal(&before, record, sizeof(before));
	assert_true(nf_host_settles());
}

static void the_rules_decide(void **state)
{
	(void)state;
	table_judges_invalid = true;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		print_message("# %s\n", rows[row].name);
		run(row, FIREWALL_ACCEPT);
		run(row, FIREWALL_DROP);
	}
	table_judges_invalid = false;
}

static void without_such_a_rule_they_end_before(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		nf_host_start();
		tcp_script_lines(&ends, rows[row].name, rows[row].before);
		receive(rows[row].line);
		assert_int_equal(stats.dropped[rows[row].reason], 1);
		assert_int_equal(rule_stats[RULE_INVALID].packets, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_rules_decide),
	    cmocka_unit_test(without_such_a_rule_they_end_before),
	};

	return cmocka_run_group_tests_name("track_invalid", tests, NULL, NULL);
}
