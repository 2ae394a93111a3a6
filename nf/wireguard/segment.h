/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP super-frames into a tunnel: a datagram holds one packet, so they are cut before they are sealed.
 */
#ifndef NF_WIREGUARD_SEGMENT_H
#define NF_WIREGUARD_SEGMENT_H

#include <stdint.h>
#include <rte_mbuf.h>

/* wireguard_send for a packet with RTE_MBUF_F_TX_TCP_SEG, in pieces of `mtu` bytes at most. Takes it. */
void segment_into_tunnel(struct rte_mbuf *m, uint8_t port, uint16_t mtu);

#endif
