/* SPDX-License-Identifier: Apache-2.0
 *
 * The first stage of the router, its start and its timers, and packets that the appliance makes itself.
 * forward.c is the second stage, routes.c the tables.
 *
 * What is link-local or multicast never meets the routing tables: it is for the appliance or it is dropped.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nf/packet.h"
#include "nf/wireguard/wireguard.h"
#include "arp.h"
#include "forward.h"
#include "icmp.h"
#include "nd.h"
#include "output.h"
#include "router.h"
#include "routes.h"

enum { ANNOUNCEMENTS = 2, AT_ONCE = 16 }; /* RFC 5227, section 1.1; addresses that NAT answers for */
#define ANNOUNCE_INTERVAL_NS UINT64_C(2000000000)
#define ANNOUNCE_GO_ON_NS    UINT64_C(1000000) /* with those that were too many to be told at once */

/* What is left to be announced on each device, since its link came up. */
static struct link {
	bool up;
	uint8_t announcements_left;
	uint32_t told; /* in this one: how many of nat_announced() */
	uint64_t next_announcement_ns;
} links[PORTS_MAX];

int router_init(void)
{
	int error = neighbour_init();

	if (!error)
		error = routes_init();
	icmp_init();
	memset(links, 0, sizeof(links));
	return error;
}

/* What a next hop of each kind means for a packet: dropped under a reason (and perhaps with an error), or it
 * goes on. */
static const struct verdict {
	bool dropped, error;
	enum drop_reason reason;
} verdicts[] = {
    [NEXT_HOP_NONE] = {true, true, DROP_NO_ROUTE},
    [NEXT_HOP_BROADCAST] = {true, false, DROP_IP_DESTINATION},
    [NEXT_HOP_BLACKHOLE] = {true, false, DROP_ROUTE_REJECT},
    [NEXT_HOP_UNREACHABLE] = {true, true, DROP_ROUTE_REJECT},
    [NEXT_HOP_SELF] = {0},
    [NEXT_HOP_CONNECTED] = {0},
    [NEXT_HOP_GATEWAY] = {0},
    [NEXT_HOP_TUNNEL] = {0},
};

/* Applies a route. True: the packet goes on. */
static inline bool decide(struct rte_mbuf *m, uint64_t index)
{
	struct packet_meta *meta = packet_meta(m);
	const struct next_hop *hop = &next_hops[index];
	const struct verdict *verdict = &verdicts[hop->kind];

	meta->next_hop = index;
	if (unlikely(verdict->dropped)) {
		if (verdict->error)
			icmp_error_send(m, ICMP_ERROR_NO_ROUTE, 0);
		packet_drop(m, verdict->reason);
		return false;
	}
	meta->out_port = hop->kind == NEXT_HOP_SELF ? PORT_SELF : hop->port;
	/* RFC 1812, section 5.3.4: what came as a link-layer broadcast is not forwarded, nor taken (RFC
	 * 1122, 3.3.6). */
	if (unlikely(meta->flags & PACKET_L2_GROUP)) {
		packet_drop(m, DROP_IP_DESTINATION);
		return false;
	}
	return true;
}

/* All nodes and all routers (RFC 4291, section 2.7.1), the groups whose echo requests we answer. */
static bool is_our_group(const uint8_t address[16])
{
	static const uint8_t start[15] = {0xff, 2};

	return memcmp(address, start, sizeof(start)) == 0 && (address[15] == 1 || address[15] == 2);
}

/* Multicast and link-local IPv6, by source or destination (RFC 4291, section 2.5.6). True: it is for us, and
 * goes on. */
static bool decide_scoped(struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	struct packet_meta *meta = packet_meta(m);
	bool to_us = is_our_group(ip->dst_addr);

	if (!ipv6_is_multicast(ip->dst_addr))
		to_us = port_owns_ipv6(meta->in_port, ip->dst_addr);
	if (!to_us) {
		packet_drop(m, DROP_LINK_LOCAL);
		return false;
	}
	meta->next_hop = NEXT_HOP_SELF;
	meta->out_port = PORT_SELF;
	return true;
}

static bool is_scoped(const struct rte_ipv6_hdr *ip)
{
	return ipv6_is_multicast(ip->dst_addr) || ipv6_is_link_local(ip->dst_addr) ||
	       ipv6_is_link_local(ip->src_addr);
}

/* The packets of one burst in the order of their arrival, with the index of each one's next hop. Those that
 * need no route have none. */
