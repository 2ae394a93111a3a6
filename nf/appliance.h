/* SPDX-License-Identifier: Apache-2.0
 *
 * What the configuration compiler writes: constant tables and one function, the chain. Everything else in nf/
 * reads these; with link-time optimisation their values are constants to it.
 *
 * Ports 0 .. device_count-1 are devices, untagged, in the order of the configuration; VLAN ports follow, then
 * tunnels.
 * IPv4 addresses and prefixes are in host byte order, IPv6 addresses are bytes as on the wire.
 */
#ifndef NF_APPLIANCE_H
#define NF_APPLIANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/nat_address.h"

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

enum { DEVICE_NONE = 0xffff }; /* of a tunnel: its packets travel inside of others */

struct port_config {
	const char *name;
	uint16_t device; /* index of the device it sends and receives on, or DEVICE_NONE */
	uint16_t vlan;	 /* 802.1Q VLAN id, 0: untagged */
	uint16_t mtu;	 /* bytes of L3, 68 .. 9000 */
	uint16_t
	    mss; /* TCP's largest segment in packets of IPv4 through this port, 20 less for IPv6; 0: any */
	uint8_t zone;	/* ports of one zone share their flows; each is its own unless configured otherwise */
	uint16_t slot;	/* devices: which of the machine's network cards, where mac_given is false */
	bool mac_given; /* devices: match the network card by mac */
	uint8_t
	    mac[6]; /* devices: where not given, what `weir run` gives the card: stable for name and port */
	const struct ipv4_prefix *ipv4;
	const struct ipv6_prefix *ipv6;
	uint16_t ipv4_count, ipv6_count;
};

