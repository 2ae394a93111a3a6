/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditional rules: those that let a packet go on to the rules after them (log, count, limit), and those
 * that decide only as long as a limit is kept. The classifier says which rule would decide without them, and
 * whether a packet meets any of them before that; the few packets that do are walked through them here, one
 * rule after the other.
 */
#ifndef NF_FIREWALL_CONDITIONAL_H
#define NF_FIREWALL_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/packet.h"

enum { FIREWALL_CONDITIONAL_MAX = 255 };

struct verdict {
	uint32_t rule;		 /* that decides */
	uint8_t action;		 /* ACCEPT, DROP or REJECT */
	enum drop_reason reason; /* of DROP, where it isn't that the rule says so; else DROP_REASON_COUNT */
};

static inline bool rule_is_conditional(const struct firewall_rule *rule)
{
	return rule->action > FIREWALL_REJECT || rule->rate.interval_ns || rule->connections;
}

/* Returns 0, or -E2BIG after a host_log line. */
int conditional_init(void);

/* Conditional rules are numbered from 1, in order: that is what limits are known by. */
extern uint32_t conditional_count;
const struct firewall_rule *conditional_rule(uint32_t number);
uint32_t conditional_number(uint32_t rule);

/* Walks a packet through the conditional rules from `first`, which it meets, up to before `decided`. Those
 * that log and count do so; what limits allow is counted. */
struct verdict conditional_walk(struct rte_mbuf *m, uint32_t first, uint32_t decided);

#endif
