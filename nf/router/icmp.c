/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP and ICMPv6 errors. Called by the router, by local delivery and by the firewall's reject. The offender
 * stays the caller's; the error is a packet of its own, and goes back by the routing table.
 *
 * Redirects are not sent: they save one hop on shared links, and are as often an attack.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include "nf/appliance.h"
#include "nf/bucket.h"
#include "nf/checksum.h"
#include "nf/host.h"
#include "nf/nat/nat.h"
#include "nf/packet.h"
#include "nf/ports.h"
#include "icmp.h"
#include "router.h"

enum {
	ERROR_TTL = 64,
	ERROR_TOS = 0xc0,      /* internetwork control (RFC 1812, section 4.3.2.5) */
	IPV4_ERROR_MAX = 576,  /* RFC 1812, section 4.3.2.3 */
	IPV6_ERROR_MAX = 1280, /* RFC 4443, section 2.4 (c) */
};

/* The header of all errors: the last four bytes hold an MTU, a pointer, or nothing. */
struct icmp_error_header {
	uint8_t type, code;
	rte_be16_t checksum;
	rte_be32_t value;
};
_Static_assert(sizeof(struct icmp_error_header) == 8, "on the wire");

/* Where `value` goes: IPv4 has the MTU in the lower half (RFC 1191) and the pointer in the first byte (RFC
 * 792). */
struct type_and_code {
	uint8_t type, code;
	uint8_t shift;
};

static const struct type_and_code ipv4_errors[] = {
    [ICMP_ERROR_TTL_EXCEEDED] = {11, 0, 0},    [ICMP_ERROR_NO_ROUTE] = {3, 0, 0},
    [ICMP_ERROR_HOST_UNREACHABLE] = {3, 1, 0}, [ICMP_ERROR_PROHIBITED] = {3, 13, 0},
    [ICMP_ERROR_PORT_UNREACHABLE] = {3, 3, 0}, [ICMP_ERROR_PROTOCOL_UNREACHABLE] = {3, 2, 0},
    [ICMP_ERROR_TOO_BIG] = {3, 4, 0},	       [ICMP_ERROR_PARAMETER_PROBLEM] = {12, 0, 24},
};

static const struct type_and_code ipv6_errors[] = {
    [ICMP_ERROR_TTL_EXCEEDED] = {3, 0, 0},     [ICMP_ERROR_NO_ROUTE] = {1, 0, 0},
    [ICMP_ERROR_HOST_UNREACHABLE] = {1, 3, 0}, [ICMP_ERROR_PROHIBITED] = {1, 1, 0},
    [ICMP_ERROR_PORT_UNREACHABLE] = {1, 4, 0}, [ICMP_ERROR_PROTOCOL_UNREACHABLE] = {4, 1, 0},
    [ICMP_ERROR_TOO_BIG] = {2, 0, 0},	       [ICMP_ERROR_PARAMETER_PROBLEM] = {4, 0, 0},
};

static struct bucket errors;

void icmp_init(void)
{
	errors = bucket_per_second(icmp_errors_per_second);
}

/* IPv4: unreachable, quench, redirect, time exceeded, parameter problem; what a type is that nobody knows,
 * nobody knows, so only the known queries are none. IPv6: RFC 4443, section 2.1, and the redirect. */
