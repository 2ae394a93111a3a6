/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall's rules, walked one by one; see firewall_oracle.h.
 */
#include <netinet/in.h>
#include <string.h>
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

/* Sets: a naive walk of the class tables. */
static uint16_t class4(const uint8_t *address)
{
	uint32_t value = (uint32_t)address[0] << 24 | address[1] << 16 | address[2] << 8 | address[3];
	uint16_t number = 0;

	for (uint32_t i = 0; i < ipv4_class_count && ipv4_classes[i].first <= value; i++)
		number = ipv4_classes[i].number;
	return number;
}

static uint16_t class6(const uint8_t *address)
{
	uint16_t number = 0;

	for (uint32_t i = 0; i < ipv6_class_count && memcmp(ipv6_classes[i].first, address, 16) <= 0; i++)
		number = ipv6_classes[i].number;
	return number;
}

static bool conditions_match(const struct match_common *c, const struct packet_meta *meta, const uint8_t *ip)
{
	bool ipv6 = meta->flags & PACKET_IPV6;
	uint8_t states = c->states ? c->states : STATE_NEW | STATE_ESTABLISHED | STATE_RELATED;
	uint8_t state = meta->state ? meta->state : STATE_NEW;
	uint8_t dscp = ipv6 ? ((ip[0] << 8 | ip[1]) >> 6 & 0x3f) : ip[1] >> 2;
	uint16_t source = ipv6 ? class6(ip + 8) : class4(ip + 12);
	uint16_t destination = ipv6 ? class6(ip + 24) : class4(ip + 16);

	return states & state && !((c->dscp ^ dscp) & c->dscp_mask) && source >= c->source_class_low &&
	       source <= c->source_class_high && destination >= c->destination_class_low &&
	       destination <= c->destination_class_high;
}

static bool common_matches(const struct match_common *c, const struct packet_meta *meta, const uint8_t *ip)
{
	if (!conditions_match(c, meta, ip))
		return false;
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

		if (match->common.rule == rule && common_matches(&match->common, meta, ip) &&
		    ipv4_prefix_has(&match->source, ip + 12) && ipv4_prefix_has(&match->destination, ip + 16))
			return true;
	}
	for (uint32_t i = 0; ipv6 && i < ipv6_count; i++) {
		const struct ipv6_match *match = &ipv6_table[i];

		if (match->common.rule == rule && common_matches(&match->common, meta, ip) &&
		    prefix_has(match->source.address, match->source.length, ip + 8) &&
		    prefix_has(match->destination.address, match->destination.length, ip + 24))
			return true;
	}
	return false;
}

uint32_t firewall_oracle(struct rte_mbuf *m, struct rule_stats *expected, uint8_t *verdict)
{
	uint32_t bytes = m->l2_len + packet_meta(m)->l3_bytes;
	uint32_t rule;

	*verdict = FIREWALL_DROP;
	for (rule = 0; rule < rule_count - 1; rule++) {
		const struct firewall_rule *r = &rule_table[rule];
		bool kept = !r->rate.interval_ns || r->rate.burst;

		if (!rule_matches(rule, m) || (r->action == FIREWALL_LIMIT ? kept : !kept))
			continue;
		if (r->action == FIREWALL_LIMIT)
			break;
		if (r->action <= FIREWALL_REJECT)
			break;
		expected[rule].packets++;
		expected[rule].bytes += bytes;
	}
	if (rule_table[rule].action <= FIREWALL_REJECT)
		*verdict = rule_table[rule].action;
	expected[rule].packets++;
	expected[rule].bytes += bytes;
	return rule;
}
