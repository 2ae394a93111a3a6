/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams that are larger than the MTU of their way out, and may be cut: of IPv4 (RFC 791, section 3.2), and
 * of IPv6 those of our own (RFC 8200, section 4.5).
 */
#ifndef NF_FRAGMENT_H
#define NF_FRAGMENT_H

#include <stdint.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

/* Sends an IP packet (data starts at IP) in pieces from `port` to `mac`. Takes it. */
void fragment_and_send(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac);

/* Sends an IP packet (data starts at IP) in pieces of `mtu` bytes at most into the tunnel that is `port`.
 * Takes it. */
void fragment_into_tunnel(struct rte_mbuf *m, uint8_t port, uint16_t mtu);

#endif
