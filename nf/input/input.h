/* SPDX-License-Identifier: Apache-2.0
 *
 * The first stage: from a frame as the device gave it to an IP packet with facts about it (struct
 * packet_meta).
 */
#ifndef NF_INPUT_H
#define NF_INPUT_H

#include <stdint.h>
#include <rte_mbuf.h>

int input_init(void);

/* Takes frames that arrived on `device`. ARP and neighbour discovery are handled and consumed here; what is
 * malformed is dropped under its name. What is left: IPv4 and IPv6 packets, validated as RFC 1812
 * (5.2.2, 5.3.7) and RFC 8200 ask, headers contiguous, trimmed to the IP length, with l2_len, l3_len
 * (extension headers included), l4_len, packet_type and struct packet_meta set. */
uint16_t input(uint16_t device, struct rte_mbuf **packets, uint16_t count);

/* Takes IP packets that came out of the tunnel that is `port`, each behind room for an Ethernet header of
 * which nothing is read (l2_len 14). What is left: as above. */
uint16_t input_tunnel(uint8_t port, struct rte_mbuf **packets, uint16_t count);

#endif
