/* SPDX-License-Identifier: Apache-2.0
 *
 * The stage that ends the walk of packets which no record decided: what the rules, the routes and NAT said is
 * remembered, in a new record or in the one that is there.
 */
#include <string.h>
#include "nf/firewall/firewall.h"
#include "nf/flow/flow.h"
#include "nf/flow/flow_records.h"
#include "nf/flow/flow_tuple.h"
#include "nf/flow/track.h"
#include "nf/nat/nat.h"

enum { PLANNED = 4 }; /* new flows ahead: what NAT looks at is in memory that comes late */

static void remember(struct flow_record *record, enum flow_direction direction,
		     const struct packet_meta *meta)
{
	if (meta->flags & PACKET_EACH || meta->rule >= FLOW_UNDECIDED || meta->next_hop > UINT16_MAX)
		return;
	record->rule[direction] = meta->rule;
	record->next_hop[direction] = meta->next_hop;
}

/* Both tuples: the one that the packet came with, and that of the answers to what it is now. */
static void set_tuples(struct flow_record *record, struct rte_mbuf *m, const struct flow_draft *draft)
{
	const struct packet_meta *meta = packet_meta(m);
	struct flow_tuple now, plain;
	struct flow_addresses now6, plain6;

	record->tuple[FLOW_ORIGINAL] = draft->tuple;
	record->ipv6[FLOW_ORIGINAL] = draft->ipv6;
	flow_tuple_read(m, &now, &now6);
	flow_tuple_reverse(&now, &now6, port_configs[meta->out_port].zone, &record->tuple[FLOW_REPLY],
			   &record->ipv6[FLOW_REPLY]);
	flow_tuple_reverse(&draft->tuple, &draft->ipv6, port_configs[meta->out_port].zone, &plain, &plain6);
	if (memcmp(&plain, &record->tuple[FLOW_REPLY], sizeof(plain)) != 0 ||
	    (plain.ipv6 && memcmp(&plain6, &record->ipv6[FLOW_REPLY], sizeof(plain6)) != 0))
		record->flags |= FLOW_TRANSLATED;
}

/* Makes the record of a flow whose first packet is as it will leave. Returns why not, or TRACK_GOOD. */
static enum drop_reason make(struct rte_mbuf *m, const struct flow_draft *draft)
{
	struct packet_meta *meta = packet_meta(m);
	uint32_t flow = flow_record_take();
	struct flow_record *record = &flow_records[flow];
	enum drop_reason reason;

	if (!flow)
		return DROP_FLOW_TABLE_FULL;
	set_tuples(record, m, draft);
	record->rule[FLOW_ORIGINAL] = record->rule[FLOW_REPLY] = FLOW_UNDECIDED;
	record->flags |= draft->flags;
	record->created = record->seen = flow_now();
	record->packets[FLOW_ORIGINAL] = 1;
	record->bytes[FLOW_ORIGINAL] = m->l2_len + meta->l3_bytes;
	record->first_rule = meta->rule;
	track_open(record, m);
	remember(record, FLOW_ORIGINAL, meta);
	if (record->flags & FLOW_COUNTED_SOURCE && !firewall_hold(record)) {
		flow_record_give_back(flow);
		return DROP_CONNECTION_LIMIT;
	}
	reason = flow_record_enter(flow);
	if (reason != TRACK_GOOD) {
		if (record->flags & FLOW_COUNTED_SOURCE)
			firewall_release(record);
		return reason;
	}
	if (record->flags & FLOW_BOUND)
		nat_hold(flow);
	meta->flow = flow;
	return TRACK_GOOD;
}

/* A packet that the rules have accepted as a new flow's, and whose tuple has a record: an earlier one of the
 * burst made it, or it is over (TRACK_REOPENS). Returns why not, or TRACK_GOOD. */
static enum drop_reason join(struct rte_mbuf *m, uint32_t flow, enum flow_direction direction)
{
	struct packet_meta *meta = packet_meta(m);
	struct flow_record *record = &flow_records[flow];
	uint8_t state = record->state, flags = record->flags;
	enum drop_reason reason =
	    meta->flags & PACKET_LATER_FRAGMENT ? TRACK_GOOD : track_packet(record, direction, m);

	if (reason != TRACK_GOOD)
		return reason;
	if (state != record->state || flags != record->flags)
		flow_record_changed(flow, flags);
	meta->flow = flow;
	meta->flags |= direction == FLOW_REPLY ? PACKET_REPLY : 0;
	record->packets[direction]++;
	record->bytes[direction] += m->l2_len + meta->l3_bytes;
	return TRACK_GOOD;
}

/* A packet whose flow can't be entered: both ends may have begun one at once, so that it is an answer to a
 * packet before it in the burst. Returns why not, or TRACK_GOOD. */
static enum drop_reason answer(struct rte_mbuf *m, const struct flow_draft *draft)
{
	enum flow_direction direction;
	uint32_t flow = flow_lookup(&draft->tuple, &draft->ipv6, &direction);
	enum drop_reason reason = flow && direction == FLOW_REPLY ? join(m, flow, direction) : TRACK_REOPENS;

	return reason == TRACK_REOPENS ? DROP_NAT_UNTRANSLATABLE : reason;
}

/* A packet without a record. A later fragment walked because the first one did, which may have found no room.
 * Returns why it begins nothing, or TRACK_REOPENS. */
static enum drop_reason lead(struct rte_mbuf *m)
{
	enum drop_reason reason = TRACK_GOOD;

	if (packet_meta(m)->flags & PACKET_LATER_FRAGMENT)
		reason = track_first(m);
	return reason == TRACK_GOOD ? TRACK_REOPENS : reason;
}

static enum drop_reason begin(struct rte_mbuf *m, struct flow_draft *draft)
{
	enum flow_direction direction;
	uint32_t flow = draft->repeated ? flow_lookup(&draft->tuple, &draft->ipv6, &direction) : 0;
	enum drop_reason reason = flow ? join(m, flow, direction) : lead(m);

	if (reason != TRACK_REOPENS)
		return reason;
	if (flow)
		flow_record_end(flow);
	reason = nat_source(m);
	if (reason == TRACK_GOOD)
		reason = make(m, draft);
	if (reason == DROP_NAT_UNTRANSLATABLE)
		reason = answer(m, draft);
	stats.flow.refused += reason != TRACK_GOOD;
	return reason;
}

static void settle_known(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	if (!meta->flow)
		return;
	if (meta->state != STATE_RELATED)
		remember(flow_of(meta), flow_direction_of(meta), meta);
	nat_translate(&m, 1);
}

/* True: the packet goes on. */
static bool settle_first(struct rte_mbuf *m)
{
	struct packet_meta *meta = packet_meta(m);
	enum drop_reason reason;

	if (!flow_may_begin(meta))
		return true;
	reason = begin(m, &flow_drafts[meta->draft]);
	if (reason != TRACK_GOOD) {
		packet_drop(m, reason);
		return false;
	}
	nat_translate(&m, 1);
	return true;
}

static void plan(struct rte_mbuf *m)
{
	if (flow_may_begin(packet_meta(m)))
		nat_source_plan(m);
}

uint16_t flow_settle(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	/* All that refers to records comes first: a new flow may take the place of another one. */
	for (uint16_t i = 0; i < count; i++)
		settle_known(packets[i]);
	for (uint16_t i = 0; i < RTE_MIN(count, (uint16_t)PLANNED); i++)
		plan(packets[i]);
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];

		if (i + PLANNED < count)
			plan(packets[i + PLANNED]);
		packets[kept] = m;
		kept += settle_first(m);
	}
	return kept;
}
