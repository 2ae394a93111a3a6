/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/firewall/firewall.c and firewall_rules.c: what each part of a rule matches, in named rows; and rte_acl
 * against an oracle that walks the same tables rule by rule, over many random rules and packets.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "config/config.h"
#include "nf/appliance.h"
#include "nf/firewall/conditional.h"
#include "nf/firewall/firewall.h"
#include "nf/firewall/firewall_rules.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/firewall_tables.h"
#include "support/nf_host.h"

uint32_t any_of(uint32_t count)
{
	return host_random() % count;
}

/* Time goes by in steps that the limits of firewall_any.c know. */
static void wait(void)
{
	static const uint64_t waits_ns[] = {0, 0, 0, 1, 700, 1000, 500000, 1000000, SECOND / 2, SECOND};

	host_now_ns += waits_ns[any_of(sizeof(waits_ns) / sizeof(waits_ns[0]))];
}

static void judge_burst(uint16_t count, struct rule_stats *expected)
{
	struct rte_mbuf *packets[BURST_MAX], *kept[BURST_MAX];
	struct oracle_verdict verdicts[BURST_MAX];
	uint64_t dropped[DROP_REASON_COUNT];
	uint16_t n = 0;

	wait();
	memcpy(dropped, stats.dropped, sizeof(dropped));
	for (uint16_t i = 0; i < count; i++) {
		packets[i] = firewall_any_packet();
		verdicts[n] = firewall_oracle(packets[i], expected);
		kept[n] = packets[i];
		dropped[verdicts[n].reason] += !verdicts[n].accepted;
		n += verdicts[n].accepted;
	}
	assert_int_equal(firewall(packets, count), n);
	assert_memory_equal(stats.dropped, dropped, sizeof(dropped));
	for (uint16_t i = 0; i < n; i++) {
		assert_ptr_equal(packets[i], kept[i]);
		assert_int_equal(packet_meta(packets[i])->rule, verdicts[i].rule);
		assert_int_equal(!!(packet_meta(packets[i])->flags & PACKET_EACH), verdicts[i].each);
		rte_pktmbuf_free(packets[i]);
	}
}

static const struct {
	const char *name;
	uint32_t rules, ipv4, ipv6;
} sizes[] = {
    {"the default alone", 0, 0, 0}, {"one rule, no IPv6", 1, 1, 0},
    {"one rule, no IPv4", 1, 0, 1}, {"five rules", 5, 8, 8},
    {"twenty rules", 20, 30, 30},   {"many rules, many matches", 63, 200, 200},
};

static void rte_acl_agrees_with_the_oracle(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 120; round++) {
		struct rule_stats expected[RULES] = {0};

		firewall_any_rules(sizes[round % 6].rules, sizes[round % 6].ipv4, sizes[round % 6].ipv6);
		firewall_oracle_forget();
		memset(rule_stats, 0, sizeof(expected));
		assert_int_equal(firewall_init(), 0);
		for (uint16_t count = 0; count <= BURST_MAX; count++)
			judge_burst(count, expected);
		assert_memory_equal(rule_stats, expected, sizeof(expected));
		nf_host_forget();
	}
}

/* Rows: what one accept rule says, and what it must and must not match. The default drops. */

#define ANY	  .source_port_high = 65535, .destination_port_high = 65535
#define ANY_CLASS .source_class_high = 65535, .destination_class_high = 65535
#define L4	  .needs_l4 = true
#define V4	  .source = "10.1.2.3", .destination = "192.0.2.255"
#define V6	  .source = "2001:db8::1", .destination = "fe80::1"

