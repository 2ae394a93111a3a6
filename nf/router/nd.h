/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbour discovery for IPv6 (RFC 4861), as far as a router that sends no advertisements of its own needs
 * it.
 */
#ifndef NF_ND_H
#define NF_ND_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

/* ICMPv6 types 133 to 137. */
bool nd_is_message(uint8_t type);

/* Takes a neighbour discovery message that has passed the IPv6 checks of input.c. */
void nd_input(struct rte_mbuf *m);

/* Asks who has `address`: its solicited-node group, or only `mac`. */
void nd_solicit(uint8_t port, const uint8_t address[16], const struct rte_ether_addr *mac);

/* Tells all nodes the addresses of a port (RFC 4861, section 7.2.6). */
void nd_announce(uint8_t port);

/* The same of an address that stands for another, if it is a station's on the port's link. */
void nd_announce_other(uint8_t port, const uint8_t address[16]);

#endif
