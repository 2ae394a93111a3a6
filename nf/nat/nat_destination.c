/* SPDX-License-Identifier: Apache-2.0
 *
 * The destination of packets that no record decides, before their route is looked up; see nat.h. A record
 * knows it; else 1:1, forwarding, and mappings that let others in are asked, in that order.
 *
 * What is then still for an address that only NAT has ends here: a route would send it back to where it came
 * from, and so on until its time is over.
 */
#include "nf/nat/nat.h"
#include "answers.h"
#include "pool.h"
#include "prefix.h"
#include "rewrite.h"

/* Where a new flow's packet is sent instead. */
struct redirection {
	struct endpoint to;
	uint8_t outside; /* the port whose external address it was sent to */
	bool mapped;	 /* by a mapping */
};

/* A packet reaches an external address where that is, or, as a hairpin, from elsewhere. */
static bool may_reach(uint8_t rule_port, const struct packet_meta *meta)
{
	return rule_port == meta->in_port || nat_hairpin;
}

/* Who comes from outside, if by another port, is no hairpin: the source is no address of ours to hide. */
static bool is_hairpin(uint8_t rule_port, const struct packet_meta *meta)
{
	return rule_port != meta->in_port && !port_is_outside(meta->in_port);
}

static bool find_static(const struct packet_meta *meta, const struct ends *ends, struct redirection *found)
{
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_static_rule_count; i++) {
		const struct nat_static_rule *rule = &nat_static_rules[i];

		if (rule->ipv6 != ipv6 || !may_reach(rule->port, meta) ||
		    !prefix_has(ipv6, &rule->external, &ends->destination.address))
			continue;
		*found = (struct redirection){.to = ends->destination, .outside = rule->port};
		prefix_move(ipv6, &found->to.address, &rule->internal);
		return true;
	}
	return false;
}

static bool has_ports(const struct packet_meta *meta)
{
	return meta->flags & PACKET_L4 && !is_icmp_protocol(meta->protocol);
}

static bool forward_fits(const struct nat_destination_rule *rule, const struct packet_meta *meta,
			 const struct ends *ends)
{
	bool ipv6 = meta->flags & PACKET_IPV6;
	struct address listening = address_of_rule(ipv6, &rule->address);
	uint16_t port = rte_be_to_cpu_16(meta->destination_port);

	if (rule->ipv6 != ipv6 || !may_reach(rule->in_port, meta) ||
	    (rule->protocol && rule->protocol != meta->protocol) ||
	    !prefix_has(ipv6, &rule->source, &ends->source.address))
		return false;
	if (rule->any_address ? !port_has_address(rule->in_port, ipv6, &ends->destination.address)
			      : !address_equal(&listening, &ends->destination.address))
		return false;
	if (rule->port_low == 0 && rule->port_high == UINT16_MAX)
		return true;
	return has_ports(meta) && port >= rule->port_low && port <= rule->port_high;
}

static bool find_forward(const struct packet_meta *meta, const struct ends *ends, struct redirection *found)
{
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_destination_rule_count; i++) {
		const struct nat_destination_rule *rule = &nat_destination_rules[i];

		if (!forward_fits(rule, meta, ends))
			continue;
		*found = (struct redirection){
		    .to = {address_of_rule(ipv6, &rule->to), ends->destination.port},
		    .outside = rule->in_port,
		};
		if (rule->to_port && has_ports(meta))
			found->to.port = rte_cpu_to_be_16(rule->to_port + rte_be_to_cpu_16(found->to.port) -
							  rule->port_low);
		return true;
	}
	return false;
}

/* RFC 4787, section 5. What is filtered by address and port has a record, or doesn't come in. Who is inside
 * is not filtered. */
static bool lets_in(const struct nat_source_rule *rule, const struct binding *mapping,
		    const struct packet_meta *meta, const struct ends *ends)
{
	return is_hairpin(rule->out_port, meta) || rule->filtering == NAT_FILTERING_ENDPOINT_INDEPENDENT ||
	       (rule->filtering == NAT_FILTERING_ADDRESS_DEPENDENT &&
		binding_has_contact(mapping, &ends->source.address));
}

/* An identifier is no end that a query could be sent to. */
static bool find_mapped(const struct packet_meta *meta, const struct ends *ends, struct redirection *found)
{
	const struct binding wanted = {
	    .external = ends->destination,
	    .protocol = meta->protocol,
	    .ipv6 = !!(meta->flags & PACKET_IPV6),
	};
	const struct nat_source_rule *rule;
	struct binding binding;
	uint32_t flow;

	if ((meta->protocol != IPPROTO_TCP && meta->protocol != IPPROTO_UDP) ||
	    (port_is_outside(meta->in_port) && !mappings_are_open()))
		return false;
	flow = binding_find_external(&wanted);
	if (!flow)
		return false;
	binding = binding_of(&flow_records[flow]);
	rule = pool_rule_of(&binding);
	if (!rule || !may_reach(rule->out_port, meta) || !lets_in(rule, &wanted, meta, ends))
		return false;
	*found = (struct redirection){.to = binding.internal, .outside = rule->out_port, .mapped = true};
	return true;
}

/* A packet of a flow goes where its record says. */
static void follow(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends ends = ends_leaving(flow_of(meta), flow_direction_of(meta));

	if (meta->state == STATE_RELATED)
		ends.destination.port = meta->source_port; /* an error has no identifier to change */
	rewrite_destination(m, &ends.destination);
}

/* SCTP's ports are part of its checksum. */
static bool is_possible(const struct packet_meta *meta, const struct redirection *to)
{
	return rewrite_is_possible(meta) &&
	       (meta->protocol != IPPROTO_SCTP || to->to.port == meta->destination_port);
}

static void redirect(struct rte_mbuf *m, const struct redirection *to)
{
	const struct packet_meta *meta = packet_meta(m);
	struct flow_draft *draft = &flow_drafts[meta->draft];

	draft->hairpin = is_hairpin(to->outside, meta);
	if (to->mapped && !draft->hairpin)
		draft->flags |= FLOW_BOUND | FLOW_BOUND_INWARD;
	rewrite_destination(m, &to->to);
}

/* Returns why the packet ends, or DROP_REASON_COUNT. */
static enum drop_reason send_on(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6;
	struct redirection to;
	struct ends ends;
	bool answers, owned;

	if (meta->flow) {
		follow(m);
		return DROP_REASON_COUNT;
	}
	ends = rewrite_ends(m);
	answers = nat_answers(PORT_NONE, ipv6, &ends.destination.address);
	owned = any_port_has_address(ipv6, &ends.destination.address);
	/* All mappings are at addresses of these: to ask for others' is to wait for memory. */
	if (meta->state == STATE_NEW && (find_static(meta, &ends, &to) || find_forward(meta, &ends, &to) ||
					 ((answers || owned) && find_mapped(meta, &ends, &to)))) {
		if (!is_possible(meta, &to))
			return DROP_NAT_UNTRANSLATABLE;
		redirect(m, &to);
		return DROP_REASON_COUNT;
	}
	return answers && !owned ? DROP_NAT_UNMAPPED : DROP_REASON_COUNT;
}

uint16_t nat_destination(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	if (!nat_configured)
		return count;
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];
		enum drop_reason reason = send_on(m);

		if (reason == DROP_REASON_COUNT)
			packets[kept++] = m;
		else
			packet_drop(m, reason);
	}
	return kept;
}
