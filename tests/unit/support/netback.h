/* SPDX-License-Identifier: Apache-2.0
 *
 * The other side of netfront: backends in the store of xen_world.h, their half of the rings, written from
 * netif.h and ring.h, and devices that are opened over them. It does what it is told, right or wrong.
 */
#ifndef TESTS_NETBACK_H
#define TESTS_NETBACK_H

#include <stdbool.h>
#include <stdint.h>
#include "pktio/device.h"
#include "pktio/netfront/netfront.h"
#include "pktio/xen/public.h"
#include "xen_world.h"

enum {
	NETBACK_QUEUES_MAX = 8,
	NETBACK_FRAME_MAX = 70000,
	NETBACK_MBUFS = 2047,
	NETBACK_DEVICES = 4,
	NETBACK_GROUPS_MAX = 64,
};

/* What a backend offers in the store. */
struct netback_offer {
	bool sg, gso, no_csum, ipv6_csum, split, no_copy, multicast;
	uint32_t queues;
};
extern const struct netback_offer netback_all; /* what Linux's does */

struct netback_queue {
	netif_tx_back_ring_t tx;
	netif_rx_back_ring_t rx;
	uint32_t tx_reference, rx_reference, tx_port, rx_port;
	uint32_t notifications; /* that the ring asked for */
	uint32_t interrupts;	/* ... and that found their channel open */
};

struct netback {
	uint32_t handle;
	uint16_t domain;
	struct netback_offer offer;
	uint32_t queues;  /* connected; 0: not */
	bool has_no_room; /* for groups */
	uint32_t group_count;
	uint8_t group[NETBACK_GROUPS_MAX][6]; /* multicast that it lets through */
	struct netback_queue queue[NETBACK_QUEUES_MAX];
};

/* A world with devices that want the vifs in slots 0, 1, ..., none of which is there. */
struct netback_world {
	struct device device[NETBACK_DEVICES];
	struct netfront_wish wish[NETBACK_DEVICES];
	uint16_t devices;
	struct rte_mempool *pool;
};
extern struct netback_world netback_world;

void netback_world_init(uint16_t devices, uint32_t grant_version);
/* Opens and starts the devices. */
void netback_world_start(void);
/* Closes all. Returns whether every mbuf is back, and no channel and no grant is left over. */
bool netback_world_end(void);

/* The toolstack hands a vif in: both folders in the store, the backend InitWait. And takes it away. */
void netback_plug(struct netback *back, uint32_t handle, const struct netback_offer *offer);
void netback_unplug(struct netback *back);

/* Key of the backend's or the front end's folder. */
void netback_set(const struct netback *back, const char *key, const char *value);
const char *netback_get(const struct netback *back, const char *key);
const char *netback_front_get(const struct netback *back, const char *key);
void netback_front_set(const struct netback *back, const char *key, const char *value);
void netback_set_state(const struct netback *back, enum xenbus_state state);
enum xenbus_state netback_front_state(const struct netback *back);

/* Maps what the front end has written, if it is Connected. Returns false, and connects nothing, if that does
 * not hold together. netback_connect also becomes Connected. */
bool netback_map(struct netback *back);
void netback_connect(struct netback *back);
void netback_disconnect(struct netback *back);

/* All that two well-behaved sides do until nothing changes: the device's link verb, and the backend's answer
 * to the front end's state, as Linux's netback gives it. */
void netback_settle(struct netback *back, struct device *device);

/* Plugs, starts nothing, settles; asserts that the device is up. */
void netback_up(struct netback *back, uint32_t handle, const struct netback_offer *offer,
		struct device *device);

/* What is said of a frame, either way. */
struct netback_about {
	uint16_t flags; /* NETRXF_* or NETTXF_* of the first piece, but for more_data and extra_info */
	uint8_t gso_type;
	uint16_t gso_size;
	uint16_t pieces; /* entries of data */
	uint16_t piece;	 /* towards us: bytes of a piece, 0: a page */
	uint16_t offset; /* towards us: of each piece in its page */
};

/* Puts a frame into the receive ring. Returns false if there are not so many buffers. */
bool netback_deliver(struct netback *back, uint32_t queue, const uint8_t *frame, uint32_t bytes,
		     const struct netback_about *about);

/* One entry of the receive ring: takes the request, and answers as it is told. Push shows all answers. */
bool netback_take_buffer(struct netback *back, uint32_t queue, struct netif_rx_request *request);
void netback_answer(struct netback *back, uint32_t queue, const struct netif_rx_response *response);
void netback_push_rx(struct netback *back, uint32_t queue);

/* Takes a sent frame, and answers. Returns its length; 0: there is none. Groups on the way are noted. */
uint32_t netback_fetch(struct netback *back, uint32_t queue, uint8_t frame[NETBACK_FRAME_MAX],
		       struct netback_about *about);
void netback_answer_tx(struct netback *back, uint32_t queue, uint16_t id, int16_t status);
void netback_push_tx(struct netback *back, uint32_t queue);

/* A frame of `bytes`, in segments of at most `segment`, whose bytes count up from `seed`. */
struct rte_mbuf *netback_frame(uint32_t bytes, uint16_t segment, uint8_t seed);
void netback_pattern(uint8_t *frame, uint32_t bytes, uint8_t seed);
bool netback_matches(struct rte_mbuf *m, uint32_t bytes, uint8_t seed);

#endif
