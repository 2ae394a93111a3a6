/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the virtio network driver share. A `struct net` belongs to one device from open to the
 * end.
 *
 * A card that breaks the rules is reset, gets its buffers taken away, and is set up again; one that goes on
 * like that is left down. All of that happens in net_check, which rx.c and tx.c call when a ring has a fault.
 */
#ifndef PKTIO_VIRTIO_NET_PRIVATE_H
#define PKTIO_VIRTIO_NET_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/stats.h"
#include "pktio/device.h"
#include "pktio/offload.h"
#include "registers.h"
#include "ring.h"
#include "transport.h"

enum {
	NET_BATCH = 32,		   /* buffers that are collected, refilled or freed at a time */
	NET_FIRST_BUFFERS = 64,	   /* that a card starts with: fresh ones are dear, and hold up the start */
	NET_RESETS_MAX = 8,	   /* resets in a row, after which the card is left down */
	NET_FORGIVE_AFTER = 65536, /* frames that end such a row */
	NET_STALL_POLLS = 100000,  /* polls that the rest of a frame may take to arrive */
};

/* A frame of which not all buffers have been collected. */
struct net_assembly {
	struct rte_mbuf *head, *tail;
	uint16_t missing; /* buffers; 0: no such frame */
	uint32_t polls;	  /* that found nothing while some were missing */
	struct virtio_net_header header;
};

struct net {
	struct device *device;
	struct transport transport;
	uint64_t features; /* negotiated; bit numbers are enum feature */
	struct ring rx, tx;
	struct net_assembly assembly;
	uint16_t refill; /* buffers that are given to the device at a time */
	uint32_t resets; /* in a row */
	uint32_t frames; /* received since the last reset, up to NET_FORGIVE_AFTER */
	bool down;
};

static inline bool net_has(const struct net *net, enum feature feature)
{
	return net->features >> feature & 1;
}

static inline struct port_stats *net_stats(const struct net *net)
{
	return &stats.port[net->device->index];
}

/* Brings up net->device over net->transport. Returns as virtio_net_open. */
int net_open(struct device *device, const struct transport *transport);

/* Resets the card, takes back all mbufs, and forgets it. */
void net_close(struct device *device);

/* As virtio_net_mac. */
bool net_mac(struct transport *transport, uint8_t mac[6]);

/* Resets the card if a ring of its has a fault. Returns false if it is down now. */
bool net_check(struct net *net);

/* Tells the device of what it was given, if it wants to know. */
void net_notify(struct net *net, struct ring *ring);

__attribute__((format(printf, 2, 3))) void net_log(const struct transport *transport, const char *format,
						   ...);

/* setup.c: section 3.1.1, step by step. Returns 0, or -errno after a log line; then the card has
 * STATUS_FAILED. */
int setup(struct net *net);
/* Entries that a ring may have, with buffers from this pool. */
uint16_t setup_ring_capacity(const struct device *device);
/* Returns false if the card does not come out of reset. */
bool setup_reset(struct transport *transport);

uint16_t rx_receive(struct device *device, struct rte_mbuf **packets, uint16_t max);
void rx_refill(struct net *net);
/* Gives a card that was just set up the buffers it starts with; each poll gives more, until the ring is full.
 */
void rx_offer_first(struct net *net);

uint16_t tx_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count);
void tx_collect(struct net *net);

#endif
