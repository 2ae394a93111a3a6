/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtio's header to mbuf flags and back, and checksums in software. pktio/segment.c cuts super-frames.
 * Sources: virtio 1.2, sections 5.1.6.2 and 5.1.6.4; virtio 1.3 for UDP's super-frames; RFC 1071.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include "nf/checksum.h"
#include "nf/stats.h"
#include "layout.h"
#include "offload.h"
#include "segment.h"

enum { L3_LENGTH_MAX = 511 /* bits of rte_mbuf.l3_len */ };

static const uint64_t offload_flags = RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG |
				      RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;

static uint8_t *byte_at(struct rte_mbuf *m, uint32_t offset)
{
	for (; offset >= m->data_len; m = m->next)
		offset -= m->data_len;
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset);
}

/* Sums from `start` to the frame's end, and stores the complement `field` bytes behind it, as the Internet
 * checksum asks. The field holds the pseudo-header's sum. Both lie in the frame. */
static void checksum_finish(struct rte_mbuf *m, uint32_t start, uint32_t field)
{
	uint16_t sum = checksum_packet(m, start, m->pkt_len - start, 0);

	sum = sum == 0xffff ? 0xffff : (uint16_t)~sum; /* 0 would say "no checksum" in UDP (RFC 768) */
	*byte_at(m, start + field) = sum & 0xff;
	*byte_at(m, start + field + 1) = sum >> 8;
}

static uint64_t checksum_flag(uint8_t protocol, uint16_t field)
{
	if (protocol == IPPROTO_TCP && field == offsetof(struct rte_tcp_hdr, cksum))
		return RTE_MBUF_F_TX_TCP_CKSUM;
	if (protocol == IPPROTO_UDP && field == offsetof(struct rte_udp_hdr, dgram_cksum))
		return RTE_MBUF_F_TX_UDP_CKSUM;
	return 0;
}

static void note_checksum(struct rte_mbuf *m, const struct layout *layout, uint64_t flag)
{
	m->ol_flags |= flag | (layout->ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
	m->l2_len = layout->l2_len;
	m->l3_len = layout->l3_len;
}

static bool take_checksum(struct rte_mbuf *m, const struct virtio_net_header *header)
{
	struct layout layout;
	uint64_t flag = 0;

	if (header->csum_start < sizeof(struct rte_ether_hdr) ||
	    (uint32_t)header->csum_start + header->csum_offset + sizeof(uint16_t) > m->pkt_len)
		return false;
	if (layout_find(m, &layout) && layout.l3_len <= L3_LENGTH_MAX &&
	    layout.l2_len + layout.l3_len == header->csum_start)
		flag = checksum_flag(layout.protocol, header->csum_offset);
	if (flag == 0) {
		checksum_finish(m, header->csum_start, header->csum_offset);
		return true;
	}
	note_checksum(m, &layout, flag);
	return true;
}

/* Whether the flags of take_checksum are those that a kind of super-frame has. */
static bool is_kind(const struct rte_mbuf *m, uint8_t gso_type)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;

	switch (gso_type) {
	case VIRTIO_NET_GSO_TCPV4:
	case VIRTIO_NET_GSO_TCPV4 | VIRTIO_NET_GSO_ECN:
		return l4 == RTE_MBUF_F_TX_TCP_CKSUM && m->ol_flags & RTE_MBUF_F_TX_IPV4;
	case VIRTIO_NET_GSO_TCPV6:
	case VIRTIO_NET_GSO_TCPV6 | VIRTIO_NET_GSO_ECN:
		return l4 == RTE_MBUF_F_TX_TCP_CKSUM && m->ol_flags & RTE_MBUF_F_TX_IPV6;
	case VIRTIO_NET_GSO_UDP_L4:
		return l4 == RTE_MBUF_F_TX_UDP_CKSUM;
	default:
		return false;
	}
}

/* Finds l4_len. False: a header that is cut off, or can't be. */
static bool measure_l4(struct rte_mbuf *m)
{
	uint32_t start = m->l2_len + m->l3_len, headers;
	uint8_t buffer;
	const uint8_t *data_offset;

	m->l4_len = sizeof(struct rte_udp_hdr);
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM) {
		data_offset = rte_pktmbuf_read(m, start + offsetof(struct rte_tcp_hdr, data_off), 1, &buffer);
		if (data_offset == NULL || *data_offset >> 4 < sizeof(struct rte_tcp_hdr) / 4)
			return false;
		m->l4_len = (*data_offset >> 4) * 4;
	}
	headers = start + m->l4_len;
	return headers <= m->pkt_len && headers <= SEGMENT_HEADERS_MAX;
}

/* After take_checksum: a super-frame's checksum is still to be done. */
static bool take_segmentation(struct rte_mbuf *m, const struct virtio_net_header *header)
{
	bool udp = header->gso_type == VIRTIO_NET_GSO_UDP_L4;
	uint16_t least = udp ? 1 : OFFLOAD_GSO_SIZE_MIN; /* senders of UDP choose */

	if (!is_kind(m, header->gso_type) || header->gso_size < least ||
	    m->pkt_len - m->l2_len > UINT16_MAX || !measure_l4(m))
		return false;
	if (m->pkt_len - m->l2_len - m->l3_len - m->l4_len > header->gso_size) {
		m->ol_flags |= udp ? RTE_MBUF_F_TX_UDP_SEG : RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = header->gso_size;
	}
	return true;
}

