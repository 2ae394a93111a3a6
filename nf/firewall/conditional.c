/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk through conditional rules; see conditional.h.
 */
#include <errno.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/host.h"
#include "classes.h"
#include "condition.h"
#include "conditional.h"
#include "rule_log.h"
#include "sources.h"

/* Numbers of conditional rules in order, and of their matches in each family's table, whose rules are in
 * order too. */
static struct conditional {
	uint32_t rule;
	uint32_t ipv4_first, ipv4_end, ipv6_first, ipv6_end;
} conditionals[FIREWALL_CONDITIONAL_MAX];
static uint32_t conditional_count;

static void find_matches(struct conditional *c)
{
	for (uint32_t i = 0; i < ipv4_match_count; i++) {
		c->ipv4_first += ipv4_matches[i].common.rule < c->rule;
		c->ipv4_end += ipv4_matches[i].common.rule <= c->rule;
	}
	for (uint32_t i = 0; i < ipv6_match_count; i++) {
		c->ipv6_first += ipv6_matches[i].common.rule < c->rule;
		c->ipv6_end += ipv6_matches[i].common.rule <= c->rule;
	}
}

int conditional_init(void)
{
	conditional_count = 0;
	for (uint32_t i = 0; i < firewall_rule_count; i++) {
		if (!rule_is_conditional(&firewall_rules[i]))
			continue;
		if (conditional_count == FIREWALL_CONDITIONAL_MAX) {
			host_log("firewall: more than 255 rules that only log, count or limit");
			return -E2BIG;
		}
		conditionals[conditional_count] = (struct conditional){.rule = i};
		find_matches(&conditionals[conditional_count++]);
	}
	return 0;
}

/* What matches are compared with. */
struct view {
	const struct packet_meta *meta;
	const void *ip;
	uint16_t source_class, destination_class;
};

static struct view view_of(struct rte_mbuf *m)
{
	struct view view = {
	    .meta = packet_meta(m),
	    .ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len),
	};

	if (view.meta->flags & PACKET_IPV6) {
		const struct rte_ipv6_hdr *ip = view.ip;

		view.source_class = class_of_ipv6(ip->src_addr);
		view.destination_class = class_of_ipv6(ip->dst_addr);
	} else {
		const struct rte_ipv4_hdr *ip = view.ip;

		view.source_class = class_of_ipv4(rte_be_to_cpu_32(ip->src_addr));
		view.destination_class = class_of_ipv4(rte_be_to_cpu_32(ip->dst_addr));
	}
	return view;
}

static bool is_between(uint16_t value, uint16_t low, uint16_t high)
{
	return value >= low && value <= high;
}

static bool fits_state(const struct match_common *c, const struct packet_meta *meta)
{
	return states_of_match(c) & (meta->state ? meta->state : STATE_NEW);
}

static bool fits_transport(const struct match_common *c, const struct packet_meta *meta)
{
	return !c->needs_l4 ||
	       ((meta->flags & PACKET_L4) && !((c->tcp_flags ^ meta->tcp_flags) & c->tcp_flags_mask) &&
		is_between(rte_be_to_cpu_16(meta->source_port), c->source_port_low, c->source_port_high) &&
		is_between(rte_be_to_cpu_16(meta->destination_port), c->destination_port_low,
			   c->destination_port_high));
}

static bool fits(const struct match_common *c, const struct view *view)
{
	const struct packet_meta *meta = view->meta;

	return fits_state(c, meta) && !((c->protocol ^ meta->protocol) & c->protocol_mask) &&
	       !((c->in_port ^ meta->in_port) & c->in_port_mask) &&
	       !((c->out_port ^ meta->out_port) & c->out_port_mask) &&
	       !((c->dscp ^ dscp_of(view->ip, meta->flags & PACKET_IPV6)) & c->dscp_mask) &&
	       is_between(view->source_class, c->source_class_low, c->source_class_high) &&
	       is_between(view->destination_class, c->destination_class_low, c->destination_class_high) &&
	       fits_transport(c, meta);
}

