/* SPDX-License-Identifier: Apache-2.0
 *
 * IP addresses and prefixes of both families: text, order, containment.
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "config.h"

enum { ADDRESS_TEXT_MAX = 64 /* a prefix in text, NUL included */ };

static inline unsigned int address_bits(const struct config_address *address)
{
	return address->ipv6 ? 128 : 32;
}

bool address_parse(const char *text, struct config_address *address);

/* A network without host bits, or an address, which is a network of its own. */
bool prefix_parse(const char *text, struct config_prefix *prefix);

/* Both write to `text`, which has room for ADDRESS_TEXT_MAX bytes, and return it. A full-length prefix is
 * written as an address. IPv6 as RFC 5952 has it. */
const char *address_format(const struct config_address *address, char *text);
const char *prefix_format(const struct config_prefix *prefix, char *text);

/* A total order: IPv4 first, then by bytes; prefixes of the same address by length, short ones first. */
int address_compare(const struct config_address *a, const struct config_address *b);
int prefix_compare(const struct config_prefix *a, const struct config_prefix *b);

/* The prefix with its host bits cleared. */
struct config_prefix prefix_network(const struct config_prefix *prefix);

/* The address with its host bits set: what IPv4 broadcasts to. */
struct config_address prefix_last(const struct config_prefix *prefix);

/* True if every address of `inner` is in `outer`. Host bits are ignored. */
bool prefix_contains(const struct config_prefix *outer, const struct config_prefix *inner);
bool prefix_contains_address(const struct config_prefix *outer, const struct config_address *address);

/* Unspecified, loopback, multicast, or (IPv4) the reserved 0/8 and 240/4: nothing that a station can have.
 * RFC 6890, RFC 4291. */
bool address_is_no_station(const struct config_address *address);

bool address_is_link_local(const struct config_address *address);

#endif
