/* SPDX-License-Identifier: Apache-2.0
 *
 * IP addresses and prefixes; see address.h.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"

bool address_parse(const char *text, struct config_address *address)
{
	*address = (struct config_address){.ipv6 = strchr(text, ':')};
	return inet_pton(address->ipv6 ? AF_INET6 : AF_INET, text, address->bytes) == 1;
}

const char *address_format(const struct config_address *address, char *text)
{
	return inet_ntop(address->ipv6 ? AF_INET6 : AF_INET, address->bytes, text, ADDRESS_TEXT_MAX);
}

const char *prefix_format(const struct config_prefix *prefix, char *text)
{
	size_t length;

	address_format(&prefix->address, text);
	length = strlen(text);
	if (prefix->length < address_bits(&prefix->address))
		snprintf(text + length, ADDRESS_TEXT_MAX - length, "/%u", prefix->length);
	return text;
}

int address_compare(const struct config_address *a, const struct config_address *b)
{
	if (a->ipv6 != b->ipv6)
		return a->ipv6 ? 1 : -1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int prefix_compare(const struct config_prefix *a, const struct config_prefix *b)
{
	int order = address_compare(&a->address, &b->address);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Which bits of byte `index` are beyond the prefix. */
static uint8_t host_mask(unsigned int length, unsigned int index)
{
	if (length >= (index + 1) * 8)
		return 0;
	return length <= index * 8 ? 0xff : (uint8_t)(0xff >> (length - index * 8));
}

struct config_prefix prefix_network(const struct config_prefix *prefix)
{
	struct config_prefix network = *prefix;

	for (unsigned int i = 0; i < address_bits(&prefix->address) / 8; i++)
		network.address.bytes[i] &= (uint8_t)~host_mask(prefix->length, i);
	return network;
}

struct config_address prefix_last(const struct config_prefix *prefix)
{
	struct config_address last = prefix->address;

	for (unsigned int i = 0; i < address_bits(&last) / 8; i++)
		last.bytes[i] |= host_mask(prefix->length, i);
	return last;
}

bool prefix_contains(const struct config_prefix *outer, const struct config_prefix *inner)
{
	struct config_prefix left, right;

	if (outer->address.ipv6 != inner->address.ipv6 || outer->length > inner->length)
		return false;
	left = prefix_network(outer);
	right = (struct config_prefix){inner->address, outer->length};
	right = prefix_network(&right);
	return address_compare(&left.address, &right.address) == 0;
}

bool prefix_contains_address(const struct config_prefix *outer, const struct config_address *address)
{
	struct config_prefix inner = {*address, (uint8_t)address_bits(address)};

	return prefix_contains(outer, &inner);
}

bool address_is_no_station(const struct config_address *address)
{
	static const uint8_t unspecified_to_loopback[15];
	const uint8_t *bytes = address->bytes;

	if (!address->ipv6)
		return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224;
	return bytes[0] == 0xff || (memcmp(bytes, unspecified_to_loopback, 15) == 0 && bytes[15] <= 1);
}

bool address_is_link_local(const struct config_address *address)
{
	return address->ipv6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool prefix_parse(const char *text, struct config_prefix *prefix)
{
	char copy[ADDRESS_TEXT_MAX], *slash, *end;
	unsigned long length;
	struct config_prefix network;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (!address_parse(copy, &prefix->address))
		return false;
	prefix->length = (uint8_t)address_bits(&prefix->address);
	if (!slash)
		return true;
	if (*slash < '0' || *slash > '9')
		return false;
	length = strtoul(slash, &end, 10);
	if (*end || length > prefix->length)
		return false;
	prefix->length = (uint8_t)length;
	network = prefix_network(prefix);
	return address_compare(&network.address, &prefix->address) == 0;
}
