/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting super-frames for tunnels; see segment.h. A piece is sealed in place, and so has to be in one
 * segment with room around it: it is copied, which is little beside sealing it. Pieces leave as fast as they
 * are made, a burst at a time.
 */
#include <string.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/segment.h"
#include "segment.h"
#include "wireguard.h"

/* Where the next byte of a super-frame is. */
struct cursor {
	const struct rte_mbuf *m;
	uint32_t offset;
};

static void copy(struct cursor *from, uint8_t *to, uint32_t bytes)
{
	while (bytes > 0) {
		uint32_t part = RTE_MIN(bytes, from->m->data_len - from->offset);

		memcpy(to, rte_pktmbuf_mtod_offset(from->m, const uint8_t *, from->offset), part);
		to += part;
		bytes -= part;
		from->offset += part;
		if (from->offset == from->m->data_len)
			*from = (struct cursor){.m = from->m->next};
	}
}

/* A piece of `bytes` of payload. NULL: there is no buffer. Headers lie in the first segment. */
static struct rte_mbuf *cut_piece(const struct rte_mbuf *m, struct cursor *payload, uint32_t bytes,
				  const struct segment_place *place)
{
	struct packet_meta meta = *packet_meta((struct rte_mbuf *)m);
	uint32_t headers = m->l3_len + m->l4_len;
	struct rte_mbuf *piece = rte_pktmbuf_alloc(host_packet_pool);
	uint8_t *to = piece ? (uint8_t *)rte_pktmbuf_append(piece, headers + bytes) : NULL;

	if (to == NULL) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	memcpy(to, rte_pktmbuf_mtod(m, const uint8_t *), headers);
	copy(payload, to + headers, bytes);
	piece->l3_len = m->l3_len;
	piece->l4_len = m->l4_len;
	piece->ol_flags |=
	    RTE_MBUF_F_TX_TCP_CKSUM | (meta.flags & PACKET_IPV6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
	meta.l3_bytes = piece->pkt_len;
	meta.flags |= PACKET_PIECE | (place->number ? PACKET_LATER_FRAGMENT : 0);
	*packet_meta(piece) = meta;
	segment_write_headers(piece, m, place);
	return piece;
}

/* Cuts until nothing is left, or no buffer is: the rest is lost then. Returns how many pieces were sent. */
static uint16_t cut(const struct rte_mbuf *m, uint8_t port, uint32_t segment_bytes)
{
	uint32_t headers = m->l3_len + m->l4_len, bytes = m->pkt_len - headers;
	struct segment_place place = {.number = 0};
	struct cursor payload = {.m = m, .offset = headers};

	while (place.done < bytes) {
		uint32_t part = RTE_MIN(bytes - place.done, segment_bytes);
		struct rte_mbuf *piece;

		place.last = place.done + part == bytes;
		piece = cut_piece(m, &payload, part, &place);
		if (piece == NULL)
			break;
		wireguard_send(piece, port);
		place.done += part;
		place.number++;
	}
	return place.number;
}

void segment_into_tunnel(struct rte_mbuf *m, uint8_t port, uint16_t mtu)
{
	uint32_t headers = m->l3_len + m->l4_len;
	uint32_t segment_bytes = RTE_MIN((uint32_t)m->tso_segsz, mtu - RTE_MIN((uint32_t)mtu, headers));

	if (m->pkt_len <= headers + segment_bytes) {
		m->ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
		wireguard_send(m, port);
		return;
	}
	if (!wireguard_reaches(m, port))
		return;
	if (segment_bytes == 0)
		packet_refuse(m, DROP_TOO_BIG);
	else if (cut(m, port, segment_bytes) == 0)
		packet_refuse(m, DROP_NO_BUFFER);
	else
		rte_pktmbuf_free(m);
}