static const struct {
	const char *name;
	struct match_common match;
	struct craft packet;
	uint8_t in_port, out_port;
	bool accepted;
} parts[] = {
    {"anything, IPv4", {ANY}, {V4, 47}, 0, 1, true},
    {"anything, IPv6", {ANY}, {V6, 47}, 0, 1, true},
    {"arrival", {ANY, .in_port = 2, .in_port_mask = 0xff}, {V4, 47}, 2, 1, true},
    {"another arrival", {ANY, .in_port = 2, .in_port_mask = 0xff}, {V4, 47}, 0, 2, false},
    {"departure", {ANY, .out_port = 1, .out_port_mask = 0xff}, {V6, 47}, 0, 1, true},
    {"another departure", {ANY, .out_port = 1, .out_port_mask = 0xff}, {V6, 47}, 1, 2, false},
    {"self", {ANY, .out_port = PORT_SELF, .out_port_mask = 0xff}, {V4, 47}, 1, PORT_SELF, true},
    {"not self", {ANY, .out_port = PORT_SELF, .out_port_mask = 0xff}, {V4, 47}, 1, 0, false},
    {"protocol", {ANY, .protocol = 6, .protocol_mask = 0xff}, {V4, 6}, 0, 1, true},
    {"another protocol", {ANY, .protocol = 6, .protocol_mask = 0xff}, {V4, 17}, 0, 1, false},
    {"protocol of a later fragment",
     {ANY, .protocol = 6, .protocol_mask = 0xff},
     {V4, 6, .payload = 8, .fragment = 8},
     0,
     1,
     true},
    {"a port of a later fragment: unknown",
     {ANY, L4, .protocol = 17, .protocol_mask = 0xff},
     {V4, 17, .payload = 8, .fragment = 8},
     0,
     1,
     false},
    {"a port of the first fragment",
     {ANY, L4, .protocol = 17, .protocol_mask = 0xff},
     {V6, 17, .payload = 8, .more_fragments = true},
     0,
     1,
     true},
    {"port 0 isn't a missing port",
     {.source_port_high = 65535, L4, .protocol = 17, .protocol_mask = 0xff},
     {V4, 17, .payload = 8, .fragment = 8},
     0,
     1,
     false},
    {"lowest of a port range",
     {L4, .source_port_high = 65535, .destination_port_low = 255, .destination_port_high = 256},
     {V4, 6, 1, 255},
     0,
     1,
     true},
    {"highest of a port range",
     {L4, .source_port_high = 65535, .destination_port_low = 255, .destination_port_high = 256},
     {V6, 6, 1, 256},
     0,
     1,
     true},
    {"below a port range",
     {L4, .source_port_high = 65535, .destination_port_low = 255, .destination_port_high = 256},
     {V4, 6, 255, 254},
     0,
     1,
     false},
    {"above a port range",
     {L4, .source_port_high = 65535, .destination_port_low = 255, .destination_port_high = 256},
     {V4, 6, 255, 257},
     0,
     1,
     false},
    {"source port",
     {L4, .source_port_low = 1024, .source_port_high = 65535, .destination_port_high = 65535},
     {V4, 17, 65535, 53},
     0,
     1,
     true},
    {"another source port",
     {L4, .source_port_low = 1024, .source_port_high = 65535, .destination_port_high = 65535},
     {V4, 17, 1023, 2000},
     0,
     1,
     false},
    {"SYN without ACK",
     {ANY, L4, .tcp_flags = 0x02, .tcp_flags_mask = 0x12},
     {V4, 6, 1, 2, 0x42},
     0,
     1,
     true},
    {"SYN with ACK", {ANY, L4, .tcp_flags = 0x02, .tcp_flags_mask = 0x12}, {V4, 6, 1, 2, 0x12}, 0, 1, false},
    {"no SYN", {ANY, L4, .tcp_flags = 0x02, .tcp_flags_mask = 0x12}, {V4, 6, 1, 2, 0}, 0, 1, false},
    {"ICMP type, any code",
     {L4, .source_port_high = 65535, .destination_port_low = 0x300, .destination_port_high = 0x3ff},
     {V4, 1, .destination_port = 0x30d},
     0,
     1,
     true},
    {"another ICMP type",
     {L4, .source_port_high = 65535, .destination_port_low = 0x300, .destination_port_high = 0x3ff},
     {V4, 1, .destination_port = 0x803},
     0,
     1,
     false},
    {"ICMPv6 type and code",
     {L4, .source_port_high = 65535, .destination_port_low = 0x104, .destination_port_high = 0x104},
     {V6, 58, .destination_port = 0x104},
     0,
     1,
     true},
    {"another ICMPv6 code",
     {L4, .source_port_high = 65535, .destination_port_low = 0x104, .destination_port_high = 0x104},
     {V6, 58, .destination_port = 0x105},
     0,
     1,
     false},
};

static void accept_one_then_drop(const struct match_common *match)
{
	rule_count = 2;
	rule_table[0] = (struct firewall_rule){.name = "row", .action = FIREWALL_ACCEPT};
	rule_table[1] = (struct firewall_rule){.name = "default", .action = FIREWALL_DROP};
	ipv4_count = ipv6_count = 1;
	ipv4_table[0] = (struct ipv4_match){.common = *match};
	ipv6_table[0] = (struct ipv6_match){.common = *match};
	if (!match->source_class_high)
		ipv4_table[0].common.source_class_high = ipv6_table[0].common.source_class_high = UINT16_MAX;
	if (!match->destination_class_high)
		ipv4_table[0].common.destination_class_high = ipv6_table[0].common.destination_class_high =
		    UINT16_MAX;
}

