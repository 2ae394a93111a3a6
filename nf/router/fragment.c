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
#include "fragment.h"
#include "output.h"

enum { PIECES_MAX = 256 };

/* Completes a transport checksum that was left to the device: a fragment cannot carry that wish. The field
 * holds the pseudo-header's sum. */
static void finish_checksum(struct rte_mbuf *m)
{
	uint64_t wish = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint32_t at =
	    m->l3_len + (wish == RTE_MBUF_F_TX_TCP_CKSUM ? offsetof(struct rte_tcp_hdr, cksum)
							 : offsetof(struct rte_udp_hdr, dgram_cksum));
	uint16_t sum;

	m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
	if (wish != RTE_MBUF_F_TX_TCP_CKSUM && wish != RTE_MBUF_F_TX_UDP_CKSUM)
		return;
	sum = ~checksum_packet(m, m->l3_len, m->pkt_len - m->l3_len, 0);
	if (sum == 0 && wish == RTE_MBUF_F_TX_UDP_CKSUM)
		sum = 0xffff;
	*rte_pktmbuf_mtod_offset(m, rte_be16_t *, at) = sum;
}

static void refuse(struct rte_mbuf *m, enum drop_reason reason)
{
	if (packet_meta(m)->flags & PACKET_ORIGINATED)
		rte_pktmbuf_free(m);
	else
		packet_drop(m, reason);
}

/* A super-frame needs no fragments: its segments are made to fit. Only TCP that allows fragmentation comes
 * here. */
static void shrink_segments(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac)
{
	m->tso_segsz = port_configs[port].mtu - m->l3_len - m->l4_len;
	output_header(m, port, mac, RTE_ETHER_TYPE_IPV4);
	output_packet(m, port);
}

static void finish_pieces(struct rte_mbuf **pieces, uint16_t count, uint8_t port,
			  const struct rte_ether_addr *mac)
{
	for (uint16_t i = 0; i < count; i++) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(pieces[i], struct rte_ipv4_hdr *);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		pieces[i]->ol_flags &= ~(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK);
		output_header(pieces[i], port, mac, RTE_ETHER_TYPE_IPV4);
	}
}

void fragment_and_send(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac)
{
	bool originated = packet_meta(m)->flags & PACKET_ORIGINATED;
	struct rte_mbuf *pieces[PIECES_MAX];
	uint16_t mtu = port_configs[port].mtu;
	int32_t count;

	if (packet_meta(m)->flags & PACKET_IPV6) {
		refuse(m, DROP_TOO_BIG);
		return;
	}
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG && mtu > m->l3_len + m->l4_len) {
		shrink_segments(m, port, mac);
		return;
	}
	m->ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
	finish_checksum(m);
	count = rte_ipv4_fragment_packet(m, pieces, PIECES_MAX, mtu, host_packet_pool, host_indirect_pool);
	if (count <= 0) {
		refuse(m, DROP_FRAGMENTATION_FAILED);
		return;
	}
	finish_pieces(pieces, count, port, mac);
	output_fragments(pieces, count, port, originated);
	rte_pktmbuf_free(m);
}
