/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of vpn_world.h, and its chain, as the configuration compiler writes them for
 * `chain: [firewall, nat, router]` with tunnels. They are objects: one file of a program includes this.
 */
#ifndef TESTS_VPN_TABLES_H
#define TESTS_VPN_TABLES_H

#include <rte_common.h>
#include "nf/firewall/firewall.h"
#include "nf/flow/flow.h"
#include "nf/flow/mss.h"
#include "nf/flow/record.h"
#include "nf/input/input.h"
#include "nf/input/reassembly.h"
#include "nf/nat/nat.h"
#include "nf/router/router.h"
#include "nf/wireguard/config.h"
#include "nf/wireguard/wireguard.h"
#include "vpn_world.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define DB8(subnet, host) \
	{ \
		0x20, 0x01, 0x0d, 0xb8, 0, subnet, 0, 0, 0, 0, 0, 0, 0, 0, 0, host \
	}

static const struct ipv4_prefix lan4[] = {{IP4(192, 0, 2, 1), 24}}, wan4[] = {{IP4(198, 51, 100, 1), 24}},
				wg04[] = {{IP4(10, 0, 0, 1), 24}}, wg14[] = {{IP4(10, 2, 0, 1), 24}};
static const struct ipv6_prefix lan6[] = {{DB8(1, 1), 64}}, wan6[] = {{DB8(2, 1), 64}},
				wg06[] = {{DB8(0xa, 1), 64}}, wg16[] = {{DB8(0xc, 1), 64}};

#define PORT(index, text, dev, bytes) \
	[index] = {.name = #text, \
		   .device = dev, \
		   .slot = index, \
		   .mtu = bytes, \
		   .zone = index, \
		   .mac = {2, 0, 0, 0, 0, 1 + index}, \
		   .ipv4 = text##4, \
		   .ipv4_count = 1, \
		   .ipv6 = text##6, \
		   .ipv6_count = 1}

const char appliance_name[] = "vpn";
const uint16_t device_count = 2, port_count = 4;
const struct port_config port_configs[] = {
    PORT(LAN, lan, 0, 1500),
    PORT(WAN, wan, 1, 1500),
    PORT(WG0, wg0, DEVICE_NONE, VPN_MTU),
    PORT(WG1, wg1, DEVICE_NONE, VPN_MTU),
};

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
    HOST4(LAN, IP4(192, 0, 2, 10)), HOST4(LAN, IP4(192, 0, 2, 11)), HOST4(WAN, IP4(198, 51, 100, 2)),
    HOST6(LAN, 1, 0x10), HOST6(WAN, 2, 2)};
const uint32_t static_neighbour_count = 5, neighbour_capacity = 64;

#define ROUTE4(number, bits, way) \
	{ \
		.prefix = {number, bits}, .kind = ROUTE_CONNECTED, .port = way \
	}
#define ROUTE6(subnet, bits, way) \
	{ \
		.prefix = {DB8(subnet, 0), bits}, .kind = ROUTE_CONNECTED, .port = way \
	}
const struct ipv4_route ipv4_routes[] = {
    ROUTE4(IP4(192, 0, 2, 0), 24, LAN),
    ROUTE4(IP4(198, 51, 100, 0), 24, WAN),
    ROUTE4(IP4(10, 0, 0, 0), 16, WG0),
    ROUTE4(IP4(10, 1, 0, 0), 16, WG0),
    ROUTE4(IP4(10, 3, 0, 0), 16, WG0),
    ROUTE4(IP4(10, 2, 0, 0), 16, WG1),
    ROUTE4(IP4(203, 0, 113, 128), 25, WG0),
    {.prefix = {0, 0}, .kind = ROUTE_GATEWAY, .port = WAN, .gateway = IP4(198, 51, 100, 2)},
};
const struct ipv6_route ipv6_routes[] = {
    ROUTE6(1, 64, LAN),
    ROUTE6(2, 64, WAN),
    ROUTE6(0xa, 48, WG0),
    ROUTE6(0xc, 48, WG1),
    {.prefix = {{0}, 0}, .kind = ROUTE_GATEWAY, .port = WAN, .gateway = DB8(2, 2)},
};
const uint32_t ipv4_route_count = 8, ipv6_route_count = 5;
const uint32_t packet_buffers = 1023;
const uint16_t log_lines_per_second = 100, icmp_errors_per_second = 1000;

