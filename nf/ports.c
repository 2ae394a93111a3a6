/* SPDX-License-Identifier: Apache-2.0
 *
 * The ports' run-time facts; see ports.h. Filled once by ports_init and only read afterwards.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host.h"
#include "ports.h"

enum { VLAN_IDS = 4096 };

struct port ports[PORTS_MAX];
uint64_t source_filter[(1 << SOURCE_FILTER_BITS) / 64];
static uint8_t *vlan_ports[PORTS_MAX]; /* for each device with VLANs: its port for each id */

/* Modified EUI-64 (RFC 4291, appendix A) under fe80::/64. */
static void make_link_local(uint8_t address[16], const struct rte_ether_addr *mac)
{
	const uint8_t *m = mac->addr_bytes;
	const uint8_t bytes[16] = {0xfe,     0x80, 0,	 0,    0,    0,	   0,	 0,
				   m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};

	memcpy(address, bytes, sizeof(bytes));
}

static void filter_source(uint32_t address)
{
	uint32_t bit = source_filter_bit(address);

	source_filter[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void filter_sources(const struct port_config *config)
{
	for (uint16_t i = 0; i < config->ipv4_count; i++) {
		uint32_t address = config->ipv4[i].address, mask = prefix_mask(config->ipv4[i].length);

		filter_source(address);
		filter_source(address & mask);
		filter_source(address | ~mask);
	}
	for (uint16_t i = 0; i < config->ipv6_count; i++) {
		uint32_t last;

		memcpy(&last, config->ipv6[i].address + 12, sizeof(last));
		filter_source(last);
	}
}

static int learn_vlan(uint8_t index)
{
	const struct port_config *config = &port_configs[index];

	if (!vlan_ports[config->device]) {
		vlan_ports[config->device] = malloc(VLAN_IDS);
		if (!vlan_ports[config->device])
			return -ENOMEM;
		memset(vlan_ports[config->device], PORT_NONE, VLAN_IDS);
	}
	vlan_ports[config->device][config->vlan] = index;
	return 0;
}

static int port_init(uint8_t index)
{
	const struct port_config *config = &port_configs[index];
	struct port *port = &ports[index];

	filter_sources(config);
	*port = (struct port){0};
	if (port_is_tunnel(index))
		return 0;
	assert(config->device < device_count && config->vlan < VLAN_IDS);
	*port = (struct port){.vlan_header_bytes = RTE_ETHER_HDR_LEN + (config->vlan ? ETHER_TAG_BYTES : 0)};
	memcpy(port->mac.addr_bytes, host_mac_address(config->device), RTE_ETHER_ADDR_LEN);
	make_link_local(port->link_local, &port->mac);
	return config->vlan ? learn_vlan(index) : 0;
}

int ports_init(void)
{
	assert(port_count <= PORTS_MAX && device_count <= port_count);
	memset(source_filter, 0, sizeof(source_filter));
	for (uint8_t i = 0; i < port_count; i++) {
		int error = port_init(i);

		if (error) {
			host_log("input: not enough memory for the table of VLANs");
			return error;
		}
	}
	return 0;
}

uint8_t port_of_vlan(uint16_t device, uint16_t vlan)
{
	return vlan_ports[device] ? vlan_ports[device][vlan] : PORT_NONE;
}

bool port_owns_ipv4(uint8_t port, uint32_t address)
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv4_count; i++)
		if (config->ipv4[i].address == address)
			return true;
	return false;
}

bool port_owns_ipv6(uint8_t port, const uint8_t address[16])
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv6_count; i++)
		if (memcmp(config->ipv6[i].address, address, 16) == 0)
			return true;
	return memcmp(ports[port].link_local, address, 16) == 0;
}

/* RFC 3021: a prefix of 31 or 32 bits has no broadcast addresses. */
static bool prefix_forbids(const struct ipv4_prefix *prefix, uint32_t source)
{
	uint32_t mask = prefix_mask(prefix->length);

	return source == prefix->address || (prefix->length <= 30 && (source == (prefix->address & mask) ||
								      source == (prefix->address | ~mask)));
}

bool ports_forbid_ipv4(uint32_t source)
{
	for (uint8_t port = 0; port < port_count; port++)
		for (uint16_t i = 0; i < port_configs[port].ipv4_count; i++)
			if (prefix_forbids(&port_configs[port].ipv4[i], source))
				return true;
	return false;
}

bool ports_forbid_ipv6(const uint8_t source[16])
{
	for (uint8_t port = 0; port < port_count; port++)
		for (uint16_t i = 0; i < port_configs[port].ipv6_count; i++)
			if (memcmp(port_configs[port].ipv6[i].address, source, 16) == 0)
				return true;
	return false;
}

bool ipv6_anycast(const struct ipv6_prefix *prefix, uint8_t address[16])
{
	uint8_t bytes = prefix->length / 8, bits = prefix->length % 8;

	memset(address, 0, 16);
	memcpy(address, prefix->address, bytes);
	if (bits)
		address[bytes] = prefix->address[bytes] & 0xff << (8 - bits);
	return prefix->length < 127;
}

bool port_is_anycast_ipv6(uint8_t port, const uint8_t address[16])
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv6_count; i++) {
		uint8_t anycast[16];

		if (ipv6_anycast(&config->ipv6[i], anycast) && memcmp(anycast, address, 16) == 0)
			return true;
	}
	return false;
}

static bool ipv4_contains(const struct ipv4_prefix *prefix, uint32_t address)
{
	return ((prefix->address ^ address) & prefix_mask(prefix->length)) == 0;
}

static bool ipv6_contains(const struct ipv6_prefix *prefix, const uint8_t address[16])
{
	uint8_t bytes = prefix->length / 8, bits = prefix->length % 8;

	if (memcmp(prefix->address, address, bytes))
		return false;
	return bits == 0 || (prefix->address[bytes] ^ address[bytes]) >> (8 - bits) == 0;
}

bool port_is_on_link_ipv4(uint8_t port, uint32_t address)
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv4_count; i++)
		if (ipv4_contains(&config->ipv4[i], address))
			return true;
	return false;
}

bool port_is_on_link_ipv6(uint8_t port, const uint8_t address[16])
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv6_count; i++)
		if (ipv6_contains(&config->ipv6[i], address))
			return true;
	return ipv6_is_link_local(address);
}

uint32_t port_source_ipv4(uint8_t port, uint32_t destination)
{
	const struct port_config *config = &port_configs[port];

	for (uint16_t i = 0; i < config->ipv4_count; i++)
		if (ipv4_contains(&config->ipv4[i], destination))
			return config->ipv4[i].address;
	return config->ipv4_count ? config->ipv4[0].address : 0;
}

/* Of the first port that has one, or a link-local one. */
static const uint8_t *any_address_ipv6(void)
{
	for (uint8_t port = 0; port < port_count; port++)
		if (port_configs[port].ipv6_count > 0)
			return port_configs[port].ipv6[0].address;
	return ports[0].link_local;
}

const uint8_t *port_source_ipv6(uint8_t port, const uint8_t destination[16])
{
	const struct port_config *config = &port_configs[port];

	if (config->ipv6_count == 0 && port_is_tunnel(port))
		return any_address_ipv6();
	if (ipv6_is_link_local(destination) || config->ipv6_count == 0)
		return ports[port].link_local;
	for (uint16_t i = 0; i < config->ipv6_count; i++)
		if (ipv6_contains(&config->ipv6[i], destination))
			return config->ipv6[i].address;
	return config->ipv6[0].address;
}
