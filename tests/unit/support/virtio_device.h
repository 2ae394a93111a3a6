/* SPDX-License-Identifier: Apache-2.0
 *
 * The other side of the virtio driver: a network card in memory, its transport, and its half of both ring
 * formats, written from virtio 1.2, sections 2.7 and 2.8. It does what it is told, right or wrong.
 */
#ifndef TESTS_VIRTIO_DEVICE_H
#define TESTS_VIRTIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"
#include "pktio/offload.h"
#include "pktio/virtio/registers.h"
#include "pktio/virtio/transport.h"

enum { CARD_SEGMENTS_MAX = 64, CARD_FRAME_MAX = 70000 };
#define FEATURE(name) (UINT64_C(1) << FEATURE_##name)

/* A chain of descriptors that the driver made available. */
struct card_chain {
	uint16_t id, descriptors;
	bool writable, indirect;
	uint8_t *data[CARD_SEGMENTS_MAX];
	uint32_t length[CARD_SEGMENTS_MAX];
};

struct card_queue {
	bool enabled;
	struct queue_memory memory;
	uint16_t next, used;	   /* split: indices; packed: positions */
	bool next_wrap, used_wrap; /* packed */
	uint32_t notifications, interrupts;
};

struct virtio_card {
	/* What it is; set before it is opened. */
	uint64_t offered;
	struct net_config config;
	uint32_t queue_size[2];
	bool config_moves, refuses_features, stays_in_reset, refuses_queues;

	/* What the driver made of it. */
	uint64_t accepted;
	uint8_t status;
	uint32_t generation, resets, acknowledgements;
	uint16_t told_link; /* config.status when the driver was last told that something changed */
	struct card_queue queue[2];

	struct handover_device found;
	struct transport transport;
};

void card_init(struct virtio_card *card, uint64_t offered);

/* The next chain that is available. Returns false if there is none. */
bool card_take(struct virtio_card *card, uint16_t queue, struct card_chain *chain);

/* Hands chains back, all at once, with the lengths it claims to have written. */
void card_finish(struct virtio_card *card, uint16_t queue, const struct card_chain *chains,
		 const uint32_t *lengths, uint16_t count);

/* Puts a frame into `buffers` receive buffers. Returns false if there are not so many. */
bool card_deliver(struct virtio_card *card, struct virtio_net_header header, const uint8_t *frame,
		  uint32_t bytes, uint16_t buffers);

/* Takes one sent frame, header included, and finishes its chain. Returns its length; 0: there is none. */
uint32_t card_fetch(struct virtio_card *card, uint8_t frame[CARD_FRAME_MAX], struct virtio_net_header *header,
		    uint16_t *descriptors);

/* Device-side suppression: never, always, or when the driver makes available what comes after `ahead` more.
 */
void card_want_none(struct virtio_card *card, uint16_t queue);
void card_want_all(struct virtio_card *card, uint16_t queue);
void card_want_after(struct virtio_card *card, uint16_t queue, uint16_t ahead);

#endif
