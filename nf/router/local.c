/* SPDX-License-Identifier: Apache-2.0
 *
 * Local delivery: the appliance answers echo requests, and tells everybody else that it offers nothing
 * (RFC 1122, sections 3.2.2 and 4.1.3.1; RFC 4443). Called by router_forward.
 *
 * Echo requests in fragments come here whole (nf/input/assemble.h), where there is reassembly; of other
 * datagrams, fragments are dropped. A TCP segment is dropped without an answer; a firewall rule that says
 * reject sends the reset.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "nf/packet.h"
#include "nf/ports.h"
#include "icmp.h"
#include "local.h"
#include "router.h"

enum {
	ECHO_TTL = 64,
	ICMPV4_ECHO_REPLY = 0,
	ICMPV4_ECHO_REQUEST = 8,
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
};

static bool icmp_is_right(const struct rte_mbuf *m, bool ipv6)
{
	uint32_t offset = m->l2_len + m->l3_len, bytes = m->pkt_len - offset;

	if (ipv6)
		return checksum_icmpv6(m, rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len),
				       offset, bytes) == 0xffff;
	return checksum_packet(m, offset, bytes, 0) == 0xffff;
}

/* A checksum of 0 says that there is none, which only IPv4 allows (RFC 768; RFC 8200, section 8.1). One that
 * was left to be finished on the way out never was on a wire. */
static bool udp_is_right(struct rte_mbuf *m, bool ipv6)
{
	uint32_t offset = m->l2_len + m->l3_len;
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, offset);
	uint16_t bytes = rte_be_to_cpu_16(udp->dgram_len);

	if (m->ol_flags & (RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_RX_L4_CKSUM_GOOD))
		return true;
	if (udp->dgram_cksum == 0)
		return !ipv6;
	return (ipv6 ? checksum_transport6(m, ip, IPPROTO_UDP, offset, bytes)
		     : checksum_transport4(m, ip, IPPROTO_UDP, offset, bytes)) == 0xffff;
}

/* Moves an IP header to right before the ICMP header, over the Ethernet header, options and extension
 * headers, which an answer does not have. */
static void *strip_to(struct rte_mbuf *m, uint32_t header_bytes)
{
	void *old = rte_pktmbuf_mtod_offset(m, void *, m->l2_len);
	void *new = rte_pktmbuf_adj(m, m->l2_len + m->l3_len - header_bytes);

	memmove(new, old, header_bytes);
	m->l2_len = 0;
	m->l3_len = header_bytes;
	return new;
}

static void reply_ipv4(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = strip_to(m, sizeof(*ip));
	struct rte_icmp_hdr *icmp = (void *)(ip + 1);
	rte_be32_t asked = ip->dst_addr;

	icmp->icmp_cksum = checksum_update(icmp->icmp_cksum, ICMPV4_ECHO_REQUEST, ICMPV4_ECHO_REPLY);
	icmp->icmp_type = ICMPV4_ECHO_REPLY;
	icmp->icmp_cksum = checksum_of_echo(icmp->icmp_cksum, icmp);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(m->pkt_len);
	ip->fragment_offset = 0;
	ip->time_to_live = ECHO_TTL;
	ip->dst_addr = ip->src_addr;
	ip->src_addr = asked;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* RFC 4443, section 4.2: the reply to a multicast or anycast request comes from a unicast address. */
static void reply_ipv6(struct rte_mbuf *m)
{
	struct rte_ipv6_hdr *ip = strip_to(m, sizeof(*ip));
	struct rte_icmp_hdr *icmp = (void *)(ip + 1);
	uint8_t port = packet_meta(m)->in_port;
	uint32_t bytes = m->pkt_len - sizeof(*ip);
	uint8_t source[16];

	memcpy(source, ip->dst_addr, sizeof(source));
	if (ipv6_is_multicast(source) || !router_owns_ipv6(source))
		memcpy(source, port_source_ipv6(port, ip->src_addr), sizeof(source));
	ip->proto = IPPROTO_ICMPV6;
	ip->payload_len = rte_cpu_to_be_16(bytes);
	ip->hop_limits = ECHO_TTL;
	memcpy(ip->dst_addr, ip->src_addr, sizeof(source));
	memcpy(ip->src_addr, source, sizeof(source));
	icmp->icmp_type = ICMPV6_ECHO_REPLY;
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = ~checksum_icmpv6(m, ip, sizeof(*ip), bytes);
}

/* Answers in the request's own buffer: the arrival ends as consumed here, and what leaves is a new packet to
 * the books, originated. Takes it. */
static void echo(struct rte_mbuf *m, bool ipv6)
{
	stats.consumed++;
	m->ol_flags = 0;
	if (ipv6)
		reply_ipv6(m);
	else
		reply_ipv4(m);
	router_originate(m);
}

static void deliver_icmp(struct rte_mbuf *m, bool ipv6)
{
	uint8_t type = *(const uint8_t *)&packet_meta(m)->destination_port;
	bool group = packet_meta(m)->flags & PACKET_DST_GROUP;

	if (!icmp_is_right(m, ipv6))
		packet_drop(m, DROP_LOCAL_CHECKSUM);
	else if (type == (ipv6 ? ICMPV6_ECHO_REQUEST : ICMPV4_ECHO_REQUEST))
		echo(m, ipv6);
	else if (icmp_is_error(type, ipv6) && !group)
		packet_consume(m);
	else
		packet_drop(m, DROP_LOCAL_UNWANTED);
}

/* Offset of the field that names the transport protocol, for a parameter problem. input checked the chain. */
static uint32_t protocol_field(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	uint32_t field = offsetof(struct rte_ipv6_hdr, proto), at = sizeof(struct rte_ipv6_hdr);

	while (at < m->l3_len) {
		uint8_t next = ip[field];

		field = at;
		if (next == IPPROTO_FRAGMENT)
			at += 8;
		else
			at += next == IPPROTO_AH ? (ip[at + 1] + 2) * 4 : (ip[at + 1] + 1) * 8;
	}
	return field;
}

bool local_wants(struct rte_mbuf *m)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	const struct packet_meta *meta = packet_meta(m);
	uint8_t type = *(const uint8_t *)&meta->destination_port;

	if ((meta->flags & (PACKET_L4 | PACKET_L2_GROUP)) != PACKET_L4)
		return false;
	if (meta->flags & PACKET_IPV6)
		return meta->protocol == IPPROTO_ICMPV6 && type == ICMPV6_ECHO_REQUEST &&
		       router_owns_ipv6(((const struct rte_ipv6_hdr *)ip)->dst_addr);
	return meta->protocol == IPPROTO_ICMP && type == ICMPV4_ECHO_REQUEST &&
	       router_owns_ipv4(rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)ip)->dst_addr));
}

void local_deliver(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	bool ipv6 = meta->flags & PACKET_IPV6;

	if (meta->flags & PACKET_FRAGMENT) {
		packet_drop(m, DROP_LOCAL_UNWANTED);
		return;
	}
	if (meta->protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		deliver_icmp(m, ipv6);
		return;
	}
	if (meta->protocol == IPPROTO_UDP && !udp_is_right(m, ipv6)) {
		packet_drop(m, DROP_LOCAL_CHECKSUM);
		return;
	}
	if (meta->protocol == IPPROTO_UDP)
		icmp_error_send(m, ICMP_ERROR_PORT_UNREACHABLE, 0);
	else if (meta->protocol != IPPROTO_TCP)
		icmp_error_send(m, ICMP_ERROR_PROTOCOL_UNREACHABLE, ipv6 ? protocol_field(m) : 0);
	packet_drop(m, DROP_LOCAL_UNWANTED);
}
