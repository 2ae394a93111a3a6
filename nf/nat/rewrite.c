/* SPDX-License-Identifier: Apache-2.0
 *
 * Rewriting; see rewrite.h. A change is a sum: of the new words and of the old ones' complements. The IPv4
 * header's checksum takes that of the addresses, the transport's takes that of addresses (they are in the
 * pseudo-header; in ICMP's they aren't) and port.
 *
 * A checksum that the way out will finish has only the pseudo-header's sum, not complemented (nf/host.h): the
 * addresses are added to it, the ports are not.
 */
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "rewrite.h"

#define UNFINISHED (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_TCP_SEG)

static inline uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* What replacing some bytes, an even number of them, adds to a sum of 16-bit words. */
static uint32_t change_of(const void *before, const void *after, uint32_t bytes)
{
	const uint8_t *from = before, *to = after;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < bytes; i += 2) {
		uint16_t a, b;

		memcpy(&a, from + i, 2);
		memcpy(&b, to + i, 2);
		sum += (uint16_t)~a + b;
	}
	return fold(sum);
}

bool rewrite_is_possible(const struct packet_meta *meta)
{
	if (meta->flags & PACKET_SIGNED)
		return false;
	if (has_changeable_port(meta->protocol))
		return meta->flags & PACKET_L4; /* else a fragment whose first one was never seen */
	return meta->protocol != IPPROTO_AH && meta->protocol != IPPROTO_DCCP &&
	       meta->protocol != IPPROTO_UDPLITE;
}

static inline uint16_t changed(uint16_t checksum, uint32_t change)
{
	return ~fold((uint16_t)~checksum + (uint64_t)change);
}

static uint16_t *checksum_field(struct rte_mbuf *m, const struct packet_meta *meta)
{
	uint8_t *transport = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len);

	if (meta->protocol == IPPROTO_TCP)
		return (uint16_t *)(transport + offsetof(struct rte_tcp_hdr, cksum));
	if (meta->protocol == IPPROTO_UDP)
		return (uint16_t *)(transport + offsetof(struct rte_udp_hdr, dgram_cksum));
	return (uint16_t *)(transport + offsetof(struct rte_icmp_hdr, icmp_cksum));
}

/* UDP without a checksum stays so, and one that becomes 0 is written as its other form (RFC 768). */
static void change_transport(struct rte_mbuf *m, const struct packet_meta *meta, uint32_t addresses,
			     uint32_t port)
{
	uint16_t *checksum;
	bool udp = meta->protocol == IPPROTO_UDP;

	if (!has_changeable_port(meta->protocol) || !(meta->flags & PACKET_L4) ||
	    meta->flags & PACKET_LATER_FRAGMENT)
		return;
	checksum = checksum_field(m, meta);
	if (m->ol_flags & UNFINISHED) {
		*checksum = fold((uint64_t)*checksum + addresses);
		return;
	}
	if (udp && *checksum == 0)
		return;
	*checksum = changed(*checksum, (meta->protocol == IPPROTO_ICMP ? 0 : addresses) + port);
	if (udp && *checksum == 0)
		*checksum = 0xffff;
	else if (meta->protocol == IPPROTO_ICMP)
		*checksum = checksum_of_echo(
		    *checksum, rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, m->l2_len + m->l3_len));
}

static uint8_t *address_field(struct rte_mbuf *m, const struct packet_meta *meta, bool source)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);

	if (meta->flags & PACKET_IPV6)
		return ip + (source ? offsetof(struct rte_ipv6_hdr, src_addr)
				    : offsetof(struct rte_ipv6_hdr, dst_addr));
	return ip +
	       (source ? offsetof(struct rte_ipv4_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, dst_addr));
}

/* Returns what it adds to sums. */
static uint32_t change_address(struct rte_mbuf *m, const struct packet_meta *meta, bool source,
			       const struct address *to)
{
	bool ipv6 = meta->flags & PACKET_IPV6;
	uint8_t *field = address_field(m, meta, source);
	uint32_t change = change_of(field, to->bytes, address_bytes(ipv6));
	struct rte_ipv4_hdr *ip;

	memcpy(field, to->bytes, address_bytes(ipv6));
	if (!ipv6) {
		ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
		ip->hdr_checksum = changed(ip->hdr_checksum, change);
	}
	return change;
}

