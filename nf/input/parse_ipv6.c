/* SPDX-License-Identifier: Apache-2.0
 *
 * IPv6 headers and extension headers (RFC 8200). Called by input.c.
 *
 * The chain of extension headers is walked to the transport header, in the first fragment too, which must
 * hold all of it (RFC 7112). Its length is bounded. Routing headers of type 0 are refused (RFC 5095), and so
 * are fragments within fragments, and jumbograms (RFC 2675). Options are checked to be well-formed; what they
 * ask of routers is ignored, as RFC 8200, section 4, allows.
 */
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/ports.h"
#include "nf/router/nd.h"
#include "parse.h"
#include "parse_transport.h"

enum { EXTENSION_UNIT = 8, OPTION_PAD1 = 0, OPTION_JUMBO = 0xc2, PROTOCOL_AH = 51 };

struct walk {
	const uint8_t *start; /* the IPv6 header */
	uint32_t limit;	      /* bytes from there on that may be read and belong to the packet */
	uint32_t at;	      /* offset of the header that `next` names */
	uint8_t next;
	uint8_t headers;
	uint16_t flags;
	bool fragmented; /* a fragment header has come: there is one at most */
	uint32_t fragment_offset;
	bool more_fragments;
};

/* Type-length-value options (RFC 8200, section 4.2) fill their header. */
static bool options_are_good(const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		if (*at == OPTION_PAD1) {
			at++;
			continue;
		}
		if (*at == OPTION_JUMBO || end - at < 2 || at[1] > end - at - 2)
			return false;
		at += 2 + at[1];
	}
	return true;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_DSTOPTS || protocol == PROTOCOL_AH;
}

/* RFC 8200, section 4.5. A fragment that is whole (RFC 6946) counts as none. */
static void read_fragment(struct walk *walk, const uint8_t *header)
{
	uint16_t field = header[2] << 8 | header[3];

	walk->fragmented = true;
	walk->fragment_offset = field & 0xfff8;
	walk->more_fragments = field & 1;
	if (walk->fragment_offset || walk->more_fragments)
		walk->flags |= PACKET_FRAGMENT;
	if (walk->fragment_offset)
		walk->flags |= PACKET_LATER_FRAGMENT;
}

static uint32_t extension_bytes(uint8_t protocol, const uint8_t *header)
{
	if (protocol == PROTOCOL_AH)
		return (header[1] + 2) * 4; /* RFC 4302, section 2.2 */
	return protocol == IPPROTO_FRAGMENT ? sizeof(struct ip6_frag) : (header[1] + 1u) * EXTENSION_UNIT;
}

/* One extension header. False: it is malformed, in the wrong place, or too much. */
static bool step(struct walk *walk)
{
	const uint8_t *header = walk->start + walk->at;
	uint32_t bytes;

	if (++walk->headers > EXTENSIONS_MAX || walk->limit - walk->at < EXTENSION_UNIT)
		return false;
	bytes = extension_bytes(walk->next, header);
	if (bytes > walk->limit - walk->at ||
	    walk->at + bytes > sizeof(struct rte_ipv6_hdr) + EXTENSION_BYTES_MAX)
		return false;
	if ((walk->next == IPPROTO_HOPOPTS && walk->headers > 1) ||
	    (walk->next == IPPROTO_FRAGMENT && walk->fragmented))
		return false;
	if ((walk->next == IPPROTO_HOPOPTS || walk->next == IPPROTO_DSTOPTS) &&
	    !options_are_good(header + 2, header + bytes))
		return false;
	if (walk->next == IPPROTO_ROUTING && header[2] == 0)
		return false;
	if (walk->next == IPPROTO_FRAGMENT)
		read_fragment(walk, header);
	if (walk->next == PROTOCOL_AH)
		walk->flags |= PACKET_SIGNED;
	walk->next = header[0];
	walk->at += bytes;
	return true;
}

