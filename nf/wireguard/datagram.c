/* SPDX-License-Identifier: Apache-2.0
 *
 * UDP around a tunnel's messages; see datagram.h. Under IPv4 the checksum is left out (RFC 768): each message
 * proves more about itself. IPv6 wants one, which the device computes where it can.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "nf/packet.h"
#include "nf/ports.h"
#include "nf/router/router.h"
#include "config.h"
#include "datagram.h"
#include "messages.h"
#include "outer.h"
#include "nf/host.h"

enum { DATAGRAM_TTL = 64, ECN_MASK = 3, IPV6_CLASS_SHIFT = 20 };

struct wireguard_endpoint datagram_source(const struct rte_mbuf *m)
{
	const void *header = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);
	const struct rte_udp_hdr *udp =
	    rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, m->l2_len + m->l3_len);
	struct wireguard_endpoint from = {.port = rte_be_to_cpu_16(udp->src_port), .local_known = true};

	if (packet_meta((struct rte_mbuf *)m)->flags & PACKET_IPV6) {
		const struct rte_ipv6_hdr *ip = header;

		from.family = 6;
		memcpy(from.address.ipv6, ip->src_addr, sizeof(from.address.ipv6));
		memcpy(from.local.ipv6, ip->dst_addr, sizeof(from.local.ipv6));
	} else {
		const struct rte_ipv4_hdr *ip = header;

		from.family = 4;
		from.address.ipv4 = rte_be_to_cpu_32(ip->src_addr);
		from.local.ipv4 = rte_be_to_cpu_32(ip->dst_addr);
	}
	return from;
}

uint8_t datagram_ecn(const struct rte_mbuf *m)
{
	const void *header = rte_pktmbuf_mtod_offset(m, const void *, m->l2_len);

	if (packet_meta((struct rte_mbuf *)m)->flags & PACKET_IPV6)
		return rte_be_to_cpu_32(((const struct rte_ipv6_hdr *)header)->vtc_flow) >> IPV6_CLASS_SHIFT &
		       ECN_MASK;
	return ((const struct rte_ipv4_hdr *)header)->type_of_service & ECN_MASK;
}

static void write_udp(struct rte_udp_hdr *udp, uint8_t tunnel, const struct wireguard_endpoint *to,
		      uint32_t bytes)
{
	*udp = (struct rte_udp_hdr){
	    .src_port = rte_cpu_to_be_16(wireguard_tunnels[tunnel].listen_port),
	    .dst_port = rte_cpu_to_be_16(to->port),
	    .dgram_len = rte_cpu_to_be_16(sizeof(*udp) + bytes),
	};
}

/* False: no address of ours to speak with. */
static bool write_ipv4(struct rte_mbuf *m, const struct wireguard_endpoint *to, uint8_t tos)
{
	static uint16_t identification;
	struct rte_ipv4_hdr *ip = (void *)rte_pktmbuf_prepend(m, sizeof(*ip));
	uint32_t source = to->local_known ? to->local.ipv4 : router_source_ipv4(to->address.ipv4);

	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .type_of_service = tos,
	    .total_length = rte_cpu_to_be_16(m->pkt_len),
	    .packet_id = rte_cpu_to_be_16(identification++),
	    .time_to_live = DATAGRAM_TTL,
	    .next_proto_id = IPPROTO_UDP,
	    .src_addr = rte_cpu_to_be_32(source),
	    .dst_addr = rte_cpu_to_be_32(to->address.ipv4),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	m->l3_len = sizeof(*ip);
	return source != 0;
}

static bool write_ipv6(struct rte_mbuf *m, const struct wireguard_endpoint *to, uint8_t tos)
{
	uint32_t payload = m->pkt_len;
	struct rte_udp_hdr *udp = rte_pktmbuf_mtod(m, struct rte_udp_hdr *);
	struct rte_ipv6_hdr *ip = (void *)rte_pktmbuf_prepend(m, sizeof(*ip));
	const uint8_t *source = to->local_known ? to->local.ipv6 : router_source_ipv6(to->address.ipv6);

	if (!source)
		return false;
	*ip = (struct rte_ipv6_hdr){
	    .vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)tos << IPV6_CLASS_SHIFT),
	    .payload_len = rte_cpu_to_be_16(payload),
	    .proto = IPPROTO_UDP,
	    .hop_limits = DATAGRAM_TTL,
	};
	memcpy(ip->src_addr, source, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, to->address.ipv6, sizeof(ip->dst_addr));
	m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV6;
	udp->dgram_cksum = rte_ipv6_phdr_cksum(ip, 0);
	m->l3_len = sizeof(*ip);
	return true;
}

void datagram_send(struct rte_mbuf *m, uint8_t tunnel, const struct wireguard_endpoint *to, uint8_t tos,
		   uint16_t *way)
{
	uint32_t bytes = m->pkt_len;

	m->ol_flags &=
	    ~(RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6);
	m->l4_len = sizeof(struct rte_udp_hdr);
	write_udp((void *)rte_pktmbuf_prepend(m, sizeof(struct rte_udp_hdr)), tunnel, to, bytes);
	if (to->family == 6 ? write_ipv6(m, to, tos) : write_ipv4(m, to, tos)) {
		router_originate_sealed(m, way);
		return;
	}
	stats.tunnel.datagrams_lost++;
	rte_pktmbuf_free(m);
}

void wireguard_transmit(uint8_t tunnel, const struct wireguard_endpoint *to, const void *message,
			size_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool);
	uint16_t way = 0;
	void *data;

	if (!m) {
		stats.tunnel.datagrams_lost++;
		return;
	}
	data = rte_pktmbuf_append(m, bytes);
	memcpy(data, message, bytes);
	*packet_meta(m) = (struct packet_meta){.in_port = wireguard_tunnels[tunnel].port};
	datagram_send(m, tunnel, to,
		      *(const uint8_t *)message == MESSAGE_TRANSPORT ? 0 : MESSAGE_HANDSHAKE_TOS, &way);
}
