/* SPDX-License-Identifier: Apache-2.0
 *
 * Address resolution for IPv4 (RFC 826, RFC 5227).
 */
#ifndef NF_ARP_H
#define NF_ARP_H

#include <stdint.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

/* Takes an ARP packet that arrived on a port; its headers are contiguous, l2_len is set. */
void arp_input(struct rte_mbuf *m, uint8_t port);

/* Asks who has `address` (as on the wire): everybody, or only `mac`. */
void arp_request(uint8_t port, const uint8_t address[4], const struct rte_ether_addr *mac);

/* Tells everybody the addresses of a port (RFC 5227, section 2.3). */
void arp_announce(uint8_t port);

/* The same of an address that stands for another, as on the wire, if it is a station's on the port's link. */
void arp_announce_other(uint8_t port, const uint8_t address[4]);

#endif
