/* SPDX-License-Identifier: Apache-2.0
 *
 * The headers of what a TCP super-frame is cut into. Who cuts: pktio/segment.c for a device that can't, by
 * pointing into the super-frame, and nf/wireguard/segment.c for a tunnel, by copying.
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

/* Corrects IP and TCP headers that were copied from `whole`. The piece has its full length, l2_len, l3_len,
 * and RTE_MBUF_F_TX_IPV6 where it is IPv6. The TCP checksum stays open, with the pseudo-header's sum in its
 * field, as that of `whole` is. */
void segment_write_headers(struct rte_mbuf *piece, const struct rte_mbuf *whole,
			   const struct segment_place *place);

#endif