bool offload_from_header(struct rte_mbuf *m, const struct virtio_net_header *header)
{
	m->ol_flags &= ~offload_flags;
	if (header->flags & VIRTIO_NET_NEEDS_CSUM) {
		if (!take_checksum(m, header))
			return false;
	} else if (header->flags & VIRTIO_NET_DATA_VALID) {
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	}
	return header->gso_type == VIRTIO_NET_GSO_NONE || take_segmentation(m, header);
}

bool offload_from_blank(struct rte_mbuf *m, const struct virtio_net_header *header)
{
	struct layout layout;
	uint16_t field;

	m->ol_flags &= ~offload_flags;
	if (!layout_find(m, &layout) || layout.l3_len > L3_LENGTH_MAX ||
	    (layout.protocol != IPPROTO_TCP && layout.protocol != IPPROTO_UDP))
		return false;
	field = layout.protocol == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
					       : offsetof(struct rte_udp_hdr, dgram_cksum);
	if ((uint32_t)layout.l2_len + layout.l3_len + field + sizeof(uint16_t) > m->pkt_len)
		return false;
	note_checksum(m, &layout, checksum_flag(layout.protocol, field));
	return header->gso_type == VIRTIO_NET_GSO_NONE || take_segmentation(m, header);
}

static uint16_t checksum_field(const struct rte_mbuf *m)
{
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM)
		return offsetof(struct rte_udp_hdr, dgram_cksum);
	return offsetof(struct rte_tcp_hdr, cksum);
}

static bool congestion_reduced(const struct rte_mbuf *m)
{
	uint8_t buffer;
	const uint8_t *flags = rte_pktmbuf_read(
	    m, m->l2_len + m->l3_len + offsetof(struct rte_tcp_hdr, tcp_flags), sizeof(buffer), &buffer);

	return flags != NULL && (*flags & RTE_TCP_CWR_FLAG);
}

/* A packet that lost its padding since it came may be no longer than a segment. */
static bool is_super_frame(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) &&
	       m->pkt_len > (uint32_t)m->l2_len + m->l3_len + m->l4_len + m->tso_segsz;
}

void offload_to_header(const struct rte_mbuf *m, struct virtio_net_header *header)
{
	*header = (struct virtio_net_header){0};
	if (!(m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)))
		return;
	header->flags = VIRTIO_NET_NEEDS_CSUM;
	header->csum_start = m->l2_len + m->l3_len;
	header->csum_offset = checksum_field(m);
	if (!is_super_frame(m))
		return;
	header->gso_type = m->ol_flags & RTE_MBUF_F_TX_IPV6 ? VIRTIO_NET_GSO_TCPV6 : VIRTIO_NET_GSO_TCPV4;
	if (congestion_reduced(m))
		header->gso_type |= VIRTIO_NET_GSO_ECN;
	header->gso_size = m->tso_segsz;
	header->hdr_len = m->l2_len + m->l3_len + m->l4_len;
}

static bool can_checksum(const struct device *device, const struct rte_mbuf *m)
{
	uint16_t can = m->ol_flags & RTE_MBUF_F_TX_IPV6 ? DEVICE_TX_CHECKSUM
							: DEVICE_TX_CHECKSUM | DEVICE_TX_CHECKSUM_IPV4;

	return device->offloads & can;
}

void offload_checksum(struct device *device, struct rte_mbuf *m)
{
	if (!(m->ol_flags & RTE_MBUF_F_TX_L4_MASK) || can_checksum(device, m))
		return;
	checksum_finish(m, m->l2_len + m->l3_len, checksum_field(m));
	m->ol_flags &= ~offload_flags;
	stats.port[device->index].checksummed++;
}

static bool must_be_cut(const struct device *device, const struct rte_mbuf *m)
{
	uint16_t need;

	if (!is_super_frame(m))
		return false;
	if (!can_checksum(device, m) ||
	    (device->super_frame_max != 0 && m->pkt_len > device->super_frame_max))
		return true;
	need = m->ol_flags & RTE_MBUF_F_TX_IPV6 ? DEVICE_TX_TSO6 : DEVICE_TX_TSO4;
	if (congestion_reduced(m))
		need |= DEVICE_TX_TSO_ECN;
	return (device->offloads & need) != need;
}

/* How many packets the device may be given as they are, once their checksums are done. */
static uint16_t whole_run(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t run;

	for (run = 0; run < count && !must_be_cut(device, packets[run]); run++)
		offload_checksum(device, packets[run]);
	return run;
}

uint16_t offload_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t sent = 0;

	while (sent < count && offload_flush(device)) {
		uint16_t run = whole_run(device, packets + sent, count - sent), taken;

		if (run == 0) {
			segment_start(device, packets[sent++]);
			continue;
		}
		taken = device->driver->transmit(device, packets + sent, run);
		sent += taken;
		if (taken < run)
			break;
	}
	offload_flush(device);
	return sent;
}
