/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall stage, called by the generated chain between router_lookup and router_forward. The packets of
 * a burst are classified together, IPv4 and IPv6 apart; the lowest-numbered rule that matches decides, or the
 * default, which is the last rule. Packets that meet a conditional rule before that are walked through them
 * (conditional.h).
 *
 * The tries are built at start (firewall_rules.c) and constant afterwards.
 */
#include <assert.h>
#include <string.h>
#include <rte_acl.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/flow/flow.h"
#include "nf/packet.h"
#include "classes.h"
#include "condition.h"
#include "conditional.h"
#include "connections.h"
#include "firewall.h"
#include "firewall_rules.h"
#include "rates.h"
#include "reject.h"
#include "rule_log.h"

static struct firewall_classifiers classifiers;

/* Results of one family: `categories` words a packet, in the order of the burst. */
struct results {
	uint32_t word[BURST_MAX * RTE_ACL_RESULTS_MULTIPLIER];
};

/* Of every packet of a family that no rule looks at. */
static const uint32_t no_results[RTE_ACL_RESULTS_MULTIPLIER];

int firewall_init(void)
{
	int error = classes_init();

	if (error == 0)
		error = conditional_init();
	if (error == 0)
		error = rates_init();
	if (error == 0)
		error = connections_init();
	return error ? error : firewall_rules_compile(&classifiers);
}

bool firewall_hold(const struct flow_record *record)
{
	return connections_hold(conditional_number(record->first_rule), record);
}

void firewall_release(const struct flow_record *record)
{
	connections_release(conditional_number(record->first_rule), record);
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
	struct classes classes = classes_of_ipv6(ip);

	*key = (struct firewall_ipv6_key){
	    .protocol = meta->protocol,
	    .condition = condition_of(meta, dscp_of_ipv6(ip)),
	    .source_class = rte_cpu_to_be_16(classes.source),
	    .destination_class = rte_cpu_to_be_16(classes.destination),
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

/* What the classifier's results come to. */
static inline struct verdict verdict_of(struct rte_mbuf *m, const uint32_t *result)
{
	uint32_t decided = result[CATEGORY_DECIDES] ? result[CATEGORY_DECIDES] - 1 : firewall_rule_count - 1;

	if (classifiers.categories > 1 && result[CATEGORY_CONDITIONAL] &&
	    result[CATEGORY_CONDITIONAL] - 1 < decided)
		return conditional_walk(m, result[CATEGORY_CONDITIONAL] - 1, decided);
	return (struct verdict){decided, firewall_rules[decided].action, DROP_REASON_COUNT};
}

/* Whether another packet of the flow could meet a rule that this one doesn't, or the other way round, before
 * the one that decides. */
static inline bool is_for_each(const uint32_t *result, uint32_t decided)
{
	return flow_capacity && classifiers.categories > 1 && result[CATEGORY_EACH] &&
	       result[CATEGORY_EACH] - 1 <= decided;
}

static enum drop_reason reason_of(const struct packet_meta *meta, const struct verdict *verdict)
{
	if (meta->state == STATE_INVALID)
		return meta->invalid;
	if (verdict->reason != DROP_REASON_COUNT)
		return verdict->reason;
	return verdict->action == FIREWALL_REJECT ? DROP_FIREWALL_REJECT : DROP_FIREWALL_DROP;
}

/* Returns whether the packet goes on; takes it if not. */
static inline bool judge(struct rte_mbuf *m, const uint32_t *result)
{
	struct packet_meta *meta = packet_meta(m);
	struct verdict verdict = verdict_of(m, result);
	enum drop_reason reason = DROP_REASON_COUNT;

	meta->rule = verdict.rule;
	if (is_for_each(result, verdict.rule))
		meta->flags |= PACKET_EACH;
	rule_count_packet(verdict.rule, m);
	if (verdict.action != FIREWALL_ACCEPT)
		reason = reason_of(meta, &verdict);
	if (firewall_rules[verdict.rule].log)
		rule_log(verdict.rule, m, reason);
	if (likely(verdict.action == FIREWALL_ACCEPT))
		return true;
	if (verdict.action == FIREWALL_REJECT)
		reject_send(m);
	packet_drop(m, reason);
	return false;
}

uint16_t firewall(struct rte_mbuf **packets, uint16_t count)
{
	struct results ipv4, ipv6;
	const uint32_t *ipv4_next = no_results, *ipv6_next = no_results;
	uint32_t ipv4_words = 0, ipv6_words = 0; /* of results a packet */
	uint16_t kept = 0;

	assert(count <= BURST_MAX);
	connections_settled();
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
