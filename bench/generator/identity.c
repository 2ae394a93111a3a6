/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of a frame by its headers; see identity.h. Frames are anybody's: every length is checked.
 */
#include "identity.h"

#include <stddef.h>
#include <string.h>

enum {
	ETHER = 14,
	TAG = 4,
	TAGS_MAX = 2,
	TCP = 6,
	UDP = 17,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	PORTS = 4, /* bytes of both, at the start of TCP and UDP */
	TCP_HEADER = 20,
	UDP_HEADER = 8,
	PAYLOAD = 32, /* bytes that count */
};

/* A packet's parts, as far as they are there. */
struct parts {
	const uint8_t *addresses, *transport, *end;
	uint32_t address_bytes;
	uint8_t protocol;
	uint64_t network; /* what of the IP header stays as it is */
};

static uint64_t mix(uint64_t digest, uint64_t more)
{
	digest = (digest ^ more) * UINT64_C(0x9e3779b97f4a7c15);
	return digest ^ digest >> 32;
}

static uint64_t mix_bytes(uint64_t digest, const uint8_t *bytes, size_t count)
{
	uint64_t word;

	for (; count >= sizeof(word); bytes += sizeof(word), count -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		digest = mix(digest, word);
	}
	word = 0;
	memcpy(&word, bytes, count);
	return mix(digest, word ^ (uint64_t)count << 56);
}

static uint16_t word_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Fragments behind the first have no transport header: their bytes count as payload. */
static int take_ipv4(struct parts *parts, const uint8_t *ip, size_t left)
{
	size_t header = left < IPV4_HEADER ? 0 : (ip[0] & 15u) * 4u, bytes;

	if (header < IPV4_HEADER || header > left || ip[0] >> 4 != 4)
		return -1;
	bytes = word_at(ip + 2);
	if (bytes < header || bytes > left)
		return -1;
	*parts = (struct parts){.addresses = ip + 12,
				.address_bytes = 4,
				.transport = ip + header,
				.end = ip + bytes,
				.protocol = word_at(ip + 6) & 0x1fff ? 0 : ip[9],
				.network = (uint64_t)word_at(ip + 2) << 48 | (uint64_t)word_at(ip + 4) << 32 |
					   (uint64_t)(word_at(ip + 6) & 0x3fff) << 16 | ip[9]};
	return 0;
}

static int take_ipv6(struct parts *parts, const uint8_t *ip, size_t left)
{
	if (left < IPV6_HEADER || ip[0] >> 4 != 6 || word_at(ip + 4) > left - IPV6_HEADER)
		return -1;
	*parts = (struct parts){.addresses = ip + 8,
				.address_bytes = 16,
				.transport = ip + IPV6_HEADER,
				.end = ip + IPV6_HEADER + word_at(ip + 4),
				.protocol = ip[6],
				.network = (uint64_t)word_at(ip + 4) << 48 | ip[6]};
	return 0;
}

static int take_apart(struct parts *parts, const uint8_t *frame, size_t length)
{
	size_t at = ETHER;

	if (length < ETHER)
		return -1;
	for (int tag = 0; tag < TAGS_MAX && word_at(frame + at - 2) == 0x8100 && at + TAG <= length; tag++)
		at += TAG;
	switch (word_at(frame + at - 2)) {
	case 0x0800:
		return take_ipv4(parts, frame + at, length - at);
	case 0x86dd:
		return take_ipv6(parts, frame + at, length - at);
	default:
		return -1;
	}
}

/* Without ports, checksums and options, which are changed on the way. */
uint64_t identity_of(const uint8_t *frame, uint32_t length)
{
	struct parts parts;
	uint64_t digest;
	size_t left, skip = 0;

	if (take_apart(&parts, frame, length) < 0)
		return 0;
	digest = mix(1, parts.network);
	left = (size_t)(parts.end - parts.transport);
	if (parts.protocol == TCP && left >= TCP_HEADER) {
		digest =
		    mix_bytes(digest, parts.transport + PORTS, 12); /* to the window, which is among them */
		skip = (parts.transport[12] >> 4) * 4u;
	} else if (parts.protocol == UDP) {
		skip = UDP_HEADER;
	}
	skip = skip < left ? skip : left;
	left -= skip;
	digest = mix_bytes(digest, parts.transport + skip, left < PAYLOAD ? left : PAYLOAD);
	return digest ? digest : 1;
}

uint64_t connection_of(const uint8_t *frame, uint32_t length)
{
	struct parts parts;
	uint64_t one, other;

	if (take_apart(&parts, frame, length) < 0 || (parts.protocol != TCP && parts.protocol != UDP) ||
	    parts.end - parts.transport < PORTS)
		return 0;
	one = mix_bytes(word_at(parts.transport), parts.addresses, parts.address_bytes);
	other = mix_bytes(word_at(parts.transport + 2), parts.addresses + parts.address_bytes,
			  parts.address_bytes);
	one = mix(one + other, parts.protocol); /* a sum: whichever comes first */
	return one ? one : 1;
}
