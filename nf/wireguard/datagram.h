/* SPDX-License-Identifier: Apache-2.0
 *
 * The outside of a tunnel's messages: IP and UDP headers.
 */
#ifndef NF_WIREGUARD_DATAGRAM_H
#define NF_WIREGUARD_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "endpoint.h"

/* Bytes before a message that may be needed for Ethernet, a VLAN tag, IPv6 and UDP. */
enum { DATAGRAM_HEADROOM = 18 + 40 + 8 };

/* What a datagram that passed input says of where it is from, and the address that it was sent to. */
struct wireguard_endpoint datagram_source(const struct rte_mbuf *m);

/* The two ECN bits of its IP header. */
uint8_t datagram_ecn(const struct rte_mbuf *m);

/* Puts headers before a message (data starts there) and gives it to the router. Takes it. `tos`: DSCP and
 * ECN. `way` as for router_originate_sealed. */
void datagram_send(struct rte_mbuf *m, uint8_t tunnel, const struct wireguard_endpoint *to, uint8_t tos,
		   uint16_t *way);

#endif
