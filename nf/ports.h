/* SPDX-License-Identifier: Apache-2.0
 *
 * Logical ports as they are at run time: the configuration's tables (nf/appliance.h) plus the MAC address
 * that the device really has, the link-local address that follows from it, and questions about addresses.
 */
#ifndef NF_PORTS_H
#define NF_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <rte_ether.h>
#include "appliance.h"
#include "packet.h"
#include "nf/wireguard/config.h"

enum {
	ETHER_TAG_BYTES = 4,
};

/* A tunnel has neither a MAC address nor a link-local one: all zero. */
struct port {
	struct rte_ether_addr mac;
	uint8_t link_local[16];
	uint8_t vlan_header_bytes; /* of frames that leave: 14, or 18 with a tag */
};

extern struct port ports[PORTS_MAX];

/* A filter over the sources that nobody else may use: a bit that is not set rules an address out, one that is
 * set asks for a closer look. */
enum { SOURCE_FILTER_BITS = 12 };
extern uint64_t source_filter[(1 << SOURCE_FILTER_BITS) / 64];

/* Returns 0, or -errno after a host_log line. Called by input_init, before everything else. */
int ports_init(void);

/* The port of frames with that VLAN id (not 0) on a device, or PORT_NONE. */
uint8_t port_of_vlan(uint16_t device, uint16_t vlan);

static inline bool port_is_tunnel(uint8_t port)
{
	return wireguard_tunnel_count > 0 && port_configs[port].device == DEVICE_NONE;
}

/* Questions about addresses; IPv4 in host order. */
bool port_owns_ipv4(uint8_t port, uint32_t address);
bool port_owns_ipv6(uint8_t port, const uint8_t address[16]);
bool port_is_on_link_ipv4(uint8_t port, uint32_t address);
bool port_is_on_link_ipv6(uint8_t port, const uint8_t address[16]);

/* The subnet-router anycast address of a prefix (RFC 4291, section 2.6.1). False: it has none (RFC 6164). */
bool ipv6_anycast(const struct ipv6_prefix *prefix, uint8_t address[16]);
bool port_is_anycast_ipv6(uint8_t port, const uint8_t address[16]);

/* The address that the appliance uses towards `destination` on that port. Returns 0 where it has none. */
uint32_t port_source_ipv4(uint8_t port, uint32_t destination);

/* As above; the link-local address where no other fits, so there always is one: a tunnel without an address
 * speaks with one of another port. */
const uint8_t *port_source_ipv6(uint8_t port, const uint8_t destination[16]);

/* The closer looks of the functions below. */
bool ports_forbid_ipv4(uint32_t source);
bool ports_forbid_ipv6(const uint8_t source[16]);

/* Multiplicative hashing by the golden ratio; for IPv6 over the address's last 32 bits. */
static inline uint32_t source_filter_bit(uint32_t address)
{
	return address * 0x9e3779b1u >> (32 - SOURCE_FILTER_BITS);
}

static inline bool source_filter_has(uint32_t address)
{
	uint32_t bit = source_filter_bit(address);

	return source_filter[bit / 64] >> bit % 64 & 1;
}

/* Whether nobody but us may have that address, whichever link it comes from: our own addresses and the
 * broadcast addresses of our networks. */
static inline bool source_is_forbidden_ipv4(uint32_t source)
{
	return unlikely(source_filter_has(source)) && ports_forbid_ipv4(source);
}

/* As above; link-local addresses mean nothing beyond their link, and are left to port_owns_ipv6. */
static inline bool source_is_forbidden_ipv6(const uint8_t source[16])
{
	uint32_t last;

	memcpy(&last, source + 12, sizeof(last));
	return unlikely(source_filter_has(last)) && ports_forbid_ipv6(source);
}

static inline uint32_t prefix_mask(uint8_t length)
{
	return length ? UINT32_MAX << (32 - length) : 0;
}

/* 169.254.0.0/16, RFC 3927, section 7. */
static inline bool ipv4_is_link_local(rte_be32_t address)
{
	return (address & rte_cpu_to_be_32(0xffff0000)) == rte_cpu_to_be_32(0xa9fe0000);
}

static inline bool ipv6_is_link_local(const uint8_t address[16])
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static inline bool ipv6_is_multicast(const uint8_t address[16])
{
	return address[0] == 0xff;
}

#endif
