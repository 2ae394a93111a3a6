/* SPDX-License-Identifier: Apache-2.0
 *
 * The second stage of the router: TTL, size, next hop, and out. Called by the generated chain with what the
 * firewall let pass; takes all packets. What is decided here about one packet:
 *
 *   - for us?            local.c
 *   - TTL used up?       an error
 *   - too big?           an error, or fragment.c
 *   - next hop known?    forward_to_neighbour; else it waits in neighbour.c
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "nf/flow/flow.h"
#include "nf/packet.h"
#include "nf/wireguard/path.h"
#include "nf/wireguard/segment.h"
#include "nf/wireguard/wireguard.h"
#include "forward.h"
#include "fragment.h"
#include "icmp.h"
#include "local.h"
#include "output.h"
#include "router.h"
#include "routes.h"

/* Bytes of the largest IP packet that leaves for this one: a super-frame is cut into segments below. */
static uint32_t wire_bytes(const struct rte_mbuf *m)
{
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		return RTE_MIN((uint32_t)packet_meta((struct rte_mbuf *)m)->l3_bytes,
			       (uint32_t)m->l3_len + m->l4_len + m->tso_segsz);
	return packet_meta((struct rte_mbuf *)m)->l3_bytes;
}

/* Whether the packet must stay whole, and so its sender has to learn the MTU. */
static bool must_stay_whole(struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len);

	return packet_meta(m)->flags & PACKET_IPV6 ||
	       ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
}

static uint8_t *ttl_of(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);

	return ip + (packet_meta(m)->flags & PACKET_IPV6 ? offsetof(struct rte_ipv6_hdr, hop_limits)
							 : offsetof(struct rte_ipv4_hdr, time_to_live));
}

/* The TTL shares a 16-bit word with the protocol; the checksum moves with it (RFC 1624). */
static inline void decrement(struct rte_mbuf *m, uint8_t *ttl)
{
	struct rte_ipv4_hdr *ip;

	if (packet_meta(m)->flags & PACKET_IPV6) {
		--*ttl;
		return;
	}
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	ip->hdr_checksum =
	    checksum_update(ip->hdr_checksum, rte_cpu_to_be_16(*ttl << 8), rte_cpu_to_be_16((*ttl - 1) << 8));
	--*ttl;
}

static void refuse(struct rte_mbuf *m, enum icmp_error error, uint32_t value, enum drop_reason reason)
{
	icmp_error_send(m, error, value);
	packet_drop(m, reason);
}

/* A packet to a host on a link of ours; the table may have no room for it. The flow remembers where it was
 * found last. */
static struct neighbour *connected(struct rte_mbuf *m, uint8_t port)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	const struct packet_meta *meta = packet_meta(m);
	struct neighbour_key key;
	struct neighbour *neighbour;
	uint16_t *hint;

	if (meta->flags & PACKET_IPV6)
		key = neighbour_key_ipv6(port, ((const struct rte_ipv6_hdr *)ip)->dst_addr);
	else
		key = neighbour_key_ipv4(port, rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)ip)->dst_addr));
	if (!meta->flow)
		return neighbour_get(&key);
	hint = &flow_of(meta)->neighbour[flow_direction_of(meta)];
	neighbour = neighbour_recall(*hint, &key);
	if (unlikely(!neighbour)) {
		neighbour = neighbour_get(&key);
		*hint = neighbour ? neighbour_number(neighbour) : 0; /* beyond 65535: never found again */
	}
	return neighbour;
}

static void strip_ethernet(struct rte_mbuf *m)
{
	rte_pktmbuf_adj(m, m->l2_len);
	m->l2_len = 0;
}

void forward_to_neighbour(const struct neighbour *neighbour, struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint8_t port = neighbour->key.port;

	if (unlikely(wire_bytes(m) > port_configs[port].mtu)) {
		fragment_and_send(m, port, &neighbour->mac);
		return;
	}
	output_header(m, port, &neighbour->mac,
		      meta->flags & PACKET_IPV6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	output_packet(m, port);
}

void forward_into_tunnel(uint8_t port, struct rte_mbuf *m)
{
	uint16_t mtu = path_mtu(m, port);

	if (unlikely(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		segment_into_tunnel(m, port, mtu);
	else if (unlikely(wire_bytes(m) > mtu))
		fragment_into_tunnel(m, port, mtu);
	else
		wireguard_send(m, port);
}

/* The frame to a confirmed neighbour, where its header is as long as the one that came and so takes that
 * one's place: most packets. False: strip, resolve, cut or prepend. */
static inline bool overwrite_ethernet(struct rte_mbuf *m, const struct neighbour *neighbour)
{
	uint8_t *to = rte_pktmbuf_mtod(m, uint8_t *);

	if (unlikely(neighbour->state != NEIGHBOUR_REACHABLE && neighbour->state != NEIGHBOUR_PERMANENT))
		return false;
	if (unlikely(m->l2_len != neighbour->header_bytes))
		return false;
	memcpy(to, neighbour->header, RTE_ETHER_HDR_LEN);
	if (m->l2_len > RTE_ETHER_HDR_LEN)
		memcpy(to + RTE_ETHER_HDR_LEN, neighbour->header + RTE_ETHER_HDR_LEN, ETHER_TAG_BYTES);
	return true;
}

static inline void forward_one(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	const struct next_hop *hop;
	struct neighbour *neighbour;
	uint8_t *ttl;
	uint16_t mtu;
	bool fits;

	if (unlikely(meta->out_port == PORT_SELF)) {
		local_deliver(m);
		return;
	}
	hop = &next_hops[meta->next_hop];
	ttl = ttl_of(m);
	if (unlikely(*ttl <= 1)) {
		refuse(m, ICMP_ERROR_TTL_EXCEEDED, 0, DROP_TTL_EXCEEDED);
		return;
	}
	mtu = next_hop_is_tunnel(hop) ? path_mtu(m, hop->port) : port_configs[hop->port].mtu;
	fits = wire_bytes(m) <= mtu;
	if (unlikely(!fits && must_stay_whole(m))) {
		refuse(m, ICMP_ERROR_TOO_BIG, mtu, DROP_TOO_BIG);
		return;
	}
	if (next_hop_is_tunnel(hop)) {
		decrement(m, ttl);
		strip_ethernet(m);
		forward_into_tunnel(hop->port, m);
		return;
	}
	neighbour = hop->kind == NEXT_HOP_GATEWAY ? hop->neighbour : connected(m, hop->port);
	if (unlikely(!neighbour)) {
		packet_drop(m, DROP_NEIGHBOUR_TABLE_FULL);
		return;
	}
	decrement(m, ttl);
	if (likely(fits && overwrite_ethernet(m, neighbour))) {
		output_packet(m, hop->port);
		return;
	}
	strip_ethernet(m);
	neighbour_send(neighbour, m);
}

void router_forward(struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		forward_one(packets[i]);
	wireguard_flush();
	output_flush();
}
