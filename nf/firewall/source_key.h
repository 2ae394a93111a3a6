/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom a limit per source is about: a rule, and the source of a packet, which is an IPv4 address or a /64 of
 * IPv6 (what one host has to itself: RFC 4291, section 2.5.4; RFC 7934). Limits are known by the numbers that
 * conditional.h gives to their rules.
 */
#ifndef NF_FIREWALL_SOURCE_KEY_H
#define NF_FIREWALL_SOURCE_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include "nf/flow/record.h"
#include "nf/host.h"
#include "nf/packet.h"

struct source_key {
	uint64_t address; /* as on the wire: the IPv4 address, or the upper half of the IPv6 one */
	uint32_t limit;	  /* its number, shifted by one bit, which says IPv6; never 0 */
};

static inline struct source_key source_key_of(uint32_t limit, bool ipv6, const void *source)
{
	struct source_key key = {.limit = limit << 1 | ipv6};

	memcpy(&key.address, source, ipv6 ? sizeof(uint64_t) : sizeof(rte_be32_t));
	return key;
}

static inline struct source_key source_key_of_packet(uint32_t limit, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	bool ipv6 = packet_meta(m)->flags & PACKET_IPV6;

	return source_key_of(
	    limit, ipv6,
	    ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, src_addr)));
}

/* Of the side that began the flow, as it came. */
static inline struct source_key source_key_of_flow(uint32_t limit, const struct flow_record *record)
{
	const struct flow_tuple *tuple = &record->tuple[FLOW_ORIGINAL];

	return source_key_of(limit, tuple->ipv6,
			     tuple->ipv6 ? (const void *)record->ipv6[FLOW_ORIGINAL].source : &tuple->source);
}

static inline bool source_key_is(const struct source_key *a, const struct source_key *b)
{
	return a->address == b->address && a->limit == b->limit;
}

/* Multilinear, as in nf/flow/flow_table.h: nobody who doesn't know the numbers can aim at a place. */
struct source_hash {
	uint64_t keys[4];
};

static inline void source_hash_init(struct source_hash *hash)
{
	for (int i = 0; i < 4; i++)
		hash->keys[i] = host_random();
}

/* One of so many places. */
static inline uint32_t source_hash_place(const struct source_hash *hash, const struct source_key *key,
					 uint32_t places)
{
	uint64_t sum = hash->keys[0] + hash->keys[1] * key->limit + hash->keys[2] * (uint32_t)key->address +
		       hash->keys[3] * (key->address >> 32);

	return (sum >> 32) * places >> 32;
}

#endif
