/* SPDX-License-Identifier: Apache-2.0
 *
 * The source of new flows: 1:1, hairpinning, then the rules in their order; see nat.h. NPTv6 (RFC 6296) will
 * be a kind of static rule whose prefixes differ, with its checksum-neutral mapping in place of rewrite's
 * sums.
 */
#include <stdio.h>
#include "nf/host.h"
#include "nf/ports.h"
#include "nf/nat/nat.h"
#include "pool.h"
#include "prefix.h"
#include "rewrite.h"

enum { USUAL_LOW = 1024, USUAL_HIGH = 65535 };

/* That the ports of a rule were used up has been told, and none was free since. The last is that of
 * hairpinning. */
static bool told[256];

static void tell(uint32_t rule, const char *name)
{
	char line[120];

	stats.flow.nat_exhausted++;
	rule = RTE_MIN(rule, (uint32_t)RTE_DIM(told) - 1);
	if (told[rule])
		return;
	told[rule] = true;
	snprintf(line, sizeof(line), "nat: %s: no free port for another flow", name);
	host_log(line);
}

/* Where a new flow's source shall lie. */
struct target {
	struct address external;
	uint16_t low, high;
	bool independent; /* endpoint-independent mapping */
	uint32_t rule;	  /* for messages */
	const char *name;
};

/* The mapping that the inside endpoint has already, as its external port. */
static bool reuse(const struct binding *wanted, rte_be16_t *port)
{
	uint32_t flow = binding_find_internal(wanted);

	if (flow)
		*port = binding_of(&flow_records[flow]).external.port;
	return flow != 0;
}

/* False: no port is free. The guess comes first, so that memory answers all questions at once. */
static bool choose_port(const struct target *target, const struct ends *ends, const struct packet_meta *meta,
			rte_be16_t *port)
{
	const struct port_request request = {
	    .ends = *ends,
	    .external = target->external,
	    .protocol = meta->protocol,
	    .ipv6 = !!(meta->flags & PACKET_IPV6),
	    .bound = target->independent,
	    .reply_zone = port_configs[meta->out_port].zone,
	    .type_and_code = meta->destination_port,
	    .low = target->low,
	    .high = target->high,
	};
	const struct binding wanted = {
	    .internal = ends->source,
	    .external = {target->external, 0},
	    .protocol = meta->protocol,
	    .ipv6 = request.ipv6,
	};
	uint16_t guess;

	if (target->independent)
		binding_prefetch_internal(&wanted);
	guess = pool_guess(&request);
	return (target->independent && reuse(&wanted, port)) || pool_port(&request, guess, port);
}

static enum drop_reason translate(struct rte_mbuf *m, const struct target *target)
{
	struct packet_meta *meta = packet_meta(m);
	struct ends ends = rewrite_ends(m);
	struct endpoint to = {target->external, ends.source.port};
	bool has_port = has_changeable_port(meta->protocol);

	if (has_port && !(meta->flags & PACKET_L4))
		return DROP_NAT_UNTRANSLATABLE; /* a fragment whose first one was never seen */
	if (has_port && !choose_port(target, &ends, meta, &to.port)) {
		tell(target->rule, target->name);
		return DROP_NAT_EXHAUSTED;
	}
	told[RTE_MIN(target->rule, (uint32_t)RTE_DIM(told) - 1)] = false;
	if (has_port && target->independent)
		flow_drafts[meta->draft].flags |= FLOW_BOUND;
	rewrite_source(m, &to);
	return DROP_REASON_COUNT;
}

static bool translate_static(struct rte_mbuf *m, uint8_t out_port)
{
	struct ends ends = rewrite_ends(m);
	bool ipv6 = packet_meta(m)->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_static_rule_count; i++) {
		const struct nat_static_rule *rule = &nat_static_rules[i];

		if (rule->ipv6 != ipv6 || rule->port != out_port ||
		    !prefix_has(ipv6, &rule->internal, &ends.source.address))
			continue;
		prefix_move(ipv6, &ends.source.address, &rule->external);
		rewrite_source(m, &ends.source);
		return true;
	}
	return false;
}

/* From inside to an external address of ours: the one inside is shown that address too, so that replies come
 * back (RFC 4787, REQ-9). Where the source stands for an address of its own, that is shown. */
static enum drop_reason translate_hairpin(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const struct flow_draft *draft = &flow_drafts[meta->draft];
	struct ends asked = ends_of(&draft->tuple, &draft->ipv6);
	struct target target = {
	    .external = asked.destination.address,
	    .low = USUAL_LOW,
	    .high = USUAL_HIGH,
	    .independent = true,
	    .rule = UINT32_MAX,
	    .name = "hairpin",
	};

	for (uint8_t port = 0; port < port_count; port++)
		if (translate_static(m, port))
			return DROP_REASON_COUNT;
	return translate(m, &target);
}

static bool rule_fits(const struct nat_source_rule *rule, const struct packet_meta *meta,
		      const struct ends *ends)
{
	bool ipv6 = meta->flags & PACKET_IPV6;

	return rule->ipv6 == ipv6 && rule->out_port == meta->out_port &&
	       (rule->in_port == PORT_NONE || rule->in_port == meta->in_port) &&
	       (rule->protocol == 0 || rule->protocol == meta->protocol) &&
	       prefix_has(ipv6, &rule->source, &ends->source.address) &&
	       prefix_has(ipv6, &rule->destination, &ends->destination.address);
}

static enum drop_reason translate_by_rules(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends ends = rewrite_ends(m);

	for (uint32_t i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];
		struct target target = {
		    .low = rule->port_low,
		    .high = rule->port_high,
		    .independent = rule->mapping == NAT_MAPPING_ENDPOINT_INDEPENDENT,
		    .rule = i,
		    .name = rule->name,
		};

		if (!rule_fits(rule, meta, &ends))
			continue;
		if (rule->kind == NAT_SOURCE_KEEP)
			return DROP_REASON_COUNT;
		if (!pool_address(rule, m, &target.external))
			return DROP_NAT_UNTRANSLATABLE;
		return translate(m, &target);
	}
	return DROP_REASON_COUNT;
}

enum drop_reason nat_source(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const struct flow_draft *draft = &flow_drafts[meta->draft];

	if (!nat_configured || draft->flags & FLOW_BOUND_INWARD)
		return DROP_REASON_COUNT;
	if (draft->hairpin)
		return translate_hairpin(m);
	if (translate_static(m, meta->out_port))
		return DROP_REASON_COUNT;
	return translate_by_rules(m);
}