const struct wireguard_tunnel_config wireguard_tunnels[] = {
    {.port = WG0, .listen_port = VPN_LISTEN, .first_peer = PEER_FAR, .peer_count = 2},
    {.port = WG1, .listen_port = VPN_LISTEN + 1, .first_peer = PEER_NEAR, .peer_count = 1},
};
const uint32_t wireguard_tunnel_count = 2, wireguard_peer_count = VPN_PEERS;
const struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[] = {
    {{IP4(10, 0, 0, 0), 16}, PEER_FAR},	     {{IP4(10, 1, 0, 0), 16}, PEER_SILENT},
    {{IP4(203, 0, 113, 128), 25}, PEER_FAR}, {{IP4(10, 0, 0, 0), 24}, PEER_NEAR},
    {{IP4(10, 2, 0, 0), 16}, PEER_NEAR},     {{IP4(192, 0, 2, 0), 24}, PEER_NEAR},
};
const struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[] = {
    {{DB8(0xa, 0), 48}, PEER_FAR},
    {{{0xfe, 0x80}, 10}, PEER_FAR},
    {{DB8(1, 0), 48}, PEER_NEAR},
    {{DB8(0xc, 0), 48}, PEER_NEAR},
};
const uint32_t wireguard_allowed_ipv4_count = 6, wireguard_allowed_ipv6_count = 4;
struct wireguard_peer_config vpn_peers[VPN_PEERS];
uint8_t vpn_private_keys[VPN_TUNNELS][WIREGUARD_KEY_BYTES];
const uint8_t wireguard_preshared_keys[VPN_PEERS][WIREGUARD_KEY_BYTES];

struct firewall_rule vpn_rules[2];
const uint32_t firewall_rule_count = 2;
struct ipv4_match vpn_match;
const struct ipv6_match ipv6_matches[] = {{.common = {.rule = 0}}};
const uint32_t ipv4_match_count = 1, ipv6_match_count = 0;
const struct ipv4_class ipv4_classes[] = {{0, 0}};
const struct ipv6_class ipv6_classes[] = {{{0}, 0}};
const uint32_t ipv4_class_count = 0, ipv6_class_count = 0;
const bool firewall_judges_invalid = false;
const uint32_t firewall_sources = 64;

const uint32_t flow_capacity = 512;
const uint32_t flow_timeouts_s[] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = seconds,
    FLOW_TIMEOUTS(X)
#undef X
};
const bool flow_loose = false;

const bool nat_configured = true, nat_hairpin = true;
struct nat_source_rule vpn_source_rule;
struct nat_destination_rule vpn_destination_rule;
uint32_t vpn_source_count, vpn_destination_count;
const struct nat_static_rule nat_static_rules[1];
const uint32_t nat_static_rule_count = 0;

int appliance_init(void)
{
	int (*const inits[])(void) = {input_init, reassembly_init, router_init,	  firewall_init,
				      flow_init,  nat_init,	   wireguard_init};

	for (size_t i = 0; i < RTE_DIM(inits); i++) {
		int error = inits[i]();

		if (error)
			return error;
	}
	return 0;
}

static void walk(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t decided, others;

	count = flow_find(packets, count, &decided);
	nat_translate(packets, decided);
	others = nat_destination(packets + decided, count - decided);
	others = router_lookup(packets + decided, others);
	others = firewall(packets + decided, others);
	others = flow_settle(packets + decided, others);
	count = mss_clamp(packets, decided + others);
	router_forward(packets, count);
}

static void pass(struct rte_mbuf **packets, uint16_t count)
{
	struct rte_mbuf *waited[BURST_MAX];

	count = reassembly(packets, count);
	count = wireguard_take(packets, count);
	walk(packets, count);
	while ((count = reassembly_release(waited)) > 0) {
		count = wireguard_take(waited, count);
		walk(waited, count);
	}
}

void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	count = input(device, packets, count);
	pass(packets, count);
	while ((count = wireguard_open(packets)) > 0)
		pass(packets, count);
}

uint64_t appliance_tick(void)
{
	uint64_t next = router_tick();

	next = RTE_MIN(next, reassembly_tick());
	next = RTE_MIN(next, flow_tick());
	return RTE_MIN(next, wireguard_tick());
}

#endif
