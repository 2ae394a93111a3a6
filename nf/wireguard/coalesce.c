/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting TCP segments together; see coalesce.h. Only what can be cut into the same packets again is joined:
 * plain headers without options of IP, IPv4 identifications that count up, equal TCP options, data in order,
 * all segments but the last as long as the first, and PSH on the last alone. So whoever cuts a super-frame
 * (nf/segment.h) undoes this. A segment whose checksum is wrong stays alone, for its receiver to see.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "nf/checksum.h"
#include "nf/packet.h"
#include "coalesce.h"

enum {
	OPEN_MAX = 8, /* super-frames that may grow at a time */
	SUPER_FRAME_MAX = 65535,
	FLAGS_ALLOWED = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
};

/* A segment, or the super-frame that began with it. */
struct segment {
	struct rte_mbuf *m, *last; /* its last mbuf */
	const uint8_t *ip;
	struct rte_tcp_hdr *tcp;
	uint32_t next_sequence;
	uint16_t l3_bytes, l4_bytes, payload; /* of the first segment */
	uint16_t count;
	uint8_t tunnel;
	bool ipv6, done;
};

static bool find_tcp4(struct segment *segment, uint32_t bytes, uint32_t *total)
{
	const struct rte_ipv4_hdr *ip = (const void *)segment->ip;

	segment->l3_bytes = sizeof(*ip);
	if (bytes < sizeof(*ip) || ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_TCP ||
	    ip->fragment_offset & ~rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG))
		return false;
	*total = rte_be_to_cpu_16(ip->total_length);
	return ipv4_checksum_is_right(ip, sizeof(*ip));
}

static bool find_tcp6(struct segment *segment, uint32_t bytes, uint32_t *total)
{
	const struct rte_ipv6_hdr *ip = (const void *)segment->ip;

	segment->ipv6 = true;
	segment->l3_bytes = sizeof(*ip);
	if (bytes < sizeof(*ip) || ip->proto != IPPROTO_TCP)
		return false;
	*total = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	return true;
}

/* Of the TCP header and what follows; 0xffff: it is right. */
static uint16_t checksum_of(const struct segment *segment, uint32_t bytes)
{
	uint32_t at = segment->m->l2_len + segment->l3_bytes;

	if (segment->ipv6)
		return checksum_transport6(segment->m, (const void *)segment->ip, IPPROTO_TCP, at, bytes);
	return checksum_transport4(segment->m, (const void *)segment->ip, IPPROTO_TCP, at, bytes);
}

/* Whether a packet is a segment that may be joined with others; the tunnel's padding goes. */
static bool read_segment(struct segment *segment, struct rte_mbuf *m, uint8_t tunnel)
{
	uint32_t bytes = m->pkt_len - m->l2_len, total, headers;

	*segment = (struct segment){.m = m, .last = m, .tunnel = tunnel, .count = 1};
	segment->ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	if (!(segment->ip[0] >> 4 == 6 ? find_tcp6 : find_tcp4)(segment, bytes, &total))
		return false;
	segment->tcp = (void *)(segment->ip + segment->l3_bytes);
	if (total > bytes || total < segment->l3_bytes + sizeof(struct rte_tcp_hdr))
		return false;
	segment->l4_bytes = (segment->tcp->data_off >> 4) * 4;
	headers = segment->l3_bytes + segment->l4_bytes;
	if (segment->l4_bytes < sizeof(struct rte_tcp_hdr) || headers >= total ||
	    (segment->tcp->tcp_flags & ~RTE_TCP_PSH_FLAG) != RTE_TCP_ACK_FLAG || segment->tcp->data_off & 0xf)
		return false;
	segment->payload = total - headers;
	segment->next_sequence = rte_be_to_cpu_32(segment->tcp->sent_seq) + segment->payload;
	segment->done = segment->tcp->tcp_flags & RTE_TCP_PSH_FLAG;
	if (checksum_of(segment, total - segment->l3_bytes) != 0xffff)
		return false;
	rte_pktmbuf_trim(m, bytes - total);
	return true;
}

static bool is_same_flow(const struct segment *a, const struct segment *b)
{
	uint32_t at =
	    a->ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, src_addr);

	/* Addresses are the last of either header, ports the first of TCP's. */
	return a->tunnel == b->tunnel && a->ipv6 == b->ipv6 &&
	       memcmp(a->ip + at, b->ip + at, a->l3_bytes - at + 2 * sizeof(rte_be16_t)) == 0;
}