static bool ipv4_prefix_has(const struct ipv4_prefix *prefix, rte_be32_t address)
{
	return prefix->length == 0 ||
	       (prefix->address ^ rte_be_to_cpu_32(address)) >> (32 - prefix->length) == 0;
}

static bool ipv6_prefix_has(const struct ipv6_prefix *prefix, const uint8_t address[16])
{
	uint8_t bytes = prefix->length / 8, bits = prefix->length % 8;

	return memcmp(prefix->address, address, bytes) == 0 &&
	       (bits == 0 || (prefix->address[bytes] ^ address[bytes]) >> (8 - bits) == 0);
}

static bool meets(const struct conditional *c, const struct view *view)
{
	const struct rte_ipv4_hdr *ip4 = view->ip;
	const struct rte_ipv6_hdr *ip6 = view->ip;

	if (!(view->meta->flags & PACKET_IPV6)) {
		for (uint32_t i = c->ipv4_first; i < c->ipv4_end; i++)
			if (fits(&ipv4_matches[i].common, view) &&
			    ipv4_prefix_has(&ipv4_matches[i].source, ip4->src_addr) &&
			    ipv4_prefix_has(&ipv4_matches[i].destination, ip4->dst_addr))
				return true;
		return false;
	}
	for (uint32_t i = c->ipv6_first; i < c->ipv6_end; i++)
		if (fits(&ipv6_matches[i].common, view) &&
		    ipv6_prefix_has(&ipv6_matches[i].source, ip6->src_addr) &&
		    ipv6_prefix_has(&ipv6_matches[i].destination, ip6->dst_addr))
			return true;
	return false;
}

/* What limits say of a packet that meets a rule: DROP_REASON_COUNT where all are kept. */
static enum drop_reason exceeded(const struct firewall_rule *rule, uint32_t number, struct rte_mbuf *m)
{
	if (rule->connections && packet_meta(m)->state == STATE_NEW && !packet_meta(m)->flow &&
	    !sources_may_connect(number, m))
		return DROP_CONNECTION_LIMIT;
	if (rule->rate.interval_ns && !sources_allow(number, m))
		return DROP_RATE_LIMIT;
	return DROP_REASON_COUNT;
}

/* What the rule that a packet meets makes of it. True: it decides. */
static bool apply(uint32_t number, struct rte_mbuf *m, struct verdict *verdict)
{
	const struct firewall_rule *rule = &firewall_rules[number];
	enum drop_reason reason = exceeded(rule, number, m);

	if (rule->action == FIREWALL_LOG || rule->action == FIREWALL_COUNT) {
		if (reason == DROP_REASON_COUNT) {
			rule_count_packet(number, m);
			if (rule->log)
				rule_log(number, m, DROP_REASON_COUNT);
		}
		return false;
	}
	if (rule->action == FIREWALL_LIMIT) {
		if (reason == DROP_REASON_COUNT)
			return false;
		*verdict = (struct verdict){number, FIREWALL_DROP, reason};
		return true;
	}
	if (reason != DROP_REASON_COUNT) {
		verdict->reason = reason;
		return false;
	}
	*verdict = (struct verdict){number, rule->action, DROP_REASON_COUNT};
	return true;
}

struct verdict conditional_walk(struct rte_mbuf *m, uint32_t first, uint32_t decided)
{
	struct verdict verdict = {decided, firewall_rules[decided].action, DROP_REASON_COUNT};
	struct view view = view_of(m);

	for (uint32_t i = 0; i < conditional_count && conditionals[i].rule < decided; i++) {
		const struct conditional *c = &conditionals[i];

		if (c->rule < first || !meets(c, &view))
			continue;
		if (apply(c->rule, m, &verdict))
			break;
	}
	return verdict;
}
