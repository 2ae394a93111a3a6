/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall's rules, walked one by one; see firewall_oracle.h.
 */
#include <netinet/in.h>
#include "firewall_oracle.h"

static bool prefix_has(const uint8_t *prefix, uint32_t length, const uint8_t *address)
{
	for (uint32_t bit = 0; bit < length; bit++)
		if ((prefix[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool ipv4_prefix_has(const struct ipv4_prefix *prefix, const uint8_t *address)
{
	uint32_t wire = htonl(prefix->address);

	return prefix_has((const uint8_t *)&wire, prefix->length, address);
}

static bool in_range(uint16_t low, uint16_t high, uint16_t wire)
{
	return ntohs(wire) >= low && ntohs(wire) <= high;
}

static bool common_matches(const struct match_common *c, const struct packet_meta *meta)
{
	if ((c->protocol ^ meta->protocol) & c->protocol_mask ||
	    (c->in_port ^ meta->in_port) & c->in_port_mask ||
	    (c->out_port ^ meta->out_port) & c->out_port_mask)
		return false;
	if (!c->needs_l4)
		return true;
	return meta->flags & PACKET_L4 && !((c->tcp_flags ^ meta->tcp_flags) & c->tcp_flags_mask) &&
	       in_range(c->source_port_low, c->source_port_high, meta->source_port) &&
	       in_range(c->destination_port_low, c->destination_port_high, meta->destination_port);
}

static bool rule_matches(uint32_t rule, struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; !ipv6 && i < ipv4_count; i++) {
		const struct ipv4_match *match = &ipv4_table[i];

		if (match->common.rule == rule && common_matches(&match->common, meta) &&
		    ipv4_prefix_has(&match->source, ip + 12) && ipv4_prefix_has(&match->destination, ip + 16))
			return true;
	}
	for (uint32_t i = 0; ipv6 && i < ipv6_count; i++) {
		const struct ipv6_match *match = &ipv6_table[i];

		if (match->common.rule == rule && common_matches(&match->common, meta) &&
		    prefix_has(match->source.address, match->source.length, ip + 8) &&
		    prefix_has(match->destination.address, match->destination.length, ip + 24))
			return true;
	}
	return false;
}

uint32_t firewall_oracle(struct rte_mbuf *m, struct rule_stats *expected)
{
	uint32_t bytes = m->l2_len + packet_meta(m)->l3_bytes;
	uint32_t rule;

	for (rule = 0; rule < rule_count - 1; rule++) {
		if (!rule_matches(rule, m))
			continue;
		if (rule_table[rule].action != FIREWALL_LOG)
			break;
		expected[rule].packets++;
		expected[rule].bytes += bytes;
	}
	expected[rule].packets++;
	expected[rule].bytes += bytes;
	return rule;
}
