/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall's rules, walked one by one; see firewall_oracle.h.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "nf/host.h"
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

/* Which differences between packets are looked at. */
enum view { VIEW_PACKET, VIEW_FLOW };

static bool conditions_match(const struct match_common *c, const struct packet_meta *meta, const uint8_t *ip,
			     enum view view)
{
	bool ipv6 = meta->flags & PACKET_IPV6;
	uint8_t states = c->states ? c->states : STATE_NEW | STATE_ESTABLISHED | STATE_RELATED;
	uint8_t state = meta->state ? meta->state : STATE_NEW;
	uint8_t dscp = ipv6 ? ((ip[0] << 8 | ip[1]) >> 6 & 0x3f) : ip[1] >> 2;
	uint16_t source = ipv6 ? class6(ip + 8) : class4(ip + 12);
	uint16_t destination = ipv6 ? class6(ip + 24) : class4(ip + 16);

	return states & state && (view == VIEW_FLOW || !((c->dscp ^ dscp) & c->dscp_mask)) &&
	       source >= c->source_class_low && source <= c->source_class_high &&
	       destination >= c->destination_class_low && destination <= c->destination_class_high;
}

static bool common_matches(const struct match_common *c, const struct packet_meta *meta, const uint8_t *ip,
			   enum view view)
{
	if (!conditions_match(c, meta, ip, view))
		return false;
	if ((c->protocol ^ meta->protocol) & c->protocol_mask ||
	    (c->in_port ^ meta->in_port) & c->in_port_mask ||
	    (c->out_port ^ meta->out_port) & c->out_port_mask)
		return false;
	if (!c->needs_l4)
		return true;
	return meta->flags & PACKET_L4 &&
	       (view == VIEW_FLOW || !((c->tcp_flags ^ meta->tcp_flags) & c->tcp_flags_mask)) &&
	       in_range(c->source_port_low, c->source_port_high, meta->source_port) &&
	       in_range(c->destination_port_low, c->destination_port_high, meta->destination_port);
}

static bool rule_matches(uint32_t rule, struct rte_mbuf *m, enum view view)
{
	const struct packet_meta *meta = packet_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	bool ipv6 = meta->flags & PACKET_IPV6;

	for (uint32_t i = 0; !ipv6 && i < ipv4_count; i++) {
		const struct ipv4_match *match = &ipv4_table[i];

		if (match->common.rule == rule && common_matches(&match->common, meta, ip, view) &&
		    ipv4_prefix_has(&match->source, ip + 12) && ipv4_prefix_has(&match->destination, ip + 16))
			return true;
	}
	for (uint32_t i = 0; ipv6 && i < ipv6_count; i++) {
		const struct ipv6_match *match = &ipv6_table[i];

		if (match->common.rule == rule && common_matches(&match->common, meta, ip, view) &&
		    prefix_has(match->source.address, match->source.length, ip + 8) &&
		    prefix_has(match->destination.address, match->destination.length, ip + 24))
			return true;
	}
	return false;
}

/* Leaky buckets, as many as there are: of rules, or of rules and sources. */
static struct leak {
	uint32_t rule;
	uint8_t source[9]; /* family, and what of the address counts */
	uint64_t level_ns, seen_ns;
} * leaks;
static uint32_t leak_count;

void firewall_oracle_forget(void)
{
	free(leaks);
	leaks = NULL;
	leak_count = 0;
}

static void read_source(struct rte_mbuf *m, uint8_t source[9])
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);

	source[0] = packet_meta(m)->flags & PACKET_IPV6 ? 6 : 4;
	memcpy(source + 1, source[0] == 6 ? ip + 8 : ip + 12, source[0] == 6 ? 8 : 4);
}

static struct leak *leak_of(uint32_t rule, struct rte_mbuf *m)
{
	struct leak wanted = {.rule = rule, .seen_ns = host_now_ns};

	if (rule_table[rule].rate.per_source)
		read_source(m, wanted.source);
	for (uint32_t i = 0; i < leak_count; i++)
		if (leaks[i].rule == rule &&
		    memcmp(leaks[i].source, wanted.source, sizeof(wanted.source)) == 0)
			return &leaks[i];
	leaks = realloc(leaks, (leak_count + 1) * sizeof(*leaks));
	if (!leaks)
		abort();
	leaks[leak_count] = wanted;
	return &leaks[leak_count++];
}

/* What comes fills a bucket, which leaks as time goes by; what does not fit exceeds the limit. */
static bool is_kept(uint32_t rule, struct rte_mbuf *m)
{
	const struct rate_limit *rate = &rule_table[rule].rate;
	struct leak *leak;
	uint64_t leaked;

	if (rate->interval_ns == 0)
		return true;
	leak = leak_of(rule, m);
	leaked = host_now_ns - leak->seen_ns;
	leak->level_ns -= leaked < leak->level_ns ? leaked : leak->level_ns;
	leak->seen_ns = host_now_ns;
	if (leak->level_ns + rate->interval_ns > rate->burst * rate->interval_ns)
		return false;
	leak->level_ns += rate->interval_ns;
	return true;
}

static void count(uint32_t rule, struct rte_mbuf *m, struct rule_stats *expected)
{
	expected[rule].packets++;
	expected[rule].bytes += m->l2_len + packet_meta(m)->l3_bytes;
}

static enum drop_reason reason_of(const struct packet_meta *meta, bool exceeded)
{
	if (meta->state == STATE_INVALID)
		return meta->invalid;
	return exceeded ? DROP_RATE_LIMIT : DROP_FIREWALL_DROP;
}

struct oracle_verdict firewall_oracle(struct rte_mbuf *m, struct rule_stats *expected)
{
	struct oracle_verdict verdict = {0};
	bool exceeded = false, goes_on = true;
	uint32_t rule;

	for (rule = 0; goes_on && rule < rule_count; rule++) {
		uint8_t action = rule_table[rule].action;
		bool last = rule == rule_count - 1, kept;

		verdict.each |= rule_table[rule].each && rule_matches(rule, m, VIEW_FLOW);
		if (!last && !rule_matches(rule, m, VIEW_PACKET))
			continue;
		kept = last || is_kept(rule, m);
		goes_on = action == FIREWALL_LIMIT ? kept : action > FIREWALL_REJECT || !kept;
		exceeded |= !kept && (action <= FIREWALL_REJECT || action == FIREWALL_LIMIT);
		if (action == FIREWALL_LIMIT ? !kept : kept)
			count(rule, m, expected);
		verdict.rule = rule;
		verdict.accepted = action == FIREWALL_ACCEPT;
	}
	verdict.reason = reason_of(packet_meta(m), exceeded);
	return verdict;
}
