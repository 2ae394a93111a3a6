/* SPDX-License-Identifier: Apache-2.0
 *
 * What the configuration compiler writes: constant tables and one function, the chain. Everything else in nf/
 * reads these; with link-time optimisation their values are constants to it.
 *
 * Ports 0 .. device_count-1 are devices, untagged, in the order of the configuration; VLAN ports follow.
 * IPv4 addresses and prefixes are in host byte order, IPv6 addresses are bytes as on the wire.
 */
#ifndef NF_APPLIANCE_H
#define NF_APPLIANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

struct ipv4_prefix {
	uint32_t address; /* an interface address keeps its host bits, a route has none */
	uint8_t length;
};

struct ipv6_prefix {
	uint8_t address[16];
	uint8_t length;
};

/* A neighbour that needs no ARP or neighbour discovery. */
struct static_neighbour {
	uint8_t port;
	bool ipv6;
	uint32_t ipv4;
	uint8_t ipv6_address[16];
	uint8_t mac[6];
};

struct port_config {
	const char *name;
	uint16_t device; /* index of the device it sends and receives on */
	uint16_t vlan;	 /* 802.1Q VLAN id, 0: untagged */
	uint16_t mtu;	 /* bytes of L3, 68 .. 9000 */
	uint16_t slot;	 /* devices: which of the machine's network cards, where mac_given is false */
	bool mac_given;	 /* devices: match the network card by mac */
	uint8_t
	    mac[6]; /* devices: where not given, what `weir run` gives the card: stable for name and port */
	const struct ipv4_prefix *ipv4;
	const struct ipv6_prefix *ipv6;
	uint16_t ipv4_count, ipv6_count;
};

enum route_kind {
	ROUTE_GATEWAY,	   /* to next_hop, out of port */
	ROUTE_CONNECTED,   /* the destination itself is the neighbour on port */
	ROUTE_BLACKHOLE,   /* dropped in silence */
	ROUTE_UNREACHABLE, /* dropped, with an ICMP error */
};

/* Connected routes are written out by the compiler; addresses of the appliance itself are added by the
 * router. */
struct ipv4_route {
	struct ipv4_prefix prefix;
	uint32_t gateway;
	uint8_t kind, port;
};

struct ipv6_route {
	struct ipv6_prefix prefix;
	uint8_t gateway[16];
	uint8_t kind, port;
};

enum firewall_action { FIREWALL_ACCEPT, FIREWALL_DROP, FIREWALL_REJECT, FIREWALL_LOG /* and go on */ };

/* A rule as the person wrote it: what happens and under which name. rule_stats[] has the same indices; the
 * last entry is the default. */
struct firewall_rule {
	const char *name;
	uint8_t action; /* enum firewall_action */
	bool log;	/* write a (rate-limited) line */
};

/* One conjunction that a rule was expanded to. A rule without addresses has one in each family. */
struct match_common {
	uint32_t rule;			 /* index in firewall_rules; lower wins */
	uint8_t protocol, protocol_mask; /* mask 0: any; 0xff: exact */
	uint8_t in_port, in_port_mask, out_port, out_port_mask;
	uint8_t tcp_flags, tcp_flags_mask;
	bool needs_l4;				    /* ports, ICMP type or TCP flags are part of the match */
	uint16_t source_port_low, source_port_high; /* host order; any: 0 .. 65535 */
	uint16_t destination_port_low, destination_port_high; /* ICMP: type << 8 | code */
};

struct ipv4_match {
	struct match_common common;
	struct ipv4_prefix source, destination;
};

struct ipv6_match {
	struct match_common common;
	struct ipv6_prefix source, destination;
};

extern const char appliance_name[];
extern const uint16_t device_count, port_count;
extern const struct port_config port_configs[];
extern const struct static_neighbour static_neighbours[];
extern const uint32_t static_neighbour_count;
extern const uint32_t neighbour_capacity; /* learned and static entries together */

extern const struct ipv4_route ipv4_routes[];
extern const struct ipv6_route ipv6_routes[];
extern const uint32_t ipv4_route_count, ipv6_route_count;

extern const struct firewall_rule firewall_rules[];
extern const uint32_t firewall_rule_count; /* the default included */
extern const struct ipv4_match ipv4_matches[];
extern const struct ipv6_match ipv6_matches[];
extern const uint32_t ipv4_match_count, ipv6_match_count;

extern const uint32_t packet_buffers; /* mbufs in the packet pool */
extern const uint16_t log_lines_per_second, icmp_errors_per_second;

/* Creates what the configured functions need. Returns 0, or -errno after a host_log line that says why. */
int appliance_init(void);

/* Passes a burst that arrived on a device through the chain: direct calls of the configured stages, in
 * order. Takes all packets. count <= BURST_MAX. */
void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count);

/* Runs timers that are due at host_now_ns. Returns when it wants to be called next, in the same clock;
 * UINT64_MAX: no timer is running. */
uint64_t appliance_tick(void);

#endif
