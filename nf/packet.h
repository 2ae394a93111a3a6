/* SPDX-License-Identifier: Apache-2.0
 *
 * A packet on its way through the chain is a struct rte_mbuf, and what the functions learned about it.
 *
 * The outside is hostile, the inside is asserted. What a packet says is checked once, in input.c, and counted
 * and dropped when it is wrong; after that stage l2_len, l3_len, l4_len (in the mbuf) and struct
 * packet_meta (below) are facts, and the headers that they speak of lie in the first segment. Asserts are for
 * our own bugs; they are always compiled in and have no effects.
 *
 * A stage of the chain is a function
 *     uint16_t stage(struct rte_mbuf **packets, uint16_t count);
 * that takes the packets it drops or consumes, compacts the others in their order, and returns how many
 * are left to the next stage.
 */
#ifndef NF_PACKET_H
#define NF_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include "reasons.h"
#include "stats.h"

enum {
	BURST_MAX = 32, /* packets in one pass through the chain */
	PORT_NONE = 0xff,
	PORT_SELF = 0xfe, /* departure "port" of what is addressed to the appliance */
};

enum packet_flag {
	PACKET_IPV6 = 1 << 0,
	PACKET_L4 = 1 << 1,		/* ports / ICMP type / TCP flags below are valid */
	PACKET_FRAGMENT = 1 << 2,	/* part of a fragmented datagram, the first included */
	PACKET_LATER_FRAGMENT = 1 << 3, /* fragment offset is not 0: no transport header inside */
	PACKET_L2_GROUP = 1 << 4,	/* came to a broadcast or multicast MAC address */
	PACKET_DST_GROUP = 1 << 5,	/* IP destination is multicast or broadcast */
	PACKET_IPV4_OPTIONS = 1 << 6,
	PACKET_ORIGINATED = 1 << 7, /* made by the appliance: in none of the arrivals' books */
	PACKET_REPLY = 1 << 8,	    /* flow: goes in its flow's reply direction */
	PACKET_TRANSLATED = 1 << 9, /* nat: its headers are not those that it arrived with */
	PACKET_EACH = 1 << 10,	    /* firewall: the verdict is for this packet only, not for its flow */
	PACKET_SIGNED = 1 << 11,    /* IPv6: an AH header covers its addresses (RFC 4302, section 3.3.3.1) */
	PACKET_SEALED = 1 << 12,    /* a tunnel's datagram, with a packet inside */
	PACKET_PIECE = 1 << 13,	    /* into a tunnel: one of those that a datagram was cut into */
};

/* What a packet is to its flow; nf/flow/flow.h says when it is which. One bit each, for the rules. */
enum packet_state {
	STATE_NEW = 1 << 0,
	STATE_ESTABLISHED = 1 << 1,
	STATE_RELATED = 1 << 2,
	STATE_INVALID = 1 << 3,
};

/* Lives in the mbuf's dynfield1, on the cache line that l2_len is on. Set by input.c and by the stages named;
 * it starts with what the firewall asks about, in the order of struct firewall_facts. */
struct packet_meta {
	uint8_t protocol; /* transport protocol, IPv6 extension headers skipped */
	uint8_t tcp_flags;
	uint8_t in_port;	     /* logical port of arrival */
	uint8_t out_port;	     /* route lookup: logical port of departure, PORT_SELF or PORT_NONE */
	rte_be16_t destination_port; /* ICMP: type and code, as on the wire */
	rte_be16_t source_port;	     /* ICMP echo: the identifier */
	uint16_t flags;		     /* enum packet_flag */
	uint16_t l3_bytes;	     /* IP total length: header and payload, without link padding */
	uint32_t next_hop;	     /* route lookup: index in the next-hop table */
	uint32_t rule;		     /* firewall: the rule that decided */
	uint32_t flow;		     /* flow_find: index of its record, 0: none */
	uint8_t state;		     /* flow_find: enum packet_state */
	uint8_t draft;		     /* flow_find: index in flow_drafts[] */
	uint8_t invalid;	     /* flow_find: enum drop_reason, of STATE_INVALID */
	uint8_t zero;
};
_Static_assert(sizeof(struct packet_meta) <= sizeof(((struct rte_mbuf *)0)->dynfield1),
	       "meta must fit the mbuf");

static inline struct packet_meta *packet_meta(struct rte_mbuf *m)
{
	return (struct packet_meta *)m->dynfield1;
}

/* Ends a packet: frees it and counts exactly one reason. Takes the packet. */
static inline void packet_drop(struct rte_mbuf *m, enum drop_reason reason)
{
	stats.dropped[reason]++;
	rte_pktmbuf_free(m);
}

/* Ends a packet that the appliance made and could not send. Takes the packet. */
static inline void packet_lose(struct rte_mbuf *m)
{
	stats.tunnel.datagrams_lost += (packet_meta(m)->flags & PACKET_SEALED) != 0;
	rte_pktmbuf_free(m);
}

/* Ends a packet that could not be sent, whoever made it: the books of drops are about arrivals. Takes the
 * packet. */
static inline void packet_refuse(struct rte_mbuf *m, enum drop_reason reason)
{
	if (packet_meta(m)->flags & PACKET_ORIGINATED)
		packet_lose(m);
	else
		packet_drop(m, reason);
}

/* Ends a packet that was for the appliance itself. Takes the packet. */
static inline void packet_consume(struct rte_mbuf *m)
{
	stats.consumed++;
	rte_pktmbuf_free(m);
}

#endif
