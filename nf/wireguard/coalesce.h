/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP segments that came out of a tunnel one after the other, put together to super-frames as a device hands
 * them over: the rest of the chain, and who receives them, then works once for many.
 */
#ifndef NF_WIREGUARD_COALESCE_H
#define NF_WIREGUARD_COALESCE_H

#include <stdint.h>
#include <rte_mbuf.h>

/* Packets that wireguard_open unwrapped, in one segment each; `tunnels` says out of which each came. Those
 * that were appended to one before them are gone; the others stay in order, with their tunnels. Returns how
 * many. Nothing of a packet has been checked. */
uint16_t coalesce(struct rte_mbuf **packets, uint8_t *tunnels, uint16_t count);

#endif
