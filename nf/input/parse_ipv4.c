/* SPDX-License-Identifier: Apache-2.0
 *
 * IPv4 headers: the checks of RFC 1812, sections 5.2.2 and 5.3.7, and the options. Called by input.c.
 */
#include <netinet/in.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "nf/ports.h"
#include "parse.h"
#include "parse_transport.h"

/* What the first octet says of an address (RFC 6890). */
enum address_class { CLASS_HOST, CLASS_NEVER, CLASS_MULTICAST, CLASS_RESERVED };
static const uint8_t class_of[256] = {
    [0] = CLASS_NEVER,
    [127] = CLASS_NEVER,
    [224 ... 239] = CLASS_MULTICAST,
    [240 ... 255] = CLASS_RESERVED,
};

#define FRAGMENT_BITS rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_LOOSE_ROUTE = 131, OPTION_STRICT_ROUTE = 137 };

/* Each option but two has a length; together they fill their room. Source routes are refused as RFC 7126,
 * sections 4.3.5 and 4.4.5, advises. */
static bool options_are_good(const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (*at == OPTION_LOOSE_ROUTE || *at == OPTION_STRICT_ROUTE)
			return false;
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return false;
		at += at[1];
	}
	return true;
}

static inline enum drop_reason check_addresses(const struct rte_ipv4_hdr *ip, uint16_t *flags)
{
	uint32_t source = rte_be_to_cpu_32(ip->src_addr), destination = rte_be_to_cpu_32(ip->dst_addr);
	uint8_t class = class_of[destination >> 24];

	if (unlikely(class_of[source >> 24] != CLASS_HOST || source_is_forbidden_ipv4(source)))
		return DROP_IP_SOURCE;
	if (likely(class == CLASS_HOST))
		return PARSE_GOOD;
	*flags |= PACKET_DST_GROUP;
	return class == CLASS_MULTICAST || destination == INADDR_BROADCAST ? PARSE_GOOD : DROP_IP_DESTINATION;
}

static inline enum drop_reason check_header(const struct rte_ipv4_hdr *ip, uint32_t header_bytes,
					    uint32_t there, uint32_t frame_bytes)
{
	uint32_t total = rte_be_to_cpu_16(ip->total_length);

	if (ip->version_ihl >> 4 != 4)
		return DROP_IP_VERSION;
	if (header_bytes < sizeof(*ip) || total < header_bytes)
		return DROP_IP_HEADER;
	if (header_bytes > there || total > frame_bytes)
		return DROP_IP_TRUNCATED;
	return ipv4_checksum_is_right(ip, header_bytes) ? PARSE_GOOD : DROP_IP_CHECKSUM;
}

static inline struct transport_place place_of(const struct rte_ipv4_hdr *ip, uint32_t header_bytes,
					      uint32_t there)
{
	uint32_t total = rte_be_to_cpu_16(ip->total_length), fragment = rte_be_to_cpu_16(ip->fragment_offset);

	return (struct transport_place){
	    .header = (const uint8_t *)ip + header_bytes,
	    .contiguous = RTE_MIN(there, total) - header_bytes,
	    .payload_bytes = total - header_bytes,
	    .fragment_offset = (fragment & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS,
	    .more_fragments = fragment & RTE_IPV4_HDR_MF_FLAG,
	};
}

/* The header's first 20 bytes may be read, and it says that it has `header_bytes`: where that is a constant,
 * most of this is decided when it is compiled. */
static __rte_always_inline enum drop_reason parse(struct rte_mbuf *m, uint8_t port, uint16_t flags,
						  uint32_t header_bytes)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len);
	uint32_t there = m->data_len - m->l2_len, frame_bytes = m->pkt_len - m->l2_len;
	uint32_t total = rte_be_to_cpu_16(ip->total_length);
	enum drop_reason reason = check_header(ip, header_bytes, there, frame_bytes);
	struct transport_place place;
	struct packet_meta meta;

	if (unlikely(reason != PARSE_GOOD))
		return reason;
	if (header_bytes > sizeof(*ip)) {
		if (!options_are_good((const uint8_t *)(ip + 1), (const uint8_t *)ip + header_bytes))
			return DROP_IP_OPTIONS;
		flags |= PACKET_IPV4_OPTIONS;
	}
	reason = check_addresses(ip, &flags);
	if (unlikely(reason != PARSE_GOOD))
		return reason;
	if (unlikely(total < frame_bytes))
		parse_trim(m, frame_bytes - total);
	place = place_of(ip, header_bytes, there);
	if (unlikely(ip->fragment_offset & FRAGMENT_BITS))
		flags |= PACKET_FRAGMENT | (place.fragment_offset ? PACKET_LATER_FRAGMENT : 0);
	m->l3_len = header_bytes;
	m->packet_type =
	    RTE_PTYPE_L2_ETHER | (flags & PACKET_IPV4_OPTIONS ? RTE_PTYPE_L3_IPV4_EXT : RTE_PTYPE_L3_IPV4);
	meta = (struct packet_meta){
	    .in_port = port,
	    .out_port = PORT_NONE,
	    .protocol = ip->next_proto_id,
	    .flags = flags,
	    .l3_bytes = total,
	};
	reason = parse_transport(m, &meta, &place);
	*packet_meta(m) = meta;
	return reason;
}

/* A header with options, or a wrong one. */
static __rte_noinline enum drop_reason parse_unusual(struct rte_mbuf *m, uint8_t port, uint16_t flags)
{
	return parse(m, port, flags,
		     rte_ipv4_hdr_len(rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len)));
}

enum drop_reason parse_ipv4(struct rte_mbuf *m, uint8_t port, uint16_t flags)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len);

	if (unlikely(m->data_len - m->l2_len < (int)sizeof(*ip)))
		return DROP_IP_TRUNCATED;
	if (likely(ip->version_ihl == RTE_IPV4_VHL_DEF))
		return parse(m, port, flags, sizeof(*ip));
	return parse_unusual(m, port, flags);
}