/* The port in the header, or the identifier of an ICMP query; NULL: there is none to be changed. */
static uint16_t *port_field(struct rte_mbuf *m, const struct packet_meta *meta, bool source)
{
	uint8_t *transport = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len);

	if (meta->flags & PACKET_LATER_FRAGMENT)
		return NULL;
	if (is_icmp_protocol(meta->protocol))
		return (uint16_t *)(transport + offsetof(struct rte_icmp_hdr, icmp_ident));
	return (uint16_t *)(transport + (source ? 0 : sizeof(uint16_t)));
}

/* Returns what it adds to sums. */
static uint32_t change_port(struct rte_mbuf *m, struct packet_meta *meta, bool source, rte_be16_t to)
{
	rte_be16_t *known =
	    source || is_icmp_protocol(meta->protocol) ? &meta->source_port : &meta->destination_port;
	uint16_t *field;
	uint32_t change = 0;

	if (!has_changeable_port(meta->protocol) || !(meta->flags & PACKET_L4) || *known == to)
		return 0;
	field = port_field(m, meta, source);
	if (field) {
		change = change_of(field, &to, sizeof(to));
		memcpy(field, &to, sizeof(to));
	}
	*known = to;
	return change;
}

static void rewrite_end(struct rte_mbuf *m, bool source, const struct endpoint *to)
{
	struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6;
	uint32_t addresses = 0, port;

	if (memcmp(address_field(m, meta, source), to->address.bytes, address_bytes(ipv6)) != 0)
		addresses = change_address(m, meta, source, &to->address);
	port = change_port(m, meta, source, to->port);
	if (addresses == 0 && port == 0)
		return;
	change_transport(m, meta, addresses, port);
	meta->flags |= PACKET_TRANSLATED;
}

void rewrite_source(struct rte_mbuf *m, const struct endpoint *to)
{
	rewrite_end(m, true, to);
}

void rewrite_destination(struct rte_mbuf *m, const struct endpoint *to)
{
	rewrite_end(m, false, to);
}

void rewrite(struct rte_mbuf *m, const struct ends *to)
{
	rewrite_end(m, true, &to->source);
	rewrite_end(m, false, &to->destination);
}

struct ends rewrite_ends(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6, icmp = is_icmp_protocol(meta->protocol);

	return (struct ends){
	    .source = {address_read(ipv6, address_field(m, meta, true)), meta->source_port},
	    .destination = {address_read(ipv6, address_field(m, meta, false)),
			    icmp ? meta->source_port : meta->destination_port},
	};
}

static inline uint64_t words_of(uint64_t value)
{
	return (value & 0xffffffff) + (value >> 32);
}

/* Addresses are one load and one store, and so are ports: `back` has both the other way round. */
void rewrite_ipv4(struct rte_mbuf *m, struct packet_meta *meta, const struct flow_tuple *back)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	uint8_t *transport = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len);
	uint16_t *checksum = checksum_field(m, meta);
	uint64_t old_addresses, addresses = (uint64_t)back->source << 32 | back->destination;
	uint32_t old_ports, ports = (uint32_t)back->source_port << 16 | back->destination_port;
	uint64_t change;

	memcpy(&old_addresses, &ip->src_addr, sizeof(old_addresses));
	memcpy(&old_ports, transport, sizeof(old_ports));
	memcpy(&ip->src_addr, &addresses, sizeof(addresses));
	memcpy(transport, &ports, sizeof(ports));
	meta->source_port = back->destination_port;
	meta->destination_port = back->source_port;
	change = words_of(~old_addresses) + words_of(addresses);
	ip->hdr_checksum = ~fold((uint16_t)~ip->hdr_checksum + change);
	if (m->ol_flags & UNFINISHED) {
		*checksum = fold(*checksum + change);
		return;
	}
	if (unlikely(meta->protocol == IPPROTO_UDP && *checksum == 0))
		return;
	*checksum = ~fold((uint16_t) ~*checksum + change + (uint32_t)~old_ports + ports);
	if (unlikely(meta->protocol == IPPROTO_UDP && *checksum == 0))
		*checksum = 0xffff;
}
