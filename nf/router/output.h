/* SPDX-License-Identifier: Apache-2.0
 *
 * The way out: complete frames are gathered for each device and transmitted in bursts, and the books of
 * nf/stats.h are kept about what a device took and what it did not.
 */
#ifndef NF_OUTPUT_H
#define NF_OUTPUT_H

#include <stdint.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include "nf/ports.h"

/* Writes the Ethernet header of frames from `port` to `mac`, VLAN tag included. Returns its bytes: 14 or 18.
 */
uint8_t output_write_header(uint8_t *to, uint8_t port, const struct rte_ether_addr *mac, uint16_t ether_type);

/* Puts the Ethernet header of frames from `port` to `mac` before the packet, VLAN tag included. */
void output_header(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac, uint16_t ether_type);

/* Queues a complete frame that leaves by `port`. Takes it; counts it as forwarded, or as originated where
 * its meta says so, when the device takes it, else drops it. */
void output_packet(struct rte_mbuf *m, uint8_t port);

/* Transmits the pieces of one datagram at once, all or some. Takes the pieces; the datagram itself is counted
 * here: forwarded (or originated) if any piece left, else dropped, but freed by the caller. Returns how many
 * pieces left. */
uint16_t output_fragments(struct rte_mbuf **pieces, uint16_t count, uint8_t port, bool originated);

/* Transmits what is queued. Ends each burst and each tick. */
void output_flush(void);

#endif
