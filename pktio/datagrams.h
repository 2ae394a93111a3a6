/* SPDX-License-Identifier: Apache-2.0
 *
 * UDP segmentation offload: datagrams of one flow that leave one after the other, as a tunnel's do, leave as
 * one super-frame, which costs one system call; whoever needs them apart cuts it (Linux's UDP_SEGMENT,
 * virtio 1.3's VIRTIO_NET_F_HOST_USO). Inside of pktio/: the chain knows no super-frames of UDP. The way back
 * is segment_cut_next of nf/segment.h.
 */
#ifndef PKTIO_DATAGRAMS_H
#define PKTIO_DATAGRAMS_H

#include <stdint.h>
#include <rte_mbuf.h>
#include "offload.h"

enum { DATAGRAMS_HEADERS_MAX = 14 + 2 * 4 + 40 + 8 }; /* Ethernet, two tags, IPv6, UDP */

/* What a super-frame begins with, in place of its datagrams' own headers. */
struct datagrams_head {
	struct virtio_net_header virtio;
	uint16_t bytes; /* of the headers: as many begin each of the datagrams */
	uint8_t headers[DATAGRAMS_HEADERS_MAX];
};

/* How many of `count` packets (one at least), the first included, can leave as one super-frame; *head is
 * written if that is more than 1. They differ in nothing but payload, IPv4 identifications that count up, and
 * the length of the last one, which may be shorter; their checksum is still to be done, or left out, which
 * IPv4 allows (RFC 768): then it is there after the cut. Borrows the packets, and changes nothing in them. */
uint16_t datagrams_join(struct rte_mbuf *const *packets, uint16_t count, struct datagrams_head *head);

#endif