enum route_kind {
	ROUTE_GATEWAY,	 /* to next_hop, out of port */
	ROUTE_CONNECTED, /* the destination itself is the neighbour on port; a tunnel has only such routes */
	ROUTE_BLACKHOLE, /* dropped in silence */
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

/* A limit on how often something may happen, as nf/bucket.h measures it. */
struct rate_limit {
	uint64_t interval_ns; /* on average one event in so many; 0: no limit */
	uint32_t burst;	      /* events at once */
	bool per_source;      /* each source address by itself; IPv6: each /64 */
};

/* LOG, COUNT and LIMIT let packets go on to the rules after them; what exceeds a LIMIT's rate is dropped. */
enum firewall_action {
	FIREWALL_ACCEPT,
	FIREWALL_DROP,
	FIREWALL_REJECT,
	FIREWALL_LOG,
	FIREWALL_COUNT,
	FIREWALL_LIMIT,
};

/* A rule as the person wrote it: what happens and under which name. rule_stats[] has the same indices; the
 * last entry is the default. A rule with a limit matches as long as it is kept: what exceeds it goes on to
 * the next rules, and if one of these drops it, the limit is the reason. */
struct firewall_rule {
	const char *name;
	uint8_t action; /* enum firewall_action */
	bool log;	/* write a (rate-limited) line */
	bool each; /* has to see each packet of a flow, not the first only: it looks at TCP flags or DSCP,
		      limits a rate, counts or logs on the way */
	struct rate_limit rate;
	uint32_t connections; /* flows that one source may have by this rule at a time, 0: any number */
};

/* Named sets of prefixes, as the compiler cut them up: addresses that are in the same sets are of one class,
 * and rules ask for ranges of classes. An entry says from which address on which class it is, up to the next
 * entry, which is of another one; the first entry starts at the lowest address. None: no rule asks. */
struct ipv4_class {
	uint32_t first;
	uint16_t number;
};

struct ipv6_class {
	uint8_t first[16];
	uint16_t number;
};

/* One conjunction that a rule was expanded to. A rule without addresses has one in each family. */
struct match_common {
	uint32_t rule;			 /* index in firewall_rules; lower wins */
	uint8_t states;			 /* enum packet_state, any of them; 0: all but INVALID */
	uint8_t protocol, protocol_mask; /* mask 0: any; 0xff: exact */
	uint8_t in_port, in_port_mask, out_port, out_port_mask;
	uint8_t tcp_flags, tcp_flags_mask;
	uint8_t dscp, dscp_mask;		    /* of the 6 bits of RFC 2474, not shifted: 0 .. 63 */
	bool needs_l4;				    /* ports, ICMP type or TCP flags are part of the match */
	uint16_t source_port_low, source_port_high; /* host order; any: 0 .. 65535 */
	uint16_t destination_port_low, destination_port_high; /* ICMP: type << 8 | code */
	uint16_t source_class_low, source_class_high;	      /* see struct ipv4_class; any: 0 .. 65535 */
	uint16_t destination_class_low, destination_class_high;
};

struct ipv4_match {
	struct match_common common;
	struct ipv4_prefix source, destination;
};

struct ipv6_match {
	struct match_common common;
	struct ipv6_prefix source, destination;
};

/* RFC 4787, sections 4.1 and 5. */
enum nat_mapping { NAT_MAPPING_ENDPOINT_INDEPENDENT, NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT };
enum nat_filtering {
	NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT,
	NAT_FILTERING_ADDRESS_DEPENDENT,
	NAT_FILTERING_ENDPOINT_INDEPENDENT,
};

struct nat_prefix {
	union nat_address address; /* without host bits */
	uint8_t length;		   /* 0: any */
};

enum nat_source_kind {
	NAT_SOURCE_KEEP,       /* not translated: an exception to the rules below it */
	NAT_SOURCE_MASQUERADE, /* to the address of the port that the packet leaves by */
	NAT_SOURCE_POOL,       /* to one of first .. last */
};

/* What happens to the source of new flows; the first rule that matches decides, and without one the source
 * stays. */
struct nat_source_rule {
	const char *name;
	uint8_t kind; /* enum nat_source_kind */
	bool ipv6;
	uint8_t out_port;
	uint8_t in_port;  /* PORT_NONE: any */
	uint8_t protocol; /* 0: any */
	struct nat_prefix source, destination;
	union nat_address first, last; /* POOL */
	bool arbitrary; /* POOL: where a host's address has no port left, another one of the pool will do */
	uint16_t port_low, port_high; /* external ports to choose from, host order */
	uint8_t mapping, filtering;   /* enum nat_mapping, nat_filtering */
};

/* Port forwarding: new flows to `address` (or to any address that in_port has)
 * are sent to another address and port. */
struct nat_destination_rule {
	const char *name;
	bool ipv6;
	uint8_t in_port;  /* where the address is; hairpinned packets come from elsewhere */
	uint8_t protocol; /* 0: any */
	bool any_address; /* every address of in_port, else only `address` */
	union nat_address address;
	struct nat_prefix source;
	uint16_t port_low, port_high; /* host order; 0 .. 65535: any */
	union nat_address to;
	uint16_t to_port; /* that port_low is sent to, and so on upwards; 0: the port stays */
};

/* 1:1: the addresses of two prefixes of one length stand for each other, in both directions. */
struct nat_static_rule {
	const char *name;
	bool ipv6;
	uint8_t port; /* where the external addresses are */
	struct nat_prefix external, internal;
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
extern const uint32_t firewall_rule_count;     /* the default included */
extern const struct ipv4_match ipv4_matches[]; /* in the order of their rules */
extern const struct ipv6_match ipv6_matches[];
extern const uint32_t ipv4_match_count, ipv6_match_count;

extern const struct ipv4_class ipv4_classes[];
extern const struct ipv6_class ipv6_classes[];
extern const uint32_t ipv4_class_count, ipv6_class_count;
extern const bool firewall_judges_invalid; /* a rule names the state `invalid` */
extern const uint32_t firewall_sources;	   /* sources that rates per source remember at a time */

extern const uint32_t flow_capacity;	 /* records; 0: this appliance tracks no flows */
extern const uint32_t flow_timeouts_s[]; /* by enum flow_timeout (nf/flow/record.h) */
extern const bool flow_loose;		 /* TCP connections may be picked up in mid-stream */

extern const bool nat_configured, nat_hairpin;
extern const struct nat_source_rule nat_source_rules[];
extern const struct nat_destination_rule nat_destination_rules[];
extern const struct nat_static_rule nat_static_rules[];
extern const uint32_t nat_source_rule_count, nat_destination_rule_count, nat_static_rule_count;

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
