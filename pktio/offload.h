/* SPDX-License-Identifier: Apache-2.0
 *
 * Checksums and segmentation that the two sides of a device share out between them: the header in which
 * virtio network cards and Linux's tap interfaces speak of it, the mbuf flags in which nf/host.h does, and
 * the work that is left to software when a device can't do its part.
 *
 * Called by pktio/virtio and pktio/linux/tap.c (the header), and by pktio/devices.c (transmission). What a
 * header says is outside input. Source: virtio 1.2, section 5.1.6.
 */
#ifndef PKTIO_OFFLOAD_H
#define PKTIO_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "device.h"

/* struct virtio_net_hdr with VIRTIO_F_VERSION_1: little-endian, num_buffers always there. */
struct virtio_net_header {
	uint8_t flags;	  /* enum virtio_net_header_flag */
	uint8_t gso_type; /* enum virtio_net_gso */
	uint16_t hdr_len; /* a hint: bytes of all headers */
	uint16_t gso_size;
	uint16_t csum_start, csum_offset;
	uint16_t
	    num_buffers; /* receive only, with VIRTIO_NET_F_MRG_RXBUF; else 1 or 0: the driver's business */
};
_Static_assert(sizeof(struct virtio_net_header) == 12, "virtio 1.2, section 5.1.6");

enum virtio_net_header_flag {
	VIRTIO_NET_NEEDS_CSUM = 1,
	VIRTIO_NET_DATA_VALID = 2,
};

enum virtio_net_gso {
	VIRTIO_NET_GSO_NONE = 0,
	VIRTIO_NET_GSO_TCPV4 = 1,
	VIRTIO_NET_GSO_TCPV6 = 4,
	VIRTIO_NET_GSO_UDP_L4 = 5, /* datagrams of equal length (virtio 1.3; Linux's UDP_SEGMENT) */
	VIRTIO_NET_GSO_ECN = 0x80, /* beside TCPV4 or TCPV6: CWR is set (VIRTIO_NET_F_HOST_ECN, _GUEST_ECN) */
};

enum {
	OFFLOAD_GSO_SIZE_MIN =
	    48, /* smallest TCP segment anyone sends; smaller ones would multiply without bound */
	OFFLOAD_PIECES_MAX = 65535 / OFFLOAD_GSO_SIZE_MIN + 1,
};

/* Puts what the header of a received frame says into the mbuf: ol_flags (RTE_MBUF_F_TX_* for work that is
 * still to be done, as nf/host.h says; RTE_MBUF_F_RX_L4_CKSUM_GOOD for DATA_VALID), l2_len, l3_len, l4_len
 * and tso_segsz. RTE_MBUF_F_TX_UDP_SEG is for the driver that negotiated it: the chain does not know it. A
 * checksum over anything but a plain TCP segment or UDP datagram is finished here at once. The mbuf starts at
 * the Ethernet header and may have several segments. Returns false where the header contradicts the frame:
 * then the caller drops the frame and counts it in device_errors. Borrows the mbuf. */
bool offload_from_header(struct rte_mbuf *m, const struct virtio_net_header *header);

/* The same for a device that says no more than that the checksum of TCP or UDP is still to be done, of whose
 * header the GSO fields count (Xen, public/io/netif.h). Returns false, too, where the frame is neither. */
bool offload_from_blank(struct rte_mbuf *m, const struct virtio_net_header *header);

/* The header for a frame to be sent; num_buffers is 0. Needs no look at the frame but for TCP's CWR flag. */
void offload_to_header(const struct rte_mbuf *m, struct virtio_net_header *header);

/* As host_transmit: gives the packets to device->driver->transmit after doing in software what
 * device->offloads lacks. A super-frame's pieces that found no room wait inside, and go before anything else.
 */
uint16_t offload_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count);

/* Sends what waits inside of offload_transmit. Returns true when nothing waits any more. */
bool offload_flush(struct device *device);

/* Pools for the pieces of super-frames: headers, and mbufs without data room that point into the super-frame.
 */
void offload_init(struct rte_mempool *packet_pool, struct rte_mempool *indirect_pool);

#endif
