/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers of segments; see segment.h.
 */
#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "segment.h"

static void write_ip(struct rte_mbuf *piece, uint16_t number)
{
	void *header = rte_pktmbuf_mtod_offset(piece, void *, piece->l2_len);
	struct rte_ipv4_hdr *ipv4 = header;
	struct rte_ipv6_hdr *ipv6 = header;

	if (piece->ol_flags & RTE_MBUF_F_TX_IPV6) {
		ipv6->payload_len = htons(piece->pkt_len - piece->l2_len - sizeof(*ipv6));
		return;
	}
	ipv4->total_length = htons(piece->pkt_len - piece->l2_len);
	ipv4->packet_id = htons(ntohs(ipv4->packet_id) + number);
	ipv4->hdr_checksum = 0;
	ipv4->hdr_checksum = rte_ipv4_cksum(ipv4);
}

/* Of the pseudo-header's sum, only the length changes. */
static void write_tcp(struct rte_mbuf *piece, const struct rte_mbuf *whole, const struct segment_place *place)
{
	uint32_t start = piece->l2_len + piece->l3_len;
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(piece, struct rte_tcp_hdr *, start);
	uint32_t sum = tcp->cksum;

	tcp->sent_seq = htonl(ntohl(tcp->sent_seq) + place->done);
	if (!place->last)
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (place->number > 0)
		tcp->tcp_flags &= ~RTE_TCP_CWR_FLAG;
	sum += (uint16_t)~htons(whole->pkt_len - start) + htons(piece->pkt_len - start);
	sum = (sum & 0xffff) + (sum >> 16);
	tcp->cksum = (sum & 0xffff) + (sum >> 16);
}

void segment_write_headers(struct rte_mbuf *piece, const struct rte_mbuf *whole,
			   const struct segment_place *place)
{
	write_ip(piece, place->number);
	write_tcp(piece, whole, place);
}
