/* SPDX-License-Identifier: Apache-2.0
 *
 * An appliance with two tunnels that are each other's peers, and a test that is the network between them;
 * vpn_tables.h defines its tables, for a program that includes it once.
 *
 *     192.0.2.0/24, 2001:db8:1::/64 ------ lan, hosts .10 (::10) and .11
 *     198.51.100.0/24, 2001:db8:2::/64 --- wan --- gateway .2 (::2) --- everything else
 *     10.0.0.0/16, 2001:db8:a::/48 ------- wg0 (10.0.0.1), UDP 51820, peers FAR, which wg1 is, and SILENT
 *     10.2.0.0/16, 2001:db8:c::/48 ------- wg1 (10.2.0.1), UDP 51821, peer NEAR, which wg0 is
 *
 * FAR's endpoint is 203.0.113.7:51821: the network exchanges source and destination of what goes there, so
 * that it comes back to wg1 as if from elsewhere. 10.1.0.0/16 is SILENT's, who has no endpoint, 10.3.0.0/16
 * is routed to wg0 and nobody's, and 203.0.113.128/25 is FAR's too.
 */
#ifndef TESTS_VPN_WORLD_H
#define TESTS_VPN_WORLD_H

#include "nf/appliance.h"
#include "nf/wireguard/config.h"
#include "nf/wireguard/endpoint.h"
#include "craft.h"
#include "nf_host.h"

enum { LAN, WAN, WG0, WG1 };
enum { VPN_MTU = 1420, VPN_LISTEN = 51820, VPN_TUNNELS = 2, VPN_FRAME_MAX = 2000 };
enum { PEER_FAR, PEER_SILENT, PEER_NEAR, VPN_PEERS };

/* Tables that tests change: before vpn_start, but for what the firewall's rules do. */
extern struct wireguard_peer_config vpn_peers[VPN_PEERS] __asm__("wireguard_peers");
extern uint8_t vpn_private_keys[VPN_TUNNELS][WIREGUARD_KEY_BYTES] __asm__("wireguard_private_keys");
extern struct firewall_rule vpn_rules[2] __asm__("firewall_rules"); /* the second is the default */
extern struct ipv4_match vpn_match __asm__("ipv4_matches");	    /* of the first */
extern struct nat_source_rule vpn_source_rule __asm__("nat_source_rules");
extern struct nat_destination_rule vpn_destination_rule __asm__("nat_destination_rules");
extern uint32_t vpn_source_count __asm__("nat_source_rule_count");
extern uint32_t vpn_destination_count __asm__("nat_destination_rule_count");

/* No rule of NAT, and a rule of the firewall for every IPv4 packet. Before vpn_start. */
void vpn_clear(void);

/* The tables as above, both rules of the firewall accept, FAR's endpoint of that family, and the appliance
 * anew. No session yet. */
void vpn_start(uint8_t family);

/* ... and the tunnels have a session. Counters are zero. */
void vpn_connect(uint8_t family);

/* Passes on what goes to a tunnel's other end, in bursts, until nothing does; time does not pass but for
 * ticks. Returns how many datagrams. What else was sent stays in nf_host.sent. */
uint32_t vpn_network(void);

/* Passes on one burst, and lets the appliance work on it. */
uint16_t vpn_network_once(void);

/* The outside of a datagram from the network; zero is what is usual. */
struct vpn_outer {
	bool ipv6;
	uint8_t tos;
	uint8_t trailing;   /* bytes behind the message, within UDP */
	uint8_t behind_udp; /* ... and behind that, within IP */
	uint8_t extension;  /* bytes of IPv4 options, or of an IPv6 options header (a multiple of 8) */
	uint8_t cut;	    /* bytes missing at the end of the message */
	const char *source, *destination;
	uint16_t source_port;
};

/* Writes a frame from the network with a transport message for that tunnel, sealed by the other end: an IP
 * packet with so many zeros behind it. Returns its length. */
size_t vpn_seal(uint8_t *frame, uint8_t tunnel, const void *packet, size_t bytes, size_t padding,
		const struct vpn_outer *outer);

/* Puts UDP, IP and Ethernet around a message for that tunnel. */
size_t vpn_wrap(uint8_t *frame, uint8_t tunnel, const void *message, size_t bytes,
		const struct vpn_outer *outer);

/* Opens what was sent: the other tunnel reads it. Returns the bytes inside, padding included, at `*packet`,
 * valid until the next call; UINT32_MAX: it is no transport message, or is forged. The outside's checksums
 * are right, and nothing is left of flags and lengths of the packet inside, or the test has failed. */
uint32_t vpn_opened(uint32_t index, const uint8_t **packet);

/* An IP packet (no Ethernet header). */
size_t vpn_packet(const struct craft *craft, uint8_t *packet);

/* A packet from a host on that port through the chain. */
void vpn_receive(uint8_t port, const struct craft *craft);

/* A packet comes out of a tunnel, whose other end sealed it. */
void vpn_arrive(uint8_t tunnel, const struct craft *craft, const struct vpn_outer *outer);

/* How many packets were dropped for a reason, by name. */
uint64_t vpn_dropped(const char *name);

/* Of all reasons. */
uint64_t vpn_dropped_all(void);

#endif
