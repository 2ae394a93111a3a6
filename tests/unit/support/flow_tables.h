/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow tracking of the example appliance (example_ports.c), with a rule for each state that a packet may
 * have, in tables that a test may change. They are objects: one file of a program includes this.
 */
#ifndef TESTS_FLOW_TABLES_H
#define TESTS_FLOW_TABLES_H

#include "nf/appliance.h"
#include "nf/flow/record.h"
#include "full_chain.h"

uint32_t table_capacity __asm__("flow_capacity") = 1024;
bool script_loose __asm__("flow_loose");
const uint32_t flow_timeouts_s[] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = seconds,
    FLOW_TIMEOUTS(X)
#undef X
};

/* rule_stats[] of these say what the firewall took a packet for. */
enum { RULE_NEW, RULE_ESTABLISHED, RULE_RELATED, RULE_INVALID, RULE_DEFAULT, TABLE_RULES };

struct firewall_rule table_rules[TABLE_RULES] __asm__("firewall_rules") = {
    [RULE_NEW] = {.name = "new", .action = FIREWALL_ACCEPT},
    [RULE_ESTABLISHED] = {.name = "established", .action = FIREWALL_ACCEPT},
    [RULE_RELATED] = {.name = "related", .action = FIREWALL_ACCEPT},
    [RULE_INVALID] = {.name = "invalid", .action = FIREWALL_DROP},
    [RULE_DEFAULT] = {.name = "default", .action = FIREWALL_DROP},
};
const uint32_t firewall_rule_count = TABLE_RULES;

#define OF_STATE(index, state) \
	{ \
		.common = { \
			.rule = index, \
			.states = state, \
			.source_port_high = UINT16_MAX, \
			.destination_port_high = UINT16_MAX, \
			.source_class_high = UINT16_MAX, \
			.destination_class_high = UINT16_MAX, \
		} \
	}
#define OF_EACH_STATE \
	{ \
		OF_STATE(RULE_NEW, STATE_NEW), OF_STATE(RULE_ESTABLISHED, STATE_ESTABLISHED), \
		    OF_STATE(RULE_RELATED, STATE_RELATED), OF_STATE(RULE_INVALID, STATE_INVALID) \
	}
const struct ipv4_match ipv4_matches[] = OF_EACH_STATE;
const struct ipv6_match ipv6_matches[] = OF_EACH_STATE;
const uint32_t ipv4_match_count = 4, ipv6_match_count = 4;
const struct ipv4_class ipv4_classes[] = {{0, 0}};
const struct ipv6_class ipv6_classes[] = {{{0}, 0}};
const uint32_t ipv4_class_count = 0, ipv6_class_count = 0;
bool table_judges_invalid __asm__("firewall_judges_invalid");
const uint32_t firewall_sources = 64;

#endif
