/* SPDX-License-Identifier: Apache-2.0
 *
 * Allowed IPs (the paper, section 2): which peer of a tunnel an inner address belongs to, by longest prefix.
 * A packet to be sent goes to the peer of its destination; one that was received must have a source that is
 * the peer's who sent it.
 *
 * The prefixes of all tunnels, which come sorted, are cut into ranges at start; a search tree
 * (nf/firewall/search_tree.h) finds the range that an address is in.
 */
#ifndef NF_WIREGUARD_ALLOWED_H
#define NF_WIREGUARD_ALLOWED_H

#include <stdint.h>

enum { ALLOWED_NONE = 0xffffffff };

/* Returns 0, or -ENOMEM after a host_log line. */
int allowed_init(void);

/* Number of the peer, ALLOWED_NONE: of none. IPv4 in host order, IPv6 as on the wire. */
uint32_t allowed_ipv4(uint8_t tunnel, uint32_t address);
uint32_t allowed_ipv6(uint8_t tunnel, const uint8_t address[16]);

/* Begin to fetch what finding the number takes: it will be asked for soon. */
void allowed_prefetch_ipv4(uint8_t tunnel, uint32_t address);
void allowed_prefetch_ipv6(uint8_t tunnel, const uint8_t address[16]);

#endif
