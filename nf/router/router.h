/* SPDX-License-Identifier: Apache-2.0
 *
 * IPv4 and IPv6 forwarding by longest prefix. Two stages, because what stands between them (firewall, NAT)
 * wants to know the way out: router_lookup decides it, router_forward takes it.
 */
#ifndef NF_ROUTER_H
#define NF_ROUTER_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

int router_init(void);

/* Sets out_port and next_hop. Packets without a way are dropped (with an ICMP error where RFC 1812,
 * section 4.3.3.1, and RFC 4443, section 3.1, ask for one). */
uint16_t router_lookup(struct rte_mbuf **packets, uint16_t count);

/* Takes all packets: delivers what is for the appliance itself, decrements TTL or hop limit, fragments or
 * reports "too big", resolves the next hop, writes the Ethernet header and transmits. Ends the burst: also
 * called when no packet is left, since what earlier stages originated is transmitted here too. */
void router_forward(struct rte_mbuf **packets, uint16_t count);

/* Sends an IP packet that the appliance made itself. `packet` starts with a complete IPv4 or IPv6 header
 * (checksums included); takes it. Counted as originated once a device took it. Where the destination is
 * link-local, packet_meta(packet)->in_port names the port to use. */
void router_originate(struct rte_mbuf *packet);

/* The same for a tunnel's datagram: it goes into no tunnel. `way` saves looking up the same destination
 * again: 0 at first, afterwards what was found for it; routes do not change. */
void router_originate_sealed(struct rte_mbuf *packet, uint16_t *way);

/* The address of the appliance's own that it speaks to another one with, by the way out. 0 or NULL: it has
 * none. */
uint32_t router_source_ipv4(uint32_t destination);
const uint8_t *router_source_ipv6(const uint8_t destination[16]);

/* Whether an address is one of the appliance's own, link-local ones included; IPv4 in host order. */
bool router_owns_ipv4(uint32_t address);
bool router_owns_ipv6(const uint8_t address[16]);

/* Neighbour timers; see appliance_tick. */
uint64_t router_tick(void);

#endif