static bool is_next_ipv4(const struct segment *open, const struct segment *next)
{
	const struct rte_ipv4_hdr *a = (const void *)open->ip, *b = (const void *)next->ip;

	return a->type_of_service == b->type_of_service && a->time_to_live == b->time_to_live &&
	       a->fragment_offset == b->fragment_offset &&
	       (uint16_t)(rte_be_to_cpu_16(a->packet_id) + open->count) == rte_be_to_cpu_16(b->packet_id);
}

static bool is_next_ipv6(const struct segment *open, const struct segment *next)
{
	const struct rte_ipv6_hdr *a = (const void *)open->ip, *b = (const void *)next->ip;

	return a->vtc_flow == b->vtc_flow && a->hop_limits == b->hop_limits;
}

/* Whether a segment of the same flow continues it. */
static bool is_next(const struct segment *open, const struct segment *next)
{
	if (open->done || next->payload > open->payload ||
	    rte_be_to_cpu_32(next->tcp->sent_seq) != open->next_sequence ||
	    open->m->pkt_len - open->m->l2_len + next->payload > SUPER_FRAME_MAX)
		return false;
	if (open->l4_bytes != next->l4_bytes || open->tcp->recv_ack != next->tcp->recv_ack ||
	    open->tcp->rx_win != next->tcp->rx_win ||
	    memcmp(open->tcp + 1, next->tcp + 1, open->l4_bytes - sizeof(*open->tcp)) != 0)
		return false;
	return open->ipv6 ? is_next_ipv6(open, next) : is_next_ipv4(open, next);
}

/* Takes the segment's mbuf. */
static void append(struct segment *open, const struct segment *next)
{
	struct rte_mbuf *m = next->m;

	open->done = next->done || next->payload < open->payload;
	open->tcp->tcp_flags |= next->tcp->tcp_flags;
	open->next_sequence = next->next_sequence;
	open->count++;
	rte_pktmbuf_adj(m, m->l2_len + next->l3_bytes + next->l4_bytes);
	open->last->next = m;
	open->last = m;
	open->m->nb_segs++;
	open->m->pkt_len += m->data_len;
}

/* Makes the headers of what grew those of a super-frame. */
static void finish(struct segment *open)
{
	struct rte_mbuf *m = open->m;
	uint32_t bytes = m->pkt_len - m->l2_len;

	if (open->count == 1)
		return;
	m->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->tso_segsz = open->payload;
	if (open->ipv6) {
		struct rte_ipv6_hdr *ip = (void *)(uintptr_t)open->ip;

		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		ip->payload_len = rte_cpu_to_be_16(bytes - sizeof(*ip));
		open->tcp->cksum = rte_ipv6_phdr_cksum(ip, 0);
	} else {
		struct rte_ipv4_hdr *ip = (void *)(uintptr_t)open->ip;

		m->ol_flags |= RTE_MBUF_F_TX_IPV4;
		ip->total_length = rte_cpu_to_be_16(bytes);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		open->tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	}
}

/* The super-frames that may grow; the newest of a flow is the only one of it. */
struct opens {
	struct segment segments[OPEN_MAX];
	uint32_t next; /* the oldest gives way */
};

static struct segment *find(struct opens *opens, const struct segment *segment)
{
	for (uint32_t i = 0; i < OPEN_MAX; i++)
		if (opens->segments[i].m && is_same_flow(&opens->segments[i], segment))
			return &opens->segments[i];
	return NULL;
}

/* Whether a packet has become part of another one. */
static bool join(struct opens *opens, struct rte_mbuf *m, uint8_t tunnel)
{
	struct segment segment, *open;

	if (!read_segment(&segment, m, tunnel))
		return false;
	open = find(opens, &segment);
	if (open && is_next(open, &segment)) {
		append(open, &segment);
		return true;
	}
	if (open == NULL)
		open = &opens->segments[opens->next++ % OPEN_MAX];
	if (open->m)
		finish(open);
	*open = segment;
	return false;
}

uint16_t coalesce(struct rte_mbuf **packets, uint8_t *tunnels, uint16_t count)
{
	struct opens opens;
	uint16_t kept = 0;

	opens.next = 0;
	for (uint32_t i = 0; i < OPEN_MAX; i++)
		opens.segments[i].m = NULL;
	for (uint16_t i = 0; i < count; i++) {
		if (join(&opens, packets[i], tunnels[i]))
			continue;
		tunnels[kept] = tunnels[i];
		packets[kept++] = packets[i];
	}
	for (uint32_t i = 0; i < OPEN_MAX; i++)
		if (opens.segments[i].m)
			finish(&opens.segments[i]);
	return kept;
}
