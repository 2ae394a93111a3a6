/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall stage, called by the generated chain between router_lookup and router_forward. The packets of
 * a burst are classified together, IPv4 and IPv6 apart; the lowest-numbered rule that matches decides, or the
 * default, which is the last rule. Rules that only log fire where they stand before the one that decides.
 *
 * The tries are built at start (firewall_rules.c) and constant afterwards.
 */
#include <assert.h>
#include <string.h>
#include <rte_acl.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/log.h"
#include "nf/packet.h"
#include "firewall.h"
#include "firewall_rules.h"
#include "reject.h"

static struct firewall_classifiers classifiers;

/* Results of one family: `categories` words a packet, in the order of the burst. */
struct results {
	uint32_t word[BURST_MAX * RTE_ACL_MAX_CATEGORIES];
};

/* Of every packet of a family that no rule looks at. */
static const uint32_t no_results[RTE_ACL_MAX_CATEGORIES];

int firewall_init(void)
{
	return firewall_rules_compile(&classifiers);
}

/* Of two results the rule that comes first; 0 is none. */
static inline uint32_t earlier(uint32_t a, uint32_t b)
{
	return a - 1 < b - 1 ? a : b;
}

static void classify(const struct firewall_tries *tries, const uint8_t **data, uint16_t count,
		     struct results *results)
{
	struct results more;

	if (count == 0)
		return;
	rte_acl_classify(tries->first, data, results->word, count, classifiers.categories);
	if (tries->second == NULL)
		return;
	rte_acl_classify(tries->second, data, more.word, count, classifiers.categories);
	for (uint32_t i = 0; i < count * classifiers.categories; i++)
		results->word[i] = earlier(results->word[i], more.word[i]);
}

static void classify_ipv4(struct rte_mbuf *const *packets, uint16_t count, struct results *results)
{
	uint8_t keys[BURST_MAX * FIREWALL_KEY_BYTES + FIREWALL_KEY_SLACK];
	const uint8_t *data[BURST_MAX];
	uint8_t *key = keys;
	uint16_t n = 0;

	for (uint16_t i = 0; i < count; i++) {
		const struct packet_meta *meta = packet_meta(packets[i]);

		if (meta->flags & PACKET_IPV6)
			continue;
		firewall_key_write(
		    &classifiers.ipv4_key, key, meta,
		    rte_pktmbuf_mtod_offset(packets[i], const struct rte_ipv4_hdr *, packets[i]->l2_len));
		data[n++] = key;
		key += FIREWALL_KEY_BYTES;
	}
	classify(&classifiers.ipv4, data, n, results);
}

static void set_ipv6_key(struct firewall_ipv6_key *key, const struct packet_meta *meta,
			 const struct rte_ipv6_hdr *ip)
{
	*key = (struct firewall_ipv6_key){
	    .protocol = meta->protocol,
	    .in_port = meta->in_port | (meta->flags & PACKET_L4 ? FIREWALL_KEY_L4 : 0),
	    .out_port = meta->out_port,
	    .tcp_flags = meta->tcp_flags,
	    .source_port = meta->source_port,
	    .destination_port = meta->destination_port,
	};
	memcpy(key->source, ip->src_addr, sizeof(key->source));
	memcpy(key->destination, ip->dst_addr, sizeof(key->destination));
}

static void classify_ipv6(struct rte_mbuf *const *packets, uint16_t count, struct results *results)
{
	struct firewall_ipv6_key keys[BURST_MAX];
	const uint8_t *data[BURST_MAX];
	uint16_t n = 0;

	for (uint16_t i = 0; i < count; i++) {
		const struct packet_meta *meta = packet_meta(packets[i]);

		if (!(meta->flags & PACKET_IPV6))
			continue;
		set_ipv6_key(
		    &keys[n], meta,
		    rte_pktmbuf_mtod_offset(packets[i], const struct rte_ipv6_hdr *, packets[i]->l2_len));
		data[n] = (const uint8_t *)&keys[n];
		n++;
	}
	classify(&classifiers.ipv6, data, n, results);
}

static inline void count_rule(uint32_t rule, const struct rte_mbuf *m, const struct packet_meta *meta)
{
	rule_stats[rule].packets++;
	rule_stats[rule].bytes += m->l2_len + meta->l3_bytes;
}

static const char *const verdict_names[] = {
    [FIREWALL_ACCEPT] = "accept",
    [FIREWALL_DROP] = "drop",
    [FIREWALL_REJECT] = "reject",
    [FIREWALL_LOG] = "log",
};

static void log_rule(uint32_t rule, struct rte_mbuf *m)
{
	log_packet("firewall", verdict_names[firewall_rules[rule].action], firewall_rules[rule].name, m);
}

/* Rules that only log have the categories after the first, in their order. */
static void fire_log_rules(const uint32_t *result, uint32_t decided, struct rte_mbuf *m)
{
	for (uint32_t category = 1; category < classifiers.categories; category++) {
		uint32_t rule = result[category] - 1;

		if (result[category] == 0 || rule > decided)
			continue;
		count_rule(rule, m, packet_meta(m));
		log_rule(rule, m);
	}
}

/* Returns whether the packet goes on; takes it if not. */
static inline bool judge(struct rte_mbuf *m, const uint32_t *result)
{
	struct packet_meta *meta = packet_meta(m);
	uint32_t decided = result[0] ? result[0] - 1 : firewall_rule_count - 1;
	const struct firewall_rule *rule = &firewall_rules[decided];

	meta->rule = decided;
	if (classifiers.categories > 1)
		fire_log_rules(result, decided, m);
	count_rule(decided, m, meta);
	if (rule->log)
		log_rule(decided, m);
	if (likely(rule->action == FIREWALL_ACCEPT))
		return true;
	if (rule->action == FIREWALL_REJECT)
		reject_send(m);
	packet_drop(m, rule->action == FIREWALL_REJECT ? DROP_FIREWALL_REJECT : DROP_FIREWALL_DROP);
	return false;
}

uint16_t firewall(struct rte_mbuf **packets, uint16_t count)
{
	struct results ipv4, ipv6;
	const uint32_t *ipv4_next = no_results, *ipv6_next = no_results;
	uint32_t ipv4_words = 0, ipv6_words = 0; /* of results a packet */
	uint16_t kept = 0;

	assert(count <= BURST_MAX);
	if (classifiers.ipv4.first) {
		classify_ipv4(packets, count, &ipv4);
		ipv4_next = ipv4.word;
		ipv4_words = classifiers.categories;
	}
	if (classifiers.ipv6.first) {
		classify_ipv6(packets, count, &ipv6);
		ipv6_next = ipv6.word;
		ipv6_words = classifiers.categories;
	}
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];
		bool is_ipv6 = packet_meta(m)->flags & PACKET_IPV6;
		const uint32_t *result = is_ipv6 ? ipv6_next : ipv4_next;

		ipv4_next += is_ipv6 ? 0 : ipv4_words;
		ipv6_next += is_ipv6 ? ipv6_words : 0;
		if (judge(m, result))
			packets[kept++] = m;
	}
	return kept;
}
