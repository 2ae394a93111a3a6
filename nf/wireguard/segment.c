/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting super-frames for tunnels; see segment.h. A piece is sealed in place, and so has to be in one
 * segment with room around it: it is copied, which is little beside sealing it. Pieces leave as fast as they
 * are made, a burst at a time.
 */
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/segment.h"
#include "segment.h"
#include "wireguard.h"

/* A piece that is to be sealed. NULL: there is no buffer. */
static struct rte_mbuf *cut_piece(struct segment_cut *cut, uint32_t segment_bytes)
{
	struct packet_meta meta = *packet_meta((struct rte_mbuf *)cut->whole);
	bool later = cut->place.number > 0;
	struct rte_mbuf *piece = segment_cut_next(cut, segment_bytes, host_packet_pool);

	if (piece == NULL)
		return NULL;
	meta.l3_bytes = piece->pkt_len;
	meta.flags |= PACKET_PIECE | (later ? PACKET_LATER_FRAGMENT : 0);
	*packet_meta(piece) = meta;
	return piece;
}

/* Cuts until nothing is left, or no buffer is: the rest is lost then. Returns how many pieces were sent. */
static uint16_t cut(const struct rte_mbuf *m, uint8_t port, uint32_t segment_bytes)
{
	struct segment_cut cut = segment_cut_begin(m);

	while (segment_cut_left(&cut) > 0) {
		struct rte_mbuf *piece = cut_piece(&cut, segment_bytes);

		if (piece == NULL)
			break;
		wireguard_send(piece, port);
	}
	return cut.place.number;
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
