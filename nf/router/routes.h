/* SPDX-License-Identifier: Apache-2.0
 *
 * The routing tables: from a destination to an index in the next-hop table, by longest prefix. Built once
 * from the configuration's routes and the appliance's own addresses.
 */
#ifndef NF_ROUTES_H
#define NF_ROUTES_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/wireguard/config.h"
#include "neighbour.h"

enum next_hop_kind {
	NEXT_HOP_NONE, /* no route */
	NEXT_HOP_SELF,
	NEXT_HOP_BROADCAST, /* a subnet's broadcast address */
	NEXT_HOP_BLACKHOLE,
	NEXT_HOP_UNREACHABLE,
	NEXT_HOP_FIXED, /* so many need no more than their kind, and their index is their kind */
	NEXT_HOP_CONNECTED = NEXT_HOP_FIXED,
	NEXT_HOP_GATEWAY,
	NEXT_HOP_TUNNEL, /* who is at its other end knows the way */
};

struct next_hop {
	uint8_t kind; /* enum next_hop_kind */
	uint8_t port;
	struct neighbour *neighbour; /* of a gateway */
};

extern struct next_hop *next_hops;

/* An appliance without tunnels asks nothing. */
static inline bool next_hop_is_tunnel(const struct next_hop *hop)
{
	return wireguard_tunnel_count > 0 && hop->kind == NEXT_HOP_TUNNEL;
}

/* Returns 0, or -errno after a host_log line. Needs ports and the neighbour cache. */
int routes_init(void);

/* Index in next_hops for each address; IPv4 in host order. count <= BURST_MAX. */
void routes_lookup_ipv4(uint32_t *addresses, uint64_t *hops, uint16_t count);
void routes_lookup_ipv6(uint8_t (*addresses)[16], uint64_t *hops, uint16_t count);

#endif
