/* SPDX-License-Identifier: Apache-2.0
 *
 * NAT's start, packets that a record decides, and packets that become again what they were; see nat.h.
 */
#include <rte_prefetch.h>
#include "nf/nat/nat.h"
#include "answers.h"
#include "nat_icmp.h"
#include "nat_source.h"
#include "pool.h"
#include "rewrite.h"

int nat_init(void)
{
	if (!nat_configured)
		return 0;
	pool_init();
	answers_init();
	nat_source_init();
	return binding_init();
}

void nat_hold(uint32_t flow)
{
	binding_join(flow);
}

void nat_release(uint32_t flow)
{
	binding_leave(flow);
}

/* TCP and UDP over IPv4, of which the whole header is there. */
static inline bool is_common(const struct packet_meta *meta)
{
	return !(meta->flags & (PACKET_IPV6 | PACKET_FRAGMENT)) &&
	       (meta->protocol == IPPROTO_TCP || meta->protocol == IPPROTO_UDP);
}

static __rte_noinline void translate_uncommon(struct rte_mbuf *m, const struct flow_record *record)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends to;

	if (meta->state == STATE_RELATED) {
		nat_icmp_translate(m, record);
		return;
	}
	to = ends_leaving(record, flow_direction_of(meta));
	rewrite(m, &to);
}

void nat_translate(struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; nat_configured && i < count; i++) {
		struct rte_mbuf *m = packets[i];
		struct packet_meta *meta = packet_meta(m);
		const struct flow_record *record = flow_of(meta);

		if (!(record->flags & FLOW_TRANSLATED))
			continue;
		if (unlikely(!is_common(meta))) {
			translate_uncommon(m, record);
			continue;
		}
		rewrite_ipv4(m, meta, &record->tuple[!flow_direction_of(meta)]);
		meta->flags |= PACKET_TRANSLATED;
	}
}

/* Whether a packet that was rewritten, wholly or but for its source, is still one of the flow that its record
 * is of: it may have waited for a next hop for longer than its flow was there. */
static bool is_of_record(struct rte_mbuf *m, const struct flow_record *record)
{
	enum flow_direction direction = flow_direction_of(packet_meta(m));
	struct ends now = rewrite_ends(m), was = ends_arriving(record, direction),
		    shall = ends_leaving(record, direction);

	return endpoint_equal(&now.destination, &shall.destination) &&
	       (endpoint_equal(&now.source, &was.source) || endpoint_equal(&now.source, &shall.source));
}

bool nat_restore(struct rte_mbuf *m)
{
	struct packet_meta *meta = packet_meta(m);
	const struct flow_draft *draft = &flow_drafts[meta->draft];
	struct ends was;

	if (!nat_configured || !(meta->flags & PACKET_TRANSLATED))
		return true;
	if (meta->flow && !is_of_record(m, flow_of(meta)))
		return false;
	was = meta->flow ? ends_arriving(flow_of(meta), flow_direction_of(meta))
			 : ends_of(&draft->tuple, &draft->ipv6);
	rewrite(m, &was);
	meta->flags &= ~PACKET_TRANSLATED;
	return true;
}
