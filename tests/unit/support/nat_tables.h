/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of nat_world.h, and its chain. They are objects: one file of a program includes this, which may
 * define NAT_TABLES_FLOWS before.
 */
#ifndef TESTS_NAT_TABLES_H
#define TESTS_NAT_TABLES_H

#include "nf/flow/record.h"
#include "full_chain.h"
#include "nat_world.h"

#define DOC1(host) (192u << 24 | 0 << 16 | 2 << 8 | (host))
#define DOC2(host) (198u << 24 | 51 << 16 | 100 << 8 | (host))
#define DB8(subnet, host) \
	{ \
		0x20, 0x01, 0x0d, 0xb8, 0, subnet, 0, 0, 0, 0, 0, 0, 0, 0, (host) >> 8, (host)&0xff \
	}

static const struct ipv4_prefix lan4[] = {{DOC1(1), 25}}, wan4[] = {{DOC2(1), 24}},
				dmz4[] = {{DOC1(129), 25}};
static const struct ipv6_prefix lan6[] = {{DB8(1, 1), 64}}, wan6[] = {{DB8(2, 1), 64}},
				dmz6[] = {{DB8(3, 1), 64}};

#define PORT(index, text, bytes) \
	{ \
		.name = #text, .device = index, .slot = index, .mtu = bytes, .zone = index, \
		.mac = {2, 0, 0, 0, 0, 1 + index}, .ipv4 = text##4, .ipv4_count = 1, .ipv6 = text##6, \
		.ipv6_count = 1 \
	}

const char appliance_name[] = "nat";
const uint16_t device_count = 3, port_count = 3;
const struct port_config port_configs[] = {PORT(0, lan, 1500), PORT(1, wan, 1400), PORT(2, dmz, 1500)};

#define HOST4(index, address) \
	{ \
		.port = index, .ipv4 = address, .mac = { 2, 0, 0, 1, index, (address)&0xff } \
	}
#define HOST6(index, subnet, host) \
	{ \
		.port = index, .ipv6 = true, .ipv6_address = DB8(subnet, host), \
		.mac = { 2, \
			 0, \
			 0, \
			 2, \
			 index, \
			 host } \
	}
const struct static_neighbour static_neighbours[] = {
    HOST4(LAN, DOC1(10)),  HOST4(LAN, DOC1(11)), HOST4(LAN, DOC1(12)), HOST4(WAN, DOC2(2)),
    HOST4(DMZ, DOC1(130)), HOST6(LAN, 1, 0x10),	 HOST6(LAN, 1, 0x11),  HOST6(LAN, 1, 0x12),
    HOST6(WAN, 2, 2),	   HOST6(DMZ, 3, 0x30),
};
const uint32_t static_neighbour_count = 10, neighbour_capacity = 64;

const struct ipv4_route ipv4_routes[] = {
    {.prefix = {DOC1(0), 25}, .kind = ROUTE_CONNECTED, .port = LAN},
    {.prefix = {DOC1(128), 25}, .kind = ROUTE_CONNECTED, .port = DMZ},
    {.prefix = {DOC2(0), 24}, .kind = ROUTE_CONNECTED, .port = WAN},
    {.prefix = {0, 0}, .kind = ROUTE_GATEWAY, .port = WAN, .gateway = DOC2(2)},
};
const struct ipv6_route ipv6_routes[] = {
    {.prefix = {DB8(1, 0), 64}, .kind = ROUTE_CONNECTED, .port = LAN},
    {.prefix = {DB8(3, 0), 64}, .kind = ROUTE_CONNECTED, .port = DMZ},
    {.prefix = {DB8(2, 0), 64}, .kind = ROUTE_CONNECTED, .port = WAN},
    {.prefix = {{0}, 0}, .kind = ROUTE_GATEWAY, .port = WAN, .gateway = DB8(2, 2)},
};
const uint32_t ipv4_route_count = 4, ipv6_route_count = 4;
const uint32_t packet_buffers = 1023;
const uint16_t log_lines_per_second = 100, icmp_errors_per_second = 1000;

struct firewall_rule nat_verdict = {.name = "default", .action = FIREWALL_ACCEPT};
const uint32_t firewall_rule_count = 1;
const struct ipv4_match ipv4_matches[] = {{.common = {.rule = 0}}};
const struct ipv6_match ipv6_matches[] = {{.common = {.rule = 0}}};
const uint32_t ipv4_match_count = 0, ipv6_match_count = 0;
const struct ipv4_class ipv4_classes[] = {{0, 0}};
const struct ipv6_class ipv6_classes[] = {{{0}, 0}};
const uint32_t ipv4_class_count = 0, ipv6_class_count = 0;
bool nat_judges_invalid;
const uint32_t firewall_sources = 64;

#ifndef NAT_TABLES_FLOWS
#define NAT_TABLES_FLOWS NAT_WORLD_FLOWS
#endif
const uint32_t flow_capacity = NAT_TABLES_FLOWS;
const uint32_t flow_timeouts_s[] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = seconds,
    FLOW_TIMEOUTS(X)
#undef X
};
const bool flow_loose = false;

const bool nat_configured = true;
bool nat_hairpins = true;
struct nat_source_rule nat_sources[NAT_WORLD_RULES];
struct nat_destination_rule nat_destinations[NAT_WORLD_RULES];
struct nat_static_rule nat_statics[NAT_WORLD_RULES];
uint32_t nat_source_count, nat_destination_count, nat_static_count;

#endif
