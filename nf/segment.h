/* SPDX-License-Identifier: Apache-2.0
 *
 * What super-frames are cut into: TCP segments (RTE_MBUF_F_TX_TCP_SEG), or UDP datagrams of equal length
 * (RTE_MBUF_F_TX_UDP_SEG). Who cuts: pktio/segment.c for a device that can't, by pointing into the
 * super-frame; and by copying, nf/wireguard/segment.c for a tunnel, and pktio/linux/tap.c, since the chain
 * knows no super-frames of UDP.
 *
 * Sources: RFC 9293, section 3.1; RFC 3168, section 6.1.2 (CWR); RFC 1624 (incremental checksums).
 */
#ifndef NF_SEGMENT_H
#define NF_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Of one piece of a super-frame: `done` bytes of payload are in the `number` pieces before it. */
struct segment_place {
	uint32_t done;
	uint16_t number;
	bool last;
};

/* Corrects IP and transport headers that were copied from `whole`. The piece has its full length, l2_len,
 * l3_len, and RTE_MBUF_F_TX_IPV6 where it is IPv6. The transport's checksum stays open, with the
 * pseudo-header's sum in its field, as that of `whole` is. */
void segment_write_headers(struct rte_mbuf *piece, const struct rte_mbuf *whole,
			   const struct segment_place *place);

/* A super-frame on its way into pieces that are copies. */
struct segment_cut {
	const struct rte_mbuf *whole, *at; /* the latter holds the next byte of payload */
	uint32_t offset;		   /* of that byte, in its mbuf's data */
	struct segment_place place;	   /* of the next piece */
};

/* Before the first piece. Borrows `whole` until the last one; its headers, l2_len + l3_len + l4_len bytes,
 * lie in its first segment, and it has one of the flags RTE_MBUF_F_TX_IPV4 and _IPV6. */
struct segment_cut segment_cut_begin(const struct rte_mbuf *whole);

/* Bytes of payload that are in no piece yet. */
uint32_t segment_cut_left(const struct segment_cut *cut);

/* The next piece, with at most `bytes` of payload, in one buffer, which the caller owns: l2_len, l3_len,
 * l4_len and the flags of an open checksum are set. Some payload has to be left. NULL: there is no buffer, or
 * the piece doesn't fit into one; nothing has changed then. */
struct rte_mbuf *segment_cut_next(struct segment_cut *cut, uint32_t bytes, struct rte_mempool *pool);

#endif
