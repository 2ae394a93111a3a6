/* SPDX-License-Identifier: Apache-2.0
 *
 * Network address translation: which addresses and ports a new flow gets, and the rewriting of packets.
 *
 * Overview. Rules are asked for a flow's first packet only: nat_destination before the route is chosen
 * (port forwarding, 1:1, and arrivals at an endpoint-independent mapping), nat_source when the firewall has
 * accepted it (masquerade, pools, 1:1, hairpinning). What they decide is written into the packet; flow_settle
 * reads from it what the replies will look like. From then on the record's tuples are the translation: a
 * packet of one direction leaves as the reverse of the other direction's tuple.
 *
 * So the firewall sees the destination as translated and the source as it came, in both directions.
 *
 * A mapping (RFC 4787, section 2) is an internal endpoint and the external one that stands for it; the flows
 * that use it hold it. RFC 4787 and RFC 5382 name the behaviours: endpoint-independent mapping and the kinds
 * of filtering, port parity and randomness, hairpinning. NPTv6 (RFC 6296) and NAT64 (RFC 6146) will be files
 * of their own beside nat_source.c.
 *
 * A port is outside when a rule names it as the one where external addresses are; who comes by any other is
 * inside. Hosts inside that talk to an external address are hairpinned (RFC 4787, REQ-9): each sees the other
 * by its external end, and filtering is not for them.
 *
 * When no port is free, the flow is refused, its sender told (RFC 5508, REQ-8), and the operator once.
 *
 * Checksums are updated, not computed again (RFC 1624), so that what was wrong stays wrong. An ICMP error is
 * translated outside and inside (RFC 5508, section 4.2).
 */
#ifndef NF_NAT_H
#define NF_NAT_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/packet.h"

int nat_init(void);

/* Between flow_find and router_lookup, of the packets that no record decides: rewrites the destination, by
 * the record where there is one, else by the rules. */
uint16_t nat_destination(struct rte_mbuf **packets, uint16_t count);

/* Rewrites the source of a new flow's first packet, which the rules have accepted, and says in its draft
 * whether the flow will have a mapping. Refuses one that came by a mapping which is another's by now.
 * flow_settle calls it. Returns why not, or DROP_REASON_COUNT. Borrows. */
enum drop_reason nat_source(struct rte_mbuf *m);

/* Says that nat_source will be called for a packet, unless it turns out not to begin a flow: what that looks
 * at is fetched meanwhile. flow_settle calls it for each packet that may begin one. Borrows. */
void nat_source_plan(struct rte_mbuf *m);

/* Rewrites source and destination of packets that have a record, as the record says, whatever was rewritten
 * before; of an ICMP error also what it quotes. Called before any new flow of the burst could take a record.
 * Drops nothing. */
void nat_translate(struct rte_mbuf **packets, uint16_t count);

/* Makes a packet what it was when it arrived, for an ICMP error or a reset about it. Does nothing to one that
 * was not rewritten. False: what it was is not known any more, and nobody can be told of it. */
bool nat_restore(struct rte_mbuf *m);

/* A flow with FLOW_BOUND was entered, or ends: it takes part in the mapping of its endpoints, which lives as
 * long as any flow does. */
void nat_hold(uint32_t flow);
void nat_release(uint32_t flow);

/* Whether the appliance speaks for an address on a port's network which is not its own: one of a pool's, or
 * what is forwarded or stands for another. IPv4 in host order. */
bool nat_answers_ipv4(uint8_t port, uint32_t address);
bool nat_answers_ipv6(uint8_t port, const uint8_t address[16]);

/* The same addresses one by one, numbered from 0 on, for a link that has to be told of them; of each rule the
 * first NAT_ANNOUNCED_MAX, for behind larger prefixes there rarely is a link. As on the wire, IPv4 in the
 * first 4 bytes. Whether they lie on their port's link at all is not looked at. False: that were all. */
enum { NAT_ANNOUNCED_MAX = 256 };
struct nat_place {
	uint8_t address[16];
	uint8_t port;
	bool ipv6;
};
bool nat_announced(uint32_t number, struct nat_place *found);

#endif
