/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport headers and fragments, the same for both families: lengths (RFC 768, RFC 9293, RFC 792, RFC
 * 4443), and fragments that only attacks send (RFC 1858, RFC 3128, RFC 8200, section 4.5, and the "ping of
 * death").
 *
 * A header, since it is inlined into the layer below, where most of what it asks is known.
 */
#ifndef NF_PARSE_TRANSPORT_H
#define NF_PARSE_TRANSPORT_H

#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "parse.h"

/* Where the transport header stands in its datagram. */
struct transport_place {
	const uint8_t *header;
	uint32_t contiguous;	  /* bytes from there on that may be read */
	uint32_t payload_bytes;	  /* of the IP packet from there on */
	uint32_t fragment_offset; /* bytes */
	bool more_fragments;
};

enum { DATAGRAM_MAX = 65535, FRAGMENT_UNIT = 8 };

static inline void read_ports(struct packet_meta *meta, const uint8_t *header)
{
	memcpy(&meta->source_port, header, sizeof(meta->source_port));
	memcpy(&meta->destination_port, header + 2, sizeof(meta->destination_port));
	meta->flags |= PACKET_L4;
}

static inline bool parse_tcp(struct rte_mbuf *m, struct packet_meta *meta,
			     const struct transport_place *place)
{
	const struct rte_tcp_hdr *tcp = (const void *)place->header;
	uint32_t bytes;

	if (place->contiguous < sizeof(*tcp))
		return false;
	bytes = (tcp->data_off >> 4) * 4;
	if (bytes < sizeof(*tcp) || bytes > place->contiguous)
		return false;
	read_ports(meta, place->header);
	meta->tcp_flags = tcp->tcp_flags;
	m->l4_len = bytes;
	m->packet_type |= RTE_PTYPE_L4_TCP;
	return true;
}

/* A first fragment has the length of the whole datagram in its header. */
static inline bool parse_udp(struct rte_mbuf *m, struct packet_meta *meta,
			     const struct transport_place *place)
{
	const struct rte_udp_hdr *udp = (const void *)place->header;
	uint16_t bytes;

	if (place->contiguous < sizeof(*udp))
		return false;
	bytes = rte_be_to_cpu_16(udp->dgram_len);
	if (bytes < sizeof(*udp) || (bytes > place->payload_bytes && !place->more_fragments))
		return false;
	read_ports(meta, place->header);
	m->l4_len = sizeof(*udp);
	m->packet_type |= RTE_PTYPE_L4_UDP;
	return true;
}

/* Ports stand where they stand in UDP (RFC 9260, section 3.1). */
static inline bool parse_sctp(struct rte_mbuf *m, struct packet_meta *meta,
			      const struct transport_place *place)
{
	if (place->contiguous < sizeof(struct rte_sctp_hdr))
		return false;
	read_ports(meta, place->header);
	m->l4_len = sizeof(struct rte_sctp_hdr);
	m->packet_type |= RTE_PTYPE_L4_SCTP;
	return true;
}

/* Whether a type of message has an identifier: echo, timestamp, information, address mask (RFC 792, RFC 950),
 * and ICMPv6 echo (RFC 4443). */
static inline bool icmp_has_identifier(uint8_t type, bool ipv6)
{
	const uint32_t ipv4_types = 1u << 0 | 1u << 8 | 0x3fu << 13;

	return ipv6 ? type >> 1 == 128 >> 1 : type < 32 && ipv4_types >> type & 1;
}

/* Type and code, as they are in the header, take the place of the destination port, an identifier that of the
 * source port. */
static inline bool parse_icmp(struct rte_mbuf *m, struct packet_meta *meta,
			      const struct transport_place *place)
{
	if (place->contiguous < sizeof(struct rte_icmp_hdr))
		return false;
	memcpy(&meta->destination_port, place->header, sizeof(meta->destination_port));
	if (icmp_has_identifier(*place->header, meta->flags & PACKET_IPV6))
		memcpy(&meta->source_port, place->header + offsetof(struct rte_icmp_hdr, icmp_ident),
		       sizeof(meta->source_port));
	meta->flags |= PACKET_L4;
	m->l4_len = sizeof(struct rte_icmp_hdr);
	m->packet_type |= RTE_PTYPE_L4_ICMP;
	return true;
}

/* Bytes of headers that count in the length of the datagram that fragments with these become: IPv4's own, or
 * IPv6's extension headers, but for the fragment header (RFC 8200, section 4.5). */
static inline uint32_t datagram_header(const struct rte_mbuf *m, const struct packet_meta *meta)
{
	if (meta->flags & PACKET_IPV6)
		return m->l3_len - sizeof(struct rte_ipv6_hdr) - sizeof(struct ip6_frag);
	return m->l3_len;
}

/* Not one that ends beyond the longest datagram, or covers bytes which only a first one may have: of a TCP
 * header, up to its flags and beyond. */
static inline bool is_possible(const struct rte_mbuf *m, const struct packet_meta *meta,
			       const struct transport_place *place)
{
	uint32_t end = place->fragment_offset + place->payload_bytes;

	if (place->payload_bytes == 0 || datagram_header(m, meta) + end > DATAGRAM_MAX)
		return false;
	if (place->more_fragments && place->payload_bytes % FRAGMENT_UNIT)
		return false;
	return place->fragment_offset == 0 || meta->protocol != IPPROTO_TCP ||
	       place->fragment_offset >= sizeof(struct rte_tcp_hdr);
}

/* Fills in what the transport header says, and judges the fragment, if it is one. meta's protocol and flags
 * are set. */
static __rte_always_inline enum drop_reason parse_transport(struct rte_mbuf *m, struct packet_meta *meta,
							    const struct transport_place *place)
{
	bool fragment = meta->flags & PACKET_FRAGMENT, ipv6 = meta->flags & PACKET_IPV6;
	bool good = true;

	m->l4_len = 0;
	if (fragment && !is_possible(m, meta, place))
		return DROP_FRAGMENT_BAD;
	if (place->fragment_offset) {
		m->packet_type |= RTE_PTYPE_L4_FRAG;
		return PARSE_GOOD;
	}
	if (meta->protocol == IPPROTO_TCP)
		good = parse_tcp(m, meta, place);
	else if (meta->protocol == IPPROTO_UDP)
		good = parse_udp(m, meta, place);
	else if (meta->protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		good = parse_icmp(m, meta, place);
	else if (meta->protocol == IPPROTO_SCTP)
		good = parse_sctp(m, meta, place);
	if (good)
		return PARSE_GOOD;
	return fragment ? DROP_FRAGMENT_BAD : DROP_L4_TRUNCATED;
}

#endif
