/* SPDX-License-Identifier: Apache-2.0
 *
 * The ports, neighbours and routes of the example appliance for unit tests:
 *
 *     192.0.2.0/24, 2001:db8:1::/64 --- lan (device 0, VLAN 20 on it: guest)
 *     198.51.100.0/25, 2001:db8:2::/64 --- wan (device 1, MTU 1400, MSS 1360) --- gateway .2 --- everything
 * else 198.51.100.128/25, 2001:db8:14::/64 --- guest (MSS 1000)
 *
 * 203.0.113.128/26 is a blackhole, 203.0.113.192/26 unreachable. The hosts .10 of lan and the gateways
 * are static neighbours; all others must be resolved.
 */
#include "nf/appliance.h"

#define PREFIX4(a, b, c, d, bits) \
	{ \
		(a) << 24 | (b) << 16 | (c) << 8 | (d), bits \
	}
#define DB8(subnet, host) \
	{ \
		0x20, 0x01, 0x0d, 0xb8, 0, subnet, 0, 0, 0, 0, 0, 0, 0, 0, 0, host \
	}

static const struct ipv4_prefix lan4[] = {PREFIX4(192u, 0, 2, 1, 24)};
static const struct ipv4_prefix wan4[] = {PREFIX4(198u, 51, 100, 1, 25)};
static const struct ipv4_prefix guest4[] = {PREFIX4(198u, 51, 100, 129, 25)};
static const struct ipv6_prefix lan6[] = {{DB8(1, 1), 64}};
static const struct ipv6_prefix wan6[] = {{DB8(2, 1), 64}};
static const struct ipv6_prefix guest6[] = {{DB8(0x14, 1), 64}};

const char appliance_name[] = "example";
const uint16_t device_count = 2, port_count = 3;

const struct port_config port_configs[] = {
    {.name = "lan",
     .device = 0,
     .mtu = 1500,
     .mac = {2, 0, 0, 0, 0, 1},
     .ipv4 = lan4,
     .ipv4_count = 1,
     .ipv6 = lan6,
     .ipv6_count = 1},
    {.name = "wan",
     .device = 1,
     .slot = 1,
     .mtu = 1400,
     .mss = 1360,
     .mac = {2, 0, 0, 0, 0, 2},
     .ipv4 = wan4,
     .ipv4_count = 1,
     .ipv6 = wan6,
     .ipv6_count = 1},
    {.name = "guest",
     .device = 0,
     .vlan = 20,
     .mtu = 1500,
     .mss = 1000,
     .ipv4 = guest4,
     .ipv4_count = 1,
     .ipv6 = guest6,
     .ipv6_count = 1},
};

const struct static_neighbour static_neighbours[] = {
    {.port = 0, .ipv4 = 192u << 24 | 2 << 8 | 10, .mac = {2, 0, 0, 0, 1, 10}},
    {.port = 0, .ipv6 = true, .ipv6_address = DB8(1, 0x10), .mac = {2, 0, 0, 0, 1, 10}},
    {.port = 1, .ipv4 = 198u << 24 | 51 << 16 | 100 << 8 | 2, .mac = {2, 0, 0, 0, 2, 2}},
    {.port = 1, .ipv6 = true, .ipv6_address = DB8(2, 2), .mac = {2, 0, 0, 0, 2, 2}},
};
const uint32_t static_neighbour_count = 4;
const uint32_t neighbour_capacity = 32;

const struct ipv4_route ipv4_routes[] = {
    {.prefix = PREFIX4(192u, 0, 2, 0, 24), .kind = ROUTE_CONNECTED, .port = 0},
    {.prefix = PREFIX4(198u, 51, 100, 0, 25), .kind = ROUTE_CONNECTED, .port = 1},
    {.prefix = PREFIX4(198u, 51, 100, 128, 25), .kind = ROUTE_CONNECTED, .port = 2},
    {.prefix = PREFIX4(0u, 0, 0, 0, 0),
     .kind = ROUTE_GATEWAY,
     .port = 1,
     .gateway = 198u << 24 | 51 << 16 | 100 << 8 | 2},
    {.prefix = PREFIX4(203u, 0, 113, 128, 26), .kind = ROUTE_BLACKHOLE},
    {.prefix = PREFIX4(203u, 0, 113, 192, 26), .kind = ROUTE_UNREACHABLE},
};
const uint32_t ipv4_route_count = 6;

/* No default route: what is outside of 2001:db8::/40 has no way. */
const struct ipv6_route ipv6_routes[] = {
    {.prefix = {DB8(1, 0), 64}, .kind = ROUTE_CONNECTED, .port = 0},
    {.prefix = {DB8(2, 0), 64}, .kind = ROUTE_CONNECTED, .port = 1},
    {.prefix = {DB8(0x14, 0), 64}, .kind = ROUTE_CONNECTED, .port = 2},
    {.prefix = {DB8(0, 0), 40}, .kind = ROUTE_GATEWAY, .port = 1, .gateway = DB8(2, 2)},
    {.prefix = {DB8(0xb1, 0), 48}, .kind = ROUTE_BLACKHOLE},
    {.prefix = {DB8(0xc1, 0), 48}, .kind = ROUTE_UNREACHABLE},
};
const uint32_t ipv6_route_count = 6;

const uint32_t packet_buffers = 1023;
const uint16_t log_lines_per_second = 10, icmp_errors_per_second = 100;
