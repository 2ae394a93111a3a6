/* SPDX-License-Identifier: Apache-2.0
 *
 * The first stage of the chain: Ethernet and 802.1Q, and which layer goes on. Called by the generated chain
 * with what a device received; owns the packets until it hands the good ones on.
 *
 * Sources: IEEE 802.3 and 802.1Q for frames; the files parse_*.c name theirs.
 */
#include <netinet/in.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_prefetch.h>
#include "nf/host.h"
#include "nf/ports.h"
#include "nf/router/arp.h"
#include "nf/router/nd.h"
#include "input.h"
#include "parse.h"

enum { PREFETCH_AHEAD = 4, VLAN_ID_MASK = 0xfff };

#define OFFLOAD_L4 (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)

int input_init(void)
{
	return ports_init();
}

/* Moves bytes of later segments to the end of the first until that has `bytes`. False: it has no room for
 * them. */
static bool pull_up(struct rte_mbuf *m, uint32_t bytes)
{
	uint32_t missing = bytes - m->data_len;
	uint8_t *to = rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len);

	if (missing > (uint32_t)(m->buf_len - m->data_off - m->data_len))
		return false;
	m->data_len += missing;
	while (missing) {
		struct rte_mbuf *from = m->next;
		uint32_t count = RTE_MIN(missing, (uint32_t)from->data_len);

		memcpy(to, rte_pktmbuf_mtod(from, uint8_t *), count);
		to += count;
		missing -= count;
		from->data_off += count;
		from->data_len -= count;
		if (from->data_len == 0) {
			m->next = from->next;
			m->nb_segs--;
			from->next = NULL;
			from->nb_segs = 1;
			rte_pktmbuf_free_seg(from);
		}
	}
	return true;
}

static bool make_contiguous(struct rte_mbuf *m)
{
	uint32_t bytes = RTE_MIN(m->pkt_len, (uint32_t)PARSE_BYTES_MAX);

	return m->data_len >= bytes || pull_up(m, bytes);
}

/* A device may say that a transport checksum is still to be completed, or that a packet is a super-frame.
 * Where that contradicts the packet, the packet is taken as it stands. */
static void check_offload(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	bool tcp = meta->protocol == IPPROTO_TCP, udp = meta->protocol == IPPROTO_UDP;
	bool whole = (meta->flags & PACKET_L4) && !(meta->flags & PACKET_FRAGMENT);

	if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) && (!tcp || !whole || m->tso_segsz == 0))
		m->ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
	if (!whole || (l4 == RTE_MBUF_F_TX_TCP_CKSUM && !tcp) || (l4 == RTE_MBUF_F_TX_UDP_CKSUM && !udp) ||
	    l4 == RTE_MBUF_F_TX_SCTP_CKSUM)
		m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
}

/* Ends a packet for `reason`, or says that it goes on. */
static inline bool judge(struct rte_mbuf *m, enum drop_reason reason)
{
	if (unlikely(reason != PARSE_GOOD)) {
		packet_drop(m, reason);
		return false;
	}
	if (unlikely(m->ol_flags & OFFLOAD_L4))
		check_offload(m);
	return true;
}

static bool is_discovery(struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta(m);

	return meta->protocol == IPPROTO_ICMPV6 && (meta->flags & PACKET_L4) &&
	       nd_is_message(*(const uint8_t *)&meta->destination_port);
}

static __rte_always_inline bool input_ipv6(struct rte_mbuf *m, uint8_t port, uint16_t flags)
{
	if (!judge(m, parse_ipv6(m, port, flags)))
		return false;
	if (likely(!is_discovery(m)))
		return true;
	if (port_is_tunnel(port))
		packet_drop(m, DROP_LINK_LOCAL); /* there are no neighbours behind it */
	else
		nd_input(m);
	return false;
}

static __rte_always_inline bool input_l3(struct rte_mbuf *m, uint8_t port, rte_be16_t type, uint16_t flags)
{
	if (likely(type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)))
		return judge(m, parse_ipv4(m, port, flags));
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		return input_ipv6(m, port, flags);
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP))
		arp_input(m, port);
	else
		packet_drop(m, DROP_ETHERTYPE_UNKNOWN);
	return false;
}

