/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall by another way: rules and packets made up, and an oracle that says which rules fire for a
 * packet. Its unit test and its fuzz target use this, and define what is extern here.
 */
#ifndef TESTS_FIREWALL_ORACLE_H
#define TESTS_FIREWALL_ORACLE_H

#include "nf/appliance.h"
#include "nf/packet.h"

enum { RULES = 300, MATCHES = 300 };

/* The tables of nf/appliance.h, which are constant there, as variables of the program. */
extern struct firewall_rule rule_table[RULES] __asm__("firewall_rules");
extern uint32_t rule_count __asm__("firewall_rule_count");
extern struct ipv4_match ipv4_table[MATCHES] __asm__("ipv4_matches");
extern struct ipv6_match ipv6_table[MATCHES] __asm__("ipv6_matches");
extern uint32_t ipv4_count __asm__("ipv4_match_count"), ipv6_count __asm__("ipv6_match_count");

/* A choice among 0 .. count-1: where all that is made up comes from. */
extern uint32_t any_of(uint32_t count);

/* Fills the tables: so many rules beside the default, and matches for them. Limits are those of rates. */
void firewall_any_rules(uint32_t rules, uint32_t ipv4, uint32_t ipv6);

/* A packet as the firewall gets it. */
struct rte_mbuf *firewall_any_packet(void);

struct oracle_verdict {
	uint32_t rule;
	bool accepted;
	enum drop_reason reason; /* where it isn't */
	bool each;		 /* another packet of the flow could be judged otherwise */
};

/* Counts every rule that fires for a packet, takes from limits what it takes, and returns what decides. */
struct oracle_verdict firewall_oracle(struct rte_mbuf *m, struct rule_stats *expected);

/* All limits are as if nothing had come yet. */
void firewall_oracle_forget(void);

#endif
