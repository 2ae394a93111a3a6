/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows: one lookup a packet finds the record that all network functions share (nf/flow/record.h).
 *
 * Overview. flow_find() is the stage after input. It looks up the packets of a burst together, tracks their
 * connections, and parts them in two: those whose record has an answer to everything (which rule accepts
 * them, the next hop, the translation), and the others, which walk through NAT's rules, the routes and the
 * firewall one more time. flow_settle() ends that walk: it makes the record of a new flow, and remembers in a
 * record what was decided. So for most packets the chain is flow_find, nat_translate, router_forward.
 *
 *     input -> reassembly -> flow_find +-> decided -------------------> nat_translate -+-> mss -> forward
 *                                      |                                               |
 *                                      '-> nat_destination -> lookup -> firewall -> flow_settle
 *
 * Packets of one burst that would all begin the same flow, from one end or from both, are each judged by the
 * rules; flow_settle makes the record for the first that is accepted, and joins the others to it.
 *
 * Life of a record. Made by flow_settle, from a fixed pool that flow_init reserved. While packets come, only
 * `seen` is written. Records wait in timing wheels (flow_wheel.h), and are looked at when they could be over.
 * When the pool is empty, the flow gives way that has been half-open for longest (one that is not
 * FLOW_ASSURED), then the one of the closed that would end first; an assured one never does. Freeing a record
 * releases what others hang on it: nat_release(), firewall_release().
 *
 * Both directions have an entry in the hash table, which is keyed with secret random numbers, so that nobody
 * can aim at one bucket. Records and table are one region of memory that the host can see.
 *
 * State of a packet, for the firewall (enum packet_state): NEW for the original direction until a reply was
 * seen, ESTABLISHED after, RELATED for an ICMP error that quotes a flow, INVALID for what fits no flow and
 * can't begin one. Unless a rule names `invalid`, such packets end in flow_find, under what is wrong with
 * them. Packets to the appliance itself are judged one by one, and make no flow.
 */
#ifndef NF_FLOW_H
#define NF_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/flow/record.h"
#include "nf/packet.h"

/* What is known of a packet that no record decides, from flow_find to flow_settle: packet_meta.draft is its
 * index in flow_drafts[]. Stages in between rewrite the packet, never the draft's tuple. */
struct flow_draft {
	struct flow_tuple tuple; /* as the packet arrived */
	struct flow_addresses ipv6;
	uint8_t flags; /* enum flow_flag that the new record shall have */
	bool hairpin;  /* nat_destination: from inside to an external address */
	bool repeated; /* a record may have the tuple: one that is over, or a packet before it made it */
};
extern struct flow_draft flow_drafts[BURST_MAX];

extern struct flow_record *flow_records; /* [flow_capacity + 1]; 0 is none */

/* Needs flow_capacity (nf/appliance.h). Returns 0, or -errno after a host_log line. */
int flow_init(void);

/* Returns how many packets are left, *decided of them first: each of these has meta->flow, rule, next_hop and
 * out_port, is accepted and counted. The others follow, in order of arrival, each with meta->state and draft,
 * and with meta->flow where there is a record (always, unless NEW or INVALID). */
uint16_t flow_find(struct rte_mbuf **packets, uint16_t count, uint16_t *decided);

/* Ends the walk of the packets that flow_find did not decide, which the rules have accepted: new flows get
 * their translation and a record, and every packet leaves translated. A new flow that finds no room, or no
 * port, is dropped. */
uint16_t flow_settle(struct rte_mbuf **packets, uint16_t count);

/* Ends flows whose time is over; a bounded number of them. Returns when it wants to be called next. */
uint64_t flow_tick(void);

/* The flow of a tuple and its direction; 0 where there is none. `ipv6` may be NULL for IPv4. Borrows both. */
uint32_t flow_lookup(const struct flow_tuple *tuple, const struct flow_addresses *ipv6,
		     enum flow_direction *direction);

/* Fetches the place of a tuple in the table. */
void flow_prefetch(const struct flow_tuple *tuple, const struct flow_addresses *ipv6);

static inline enum flow_direction flow_direction_of(const struct packet_meta *meta)
{
	return meta->flags & PACKET_REPLY ? FLOW_REPLY : FLOW_ORIGINAL;
}

/* Whether a packet may begin a flow: one to us, or to a group, is judged by itself. */
static inline bool flow_may_begin(const struct packet_meta *meta)
{
	return !meta->flow && meta->state != STATE_INVALID && meta->out_port < PORTS_MAX &&
	       !(meta->flags & PACKET_DST_GROUP);
}

static inline struct flow_record *flow_of(const struct packet_meta *meta)
{
	return &flow_records[meta->flow];
}

#endif
