/* SPDX-License-Identifier: Apache-2.0
 *
 * Prefixes of NAT's rules.
 */
#ifndef NF_NAT_PREFIX_H
#define NF_NAT_PREFIX_H

#include "endpoint.h"

/* The bits of byte `index` that belong to a prefix. */
static inline uint8_t prefix_bits(uint8_t length, uint8_t index)
{
	int bits = length - 8 * index;

	return bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff << (8 - bits);
}

static inline bool prefix_has(bool ipv6, const struct nat_prefix *prefix, const struct address *address)
{
	struct address network = address_of_rule(ipv6, &prefix->address);

	for (uint8_t i = 0; 8 * i < prefix->length; i++)
		if ((network.bytes[i] ^ address->bytes[i]) & prefix_bits(prefix->length, i))
			return false;
	return true;
}

/* Gives an address the bits of another prefix, and keeps its own behind them. */
static inline void prefix_move(bool ipv6, struct address *address, const struct nat_prefix *to)
{
	struct address network = address_of_rule(ipv6, &to->address);

	for (uint8_t i = 0; i < address_bytes(ipv6); i++) {
		uint8_t bits = prefix_bits(to->length, i);

		address->bytes[i] = (network.bytes[i] & bits) | (address->bytes[i] & ~bits);
	}
}

#endif
