/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors; see nat_icmp.h. An error goes the way of the packets that answer the one it quotes. So the quote is
 * a packet of the other direction as it left, and becomes what it was when it arrived. The outer destination
 * is where packets of the error's direction go. The outer source is changed where the error comes from behind
 * the translation, from the host itself or a router before it: nobody outside may see an inside address
 * (REQ-4 to REQ-6).
 *
 * Every 16-bit word that changes in the quote changes the error's own checksum too.
 */
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "nf/flow/track.h"
#include "nat_icmp.h"
#include "rewrite.h"

/* The quote in the error's frame, and the checksum over it. */
struct quoted {
	uint8_t *ip, *transport;
	uint16_t transport_bytes; /* that are there */
	uint16_t *outer;
};

/* Writes a word of the quote; `inner` is a checksum in the quote that covers it, or NULL. */
static void write_word(const struct quoted *quoted, void *at, uint16_t value, uint16_t *inner)
{
	uint16_t before, sum_before;

	memcpy(&before, at, sizeof(before));
	if (before == value)
		return;
	memcpy(at, &value, sizeof(value));
	*quoted->outer = checksum_update(*quoted->outer, before, value);
	if (!inner)
		return;
	sum_before = *inner;
	*inner = checksum_update(*inner, before, value);
	*quoted->outer = checksum_update(*quoted->outer, sum_before, *inner);
}

/* The checksum of the quoted transport header, where it is there and there is one. */
static uint16_t *inner_checksum(const struct quoted *quoted, uint8_t protocol)
{
	static const uint8_t offsets[256] = {
	    [IPPROTO_TCP] = offsetof(struct rte_tcp_hdr, cksum),
	    [IPPROTO_UDP] = offsetof(struct rte_udp_hdr, dgram_cksum),
	    [IPPROTO_ICMP] = offsetof(struct rte_icmp_hdr, icmp_cksum),
	    [IPPROTO_ICMPV6] = offsetof(struct rte_icmp_hdr, icmp_cksum),
	};
	uint16_t *field = (uint16_t *)(quoted->transport + offsets[protocol]);

	if (!offsets[protocol] || quoted->transport_bytes < offsets[protocol] + sizeof(*field))
		return NULL;
	return protocol == IPPROTO_UDP && *field == 0 ? NULL : field;
}

/* An address is in the IPv4 header's checksum, and in the transport's but for ICMP. */
static void write_address(const struct quoted *quoted, uint8_t *at, const struct address *to, bool ipv6,
			  uint16_t *transport_sum)
{
	uint16_t *header_sum =
	    ipv6 ? NULL : (uint16_t *)(quoted->ip + offsetof(struct rte_ipv4_hdr, hdr_checksum));

	for (uint8_t i = 0; i < address_bytes(ipv6); i += 2) {
		uint16_t before, value, sum_before;

		memcpy(&value, to->bytes + i, sizeof(value));
		memcpy(&before, at + i, sizeof(before));
		write_word(quoted, at + i, value, header_sum);
		if (!transport_sum || before == value)
			continue;
		sum_before = *transport_sum;
		*transport_sum = checksum_update(*transport_sum, before, value);
		*quoted->outer = checksum_update(*quoted->outer, sum_before, *transport_sum);
	}
}

static void write_ports(const struct quoted *quoted, uint8_t protocol, const struct ends *to, uint16_t *sum)
{
	if (is_icmp_protocol(protocol)) {
		write_word(quoted, quoted->transport + offsetof(struct rte_icmp_hdr, icmp_ident),
			   to->source.port, sum);
	} else if (has_changeable_port(protocol)) {
		write_word(quoted, quoted->transport, to->source.port, sum);
		write_word(quoted, quoted->transport + sizeof(uint16_t), to->destination.port, sum);
	}
}

static void rewrite_quote(const struct quoted *quoted, uint8_t protocol, bool ipv6, const struct ends *to)
{
	uint16_t *sum = inner_checksum(quoted, protocol);
	uint8_t *source = quoted->ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr)
					     : offsetof(struct rte_ipv4_hdr, src_addr));
	uint8_t *destination = quoted->ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, dst_addr)
						  : offsetof(struct rte_ipv4_hdr, dst_addr));
	uint16_t *pseudo_sum = protocol == IPPROTO_ICMP ? NULL : sum;

	write_address(quoted, source, &to->source.address, ipv6, pseudo_sum);
	write_address(quoted, destination, &to->destination.address, ipv6, pseudo_sum);
	write_ports(quoted, protocol, to, sum);
	if (sum && protocol == IPPROTO_UDP && *sum == 0)
		*sum = 0xffff; /* as it was sent (RFC 768); to the sums above, it is the same */
}

/* The outer header: rewrite() would take type and code for ports. */
static void rewrite_outer(struct rte_mbuf *m, const struct flow_record *record, enum flow_direction direction)
{
	const struct packet_meta *meta = packet_meta(m);
	struct ends arriving = ends_arriving(record, direction), leaving = ends_leaving(record, direction);

	leaving.destination.port = leaving.source.port = meta->source_port;
	if (!address_equal(&arriving.source.address, &leaving.source.address))
		rewrite_source(m, &leaving.source);
	rewrite_destination(m, &leaving.destination);
}

void nat_icmp_translate(struct rte_mbuf *m, const struct flow_record *record)
{
	enum flow_direction direction = flow_direction_of(packet_meta(m));
	struct ends inner = ends_arriving(record, !direction);
	struct track_quote quote;
	struct quoted quoted;

	if (track_quote_read(m, &quote) != TRACK_GOOD)
		return; /* it was good in flow_find, and only the outer destination has changed since */
	quoted = (struct quoted){
	    .ip = rte_pktmbuf_mtod_offset(m, uint8_t *, quote.l3_offset),
	    .transport = rte_pktmbuf_mtod_offset(m, uint8_t *, quote.l4_offset),
	    .transport_bytes = quote.l4_bytes,
	    .outer = rte_pktmbuf_mtod_offset(
		m, uint16_t *, m->l2_len + m->l3_len + offsetof(struct rte_icmp_hdr, icmp_cksum)),
	};
	rewrite_quote(&quoted, quote.tuple.protocol, quote.tuple.ipv6, &inner);
	rewrite_outer(m, record, direction);
}
