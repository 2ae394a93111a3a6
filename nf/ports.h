/* SPDX-License-Identifier: Apache-2.0
 *
 * Logical ports as they are at run time: the configuration's tables (nf/appliance.h) plus the MAC address
 * that the device really has, the link-local address that follows from it, and questions about addresses.
 */
#ifndef NF_PORTS_H
#define NF_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_ether.h>
#include "appliance.h"
#include "packet.h"

enum {
	PORT_ADDRESSES_MAX = 64, /* IPv4 addresses of one port */
	ETHER_TAG_BYTES = 4,
};

struct port {
	struct rte_ether_addr mac;
	uint8_t link_local[16];
	uint8_t vlan_header_bytes; /* of frames that leave: 14, or 18 with a tag */
	uint8_t forbidden_count;
	/* Sources that nobody else may use on this link: our own addresses and the broadcast addresses. Host
	 * order. */
	uint32_t forbidden[3 * PORT_ADDRESSES_MAX];
};

extern struct port ports[PORTS_MAX];

/* Returns 0, or -errno after a host_log line. Called by input_init, before everything else. */
int ports_init(void);

/* The port of frames with that VLAN id (not 0) on a device, or PORT_NONE. */
uint8_t port_of_vlan(uint16_t device, uint16_t vlan);

/* Questions about addresses; IPv4 in host order. */
bool port_owns_ipv4(uint8_t port, uint32_t address);
bool port_owns_ipv6(uint8_t port, const uint8_t address[16]);
bool port_is_on_link_ipv4(uint8_t port, uint32_t address);
bool port_is_on_link_ipv6(uint8_t port, const uint8_t address[16]);

/* The address that the appliance uses towards `destination` on that port. Returns 0 where it has none. */
uint32_t port_source_ipv4(uint8_t port, uint32_t destination);

/* As above; the link-local address where no other fits, so there always is one. */
const uint8_t *port_source_ipv6(uint8_t port, const uint8_t destination[16]);

static inline uint32_t prefix_mask(uint8_t length)
{
	return length ? UINT32_MAX << (32 - length) : 0;
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
