/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragmentation without copies: each piece is a new header, and a segment that points into the datagram,
 * which lives until the last piece is sent. Called for packets that forward.c did not refuse as too big.
 */
#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_ip_frag.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/wireguard.h"
#include "fragment.h"
#include "output.h"

enum { PIECES_MAX = 256 };

/* A super-frame needs no fragments: its segments are made to fit. Only TCP that allows fragmentation comes
 * here. */
static void shrink_segments(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac)
{
	m->tso_segsz = port_configs[port].mtu - m->l3_len - m->l4_len;
	output_header(m, port, mac, RTE_ETHER_TYPE_IPV4);
	output_packet(m, port);
}

static int32_t cut_ipv4(struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **pieces)
{
	int32_t count =
	    rte_ipv4_fragment_packet(m, pieces, PIECES_MAX, mtu, host_packet_pool, host_indirect_pool);

	for (int32_t i = 0; i < count; i++) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(pieces[i], struct rte_ipv4_hdr *);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	return count;
}

/* DPDK leaves the identification to its callers; nobody shall be able to guess it (RFC 7739). */
static int32_t cut_ipv6(struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **pieces)
{
	int32_t count =
	    rte_ipv6_fragment_packet(m, pieces, PIECES_MAX, mtu, host_packet_pool, host_indirect_pool);
	uint32_t identification = host_random();

	for (int32_t i = 0; i < count; i++) {
		struct rte_ipv6_fragment_ext *header = rte_pktmbuf_mtod_offset(
		    pieces[i], struct rte_ipv6_fragment_ext *, sizeof(struct rte_ipv6_hdr));

		header->id = identification;
	}
	return count;
}

/* Cuts into pieces that are complete IP packets. Borrows the datagram, which they point into, or takes it
 * where it can't be cut, and returns 0. */
static uint16_t cut(struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **pieces)
{
	int32_t count;

	checksum_complete(m);
	count = packet_meta(m)->flags & PACKET_IPV6 ? cut_ipv6(m, mtu, pieces) : cut_ipv4(m, mtu, pieces);
	if (count <= 0) {
		packet_refuse(m, DROP_FRAGMENTATION_FAILED);
		return 0;
	}
	for (int32_t i = 0; i < count; i++)
		pieces[i]->ol_flags &= ~(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK);
	return count;
}

void fragment_and_send(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac)
{
	uint16_t flags = packet_meta(m)->flags, mtu = port_configs[port].mtu, count;
	bool originated = flags & PACKET_ORIGINATED;
	struct rte_mbuf *pieces[PIECES_MAX];

	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG && mtu > m->l3_len + m->l4_len) {
		shrink_segments(m, port, mac);
		return;
	}
	m->ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
	count = cut(m, mtu, pieces);
	if (count == 0)
		return;
	for (uint16_t i = 0; i < count; i++)
		output_header(pieces[i], port, mac,
			      flags & PACKET_IPV6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	if (output_fragments(pieces, count, port, originated) == 0 && originated)
		packet_lose(m);
	else
		rte_pktmbuf_free(m);
}

void fragment_into_tunnel(struct rte_mbuf *m, uint8_t port, uint16_t mtu)
{
	const struct packet_meta *meta = packet_meta(m);
	struct rte_mbuf *pieces[PIECES_MAX];
	uint16_t count;

	if (!wireguard_reaches(m, port))
		return;
	count = cut(m, mtu, pieces);
	if (count == 0)
		return;
	for (uint16_t i = 0; i < count; i++) {
		*packet_meta(pieces[i]) = *meta;
		packet_meta(pieces[i])->l3_bytes = pieces[i]->pkt_len;
		packet_meta(pieces[i])->flags &= ~PACKET_LATER_FRAGMENT;
		packet_meta(pieces[i])->flags |= PACKET_PIECE | (i ? PACKET_LATER_FRAGMENT : 0);
		wireguard_send(pieces[i], port);
	}
	rte_pktmbuf_free(m);
}