static bool is_accepted(const struct craft *craft, uint8_t in_port, uint8_t out_port)
{
	struct rte_mbuf *m = craft_packet(craft);

	packet_meta(m)->in_port = in_port;
	packet_meta(m)->out_port = out_port;
	if (!firewall(&m, 1))
		return false;
	rte_pktmbuf_free(m);
	return true;
}

static void each_part_of_a_rule_matches_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		print_message("# %s\n", parts[i].name);
		accept_one_then_drop(&parts[i].match);
		assert_int_equal(firewall_init(), 0);
		assert_int_equal(is_accepted(&parts[i].packet, parts[i].in_port, parts[i].out_port),
				 parts[i].accepted);
	}
	assert_true(nf_host.logged_count == 0);
}

/* Each LOG rule before the deciding one fires, none after it does; so does the deciding rule's own line. */
static void rules_that_log_go_on(void **state)
{
	const struct craft packet = {V4, IPPROTO_UDP, 1, 2};
	static const struct firewall_rule rules[] = {
	    {.name = "first", .action = FIREWALL_LOG, .log = true},
	    {.name = "second", .action = FIREWALL_LOG, .log = true},
	    {.name = "gate", .action = FIREWALL_ACCEPT, .log = true},
	    {.name = "never", .action = FIREWALL_LOG, .log = true},
	    {.name = "default", .action = FIREWALL_DROP},
	};

	(void)state;
	host_now_ns += SECOND; /* for a full bucket of lines */
	memcpy(rule_table, rules, sizeof(rules));
	rule_count = 5;
	ipv4_count = 4;
	ipv6_count = 0;
	for (uint32_t i = 0; i < 4; i++)
		ipv4_table[i] = (struct ipv4_match){.common = {.rule = i, ANY, ANY_CLASS}};
	assert_int_equal(firewall_init(), 0);
	assert_true(is_accepted(&packet, 0, 1));
	assert_int_equal(nf_host.logged_count, 3);
	assert_non_null(strstr(nf_host.logged[0], "log first "));
	assert_non_null(strstr(nf_host.logged[1], "log second "));
	assert_non_null(strstr(nf_host.logged[2], "accept gate "));
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(rule_stats[i].packets, i < 3);
}

_Static_assert((int)CONFIG_CONDITIONAL_RULES_MAX == (int)FIREWALL_CONDITIONAL_MAX,
	       "what the compiler promises, the walk can keep");

static void too_many_conditional_rules_are_refused(void **state)
{
	(void)state;
	for (uint32_t logs = FIREWALL_CONDITIONAL_MAX; logs <= FIREWALL_CONDITIONAL_MAX + 1; logs++) {
		for (uint32_t i = 0; i < logs; i++) {
			rule_table[i] = (struct firewall_rule){.name = "l", .action = FIREWALL_LOG};
			ipv4_table[i] = (struct ipv4_match){.common = {.rule = i, ANY, ANY_CLASS}};
		}
		rule_table[logs] = (struct firewall_rule){.name = "default", .action = FIREWALL_DROP};
		rule_count = logs + 1;
		ipv4_count = logs;
		ipv6_count = 0;
		nf_host_forget();
		assert_int_equal(firewall_init(), logs > FIREWALL_CONDITIONAL_MAX ? -E2BIG : 0);
		assert_int_equal(nf_host.logged_count, logs > FIREWALL_CONDITIONAL_MAX);
	}
}

/* Once: judged alone, packets that never arrived unbalance the books, which a start would not have. */
static int start(void **state)
{
	(void)state;
	rule_count = 1;
	rule_table[0] = (struct firewall_rule){.name = "default", .action = FIREWALL_ACCEPT};
	nf_host_start();
	return 0;
}

static int empty_tables(void **state)
{
	(void)state;
	memset(rule_stats, 0, RULES * sizeof(rule_stats[0]));
	rule_count = 1;
	rule_table[0] = (struct firewall_rule){.name = "default", .action = FIREWALL_ACCEPT};
	ipv4_count = ipv6_count = 0;
	return 0;
}

static int nothing_is_lost(void **state)
{
	(void)state;
	nf_host_forget();
	return rte_mempool_in_use_count(host_packet_pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_part_of_a_rule_matches_what_it_says, empty_tables,
					    nothing_is_lost),
	    cmocka_unit_test_setup_teardown(rte_acl_agrees_with_the_oracle, empty_tables, nothing_is_lost),
	    cmocka_unit_test_setup_teardown(rules_that_log_go_on, empty_tables, nothing_is_lost),
	    cmocka_unit_test_setup_teardown(too_many_conditional_rules_are_refused, empty_tables,
					    nothing_is_lost),
	};

	return cmocka_run_group_tests_name("firewall", tests, start, NULL);
}