bool icmp_is_error(uint8_t type, bool ipv6)
{
	if (ipv6)
		return type < 128 || type == 137;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* RFC 1812, section 4.3.2.7, and RFC 4443, section 2.4 (e). Source addresses that are no single host's were
 * dropped by input. */
static bool is_allowed(struct rte_mbuf *offender, enum icmp_error error)
{
	const struct packet_meta *meta = packet_meta(offender);
	bool ipv6 = meta->flags & PACKET_IPV6;
	bool group = meta->flags & (PACKET_L2_GROUP | PACKET_DST_GROUP);

	if (meta->flags & (PACKET_LATER_FRAGMENT | PACKET_ORIGINATED))
		return false;
	if (group && !(ipv6 && error == ICMP_ERROR_TOO_BIG))
		return false;
	if (meta->protocol != (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return true;
	return (meta->flags & PACKET_L4) && !icmp_is_error(*(const uint8_t *)&meta->destination_port, ipv6);
}

/* The offender from its IP header on, as much as fits, after `m`'s headers. */
static uint32_t quote(struct rte_mbuf *m, struct rte_mbuf *offender, uint32_t room)
{
	uint32_t bytes = RTE_MIN(offender->pkt_len - offender->l2_len, room);
	void *to = rte_pktmbuf_append(m, bytes);
	const void *from;

	if (!to)
		return 0;
	from = rte_pktmbuf_read(offender, offender->l2_len, bytes, to);
	if (from != to)
		memcpy(to, from, bytes);
	return bytes;
}

/* The port where the offender came in speaks for the appliance (RFC 1812, section 4.3.2.4), or, without an
 * address, the first that has one. */
static uint32_t source_ipv4(uint8_t in_port, uint32_t destination)
{
	uint32_t source = port_source_ipv4(in_port, destination);

	for (uint8_t port = 0; source == 0 && port < port_count; port++)
		source = port_source_ipv4(port, destination);
	return source;
}

static void write_error(struct icmp_error_header *icmp, const struct type_and_code *kind, uint32_t value)
{
	*icmp = (struct icmp_error_header){
	    .type = kind->type,
	    .code = kind->code,
	    .value = rte_cpu_to_be_32(value << kind->shift),
	};
}

/* False: no buffer has the room, or no address to speak from. */
static bool make_ipv4(struct rte_mbuf *m, struct rte_mbuf *offender, enum icmp_error error, uint32_t value)
{
	const struct rte_ipv4_hdr *about = rte_pktmbuf_mtod_offset(offender, const void *, offender->l2_len);
	const struct packet_meta *meta = packet_meta(offender);
	struct rte_ipv4_hdr *ip =
	    (void *)rte_pktmbuf_append(m, sizeof(*ip) + sizeof(struct icmp_error_header));
	struct icmp_error_header *icmp = (void *)(ip + 1);
	uint32_t source = meta->out_port == PORT_SELF
			      ? rte_be_to_cpu_32(about->dst_addr)
			      : source_ipv4(meta->in_port, rte_be_to_cpu_32(about->src_addr));
	uint32_t quoted = quote(m, offender, IPV4_ERROR_MAX - sizeof(*ip) - sizeof(*icmp));

	if (source == 0 || quoted == 0)
		return false;
	write_error(icmp, &ipv4_errors[error], value);
	icmp->checksum = ~rte_raw_cksum(icmp, sizeof(*icmp) + quoted);
	*ip = (struct rte_ipv4_hdr){
	    .version_ihl = RTE_IPV4_VHL_DEF,
	    .type_of_service = ERROR_TOS,
	    .total_length = rte_cpu_to_be_16(m->pkt_len),
	    .packet_id = host_random(),
	    .time_to_live = ERROR_TTL,
	    .next_proto_id = IPPROTO_ICMP,
	    .src_addr = rte_cpu_to_be_32(source),
	    .dst_addr = about->src_addr,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return true;
}

static bool make_ipv6(struct rte_mbuf *m, struct rte_mbuf *offender, enum icmp_error error, uint32_t value)
{
	const struct rte_ipv6_hdr *about = rte_pktmbuf_mtod_offset(offender, const void *, offender->l2_len);
	const struct packet_meta *meta = packet_meta(offender);
	struct rte_ipv6_hdr *ip =
	    (void *)rte_pktmbuf_append(m, sizeof(*ip) + sizeof(struct icmp_error_header));
	struct icmp_error_header *icmp = (void *)(ip + 1);
	bool to_self = meta->out_port == PORT_SELF && router_owns_ipv6(about->dst_addr);
	const uint8_t *source = to_self ? about->dst_addr : port_source_ipv6(meta->in_port, about->src_addr);
	uint32_t quoted = quote(m, offender, IPV6_ERROR_MAX - sizeof(*ip) - sizeof(*icmp));

	if (quoted == 0)
		return false;
	write_error(icmp, &ipv6_errors[error], value);
	*ip = (struct rte_ipv6_hdr){
	    .vtc_flow = rte_cpu_to_be_32(6u << 28),
	    .payload_len = rte_cpu_to_be_16(sizeof(*icmp) + quoted),
	    .proto = IPPROTO_ICMPV6,
	    .hop_limits = ERROR_TTL,
	};
	memcpy(ip->src_addr, source, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, about->src_addr, sizeof(ip->dst_addr));
	icmp->checksum = ~checksum_icmpv6(m, ip, sizeof(*ip), sizeof(*icmp) + quoted);
	return true;
}

void icmp_error_send(struct rte_mbuf *offender, enum icmp_error error, uint32_t value)
{
	bool ipv6 = packet_meta(offender)->flags & PACKET_IPV6;
	struct rte_mbuf *m;

	if (!is_allowed(offender, error) || !nat_restore(offender))
		return;
	if (!bucket_take(&errors, host_now_ns)) {
		stats.errors_suppressed++;
		return;
	}
	m = rte_pktmbuf_alloc(host_packet_pool);
	if (!m)
		return;
	*packet_meta(m) = (struct packet_meta){.in_port = packet_meta(offender)->in_port};
	if (ipv6 ? make_ipv6(m, offender, error, value) : make_ipv4(m, offender, error, value))
		router_originate(m);
	else
		rte_pktmbuf_free(m);
}
