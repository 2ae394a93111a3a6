/* SPDX-License-Identifier: Apache-2.0
 *
 * A virtio card in memory, opened as a device over a pool that is watched: what the driver's tests start
 * from.
 */
#ifndef TESTS_VIRTIO_PORT_H
#define TESTS_VIRTIO_PORT_H

#include <stdbool.h>
#include "pktio/device.h"
#include "virtio_device.h"

enum { PORT_MBUFS = 2047, PORT_ROOM = 2048 };

struct virtio_port {
	struct virtio_card card;
	struct device device;
};

/* What every card in these tests offers, ring format and events apart. */
#define CARD_FEATURES \
	(FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(STATUS) | FEATURE(MTU) | FEATURE(MRG_RXBUF) | \
	 FEATURE(CSUM) | FEATURE(GUEST_CSUM) | FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6) | FEATURE(HOST_ECN) | \
	 FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6) | FEATURE(GUEST_ECN))

/* The shapes that a ring can have. */
struct ring_mode {
	const char *name;
	uint64_t features;
};
enum { RING_MODES = 6 };
extern const struct ring_mode ring_modes[RING_MODES];

/* A card and a device to open it as; nothing is opened yet. */
void port_init(struct virtio_port *port, uint64_t features);
void port_open(struct virtio_port *port);

/* Closes the device. Returns whether every mbuf is back in the pool. */
bool port_close(struct virtio_port *port);

/* A frame of `bytes`, in segments of at most `segment`, whose bytes count up from `seed`. */
struct rte_mbuf *port_frame(struct virtio_port *port, uint32_t bytes, uint16_t segment, uint8_t seed);
void port_pattern(uint8_t *frame, uint32_t bytes, uint8_t seed);
bool port_matches(struct rte_mbuf *m, uint32_t bytes, uint8_t seed);

#endif
