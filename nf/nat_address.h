/* SPDX-License-Identifier: Apache-2.0
 *
 * An address of either family. The host reads some of them: so this header has no types but stdint's.
 */
#ifndef NF_NAT_ADDRESS_H
#define NF_NAT_ADDRESS_H

#include <stdint.h>

/* IPv4 in host order, IPv6 as on the wire. */
union nat_address {
	uint32_t ipv4;
	uint8_t ipv6[16];
};

#endif
