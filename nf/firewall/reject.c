/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers to refused packets. A TCP segment is answered as by a host on which nobody listens (RFC 9293,
 * section 3.10.7.1); everything else, and TCP that doesn't show enough of itself, by an ICMP error
 * (nf/router/icmp.c), which has its own rules about when to be silent.
 *
 * The reset goes back to whoever sent the segment, so it may not come from a segment that is damaged, was
 * sent to a group, or is a reset itself.
 */
#include <string.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nf/packet.h"
#include "nf/router/icmp.h"
#include "nf/router/router.h"
#include "reject.h"

enum { RESET_TTL = 64 };

/* RFC 9293, section 3.1 and RFC 8200, section 8.1: both families' pseudo-headers, addresses apart. */
struct pseudo_header {
	rte_be32_t length;
	uint8_t zero[3], protocol;
};
_Static_assert(sizeof(struct pseudo_header) == 8, "on the wire");

struct ipv4_reset {
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
};

struct ipv6_reset {
	struct rte_ipv6_hdr ip;
	struct rte_tcp_hdr tcp;
};

/* Sum over addresses (`bytes` of them, source first) and pseudo-header; not complemented. */
static uint32_t pseudo_sum(const void *addresses, size_t bytes, uint32_t tcp_length)
{
	const struct pseudo_header rest = {.length = rte_cpu_to_be_32(tcp_length), .protocol = IPPROTO_TCP};

	return rte_raw_cksum(addresses, bytes) + rte_raw_cksum(&rest, sizeof(rest));
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static uint32_t tcp_bytes(struct rte_mbuf *segment)
{
	return packet_meta(segment)->l3_bytes - segment->l3_len;
}

/* A checksum that was left to be finished on the way out needs no look: the segment never was on a wire. */
static bool checksum_is_good(struct rte_mbuf *segment)
{
	const void *ip = rte_pktmbuf_mtod_offset(segment, const void *, segment->l2_len);
	uint32_t offset = segment->l2_len + segment->l3_len;

	if (segment->ol_flags & (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG))
		return true;
	if (packet_meta(segment)->flags & PACKET_IPV6)
		return checksum_transport6(segment, ip, IPPROTO_TCP, offset, tcp_bytes(segment)) == 0xffff;
	return checksum_transport4(segment, ip, IPPROTO_TCP, offset, tcp_bytes(segment)) == 0xffff;
}

/* SEG.LEN of RFC 9293: payload, and one for each of SYN and FIN. */
static uint32_t sequence_length(struct rte_mbuf *segment, const struct rte_tcp_hdr *tcp)
{
	return tcp_bytes(segment) - segment->l4_len + !!(tcp->tcp_flags & RTE_TCP_SYN_FLAG) +
	       !!(tcp->tcp_flags & RTE_TCP_FIN_FLAG);
}

/* The two forms of a reset that RFC 9293, section 3.10.7.1 gives. */
static void fill_tcp(struct rte_tcp_hdr *reset, struct rte_mbuf *segment)
{
	const struct rte_tcp_hdr *tcp =
	    rte_pktmbuf_mtod_offset(segment, const struct rte_tcp_hdr *, segment->l2_len + segment->l3_len);

	*reset = (struct rte_tcp_hdr){
	    .src_port = tcp->dst_port,
	    .dst_port = tcp->src_port,
	    .data_off = (sizeof(*reset) / 4) << 4,
	    .tcp_flags = RTE_TCP_RST_FLAG,
	};
	if (tcp->tcp_flags & RTE_TCP_ACK_FLAG) {
		reset->sent_seq = tcp->recv_ack;
	} else {
		uint32_t end = rte_be_to_cpu_32(tcp->sent_seq) + sequence_length(segment, tcp);

		reset->recv_ack = rte_cpu_to_be_32(end);
		reset->tcp_flags |= RTE_TCP_ACK_FLAG;
	}
}

static void fill_ipv4(struct ipv4_reset *reset, struct rte_mbuf *segment)
{
	const struct rte_ipv4_hdr *ip =
	    rte_pktmbuf_mtod_offset(segment, const struct rte_ipv4_hdr *, segment->l2_len);
	uint32_t sum;

	reset->ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .total_length = rte_cpu_to_be_16(sizeof(*reset)),
	    .fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
	    .time_to_live = RESET_TTL,
	    .next_proto_id = IPPROTO_TCP,
	    .src_addr = ip->dst_addr,
	    .dst_addr = ip->src_addr,
	};
	reset->ip.hdr_checksum = rte_ipv4_cksum(&reset->ip);
	fill_tcp(&reset->tcp, segment);
	sum = pseudo_sum(&reset->ip.src_addr, 8, sizeof(reset->tcp));
	reset->tcp.cksum = ~fold(sum + rte_raw_cksum(&reset->tcp, sizeof(reset->tcp)));
}

static void fill_ipv6(struct ipv6_reset *reset, struct rte_mbuf *segment)
{
	const struct rte_ipv6_hdr *ip =
	    rte_pktmbuf_mtod_offset(segment, const struct rte_ipv6_hdr *, segment->l2_len);
	uint32_t sum;

	reset->ip = (struct rte_ipv6_hdr){
	    .vtc_flow = rte_cpu_to_be_32(6U << 28),
	    .payload_len = rte_cpu_to_be_16(sizeof(reset->tcp)),
	    .proto = IPPROTO_TCP,
	    .hop_limits = RESET_TTL,
	};
	memcpy(reset->ip.src_addr, ip->dst_addr, sizeof(ip->dst_addr));
	memcpy(reset->ip.dst_addr, ip->src_addr, sizeof(ip->src_addr));
	fill_tcp(&reset->tcp, segment);
	sum = pseudo_sum(reset->ip.src_addr, 32, sizeof(reset->tcp));
	reset->tcp.cksum = ~fold(sum + rte_raw_cksum(&reset->tcp, sizeof(reset->tcp)));
}

/* Without a buffer the sender stays without an answer, as if the network had lost it. */
static void send_reset(struct rte_mbuf *segment)
{
	struct rte_mbuf *reset = rte_pktmbuf_alloc(host_packet_pool);

	if (reset == NULL)
		return;
	packet_meta(reset)->in_port = packet_meta(segment)->in_port;
	if (packet_meta(segment)->flags & PACKET_IPV6)
		fill_ipv6((void *)rte_pktmbuf_append(reset, sizeof(struct ipv6_reset)), segment);
	else
		fill_ipv4((void *)rte_pktmbuf_append(reset, sizeof(struct ipv4_reset)), segment);
	router_originate(reset);
}

/* A fragment doesn't say how long its segment is, so it is no base for a reset. */
static bool is_whole_tcp(const struct packet_meta *meta)
{
	return meta->protocol == IPPROTO_TCP && (meta->flags & (PACKET_L4 | PACKET_FRAGMENT)) == PACKET_L4;
}

void reject_send(struct rte_mbuf *offender)
{
	const struct packet_meta *meta = packet_meta(offender);

	if (!is_whole_tcp(meta)) {
		icmp_error_send(offender, ICMP_ERROR_PROHIBITED, 0);
		return;
	}
	if (meta->tcp_flags & RTE_TCP_RST_FLAG || meta->flags & (PACKET_L2_GROUP | PACKET_DST_GROUP))
		return;
	if (nat_restore(offender) && checksum_is_good(offender))
		send_reset(offender);
}