struct burst {
	uint64_t hop4[BURST_MAX], hop6[BURST_MAX];
	uint32_t address4[BURST_MAX];
	uint8_t address6[BURST_MAX][16];
};

/* How many of each family: apart from the arrays, so that they are in registers. */
struct collected {
	uint16_t ipv4, ipv6;
};

/* Collects what is to be looked up; drops what has no place in a routing table. */
static inline bool collect(struct burst *burst, struct collected *count, struct rte_mbuf *m)
{
	const void *header = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);

	if (packet_meta(m)->flags & PACKET_IPV6) {
		const struct rte_ipv6_hdr *ip = header;

		if (unlikely(is_scoped(ip)))
			return decide_scoped(m, ip);
		memcpy(burst->address6[count->ipv6++], ip->dst_addr, sizeof(ip->dst_addr));
	} else {
		const struct rte_ipv4_hdr *ip = header;

		if (unlikely(packet_meta(m)->flags & PACKET_DST_GROUP || ipv4_is_link_local(ip->dst_addr) ||
			     ipv4_is_link_local(ip->src_addr))) {
			packet_drop(m, DROP_LINK_LOCAL);
			return false;
		}
		burst->address4[count->ipv4++] = rte_be_to_cpu_32(ip->dst_addr);
	}
	return true;
}

uint16_t router_lookup(struct rte_mbuf **packets, uint16_t count)
{
	struct burst burst;
	struct collected families = {0};
	uint16_t kept = 0, collected = 0, next4 = 0, next6 = 0;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];

		packets[collected] = m;
		collected += collect(&burst, &families, m);
	}
	if (families.ipv4)
		routes_lookup_ipv4(burst.address4, burst.hop4, families.ipv4);
	if (families.ipv6)
		routes_lookup_ipv6(burst.address6, burst.hop6, families.ipv6);
	for (uint16_t i = 0; i < collected; i++) {
		struct rte_mbuf *m = packets[i];
		const struct packet_meta *meta = packet_meta(m);
		bool goes_on = true;

		if (meta->out_port == PORT_NONE)
			goes_on =
			    decide(m, meta->flags & PACKET_IPV6 ? burst.hop6[next6++] : burst.hop4[next4++]);
		packets[kept] = m;
		kept += goes_on;
	}
	return kept;
}

uint32_t router_source_ipv4(uint32_t destination)
{
	uint64_t index;

	routes_lookup_ipv4(&destination, &index, 1);
	return index < NEXT_HOP_FIXED ? 0 : port_source_ipv4(next_hops[index].port, destination);
}

const uint8_t *router_source_ipv6(const uint8_t destination[16])
{
	uint8_t address[1][16];
	uint64_t index;

	memcpy(address[0], destination, sizeof(address[0]));
	routes_lookup_ipv6(address, &index, 1);
	return index < NEXT_HOP_FIXED ? NULL : port_source_ipv6(next_hops[index].port, destination);
}

bool router_owns_ipv4(uint32_t address)
{
	for (uint8_t port = 0; port < port_count; port++)
		if (port_owns_ipv4(port, address))
			return true;
	return false;
}

bool router_owns_ipv6(const uint8_t address[16])
{
	for (uint8_t port = 0; port < port_count; port++)
		if (port_owns_ipv6(port, address))
			return true;
	return false;
}

/* Fills in what the stages know of an arrival, for a packet that was none. */
static void set_originated(struct rte_mbuf *m, uint16_t flags)
{
	struct packet_meta *meta = packet_meta(m);
	bool ipv6 = *rte_pktmbuf_mtod(m, const uint8_t *) >> 4 == 6;

	*meta = (struct packet_meta){
	    .in_port = meta->in_port,
	    .flags = flags | PACKET_ORIGINATED | (ipv6 ? PACKET_IPV6 : 0),
	    .l3_bytes = m->pkt_len,
	};
	m->l2_len = 0;
}

/* Sends to a neighbour that the routing tables name, or that is the destination itself. */
static void send_to(const struct neighbour_key *destination, struct neighbour *gateway, struct rte_mbuf *m)
{
	struct neighbour *neighbour = gateway ? gateway : neighbour_get(destination);

	if (neighbour)
		neighbour_send(neighbour, m);
	else
		packet_lose(m);
}

/* Sends by a route. What a tunnel made does not go into a tunnel again: that would have no end where a peer's
 * address is routed to the peer. */
