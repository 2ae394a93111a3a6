/* SPDX-License-Identifier: Apache-2.0
 *
 * What a rule leaves behind when a packet meets it: its counters, and a line where it asks for one.
 */
#ifndef NF_RULE_LOG_H
#define NF_RULE_LOG_H

#include "nf/appliance.h"
#include "nf/log.h"
#include "nf/packet.h"

static inline void rule_count_packet(uint32_t rule, struct rte_mbuf *m)
{
	rule_stats[rule].packets++;
	rule_stats[rule].bytes += m->l2_len + packet_meta(m)->l3_bytes;
}

/* `reason`: why the packet is dropped, DROP_REASON_COUNT where it isn't or where the rule is the reason. */
static inline void rule_log(uint32_t rule, struct rte_mbuf *m, enum drop_reason reason)
{
	static const char *const verdicts[] = {
	    [FIREWALL_ACCEPT] = "accept", [FIREWALL_DROP] = "drop",   [FIREWALL_REJECT] = "reject",
	    [FIREWALL_LOG] = "log",	  [FIREWALL_COUNT] = "count", [FIREWALL_LIMIT] = "limit",
	};

	log_packet("firewall", verdicts[firewall_rules[rule].action], firewall_rules[rule].name, m, reason);
}

#endif
