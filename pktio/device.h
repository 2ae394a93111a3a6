/* SPDX-License-Identifier: Apache-2.0
 *
 * A device is a way for frames in and out: a virtio network card, a tap interface, a capture file. Every
 * driver has the same verbs, and the same file names for the same roles.
 *
 * What a device or a file says is outside input: a driver checks it, and resets a device that lies.
 */
#ifndef PKTIO_DEVICE_H
#define PKTIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

struct device;

struct device_driver {
	const char *name;

	/* Takes up to `max` received frames off the device; the caller owns them. m->port is the device's
	 * index. Frames have L2 header first, no FCS; a checksum still to be completed, or a super-frame, is
	 * marked as nf/host.h says for transmission. */
	uint16_t (*receive)(struct device *device, struct rte_mbuf **packets, uint16_t max);

	/* As host_transmit of nf/host.h, after offloads the device lacks were finished. */
	uint16_t (*transmit)(struct device *device, struct rte_mbuf **packets, uint16_t count);

	/* Takes back what the device has sent. Returns true when it has nothing left to send. Called when
	 * nothing more is transmitted, until it says true. NULL where transmit is done when it returns. */
	bool (*drain)(struct device *device);

	/* Asks for an interrupt (or the like) at the next frame. Returns true if frames are already there:
	 * then the caller must not sleep. Arming twice is harmless. */
	bool (*arm)(struct device *device);

	/* Back to polling: no more interrupts. */
	void (*disarm)(struct device *device);

	/* Looks whether there is link; called about once a second, and when a sleep ended without frames. */
	bool (*link)(struct device *device);
};

enum device_offload {
	DEVICE_TX_CHECKSUM = 1 << 0,
	DEVICE_TX_TSO4 = 1 << 1,
	DEVICE_TX_TSO6 = 1 << 2,
	DEVICE_TX_TSO_ECN = 1 << 3,	  /* beside TSO4 or TSO6: super-frames with CWR set (RFC 3168) */
	DEVICE_TX_CHECKSUM_IPV4 = 1 << 4, /* instead of CHECKSUM: not in IPv6 */
};

struct device {
	const struct device_driver *driver;
	uint16_t index;
	uint16_t offloads;	  /* enum device_offload: what transmit may be given */
	uint32_t super_frame_max; /* bytes of the longest super-frame that transmit may be given; 0: any */
	bool link_up;
	uint8_t mac[6];
	uint16_t mtu;	/* L3 bytes that each way must carry */
	int descriptor; /* on Linux: what to poll(2) when idle, or -1 */
	void *state;	/* the driver's own */
	struct rte_mempool *pool;
	uint32_t ring_buffers; /* how many of the pool's one ring may hold */
};

#endif
