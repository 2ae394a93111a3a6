/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames for tests; see craft.h. Bytes are put down by offset, so that a mistake in a struct that the code
 * under test uses is not repeated here.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include "nf/packet.h"
#include "craft.h"
#include "nf_host.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, FRAGMENT_HEADER = 8, SCTP = 12, CHUNK = 4 };

struct layout {
	bool ipv6, fragment, transport;
	size_t l3_bytes, l4_bytes;
};

static void put16(uint8_t *out, uint16_t value)
{
	out[0] = value >> 8;
	out[1] = value;
}

static void put32(uint8_t *out, uint32_t value)
{
	put16(out, value >> 16);
	put16(out + 2, value);
}

uint16_t craft_sum(const uint8_t *bytes, size_t count, uint32_t sum)
{
	for (size_t i = 0; i < count; i++) {
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static struct layout lay_out(const struct craft *c)
{
	struct layout l = {.ipv6 = strchr(c->source, ':') != NULL,
			   .fragment = c->fragment || c->more_fragments};

	l.transport = c->fragment == 0;
	l.l3_bytes = l.ipv6 ? IPV6 + (l.fragment ? FRAGMENT_HEADER : 0) : IPV4;
	if (l.transport)
		l.l4_bytes = c->protocol == IPPROTO_TCP	   ? 20 + c->option_bytes
			     : c->protocol == IPPROTO_SCTP ? SCTP + CHUNK
			     : c->protocol == IPPROTO_UDP || c->protocol == IPPROTO_ICMP ||
				     c->protocol == IPPROTO_ICMPV6
				 ? 8
				 : 0;
	return l;
}

static void put_ipv4(const struct craft *c, const struct layout *l, uint8_t *ip)
{
	ip[0] = 0x45;
	put16(ip + 2, IPV4 + l->l4_bytes + c->payload);
	put16(ip + 6, c->fragment / 8 | (c->more_fragments ? 0x2000 : 0));
	ip[8] = 64;
	ip[9] = c->protocol;
	assert(inet_pton(AF_INET, c->source, ip + 12) == 1 &&
	       inet_pton(AF_INET, c->destination, ip + 16) == 1);
	put16(ip + 10, ~craft_sum(ip, IPV4, 0));
}

static void put_ipv6(const struct craft *c, const struct layout *l, uint8_t *ip)
{
	ip[0] = 0x60;
	put16(ip + 4, l->l3_bytes - IPV6 + l->l4_bytes + c->payload);
	ip[6] = l->fragment ? IPPROTO_FRAGMENT : c->protocol;
	ip[7] = 64;
	assert(inet_pton(AF_INET6, c->source, ip + 8) == 1 &&
	       inet_pton(AF_INET6, c->destination, ip + 24) == 1);
	if (l->fragment) {
		ip[IPV6] = c->protocol;
		put16(ip + IPV6 + 2, c->fragment | c->more_fragments);
	}
}

static uint16_t transport_sum(const struct craft *c, const struct layout *l, const uint8_t *ip)
{
	size_t bytes = l->l4_bytes + c->payload;
	uint32_t sum = 0;

	if (c->protocol != IPPROTO_ICMP) {
		sum = l->ipv6 ? craft_sum(ip + 8, 32, 0) : craft_sum(ip + 12, 8, 0);
		sum += bytes + c->protocol;
	}
	return ~craft_sum(ip + l->l3_bytes, bytes, sum);
}

static void put_transport(const struct craft *c, const struct layout *l, uint8_t *ip)
{
	uint8_t *l4 = ip + l->l3_bytes;
	size_t checksum;

	if (l->l4_bytes == 0)
		return;
	put16(l4, c->source_port);
	put16(l4 + 2, c->destination_port);
	if (c->protocol == IPPROTO_TCP) {
		put32(l4 + 4, c->sequence);
		put32(l4 + 8, c->acknowledgement);
		l4[12] = (5 + c->option_bytes / 4) << 4;
		l4[13] = c->tcp_flags;
		put16(l4 + 14, c->window);
		memcpy(l4 + 20, c->options, c->option_bytes);
		checksum = 16;
	} else if (c->protocol == IPPROTO_SCTP) {
		put32(l4 + 4, c->sequence);
		l4[SCTP] = c->chunk;
		put16(l4 + SCTP + 2, CHUNK + c->payload);
		return;
	} else if (c->protocol == IPPROTO_UDP) {
		put16(l4 + 4, 8 + c->payload);
		checksum = 6;
	} else {
		put16(l4, c->destination_port);
		put16(l4 + 2, 0);
		put16(l4 + 4, c->source_port);
		checksum = 2;
	}
	put16(l4 + checksum, transport_sum(c, l, ip) ^ (c->bad_checksum ? 0x5555 : 0));
}

size_t craft_frame(const struct craft *c, uint8_t *out)
{
	static const uint8_t from[6] = {2, 0, 0, 0, 0xaa, 0xaa};
	struct layout l = lay_out(c);
	size_t header = ETHERNET + l.l3_bytes + l.l4_bytes;

	assert(header + c->payload <= CRAFT_MAX);
	memset(out, 0, header);
	memset(out + header, 0xa5, c->payload);
	memcpy(out, c->mac, 6);
	memcpy(out + 6, from, 6);
	put16(out + 12, l.ipv6 ? 0x86dd : 0x0800);
	if (l.ipv6)
		put_ipv6(c, &l, out + ETHERNET);
	else
		put_ipv4(c, &l, out + ETHERNET);
	put_transport(c, &l, out + ETHERNET);
	return header + c->payload;
}

struct rte_mbuf *craft_packet(const struct craft *c)
{
	uint8_t frame[CRAFT_MAX];
	struct layout l = lay_out(c);
	size_t bytes = craft_frame(c, frame);
	struct rte_mbuf *m = nf_host_frame(frame, bytes, 0);
	struct packet_meta *meta = packet_meta(m);

	m->l2_len = ETHERNET;
	m->l3_len = l.l3_bytes;
	m->l4_len = c->protocol == IPPROTO_SCTP ? RTE_MIN(l.l4_bytes, (size_t)SCTP) : l.l4_bytes;
	*meta = (struct packet_meta){.protocol = c->protocol, .l3_bytes = bytes - ETHERNET};
	meta->flags = (l.ipv6 ? PACKET_IPV6 : 0) | (l.fragment ? PACKET_FRAGMENT : 0) |
		      (c->fragment ? PACKET_LATER_FRAGMENT : 0) | (l.l4_bytes ? PACKET_L4 : 0);
	if (l.l4_bytes) {
		meta->source_port = htons(c->source_port);
		meta->destination_port = htons(c->destination_port);
		meta->tcp_flags = c->protocol == IPPROTO_TCP ? c->tcp_flags : 0;
	}
	return m;
}
