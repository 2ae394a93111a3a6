/* SPDX-License-Identifier: Apache-2.0
 *
 * One packet out of fragments that fill a datagram without an overlap; see assemble.h. Nothing is copied: it
 * has their buffers as its segments.
 */
#include <assert.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <string.h>
#include <rte_ip.h>
#include "nf/router/local.h"
#include "nf/wireguard/wireguard.h"
#include "assemble.h"
#include "parse.h"

bool assemble_wanted(struct rte_mbuf *first)
{
	return wireguard_wants(first) || local_wants(first);
}

/* None is empty: input refuses such. */
static void put_in_order(const struct datagram *datagram, struct rte_mbuf **ordered)
{
	struct rte_mbuf *held[HELD_EACH_MAX], *m = datagram->held;
	uint32_t at = 0;

	assert(datagram->held_count == datagram->fragment_count && datagram->held_count <= HELD_EACH_MAX);
	for (uint16_t i = 0; i < datagram->held_count; i++, m = *datagram_link(m))
		held[i] = m;
	while (at < datagram->total) {
		uint16_t i = 0;

		while (datagram->fragments[i].start != at)
			i++;
		assert(i < datagram->fragment_count);
		*ordered++ = held[i];
		at = datagram->fragments[i].end;
	}
}

static struct rte_mbuf *join(struct rte_mbuf **ordered, uint16_t count)
{
	struct rte_mbuf *whole = ordered[0];

	for (uint16_t i = 1; i < count; i++) {
		rte_pktmbuf_adj(ordered[i], ordered[i]->l2_len + ordered[i]->l3_len);
		rte_pktmbuf_chain(whole, ordered[i]);
	}
	return whole;
}

static void rewrite_ipv4(struct rte_mbuf *whole)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(whole, struct rte_ipv4_hdr *, whole->l2_len);

	ip->total_length = rte_cpu_to_be_16(whole->pkt_len - whole->l2_len);
	ip->fragment_offset &= rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, whole->l3_len);
}

/* Takes the fragment header out. */
static void rewrite_ipv6(struct rte_mbuf *whole)
{
	uint8_t *start = rte_pktmbuf_mtod(whole, uint8_t *), *ip = start + whole->l2_len;
	uint32_t announced, at = parse_fragment_header(ip, &announced);
	struct rte_ipv6_hdr *header;

	ip[announced] = ip[at];
	memmove(start + sizeof(struct ip6_frag), start, whole->l2_len + at);
	header = (void *)(rte_pktmbuf_adj(whole, sizeof(struct ip6_frag)) + whole->l2_len);
	header->payload_len = rte_cpu_to_be_16(whole->pkt_len - whole->l2_len - sizeof(*header));
}

/* The facts about a packet that came whole. */
static enum drop_reason parse_again(struct rte_mbuf *whole)
{
	const struct packet_meta *meta = packet_meta(whole);
	uint16_t group = meta->flags & PACKET_L2_GROUP;

	if (whole->pkt_len - whole->l2_len > UINT16_MAX)
		return DROP_FRAGMENT_BAD;
	if (meta->flags & PACKET_IPV6) {
		rewrite_ipv6(whole);
		return parse_ipv6(whole, meta->in_port, group);
	}
	rewrite_ipv4(whole);
	return parse_ipv4(whole, meta->in_port, group);
}

struct rte_mbuf *assemble(const struct datagram *datagram)
{
	struct rte_mbuf *ordered[HELD_EACH_MAX], *whole;
	enum drop_reason reason;

	put_in_order(datagram, ordered);
	whole = join(ordered, datagram->held_count);
	stats.consumed += datagram->held_count - 1;
	reason = parse_again(whole);
	if (reason == PARSE_GOOD)
		return whole;
	packet_drop(whole, reason);
	return NULL;
}
