/* SPDX-License-Identifier: Apache-2.0
 *
 * The source of new flows: 1:1, hairpinning, then the rules in their order; see nat.h. NPTv6 (RFC 6296) will
 * be a kind of static rule whose prefixes differ, with its checksum-neutral mapping in place of rewrite's
 * sums.
 */
#include <stdio.h>
#include <rte_common.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nf/router/icmp.h"
#include "nat_source.h"
#include "pool.h"
#include "prefix.h"
#include "rewrite.h"

enum { USUAL_LOW = 1024, USUAL_HIGH = 65535, ADDRESSES_MAX = 8 };

#define LOG_INTERVAL_NS UINT64_C(60000000000)

/* Of each rule. The last is that of hairpinning, and of rules beyond. */
static struct rule_state {
	uint32_t cursor; /* where its last walk through its ports ended */
	bool is_short;	 /* it had no port for the flow before this one */
	uint64_t quiet_until_ns;
} rule_states[256];

static struct rule_state *state_of(uint32_t rule)
{
	return &rule_states[RTE_MIN(rule, (uint32_t)RTE_DIM(rule_states) - 1)];
}

void nat_source_init(void)
{
	memset(rule_states, 0, sizeof(rule_states));
}

/* Told once while it lasts; and where ports come and go, not each time that the last one goes. */
static void tell(const char *name, struct rule_state *state)
{
	char line[120];

	stats.flow.nat_exhausted++;
	if (!state->is_short && host_now_ns >= state->quiet_until_ns) {
		snprintf(line, sizeof(line), "nat: %s: no free port for another flow", name);
		host_log(line);
	}
	state->is_short = true;
	state->quiet_until_ns = host_now_ns + LOG_INTERVAL_NS;
}

/* Where a new flow's source shall lie. */
struct target {
	struct address external;
	uint16_t low, high;
	bool independent;   /* endpoint-independent mapping */
	bool given;	    /* false: the source stays as it is */
	uint32_t addresses; /* that will do: `external`, and of `pool` those behind it */
	const struct nat_source_rule *pool;
	uint32_t rule; /* for messages */
	const char *name;
};

/* What a rule has said of a packet whose turn is yet to come; of the burst's drafts. */
static struct plan {
	bool made;
	struct target target;
	uint16_t guess; /* of its port */
} plans[BURST_MAX];

static struct port_request request_of(const struct target *target, const struct ends *ends,
				      const struct packet_meta *meta)
{
	return (struct port_request){
	    .ends = *ends,
	    .external = target->external,
	    .protocol = meta->protocol,
	    .ipv6 = !!(meta->flags & PACKET_IPV6),
	    .bound = target->independent,
	    .reply_zone = port_configs[meta->out_port].zone,
	    .type_and_code = meta->destination_port,
	    .low = target->low,
	    .high = target->high,
	    .cursor = &state_of(target->rule)->cursor,
	};
}

static struct binding mapping_of(const struct port_request *request)
{
	return (struct binding){
	    .internal = request->ends.source,
	    .external = {request->external, 0},
	    .protocol = request->protocol,
	    .ipv6 = request->ipv6,
	};
}

/* The guess comes first, so that memory answers all questions at once. */
static uint16_t guess_port(const struct target *target, const struct port_request *request)
{
	const struct binding wanted = mapping_of(request);

	if (target->independent)
		binding_prefetch_internal(&wanted);
	return pool_guess(request);
}

static struct address address_of(const struct target *target, uint32_t number)
{
	return number ? pool_behind(target->pool, &target->external, number) : target->external;
}

/* The mapping that the inside endpoint has already. */
static bool keep_end(const struct target *target, struct port_request *request, struct endpoint *to)
{
	for (uint32_t i = 0; target->independent && i < target->addresses; i++) {
		struct binding wanted;
		uint32_t flow;

		request->external = address_of(target, i);
		wanted = mapping_of(request);
		flow = binding_find_internal(&wanted);
		if (!flow)
			continue;
		*to = binding_of(&flow_records[flow]).external;
		return true;
	}
	return false;
}

static bool take_end(const struct target *target, struct port_request *request, uint16_t guess,
		     struct endpoint *to)
{
	for (uint32_t i = 0; i < target->addresses; i++) {
		request->external = to->address = address_of(target, i);
		if (pool_port(request, i ? guess_port(target, request) : guess, &to->port))
			return true;
	}
	return false;
}

/* False: no port is free. guess: NULL, or what guess_port gave. */
static bool choose_end(const struct target *target, const struct ends *ends, const struct packet_meta *meta,
		       const uint16_t *guess, struct endpoint *to)
{
	struct port_request request = request_of(target, ends, meta);
	uint16_t first = guess ? *guess : guess_port(target, &request);

	return keep_end(target, &request, to) || take_end(target, &request, first, to);
}

static enum drop_reason translate(struct rte_mbuf *m, const struct target *target, const uint16_t *guess)
{
	struct packet_meta *meta = packet_meta(m);
	struct ends ends = rewrite_ends(m);
	struct endpoint to = {target->external, ends.source.port};
	bool has_port = has_changeable_port(meta->protocol);