static bool is_mapped_or_low(const uint8_t address[16])
{
	static const uint8_t zeros[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0 ||
	       (memcmp(address, zeros, 15) == 0 && address[15] <= 1);
}

/* RFC 4291, sections 2.5 and 2.7. The unspecified source is for duplicate address detection only, and nd.c
 * judges that. */
static enum drop_reason check_addresses(const struct rte_ipv6_hdr *ip, uint8_t port, bool nd)
{
	static const uint8_t unspecified[16];
	bool unspecified_source = memcmp(ip->src_addr, unspecified, 16) == 0;

	if (ipv6_is_multicast(ip->src_addr) || source_is_forbidden_ipv6(ip->src_addr) ||
	    memcmp(ip->src_addr, ports[port].link_local, 16) == 0)
		return DROP_IP_SOURCE;
	if (is_mapped_or_low(ip->src_addr) && !(unspecified_source && nd))
		return DROP_IP_SOURCE;
	/* ff00:: and ff01:: are reserved and interface-local: never on a link. */
	if (is_mapped_or_low(ip->dst_addr) ||
	    (ipv6_is_multicast(ip->dst_addr) && (ip->dst_addr[1] & 0xf) <= 1))
		return DROP_IP_DESTINATION;
	return PARSE_GOOD;
}

static enum drop_reason check_header(const struct rte_ipv6_hdr *ip, uint32_t there, uint32_t frame_bytes)
{
	if (there < sizeof(*ip))
		return DROP_IP_TRUNCATED;
	if (rte_be_to_cpu_32(ip->vtc_flow) >> 28 != 6)
		return DROP_IP_VERSION;
	return sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len) > frame_bytes ? DROP_IP_TRUNCATED : PARSE_GOOD;
}

static void set_facts(struct rte_mbuf *m, uint8_t port, const struct walk *walk, uint32_t total)
{
	m->l3_len = walk->at;
	m->packet_type = RTE_PTYPE_L2_ETHER | (walk->headers ? RTE_PTYPE_L3_IPV6_EXT : RTE_PTYPE_L3_IPV6);
	*packet_meta(m) = (struct packet_meta){
	    .in_port = port,
	    .out_port = PORT_NONE,
	    .protocol = walk->next,
	    .flags = walk->flags | PACKET_IPV6,
	    .l3_bytes = RTE_MIN(total, UINT16_MAX),
	};
}

enum drop_reason parse_ipv6(struct rte_mbuf *m, uint8_t port, uint16_t flags)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	uint32_t there = m->data_len - m->l2_len, frame_bytes = m->pkt_len - m->l2_len, total;
	enum drop_reason reason = check_header(ip, there, frame_bytes);
	struct walk walk = {.start = (const uint8_t *)ip, .at = sizeof(*ip), .flags = flags};
	bool nd = false;

	if (unlikely(reason != PARSE_GOOD))
		return reason;
	total = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	walk.limit = RTE_MIN(there, total);
	walk.next = ip->proto;
	while (unlikely(is_extension(walk.next)) && !walk.fragment_offset)
		if (!step(&walk))
			return walk.flags & PACKET_FRAGMENT ? DROP_FRAGMENT_BAD : DROP_IPV6_EXTENSION;
	if (walk.next == IPPROTO_ICMPV6 && !walk.fragment_offset && walk.at < walk.limit)
		nd = nd_is_message(walk.start[walk.at]);
	reason = check_addresses(ip, port, nd);
	if (unlikely(reason != PARSE_GOOD))
		return reason;
	if (ipv6_is_multicast(ip->dst_addr))
		walk.flags |= PACKET_DST_GROUP;
	if (total < frame_bytes)
		parse_trim(m, frame_bytes - total);
	set_facts(m, port, &walk, total);
	return parse_transport(m, packet_meta(m),
			       &(struct transport_place){
				   .header = walk.start + walk.at,
				   .contiguous = walk.limit - walk.at,
				   .payload_bytes = total - walk.at,
				   .fragment_offset = walk.fragment_offset,
				   .more_fragments = walk.more_fragments,
			       });
}

uint32_t parse_fragment_header(const uint8_t *ip, uint32_t *announced)
{
	uint32_t at = sizeof(struct rte_ipv6_hdr);

	*announced = offsetof(struct rte_ipv6_hdr, proto);
	while (ip[*announced] != IPPROTO_FRAGMENT) {
		uint32_t bytes = extension_bytes(ip[*announced], ip + at);

		*announced = at;
		at += bytes;
	}
	return at;
}
