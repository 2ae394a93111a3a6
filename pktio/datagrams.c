/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of datagrams; see datagrams.h. Only what cutting brings back is joined: headers without options, and
 * no fragments.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "datagrams.h"
#include "layout.h"

enum { L3_BYTES_MAX = 65535 };

/* One that can be part of a row. */
struct datagram {
	struct layout layout;
	uint16_t headers_bytes, payload_bytes;
	uint16_t identification; /* IPv4's */
	uint8_t headers[DATAGRAMS_HEADERS_MAX];
};

static void *ip_of(struct datagram *d)
{
	return d->headers + d->layout.l2_len;
}

static struct rte_udp_hdr *udp_of(struct datagram *d)
{
	return (void *)(d->headers + d->layout.l2_len + d->layout.l3_len);
}

/* Whether IP and UDP agree about a length with the frame. */
static bool lengths_agree(struct datagram *d, uint32_t l3_bytes)
{
	const struct rte_ipv4_hdr *ipv4 = ip_of(d);
	const struct rte_ipv6_hdr *ipv6 = ip_of(d);
	uint32_t said = d->layout.ipv6 ? sizeof(*ipv6) + rte_be_to_cpu_16(ipv6->payload_len)
				       : rte_be_to_cpu_16(ipv4->total_length);

	return said == l3_bytes && rte_be_to_cpu_16(udp_of(d)->dgram_len) == l3_bytes - d->layout.l3_len;
}

static bool checksum_is_open(struct datagram *d, const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM ||
	       (!d->layout.ipv6 && udp_of(d)->dgram_cksum == 0);
}

static bool read_datagram(struct datagram *d, const struct rte_mbuf *m)
{
	uint32_t bytes;

	if (m->nb_segs > 1 || !layout_find(m, &d->layout) || d->layout.protocol != IPPROTO_UDP ||
	    d->layout.l3_len != (d->layout.ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)))
		return false;
	bytes = d->layout.l2_len + d->layout.l3_len + sizeof(struct rte_udp_hdr);
	if (m->data_len <= bytes)
		return false;
	d->headers_bytes = bytes;
	d->payload_bytes = m->data_len - bytes;
	memcpy(d->headers, rte_pktmbuf_mtod(m, const void *), bytes);
	return lengths_agree(d, m->data_len - d->layout.l2_len) && checksum_is_open(d, m);
}

/* Makes the headers of datagrams of one row equal. */
static void blank(struct datagram *d)
{
	struct rte_ipv4_hdr *ipv4 = ip_of(d);
	struct rte_ipv6_hdr *ipv6 = ip_of(d);

	if (d->layout.ipv6) {
		ipv6->payload_len = 0;
	} else {
		d->identification = rte_be_to_cpu_16(ipv4->packet_id);
		ipv4->total_length = ipv4->packet_id = ipv4->hdr_checksum = 0;
	}
	udp_of(d)->dgram_len = udp_of(d)->dgram_cksum = 0;
}

/* Whether `m` is datagram `number` of a row that begins with `first`; both it and `first` are blank. */
static bool continues(const struct datagram *first, struct datagram *d, const struct rte_mbuf *m,
		      uint16_t number)
{
	if (!read_datagram(d, m) || d->payload_bytes > first->payload_bytes)
		return false;
	blank(d);
	return d->headers_bytes == first->headers_bytes &&
	       memcmp(d->headers, first->headers, d->headers_bytes) == 0 &&
	       (d->layout.ipv6 || d->identification == (uint16_t)(first->identification + number));
}

/* The first datagram's headers, over all payload. */
static void write_headers(struct datagram *first, uint32_t payload_bytes)
{
	struct rte_ipv4_hdr *ipv4 = ip_of(first);
	struct rte_ipv6_hdr *ipv6 = ip_of(first);
	struct rte_udp_hdr *udp = udp_of(first);

	udp->dgram_len = rte_cpu_to_be_16(sizeof(*udp) + payload_bytes);
	if (first->layout.ipv6) {
		ipv6->payload_len = udp->dgram_len;
		udp->dgram_cksum = rte_ipv6_phdr_cksum(ipv6, 0);
		return;
	}
	ipv4->total_length = rte_cpu_to_be_16(sizeof(*ipv4) + sizeof(*udp) + payload_bytes);
	ipv4->packet_id = rte_cpu_to_be_16(first->identification);
	ipv4->hdr_checksum = rte_ipv4_cksum(ipv4);
	udp->dgram_cksum = rte_ipv4_phdr_cksum(ipv4, 0);
}

static void write_head(struct datagrams_head *head, struct datagram *first, uint32_t payload_bytes)
{
	write_headers(first, payload_bytes);
	head->virtio = (struct virtio_net_header){
	    .flags = VIRTIO_NET_NEEDS_CSUM,
	    .gso_type = VIRTIO_NET_GSO_UDP_L4,
	    .hdr_len = first->headers_bytes,
	    .gso_size = first->payload_bytes,
	    .csum_start = first->layout.l2_len + first->layout.l3_len,
	    .csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum),
	};
	head->bytes = first->headers_bytes;
	memcpy(head->headers, first->headers, first->headers_bytes);
}

uint16_t datagrams_join(struct rte_mbuf *const *packets, uint16_t count, struct datagrams_head *head)
{
	struct datagram first, next;
	uint32_t payload_bytes, room;
	uint16_t run = 1;

	if (count == 1 || !read_datagram(&first, packets[0]))
		return 1;
	blank(&first);
	next.payload_bytes = payload_bytes = first.payload_bytes;
	room = L3_BYTES_MAX - (first.headers_bytes - first.layout.l2_len);
	while (run < count && next.payload_bytes == first.payload_bytes &&
	       continues(&first, &next, packets[run], run) && payload_bytes + next.payload_bytes <= room) {
		payload_bytes += next.payload_bytes;
		run++;
	}
	if (run > 1)
		write_head(head, &first, payload_bytes);
	return run;
}
