/* SPDX-License-Identifier: Apache-2.0
 *
 * The stage that finds flows; flow.h has the overview, flow_table.h the table. Passes over a burst, each of
 * which prefetches what the next one reads:
 *
 *   1. what each packet's tuple is, and its hash    -> the bucket
 *   2. which entry of the bucket it might be        -> the record
 *   3. whether it is; tracking, counting, deciding
 */
#include <assert.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "nf/appliance.h"
#include "nf/flow/flow.h"
#include "nf/flow/flow_records.h"
#include "nf/flow/flow_table.h"
#include "nf/flow/flow_tuple.h"
#include "nf/flow/track.h"
#include "nf/router/routes.h"

struct flow_draft flow_drafts[BURST_MAX];

int flow_init(void)
{
	return flow_records_init();
}

uint32_t flow_lookup(const struct flow_tuple *tuple, const struct flow_addresses *ipv6,
		     enum flow_direction *direction)
{
	flow_reference found = flow_table_find(flow_hash(tuple, ipv6), tuple, ipv6);

	*direction = flow_direction_referred(found);
	return found >> 1;
}

void flow_prefetch(const struct flow_tuple *tuple, const struct flow_addresses *ipv6)
{
	rte_prefetch0(flow_bucket_of(flow_hash(tuple, ipv6)));
}

/* A burst, packet by packet. */
struct burst {
	struct flow_tuple tuple[BURST_MAX];
	struct flow_addresses ipv6[BURST_MAX];
	uint32_t hash[BURST_MAX];
	flow_reference likely[BURST_MAX]; /* the entry that it probably is */
};

static inline void hash_all(struct burst *burst, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		flow_tuple_read(packets[i], &burst->tuple[i], &burst->ipv6[i]);
		burst->hash[i] = flow_hash(&burst->tuple[i], &burst->ipv6[i]);
		rte_prefetch0(flow_bucket_of(burst->hash[i]));
	}
}

static inline void match_all(struct burst *burst, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		const struct flow_bucket *bucket = flow_bucket_of(burst->hash[i]);
		uint32_t match = flow_bucket_match(bucket, flow_tag_of(burst->hash[i]));
		const struct flow_record *record;

		burst->likely[i] = match ? bucket->reference[__builtin_ctz(match)] : 0;
		record = flow_referred(burst->likely[i]);
		rte_prefetch0(record);
		rte_prefetch0(record->tcp);
		if (burst->tuple[i].ipv6)
			rte_prefetch0(record->ipv6);
	}
}

static inline flow_reference find(const struct burst *burst, uint16_t i)
{
	const struct flow_tuple *tuple = &burst->tuple[i];
	const struct flow_addresses *ipv6 = &burst->ipv6[i];

	if (likely(burst->likely[i] && flow_is(burst->likely[i], tuple, ipv6)))
		return burst->likely[i];
	return flow_table_find(burst->hash[i], tuple, ipv6);
}

/* What becomes of a packet after it was looked at. */
enum fate {
	FATE_DECIDED,
	FATE_OTHER, /* walks through the rules */
	FATE_GONE,
	FATE_FIRST, /* has no record */
};

/* A packet that fits nothing: dropped for what is wrong with it, unless rules want to know. */
static enum fate refuse(struct rte_mbuf *m, enum drop_reason reason)
{
	struct packet_meta *meta = packet_meta(m);

	if (!firewall_judges_invalid) {
		packet_drop(m, reason);
		return FATE_GONE;
	}
	meta->state = STATE_INVALID;
	meta->invalid = reason;
	return FATE_OTHER;
}

/* An error goes to whoever sent what it quotes. */
static bool goes_to_sender(struct rte_mbuf *m, const struct track_quote *quote)
{
	struct flow_tuple tuple;
	struct flow_addresses ipv6;

	flow_tuple_read(m, &tuple, &ipv6);
	if (tuple.ipv6)
		return memcmp(ipv6.destination, quote->ipv6.source, sizeof(ipv6.destination)) == 0;
	return tuple.destination == quote->tuple.source;
}

/* An ICMP error travels in the direction of the packets that answer what it quotes: those have the quote's
 * reverse as their tuple, and come from where the error comes from. */
static enum fate relate(struct rte_mbuf *m)
{
	struct packet_meta *meta = packet_meta(m);
	struct track_quote quote;
	struct flow_tuple tuple;
	struct flow_addresses ipv6;
	enum flow_direction direction;
	enum drop_reason reason = track_quote_read(m, &quote);
	uint32_t flow;

	if (reason != TRACK_GOOD)
		return refuse(m, reason);
	if (quote.later_fragment || !goes_to_sender(m, &quote))
		return refuse(m, DROP_ICMP_UNRELATED);
	flow_tuple_reverse(&quote.tuple, &quote.ipv6, port_configs[meta->in_port].zone, &tuple, &ipv6);
	flow = flow_lookup(&tuple, &ipv6, &direction);
	if (!flow)
		return refuse(m, DROP_ICMP_UNRELATED);
	reason = track_quote_check(&flow_records[flow], !direction, &quote);
	if (reason != TRACK_GOOD)
		return refuse(m, reason);
	meta->flow = flow;
	meta->state = STATE_RELATED;
	meta->flags |= direction == FLOW_REPLY ? PACKET_REPLY : 0;
	return FATE_OTHER;
}