/* Frames of one port that arrived one after the other, not yet in its books. */
struct run {
	uint32_t bytes;
	uint16_t packets;
	uint8_t port;
};

static inline void count_run(const struct run *run)
{
	stats.port[run->port].rx_packets += run->packets;
	stats.port[run->port].rx_bytes += run->bytes;
}

static inline void count_arrival(struct run *run, uint8_t port, uint32_t bytes)
{
	if (unlikely(port != run->port)) {
		count_run(run);
		*run = (struct run){.port = port};
	}
	run->packets++;
	run->bytes += bytes;
}

static bool is_tag(rte_be16_t type)
{
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) || type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ);
}

/* Whether the Ethernet header, or the tag that it announces, is cut off. */
static inline bool is_runt(struct rte_mbuf *m)
{
	if (likely(m->data_len >= RTE_ETHER_HDR_LEN + ETHER_TAG_BYTES))
		return false;
	return m->data_len < RTE_ETHER_HDR_LEN ||
	       is_tag(rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type);
}

/* The port that a tag, all of which is there, leads to; `type` becomes what follows it. A tag with id 0 only
 * has a priority (802.1Q, section 6.9); a second tag belongs to nobody here, nor does a service tag
 * (section 9.5), whose VLANs are others than the customer's. */
static uint8_t untag(struct rte_mbuf *m, uint16_t device, rte_be16_t *type)
{
	const struct rte_vlan_hdr *tag =
	    rte_pktmbuf_mtod_offset(m, const struct rte_vlan_hdr *, RTE_ETHER_HDR_LEN);
	uint16_t vlan;

	if (*type != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
		return PORT_NONE;
	vlan = rte_be_to_cpu_16(tag->vlan_tci) & VLAN_ID_MASK;
	*type = tag->eth_proto;
	m->l2_len = RTE_ETHER_HDR_LEN + ETHER_TAG_BYTES;
	if (is_tag(*type))
		return PORT_NONE;
	return vlan ? port_of_vlan(device, vlan) : device;
}

/* One frame. True: it goes on to the next stage. */
static inline bool input_frame(struct rte_mbuf *m, uint16_t device, struct run *run)
{
	const struct rte_ether_hdr *ether;
	uint16_t flags = 0;
	uint8_t port = device;
	uint32_t bytes = m->pkt_len;
	rte_be16_t type;

	if (unlikely(m->nb_segs > 1 && !make_contiguous(m))) {
		count_arrival(run, port, bytes);
		packet_drop(m, DROP_NO_BUFFER);
		return false;
	}
	if (unlikely(is_runt(m))) {
		count_arrival(run, port, bytes);
		packet_drop(m, DROP_RUNT);
		return false;
	}
	ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	type = ether->ether_type;
	m->l2_len = RTE_ETHER_HDR_LEN;
	if (unlikely(is_tag(type)))
		port = untag(m, device, &type);
	count_arrival(run, port == PORT_NONE ? device : port, bytes);
	if (unlikely(port == PORT_NONE)) {
		packet_drop(m, DROP_VLAN_UNKNOWN);
		return false;
	}
	if (unlikely(!rte_is_same_ether_addr(&ether->dst_addr, &ports[port].mac))) {
		if (rte_is_unicast_ether_addr(&ether->dst_addr)) {
			packet_drop(m, DROP_NOT_FOR_US);
			return false;
		}
		flags = PACKET_L2_GROUP;
	}
	return input_l3(m, port, type, flags);
}

uint16_t input_tunnel(uint8_t port, struct rte_mbuf **packets, uint16_t count)
{
	struct run run = {.port = port};
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];
		uint8_t version = *rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len) >> 4;

		count_arrival(&run, port, m->pkt_len - m->l2_len);
		packets[kept] = m;
		kept += input_l3(
		    m, port, rte_cpu_to_be_16(version == 6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4), 0);
	}
	count_run(&run);
	return kept;
}

uint16_t input(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	struct run run = {.port = device};
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = packets[i];

		if (i + PREFETCH_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + PREFETCH_AHEAD], void *));
		packets[kept] = m;
		kept += input_frame(m, device, &run);
	}
	count_run(&run);
	return kept;
}
