/* SPDX-License-Identifier: Apache-2.0
 *
 * The second half of the router: a packet whose way is known, on its way out.
 */
#ifndef NF_FORWARD_H
#define NF_FORWARD_H

#include <stdint.h>
#include <rte_mbuf.h>
#include "neighbour.h"

/* Sends an IP packet (data starts at IP) to a neighbour whose address is known, in pieces where the port's
 * MTU asks for it. Takes it. */
void forward_to_neighbour(const struct neighbour *neighbour, struct rte_mbuf *m);

/* Sends an IP packet (data starts at IP) into the tunnel that is `port`, in pieces where its MTU asks for it.
 * Takes it. */
void forward_into_tunnel(uint8_t port, struct rte_mbuf *m);

#endif
