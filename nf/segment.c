/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of super-frames, and their headers; see segment.h.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
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
static uint16_t pseudo_sum(uint32_t sum, uint32_t whole_bytes, uint32_t piece_bytes)
{
	sum += (uint16_t)~htons(whole_bytes) + htons(piece_bytes);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void write_tcp(struct rte_tcp_hdr *tcp, const struct segment_place *place)
{
	tcp->sent_seq = htonl(ntohl(tcp->sent_seq) + place->done);
	if (!place->last)
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (place->number > 0)
		tcp->tcp_flags &= ~RTE_TCP_CWR_FLAG;
}

void segment_write_headers(struct rte_mbuf *piece, const struct rte_mbuf *whole,
			   const struct segment_place *place)
{
	uint32_t start = piece->l2_len + piece->l3_len;
	uint32_t whole_bytes = whole->pkt_len - start, bytes = piece->pkt_len - start;
	void *header = rte_pktmbuf_mtod_offset(piece, void *, start);
	struct rte_tcp_hdr *tcp = header;
	struct rte_udp_hdr *udp = header;

	write_ip(piece, place->number);
	if (whole->ol_flags & RTE_MBUF_F_TX_UDP_SEG) {
		udp->dgram_len = htons(bytes);
		udp->dgram_cksum = pseudo_sum(udp->dgram_cksum, whole_bytes, bytes);
	} else {
		write_tcp(tcp, place);
		tcp->cksum = pseudo_sum(tcp->cksum, whole_bytes, bytes);
	}
}

static uint32_t headers_of(const struct rte_mbuf *whole)
{
	return whole->l2_len + whole->l3_len + whole->l4_len;
}

struct segment_cut segment_cut_begin(const struct rte_mbuf *whole)
{
	return (struct segment_cut){.whole = whole, .at = whole, .offset = headers_of(whole)};
}

uint32_t segment_cut_left(const struct segment_cut *cut)
{
	return cut->whole->pkt_len - headers_of(cut->whole) - cut->place.done;
}

static void copy_payload(struct segment_cut *cut, uint8_t *to, uint32_t bytes)
{
	while (bytes > 0) {
		uint32_t part = RTE_MIN(bytes, cut->at->data_len - cut->offset);

		memcpy(to, rte_pktmbuf_mtod_offset(cut->at, const uint8_t *, cut->offset), part);
		to += part;
		bytes -= part;
		cut->offset += part;
		if (cut->offset == cut->at->data_len) {
			cut->at = cut->at->next;
			cut->offset = 0;
		}
	}
}

static void copy_description(struct rte_mbuf *piece, const struct rte_mbuf *whole)
{
	piece->port = whole->port;
	piece->l2_len = whole->l2_len;
	piece->l3_len = whole->l3_len;
	piece->l4_len = whole->l4_len;
	piece->ol_flags |= whole->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6);
	piece->ol_flags |=
	    whole->ol_flags & RTE_MBUF_F_TX_UDP_SEG ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM;
}

struct rte_mbuf *segment_cut_next(struct segment_cut *cut, uint32_t bytes, struct rte_mempool *pool)
{
	uint32_t headers = headers_of(cut->whole), left = segment_cut_left(cut);
	uint32_t part = RTE_MIN(bytes, left);
	struct rte_mbuf *piece = rte_pktmbuf_alloc(pool);
	uint8_t *to = piece ? (uint8_t *)rte_pktmbuf_append(piece, headers + part) : NULL;

	if (to == NULL) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	memcpy(to, rte_pktmbuf_mtod(cut->whole, const uint8_t *), headers);
	copy_payload(cut, to + headers, part);
	copy_description(piece, cut->whole);
	cut->place.last = part == left;
	segment_write_headers(piece, cut->whole, &cut->place);
	cut->place.done += part;
	cut->place.number++;
	return piece;
}
