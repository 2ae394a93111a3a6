/* SPDX-License-Identifier: Apache-2.0
 *
 * Xen's network device: its face to the rest of the image. Behind it, vifs.c finds which vif is whose,
 * state.c is the dance with the backend in xenstore, setup.c says and hears what each side can do, rx.c and
 * tx.c move bursts, and ring.h is the memory that is shared with the backend.
 *
 * One packet's life: netfront_receive takes a filled mbuf from the receive ring, the chain works on it,
 * netfront_transmit gives it to a transmit ring, and a later burst finds it sent and frees it.
 *
 * A device that is not there (yet, or any more) is no error: the port has no link.
 */
#ifndef PKTIO_NETFRONT_NETFRONT_H
#define PKTIO_NETFRONT_NETFRONT_H

#include <stdbool.h>
#include <stdint.h>
#include "pktio/device.h"

enum { NETFRONT_GRANTS = 8 /* that a device needs at most, beside the packet pool's */ };

/* Which vif a device wants: the one with its MAC address, or the one in this place, by ascending handle. */
struct netfront_wish {
	const char *name; /* of the port, for messages */
	bool by_mac;
	uint8_t mac[6];
	uint16_t slot;
};

/* Makes `device`, whose index, mtu, mac, pool and ring_buffers are set, a netfront; fills in the rest, and
 * gives it the vif's MAC address if the vif is there. Returns 0, or -errno after a host_log line. All devices
 * are opened before netfront_start connects them. `wish` must outlive the device. */
int netfront_open(struct device *device, const struct netfront_wish *wish);

/* Finds every device's vif, and connects those whose backends are ready, for which it waits a moment. */
void netfront_start(void);

/* The machine was suspended and goes on, perhaps elsewhere, with neither grants nor event channels: all
 * devices forget their rings, and connect anew. The store has been resumed. */
void netfront_resume(void);

/* Disconnects, takes back all mbufs, grants and channels, and forgets the device. For tests. */
void netfront_close(struct device *device);

#endif