/* LAND: nobody talks to itself by way of a router; who answers such a packet would, for ever. */
static bool is_to_its_source(const struct flow_tuple *tuple, const struct flow_addresses *ipv6)
{
	return tuple->ipv6 ? memcmp(ipv6->source, ipv6->destination, sizeof(ipv6->source)) == 0
			   : tuple->source == tuple->destination;
}

/* Whether one of the packets `others` (a bit for each) has the hash of packet i: which nearly always means
 * the same tuple, and settles nothing yet. */
static bool is_repeated(const struct burst *burst, uint16_t i, uint64_t others)
{
	for (; others; others &= others - 1)
		if (burst->hash[__builtin_ctzll(others)] == burst->hash[i])
			return true;
	return false;
}

/* A packet that has no record. A later fragment may be behind one that will make it: flow_settle will see. */
static enum fate begin(struct rte_mbuf *m, const struct burst *burst, uint16_t i, uint64_t others)
{
	enum drop_reason reason;

	if (is_to_its_source(&burst->tuple[i], &burst->ipv6[i]))
		return refuse(m, DROP_LAND);
	if (track_is_error(m))
		return relate(m);
	reason = track_first(m);
	if (reason != TRACK_GOOD &&
	    !(packet_meta(m)->flags & PACKET_LATER_FRAGMENT && is_repeated(burst, i, others)))
		return refuse(m, reason);
	packet_meta(m)->state = STATE_NEW;
	return FATE_OTHER;
}

static inline void count_packet(struct flow_record *record, enum flow_direction direction,
				const struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta((struct rte_mbuf *)m);

	record->seen = flow_now();
	record->packets[direction]++;
	record->bytes[direction] += m->l2_len + meta->l3_bytes;
}

/* The record knows everything about packets of this direction. */
static inline void decide(const struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m)
{
	struct packet_meta *meta = packet_meta(m);
	meta->rule = record->rule[direction];
	meta->next_hop = record->next_hop[direction];
	meta->out_port = next_hops[meta->next_hop].port;
	if (firewall_rule_count == 0)
		return;
	rule_stats[meta->rule].packets++;
	rule_stats[meta->rule].bytes += m->l2_len + meta->l3_bytes;
}

static bool has_syn(const struct packet_meta *meta)
{
	return meta->protocol == IPPROTO_TCP && meta->tcp_flags & RTE_TCP_SYN_FLAG;
}

/* A packet of a flow that is there. FATE_FIRST: that is over, and flow_settle will end it if the rules accept
 * the packet as another one's first. Not before: until then it is what packets go by, those behind this one
 * in the burst too, so that a packet which the rules refuse changes nothing for any other. */
static inline enum fate go_on(struct rte_mbuf *m, flow_reference reference)
{
	struct flow_record *record = flow_referred(reference);
	struct packet_meta *meta = packet_meta(m);
	enum flow_direction direction = flow_direction_referred(reference);
	uint8_t state = record->state, flags = record->flags;

	if (likely(!(meta->flags & PACKET_LATER_FRAGMENT))) {
		enum drop_reason reason = track_packet(record, direction, m);

		if (unlikely(reason == TRACK_REOPENS))
			return FATE_FIRST;
		if (unlikely(reason != TRACK_GOOD)) {
			if (record->state != state)
				flow_record_moved(reference >> 1);
			return refuse(m, reason);
		}
	}
	count_packet(record, direction, m);
	if (unlikely(state != record->state || flags != record->flags))
		flow_record_changed(reference >> 1, flags);
	meta->flow = reference >> 1;
	meta->flags |= direction == FLOW_REPLY ? PACKET_REPLY : 0;
	meta->state =
	    direction == FLOW_REPLY || record->flags & FLOW_SEEN_REPLY ? STATE_ESTABLISHED : STATE_NEW;
	if (unlikely(record->rule[direction] == FLOW_UNDECIDED || has_syn(meta)))
		return FATE_OTHER;
	decide(record, direction, m);
	return FATE_DECIDED;
}

static void draft(struct rte_mbuf *m, const struct burst *burst, uint16_t i, bool known, uint64_t others)
{
	struct flow_draft *made = &flow_drafts[i];

	made->tuple = burst->tuple[i];
	if (made->tuple.ipv6)
		made->ipv6 = burst->ipv6[i];
	made->hairpin = false;
	made->flags = 0;
	made->repeated = known || is_repeated(burst, i, others);
	packet_meta(m)->draft = i;
}

uint16_t flow_find(struct rte_mbuf **packets, uint16_t count, uint16_t *decided)
{
	struct burst burst;
	struct rte_mbuf *others[BURST_MAX];
	uint16_t done = 0, left = 0;
	uint64_t drafted = 0; /* a bit for each packet that walks */

	assert(count <= BURST_MAX);
	hash_all(&burst, packets, count);
	match_all(&burst, count);
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];
		flow_reference found = find(&burst, i);
		enum fate fate = likely(found) ? go_on(m, found) : FATE_FIRST;

		if (unlikely(fate == FATE_FIRST))
			fate = begin(m, &burst, i, drafted);
		if (likely(fate == FATE_DECIDED)) {
			packets[done++] = m;
		} else if (fate == FATE_OTHER) {
			draft(m, &burst, i, found, drafted);
			drafted |= UINT64_C(1) << i;
			others[left++] = m;
		}
	}
	memcpy(packets + done, others, left * sizeof(others[0]));
	*decided = done;
	return done + left;
}
