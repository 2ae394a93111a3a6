/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the netfront driver share. A `struct net` belongs to one device from open to the end,
 * whatever vif it has, if it has one.
 *
 * Two things happen to a connection: the backend, or the toolstack, ends it, which the store tells (state.c);
 * or the backend breaks the rules of the rings. Then it is closed at once, and connected anew through the
 * same states; one that goes on like that is left down. netfront_check does that, which rx.c and tx.c call
 * when a ring has a fault; it does not speak to the store, which the next call of the `link` verb does.
 */
#ifndef PKTIO_NETFRONT_NET_PRIVATE_H
#define PKTIO_NETFRONT_NET_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/stats.h"
#include "pktio/device.h"
#include "pktio/xen/store.h"
#include "netfront.h"
#include "ring.h"

enum {
	NET_BATCH = 32,		   /* buffers that are refilled or freed at a time */
	NET_FIRST_BUFFERS = 64,	   /* that a ring starts with: fresh ones are dear, and hold up the start */
	NET_RESETS_MAX = 8,	   /* resets in a row, after which the device is left down */
	NET_FORGIVE_AFTER = 65536, /* frames that end such a row */
	NET_STALL_POLLS = 100000,  /* polls that the rest of a frame may take to arrive */
	NET_QUEUES_MAX = 4,
	NET_QUEUE_BUFFERS_MIN = 64,	  /* receive buffers that a queue must have, to be worth it */
	NET_PIECES_MAX = 64,		  /* that a received frame may have */
	NET_FRAME_BYTES_MAX = 65535 + 18, /* an IP packet, Ethernet and one 802.1Q tag */
};

/* A frame of which not all answers have been taken. */
struct net_assembly {
	bool begun, more, extra; /* something is there; a further piece, extra info is to come */
	bool refused;		 /* the backend says that there was an error */
	bool has_gso;
	struct rte_mbuf *head, *tail;
	uint16_t flags; /* NETRXF_*, of the first piece */
	uint16_t gso_size;
	uint8_t gso_type;
	uint32_t polls; /* that found nothing while some was missing */
};

struct net_queue {
	struct rx_ring rx;
	struct tx_ring tx;
	struct net_assembly assembly;
	uint32_t rx_port, tx_port; /* event channels; the same one where they are not split */
	uint8_t *pages;		   /* two: of tx, of rx */
	bool touched;		   /* by the burst that is sent */
};

/* What a backend says that it can do. */
struct net_features {
	bool sg, gso_tcpv4, gso_tcpv6, no_csum, ipv6_csum, split, rx_copy, multicast, dynamic_multicast;
	uint32_t queues;
};

/* Where our side is. state.c has the table of what follows from the backend's state. */
enum net_phase {
	PHASE_ABSENT,	 /* there is no vif */
	PHASE_WAITING,	 /* for the backend to be ready: we are Initialising */
	PHASE_OFFERED,	 /* rings are there, and we are Connected; it is not */
	PHASE_CONNECTED, /* frames pass */
	PHASE_CLOSED,	 /* we are Closed, and wait for the backend to be so, or to come back */
	PHASE_DOWN,	 /* we are Closed, and stay so until the vif is another */
	PHASES,
};

struct net {
	struct device *device;
	const struct netfront_wish *wish;

	/* The vif; means nothing when ABSENT, but that `handle` was the last one's if had_vif. */
	uint32_t handle;
	bool had_vif;
	char backend[STORE_PATH_BYTES]; /* the backend's path */
	uint16_t domain;		/* ... and domain */
	struct store_watch watch;	/* of the backend's path */

	enum net_phase phase;
	bool unsaid;  /* that we are Closed is not in the store yet */
	bool written; /* keys of a connection of this vif are in the store */
	bool refuses; /* why it can't be used has been said */
	bool carrier;
	bool floods, floods_said; /* the backend could not filter multicast: it is to send us all */

	struct net_features features;
	uint32_t pool_reference; /* of the packet pool's page 0 */
	uint16_t pieces_max;	 /* that a sent frame may have */
	uint16_t refill;	 /* buffers that are given to the backend at a time */
	uint16_t queues;	 /* in use; 0: no frames pass */
	struct net_queue queue[NET_QUEUES_MAX];
	const struct rte_memzone *memory;

	uint32_t resets; /* in a row */
	uint32_t frames; /* received since the last reset, up to NET_FORGIVE_AFTER */
};

static inline struct port_stats *net_stats(const struct net *net)
{
	return &stats.port[net->device->index];
}

/* Closes the connection if a ring of it has a fault. Returns whether frames may pass. */
bool netfront_check(struct net *net);

/* Looks at the link again. */
void netfront_update_link(struct net *net);

__attribute__((format(printf, 2, 3))) void netfront_log(const struct net *net, const char *format, ...);

/* vifs.c: finds each device its vif, if the list of vifs may have changed; tells state.c of those that come
 * and go. */
void vifs_add(struct net *net);
void vifs_remove(struct net *net);
void vifs_start(void);
void vifs_look(void);
/* Goes on with all devices after a suspend. */
void vifs_resume(void);

/* state.c: the vif has come; it has gone; look at the backend's state, if it may have changed; a suspend has
 * cut the connection. */
void state_appeared(struct net *net);
void state_vanished(struct net *net);
void state_look(struct net *net);
void state_lost(struct net *net);
/* What `link` calls state_look for, in every phase. */
void state_close(struct net *net);

/* setup.c: begins rings, event channels and grants, and tells the backend of all. Returns 0, or -errno: after
 * a log line where it won't be otherwise the next time (-ENOTSUP, -EMSGSIZE), else to be tried again. */
int setup_connect(struct net *net);
/* Ends them, and takes back all mbufs. */
void setup_disconnect(struct net *net);
/* Forgets them: no channel and no grant counts any more. */
void setup_forget(struct net *net);
/* Takes grants back. Returns false while the backend still uses one. */
bool setup_take_back(struct net *net);
/* The path of one of our own keys. */
void setup_path(const struct net *net, char path[STORE_PATH_BYTES], const char *key);

/* multicast.c: whether the backend is to filter; the groups that it is to let through. */
bool multicast_is_filtered(const struct net *net);
void multicast_join(struct net *net);

uint16_t netfront_receive(struct device *device, struct rte_mbuf **packets, uint16_t max);
/* Gives a ring that was just made the buffers it starts with; each poll gives more, until it is full. */
void netfront_offer_first(struct net *net, struct net_queue *queue);

uint16_t netfront_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count);
/* Sends extra info that belongs to no frame, on a ring that was just made. */
void netfront_send_extra(struct net *net, const struct netif_extra_info *extra);
/* Frees what the backend has sent. */
void netfront_collect(struct net *net);

#endif
