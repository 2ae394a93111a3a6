/* SPDX-License-Identifier: Apache-2.0
 *
 * The destination of packets that no record decides, before their route is looked up; see nat.h. A record
 * knows it; else 1:1, forwarding, and mappings that let others in are asked, in that order.
 */
#include <assert.h>
#include "nf/ports.h"
#include "nf/nat/nat.h"
#include "pool.h"
#include "prefix.h"
#include "rewrite.h"

enum { RING_MAX = 256 }; /* flows of a mapping that are asked whether they know an address */

static rte_be32_t ipv4_of(const struct address *address)
{
	rte_be32_t word;

	memcpy(&word, address->bytes, sizeof(word));
	return word;
}

static bool port_owns(uint8_t port, bool ipv6, const struct address *address)
{
	return ipv6 ? port_owns_ipv6(port, address->bytes)
		    : port_owns_ipv4(port, rte_be_to_cpu_32(ipv4_of(address)));
}

/* A packet reaches an external address where that is, or, as a hairpin, from elsewhere. */
static bool may_reach(uint8_t rule_port, const struct packet_meta *meta)
{
	return rule_port == meta->in_port || nat_hairpin;
}

static void note_hairpin(uint8_t rule_port, const struct packet_meta *meta)
{
	flow_drafts[meta->draft].hairpin = rule_port != meta->in_port;
}

static bool redirect_static(struct rte_mbuf *m, const struct ends *ends)
{
	const struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_static_rule_count; i++) {
		const struct nat_static_rule *rule = &nat_static_rules[i];
		struct endpoint to = ends->destination;

		if (rule->ipv6 != ipv6 || !may_reach(rule->port, meta) ||
		    !prefix_has(ipv6, &rule->external, &to.address))
			continue;
		prefix_move(ipv6, &to.address, &rule->internal);
		rewrite_destination(m, &to);
		note_hairpin(rule->port, meta);
		return true;
	}
	return false;
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
	if (rule->any_address ? !port_owns(rule->in_port, ipv6, &ends->destination.address)
			      : !address_equal(&listening, &ends->destination.address))
		return false;
	if (rule->port_low == 0 && rule->port_high == UINT16_MAX)
		return true;
	return meta->flags & PACKET_L4 && port >= rule->port_low && port <= rule->port_high;
}

static bool redirect_forward(struct rte_mbuf *m, const struct ends *ends)
{
	const struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; i < nat_destination_rule_count; i++) {
		const struct nat_destination_rule *rule = &nat_destination_rules[i];
		struct endpoint to = {address_of_rule(ipv6, &rule->to), ends->destination.port};

		if (!forward_fits(rule, meta, ends))
			continue;
		if (rule->to_port)
			to.port =
			    rte_cpu_to_be_16(rule->to_port + rte_be_to_cpu_16(to.port) - rule->port_low);
		rewrite_destination(m, &to);
		note_hairpin(rule->in_port, meta);
		return true;
	}
	return false;
}

/* Whether one of a mapping's flows is with that address. */
static bool ring_knows(uint32_t flow, const struct address *remote)
{
	uint32_t at = flow;

	for (int i = 0; i < RING_MAX; i++) {
		const struct flow_record *record = &flow_records[at];
		bool inward = record->flags & FLOW_BOUND_INWARD;
		struct ends ends = ends_arriving(record, inward ? FLOW_ORIGINAL : FLOW_REPLY);

		if (address_equal(&ends.source.address, remote))
			return true;
		at = record->binding.next;
		if (at == flow)
			break;
	}
	return false;
}

/* RFC 4787, section 5. What is filtered by address and port has a record, or doesn't come in. */
static bool lets_in(const struct nat_source_rule *rule, uint32_t flow, const struct ends *ends)
{
	return rule->filtering == NAT_FILTERING_ENDPOINT_INDEPENDENT ||
	       (rule->filtering == NAT_FILTERING_ADDRESS_DEPENDENT &&
		ring_knows(flow, &ends->source.address));
}

/* The port on whose side an external address is: that of arrival, or for a hairpin the one that has a rule
 * for it.
 */
static const struct nat_source_rule *rule_of(const struct packet_meta *meta, const struct address *external)
{
	bool ipv6 = meta->flags & PACKET_IPV6;
	const struct nat_source_rule *rule = pool_rule_of(meta->in_port, ipv6, external);

	for (uint8_t port = 0; !rule && nat_hairpin && port < port_count; port++)
		rule = pool_rule_of(port, ipv6, external);
	return rule;
}

static bool redirect_mapped(struct rte_mbuf *m, const struct ends *ends)
{
	struct packet_meta *meta = packet_meta(m);
	struct flow_draft *draft = &flow_drafts[meta->draft];
	const struct binding wanted = {
	    .external = ends->destination,
	    .protocol = meta->protocol,
	    .ipv6 = !!(meta->flags & PACKET_IPV6),
	};
	const struct nat_source_rule *rule;
	struct binding found;
	uint32_t flow;

	if (!has_changeable_port(meta->protocol) || is_icmp_protocol(meta->protocol))
		return false;
	rule = rule_of(meta, &ends->destination.address);
	if (!rule || rule->filtering == NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT)
		return false;
	flow = binding_find_external(&wanted);
	if (!flow || !lets_in(rule, flow, ends))
		return false;
	found = binding_of(&flow_records[flow]);
	rewrite_destination(m, &found.internal);
	note_hairpin(rule->out_port, meta);
	if (!draft->hairpin)
		draft->flags |= FLOW_BOUND | FLOW_BOUND_INWARD;
	return true;
}

/* Whether an address is NAT's and no station's: what is sent to it and mapped to nothing would go round in
 * circles between us and who sends it here. */
static bool is_unmapped(const struct packet_meta *meta, const struct address *address)
{
	return nat_answers(PORT_NONE, meta->flags & PACKET_IPV6, address);
}

/* True: the packet goes on. */
static bool redirect(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends ends;

	if (meta->flow) {
		ends = ends_leaving(flow_of(meta), flow_direction_of(meta));
		if (meta->state == STATE_RELATED)
			ends.destination.port = meta->source_port; /* an error has no identifier to change */
		rewrite_destination(m, &ends.destination);
		return true;
	}
	if (meta->state != STATE_NEW)
		return true;
	ends = rewrite_ends(m);
	if (redirect_static(m, &ends) || redirect_forward(m, &ends) || redirect_mapped(m, &ends))
		return true;
	if (!is_unmapped(meta, &ends.destination.address))
		return true;
	packet_drop(m, DROP_NAT_UNMAPPED);
	return false;
}

uint16_t nat_destination(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; nat_configured && i < count; i++) {
		struct rte_mbuf *m = packets[i];

		packets[kept] = m;
		kept += redirect(m);
	}
	return nat_configured ? kept : count;
}