	if (!rewrite_is_possible(meta))
		return DROP_NAT_UNTRANSLATABLE;
	if (has_port && !choose_end(target, &ends, meta, guess, &to)) {
		tell(target->name, state_of(target->rule));
		icmp_error_send(m, ICMP_ERROR_PROHIBITED, 0); /* RFC 5508, REQ-8 */
		return DROP_NAT_EXHAUSTED;
	}
	state_of(target->rule)->is_short = false;
	if (has_port && target->independent)
		flow_drafts[meta->draft].flags |= FLOW_BOUND;
	rewrite_source(m, &to);
	return DROP_REASON_COUNT;
}

/* The 1:1 rule for a packet's source, where it leaves by a port; NULL: there is none. */
static const struct nat_static_rule *static_rule(struct rte_mbuf *m, uint8_t out_port)
{
	struct ends ends = rewrite_ends(m);
	bool ipv6 = packet_meta(m)->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_static_rule_count; i++) {
		const struct nat_static_rule *rule = &nat_static_rules[i];

		if (rule->ipv6 == ipv6 && rule->port == out_port &&
		    prefix_has(ipv6, &rule->internal, &ends.source.address))
			return rule;
	}
	return NULL;
}

static enum drop_reason translate_static(struct rte_mbuf *m, const struct nat_static_rule *rule)
{
	struct endpoint to = rewrite_ends(m).source;

	if (!rewrite_is_possible(packet_meta(m)))
		return DROP_NAT_UNTRANSLATABLE;
	prefix_move(rule->ipv6, &to.address, &rule->external);
	rewrite_source(m, &to);
	return DROP_REASON_COUNT;
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
	    .given = true,
	    .addresses = 1,
	    .rule = UINT32_MAX,
	    .name = "hairpin",
	};

	for (uint8_t port = 0; port < port_count; port++)
		if (static_rule(m, port))
			return translate_static(m, static_rule(m, port));
	return translate(m, &target, NULL);
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

/* The first rule that fits decides: DROP_REASON_COUNT with what the source becomes, or why it can't.
 */
static enum drop_reason find_target(struct rte_mbuf *m, struct target *found)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends ends = rewrite_ends(m);

	for (uint32_t i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];

		if (!rule_fits(rule, meta, &ends))
			continue;
		if (rule->kind == NAT_SOURCE_KEEP)
			break;
		*found = (struct target){
		    .low = rule->port_low,
		    .high = rule->port_high,
		    .independent = rule->mapping == NAT_MAPPING_ENDPOINT_INDEPENDENT,
		    .given = true,
		    .addresses = rule->arbitrary ? RTE_MIN(pool_size(rule), (uint64_t)ADDRESSES_MAX) : 1,
		    .pool = rule,
		    .rule = i,
		    .name = rule->name,
		};
		return pool_address(rule, m, &found->external) ? DROP_REASON_COUNT : DROP_NAT_UNTRANSLATABLE;
	}
	found->given = false;
	return DROP_REASON_COUNT;
}

static enum drop_reason translate_by_rules(struct rte_mbuf *m)
{
	struct target target;
	enum drop_reason reason = find_target(m, &target);

	return reason == DROP_REASON_COUNT && target.given ? translate(m, &target, NULL) : reason;
}

void nat_source_plan(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const struct flow_draft *draft = &flow_drafts[meta->draft];
	struct plan *plan = &plans[meta->draft];
	struct port_request request;
	struct ends ends;

	plan->made = false;
	if (!nat_configured || draft->flags & FLOW_BOUND_INWARD || draft->hairpin || draft->repeated ||
	    !has_changeable_port(meta->protocol) || static_rule(m, meta->out_port) ||
	    find_target(m, &plan->target) != DROP_REASON_COUNT || !plan->target.given)
		return;
	ends = rewrite_ends(m);
	request = request_of(&plan->target, &ends, meta);
	plan->guess = guess_port(&plan->target, &request);
	plan->made = true;
}

/* Whether the mapping that let a packet in may still be this flow's: when its last flow has ended since, in
 * the same burst, others can have got its port, or its internal endpoint another one. */
static bool may_be_mapped(struct rte_mbuf *m, const struct flow_draft *draft)
{
	const struct binding wanted = {
	    .internal = rewrite_ends(m).destination,
	    .external = ends_of(&draft->tuple, &draft->ipv6).destination,
	    .protocol = draft->tuple.protocol,
	    .ipv6 = draft->tuple.ipv6,
	};
	uint32_t flow = binding_find_external(&wanted);
	struct binding found;

	if (!flow)
		flow = binding_find_internal(&wanted);
	if (!flow)
		return true;
	found = binding_of(&flow_records[flow]);
	return endpoint_equal(&found.internal, &wanted.internal) &&
	       endpoint_equal(&found.external, &wanted.external);
}

enum drop_reason nat_source(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const struct flow_draft *draft = &flow_drafts[meta->draft];
	const struct nat_static_rule *fixed;

	if (!nat_configured)
		return DROP_REASON_COUNT;
	if (draft->flags & FLOW_BOUND_INWARD)
		return may_be_mapped(m, draft) ? DROP_REASON_COUNT : DROP_NAT_UNMAPPED;
	if (draft->hairpin)
		return translate_hairpin(m);
	if (plans[meta->draft].made)
		return translate(m, &plans[meta->draft].target, &plans[meta->draft].guess);
	fixed = static_rule(m, meta->out_port);
	return fixed ? translate_static(m, fixed) : translate_by_rules(m);
}
