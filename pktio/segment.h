/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting TCP super-frames for devices that can't: inside of pktio/offload.h.
 */
#ifndef PKTIO_SEGMENT_H
#define PKTIO_SEGMENT_H

#include <rte_mbuf.h>
#include "device.h"

enum { SEGMENT_HEADERS_MAX = 256 }; /* Ethernet, tags, IP with options or extensions, TCP */

/* Takes a packet with RTE_MBUF_F_TX_TCP_SEG, to be cut and sent by offload_flush. None may be waiting on the
 * device. */
void segment_start(struct device *device, struct rte_mbuf *whole);

/* Finishes the transport checksum in software where it is open and the device can't. Borrows the packet. */
void offload_checksum(struct device *device, struct rte_mbuf *m);

#endif