static void send_by(const struct next_hop *hop, const struct neighbour_key *destination, struct rte_mbuf *m)
{
	if (hop->kind == NEXT_HOP_GATEWAY || hop->kind == NEXT_HOP_CONNECTED)
		send_to(destination, hop->neighbour, m);
	else if (next_hop_is_tunnel(hop) && !(packet_meta(m)->flags & PACKET_SEALED))
		forward_into_tunnel(hop->port, m);
	else
		packet_lose(m);
}

static void originate_ipv4(struct rte_mbuf *m, uint16_t *way)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	uint32_t address = rte_be_to_cpu_32(ip->dst_addr);
	struct neighbour_key destination;
	uint64_t index = *way;

	m->l3_len = rte_ipv4_hdr_len(ip);
	if (index == 0)
		routes_lookup_ipv4(&address, &index, 1);
	*way = index;
	destination = neighbour_key_ipv4(next_hops[index].port, address);
	send_by(&next_hops[index], &destination, m);
}

static void originate_ipv6(struct rte_mbuf *m, uint16_t *way)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	struct neighbour_key destination;
	uint8_t address[1][16];
	uint64_t index = *way;

	m->l3_len = sizeof(*ip);
	if (ipv6_is_link_local(ip->dst_addr) && port_is_tunnel(packet_meta(m)->in_port)) {
		packet_lose(m);
		return;
	}
	if (ipv6_is_link_local(ip->dst_addr)) {
		destination = neighbour_key_ipv6(packet_meta(m)->in_port, ip->dst_addr);
		send_to(&destination, NULL, m);
		return;
	}
	memcpy(address[0], ip->dst_addr, sizeof(address[0]));
	if (index == 0)
		routes_lookup_ipv6(address, &index, 1);
	*way = index;
	destination = neighbour_key_ipv6(next_hops[index].port, address[0]);
	send_by(&next_hops[index], &destination, m);
}

static void originate(struct rte_mbuf *m, uint16_t flags, uint16_t *way)
{
	set_originated(m, flags);
	if (packet_meta(m)->flags & PACKET_IPV6)
		originate_ipv6(m, way);
	else
		originate_ipv4(m, way);
}

void router_originate(struct rte_mbuf *m)
{
	uint16_t way = 0;

	originate(m, 0, &way);
}

void router_originate_sealed(struct rte_mbuf *m, uint16_t *way)
{
	originate(m, PACKET_SEALED, way);
}

/* Tells a link who we are. */
static void announce(uint16_t device)
{
	for (uint8_t port = 0; port < port_count; port++) {
		if (port_configs[port].device != device)
			continue;
		arp_announce(port);
		nd_announce(port);
	}
}

/* The addresses that stand for others: who knew another machine behind them is to send to this one. Returns
 * whether there are more. */
static bool announce_others(uint16_t device, struct link *link)
{
	struct nat_place place;

	for (int i = 0; i < AT_ONCE; i++) {
		if (!nat_announced(link->told++, &place))
			return false;
		if (port_configs[place.port].device != device)
			continue;
		if (place.ipv6)
			nd_announce_other(place.port, place.address);
		else
			arp_announce_other(place.port, place.address);
	}
	return true;
}

/* A part of an announcement. */
static void go_on_announcing(uint16_t device, struct link *link)
{
	if (link->told == 0)
		announce(device);
	if (announce_others(device, link)) {
		link->next_announcement_ns = host_now_ns + ANNOUNCE_GO_ON_NS;
		return;
	}
	link->told = 0;
	link->announcements_left--;
	link->next_announcement_ns = host_now_ns + ANNOUNCE_INTERVAL_NS;
}

/* Where a link came up, the stations on it may be others than before. Returns when to be called next. */
static uint64_t tick_link(uint16_t device)
{
	struct link *link = &links[device];
	bool was_up = link->up;

	link->up = host_link_is_up(device);
	if (link->up && !was_up) {
		link->announcements_left = ANNOUNCEMENTS;
		link->told = 0;
		link->next_announcement_ns = host_now_ns;
	}
	if (!link->up || !link->announcements_left)
		return UINT64_MAX;
	if (host_now_ns >= link->next_announcement_ns)
		go_on_announcing(device, link);
	return link->announcements_left ? link->next_announcement_ns : UINT64_MAX;
}

uint64_t router_tick(void)
{
	uint64_t next = UINT64_MAX, neighbours;

	for (uint16_t device = 0; device < device_count; device++)
		next = RTE_MIN(next, tick_link(device));
	neighbours = neighbour_tick();
	wireguard_flush();
	output_flush();
	return RTE_MIN(next, neighbours);
}
