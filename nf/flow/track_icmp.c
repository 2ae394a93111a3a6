/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP errors: which packet an error says that it is about (RFC 792, RFC 4443, section 2.4; RFC 1812, section
 * 4.3.2.3), read from bytes that anybody may have made up. The quote is cut off anywhere: what counts is
 * there as far as the ports, or there is no flow to be found.
 */
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "nf/flow/track.h"
#include "nf/flow/track_tcp.h"
#include "nf/input/parse.h"

enum {
	ICMP_HEADER_BYTES = 8,
	PORTS_BYTES = 4,
	SEQUENCE_BYTES = 8, /* of a TCP header, up to the end of its sequence number */
	EXTENSION_UNIT = 8,
	PROTOCOL_AH = 51,
};

/* Errors that are about a flow: destination unreachable, time exceeded, parameter problem, and packet too
 * big. The source quench is obsolete (RFC 6633), and a redirect is for a host on the link. */
bool track_is_error(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint8_t type = rte_be_to_cpu_16(meta->destination_port) >> 8;

	if ((meta->flags & (PACKET_L4 | PACKET_FRAGMENT)) != PACKET_L4)
		return false;
	if (meta->flags & PACKET_IPV6)
		return meta->protocol == IPPROTO_ICMPV6 && type >= 1 && type <= 4;
	return meta->protocol == IPPROTO_ICMP && (type == 3 || type == 11 || type == 12);
}

static bool checksum_is_right(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint32_t offset = m->l2_len + m->l3_len, bytes = meta->l3_bytes - m->l3_len;

	if (meta->flags & PACKET_IPV6)
		return checksum_icmpv6(m, rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len),
				       offset, bytes) == 0xffff;
	return checksum_packet(m, offset, bytes, 0) == 0xffff;
}

/* The quoted header, as it stands in the first segment. */
struct cursor {
	const uint8_t *start; /* of the frame */
	uint32_t at, end;     /* offsets: what is read next, and where the readable bytes end */
};

static const uint8_t *need(const struct cursor *cursor, uint32_t bytes)
{
	return cursor->end - cursor->at >= bytes ? cursor->start + cursor->at : NULL;
}

static bool read_ipv4(struct cursor *cursor, struct track_quote *quote)
{
	const struct rte_ipv4_hdr *ip = (const void *)need(cursor, sizeof(*ip));
	uint32_t bytes;

	if (!ip || ip->version_ihl >> 4 != 4)
		return false;
	bytes = rte_ipv4_hdr_len(ip);
	if (bytes < sizeof(*ip) || !need(cursor, bytes) || !ipv4_checksum_is_right(ip, bytes))
		return false;
	quote->tuple.source = ip->src_addr;
	quote->tuple.destination = ip->dst_addr;
	quote->tuple.protocol = ip->next_proto_id;
	quote->later_fragment = ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK);
	cursor->at += bytes;
	return true;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_DSTOPTS || protocol == PROTOCOL_AH;
}

/* One extension header, as in parse_ipv6.c. */
static bool skip_extension(struct cursor *cursor, struct track_quote *quote)
{
	const uint8_t *header = need(cursor, EXTENSION_UNIT);
	uint32_t bytes;

	if (!header)
		return false;
	if (quote->tuple.protocol == PROTOCOL_AH)
		bytes = (header[1] + 2) * 4;
	else if (quote->tuple.protocol == IPPROTO_FRAGMENT)
		bytes = sizeof(struct ip6_frag);
	else
		bytes = (header[1] + 1) * EXTENSION_UNIT;
	if (quote->tuple.protocol == IPPROTO_FRAGMENT)
		quote->later_fragment = (header[2] << 8 | header[3]) & 0xfff8;
	quote->tuple.protocol = header[0];
	if (!need(cursor, bytes))
		return false;
	cursor->at += bytes;
	return true;
}

