/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network functions need of whoever hosts them: the seam under nf/. boot/ring3 and pktio/ implement
 * it in an image; a test implements it in a few lines, hands in its own clock and randomness, and keeps what
 * was transmitted.
 */
#ifndef NF_HOST_H
#define NF_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Monotonic time in nanoseconds, read once for each burst. During a replay it is the capture's clock. */
extern uint64_t host_now_ns;

/* Nanoseconds since 1970 UTC at host_now_ns, as far as the host knows. 0: it does not. */
uint64_t host_wall_ns(void);

/* Where packets that the appliance originates come from, and the two pools that IPv4 fragmentation needs
 * (the second holds mbufs without data room, which point into the packet that is cut). */
extern struct rte_mempool *host_packet_pool;
extern struct rte_mempool *host_indirect_pool;

/* Sends on a device. Takes the packets that it accepts; returns their number, and leaves the unsent
 * tail to the caller. L2 header, VLAN tag included, is in place. Packets may have several segments.
 * A packet with RTE_MBUF_F_TX_TCP_CKSUM or _UDP_CKSUM has only the pseudo-header's sum in its checksum field
 * and valid l2_len, l3_len; one with RTE_MBUF_F_TX_TCP_SEG has tso_segsz and l4_len too. Both are finished
 * below where the device can't. */
uint16_t host_transmit(uint16_t device, struct rte_mbuf **packets, uint16_t count);

/* Whether there is a device that takes TCP super-frames (RTE_MBUF_F_TX_TCP_SEG) as they are: else there is
 * nothing to gain by making them. */
bool host_takes_super_frames(void);

bool host_link_is_up(uint16_t device);

/* MAC address that the device really has, 6 bytes. */
const uint8_t *host_mac_address(uint16_t device);

/* Unpredictable bits, except under a given seed. */
uint64_t host_random(void);

/* Memory for a table that the host reads along with the counters; for once, at start. Not cleared: in a VM it
 * is as it was found, and a page that nobody touches costs nothing. NULL: there is not as much. */
void *host_shared_memory(size_t bytes);

/* One line for the console, without its newline; copied. Rate limits are the caller's. */
void host_log(const char *line);

#endif
