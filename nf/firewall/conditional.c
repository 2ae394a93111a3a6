/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk through conditional rules; see conditional.h.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/flow/flow.h"
#include "nf/host.h"
#include "classes.h"
#include "condition.h"
#include "conditional.h"
#include "connections.h"
#include "rates.h"
#include "rule_log.h"

/* By number, which starts at 1: the rule, and where its matches are in each family's table, whose rules are
 * in order too. */
static struct conditional {
	uint32_t rule;
	uint32_t ipv4_first, ipv4_end, ipv6_first, ipv6_end;
} conditionals[FIREWALL_CONDITIONAL_MAX + 1];
uint32_t conditional_count;

const struct firewall_rule *conditional_rule(uint32_t number)
{
	return &firewall_rules[conditionals[number].rule];
}

uint32_t conditional_number(uint32_t rule)
{
	uint32_t number = 1;

	while (number <= conditional_count && conditionals[number].rule != rule)
		number++;
	assert(number <= conditional_count);
	return number;
}

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
		conditionals[++conditional_count] = (struct conditional){.rule = i};
		find_matches(&conditionals[conditional_count]);
	}
	return 0;
}

/* What matches are compared with. */
struct view {
	const struct packet_meta *meta;
	const void *ip;
	uint8_t dscp;
	struct classes classes;
};

static struct view view_of(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);

	if (meta->flags & PACKET_IPV6)
		return (struct view){meta, ip, dscp_of_ipv6(ip), classes_of_ipv6(ip)};
	return (struct view){meta, ip, dscp_of_ipv4(ip), classes_of_ipv4(ip)};
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
	       !((c->dscp ^ view->dscp) & c->dscp_mask) &&
	       is_between(view->classes.source, c->source_class_low, c->source_class_high) &&
	       is_between(view->classes.destination, c->destination_class_low, c->destination_class_high) &&
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

/* Whether a limit of connections has a say: flows are counted, and the packet would begin one. */
static bool would_connect(const struct firewall_rule *rule, struct rte_mbuf *m)
{
	return flow_capacity && rule->connections && flow_may_begin(packet_meta(m));
}

/* What limits say of a packet that meets a rule: DROP_REASON_COUNT where all are kept. */
static enum drop_reason exceeded(uint32_t number, struct rte_mbuf *m)
{
	const struct firewall_rule *rule = conditional_rule(number);

	if (would_connect(rule, m) && !connections_allow(number, rule->connections, m))
		return DROP_CONNECTION_LIMIT;
	if (rule->rate.interval_ns && !rate_allows(number, &rule->rate, m))
		return DROP_RATE_LIMIT;
	return DROP_REASON_COUNT;
}

/* What a rule does with a packet that keeps its limits. True: that decides. */
static bool fulfil(uint32_t number, struct rte_mbuf *m, struct verdict *verdict)
{
	uint32_t rule = conditionals[number].rule;
	uint8_t action = firewall_rules[rule].action;

	if (action == FIREWALL_LIMIT)
		return false;
	if (action == FIREWALL_LOG || action == FIREWALL_COUNT) {
		rule_count_packet(rule, m);
		if (firewall_rules[rule].log)
			rule_log(rule, m, DROP_REASON_COUNT);
		return false;
	}
	if (action == FIREWALL_ACCEPT && would_connect(&firewall_rules[rule], m)) {
		connections_accept(number, m);
		flow_drafts[packet_meta(m)->draft].flags |= FLOW_COUNTED_SOURCE;
	}
	verdict->rule = rule;
	verdict->action = action;
	return true;
}

/* ... and with one that exceeds a limit. Of several, the first is the reason if a later rule drops the
 * packet.
 */
static bool refuse(uint32_t number, enum drop_reason reason, struct verdict *verdict)
{
	uint32_t rule = conditionals[number].rule;

	if (firewall_rules[rule].action == FIREWALL_LIMIT) {
		*verdict = (struct verdict){rule, FIREWALL_DROP, reason};
		return true;
	}
	if (firewall_rules[rule].action <= FIREWALL_REJECT && verdict->reason == DROP_REASON_COUNT)
		verdict->reason = reason;
	return false;
}

static bool apply(uint32_t number, struct rte_mbuf *m, struct verdict *verdict)
{
	enum drop_reason reason = exceeded(number, m);

	return reason == DROP_REASON_COUNT ? fulfil(number, m, verdict) : refuse(number, reason, verdict);
}

struct verdict conditional_walk(struct rte_mbuf *m, uint32_t first, uint32_t decided)
{
	struct verdict verdict = {decided, firewall_rules[decided].action, DROP_REASON_COUNT};
	struct view view = view_of(m);

	for (uint32_t i = 1; i <= conditional_count && conditionals[i].rule < decided; i++)
		if (conditionals[i].rule >= first && meets(&conditionals[i], &view) && apply(i, m, &verdict))
			break;
	return verdict;
}