static bool read_ipv6(struct cursor *cursor, struct track_quote *quote)
{
	const struct rte_ipv6_hdr *ip = (const void *)need(cursor, sizeof(*ip));
	uint32_t start = cursor->at;

	if (!ip || *(const uint8_t *)ip >> 4 != 6)
		return false;
	memcpy(quote->ipv6.source, ip->src_addr, sizeof(quote->ipv6.source));
	memcpy(quote->ipv6.destination, ip->dst_addr, sizeof(quote->ipv6.destination));
	quote->tuple.ipv6 = 1;
	quote->tuple.protocol = ip->proto;
	cursor->at += sizeof(*ip);
	for (int i = 0; is_extension(quote->tuple.protocol) && !quote->later_fragment; i++)
		if (i == EXTENSIONS_MAX || cursor->at - start > sizeof(*ip) + EXTENSION_BYTES_MAX ||
		    !skip_extension(cursor, quote))
			return false;
	return true;
}

static bool has_ports(const struct flow_tuple *tuple)
{
	return tuple->protocol == IPPROTO_TCP || tuple->protocol == IPPROTO_UDP ||
	       tuple->protocol == IPPROTO_SCTP;
}

/* The part of the transport header that a tuple has, and TCP's sequence number: RFC 792 promises eight bytes,
 * and who quotes less has something to hide. Of a query both type and identifier. */
static bool read_transport(const struct cursor *cursor, struct track_quote *quote)
{
	const uint8_t *header = need(cursor, PORTS_BYTES);
	rte_be32_t sequence;

	if (has_ports(&quote->tuple)) {
		if (!header)
			return false;
		memcpy(&quote->tuple.source_port, header, sizeof(quote->tuple.source_port));
		memcpy(&quote->tuple.destination_port, header + 2, sizeof(quote->tuple.destination_port));
		if (quote->tuple.protocol != IPPROTO_TCP)
			return true;
		if (!need(cursor, SEQUENCE_BYTES))
			return false;
		memcpy(&sequence, header + 4, sizeof(sequence));
		quote->sequence = rte_be_to_cpu_32(sequence);
		return true;
	}
	if (quote->tuple.protocol != (quote->tuple.ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return true;
	if (!need(cursor, SEQUENCE_BYTES))
		return false;
	memcpy(&quote->tuple.destination_port, header, sizeof(quote->tuple.destination_port));
	memcpy(&quote->tuple.source_port, header + 4, sizeof(quote->tuple.source_port));
	return true;
}

enum drop_reason track_quote_read(struct rte_mbuf *m, struct track_quote *quote)
{
	const struct packet_meta *meta = packet_meta(m);
	uint32_t packet_end = m->l2_len + meta->l3_bytes;
	struct cursor cursor = {
	    .start = rte_pktmbuf_mtod(m, const uint8_t *),
	    .at = m->l2_len + m->l3_len + ICMP_HEADER_BYTES,
	    .end = RTE_MIN((uint32_t)m->data_len, packet_end),
	};

	*quote = (struct track_quote){0};
	if (!checksum_is_right(m))
		return DROP_L4_CHECKSUM;
	if (cursor.at > cursor.end)
		return DROP_ICMP_UNRELATED;
	quote->l3_offset = cursor.at;
	if (!(meta->flags & PACKET_IPV6 ? read_ipv6(&cursor, quote) : read_ipv4(&cursor, quote)))
		return DROP_ICMP_UNRELATED;
	quote->l4_offset = cursor.at;
	quote->l4_bytes = cursor.end - cursor.at;
	return quote->later_fragment || read_transport(&cursor, quote) ? TRACK_GOOD : DROP_ICMP_UNRELATED;
}

/* A TCP sequence number that isn't in flight was made up (RFC 5927, section 4.1). */
enum drop_reason track_quote_check(const struct flow_record *record, enum flow_direction direction,
				   const struct track_quote *quote)
{
	if (quote->tuple.protocol == IPPROTO_TCP && !track_tcp_has_sent(record, direction, quote->sequence))
		return DROP_ICMP_UNRELATED;
	return TRACK_GOOD;
}
