/* SPDX-License-Identifier: Apache-2.0
 *
 * The bench's traffic generator: what a trial is. README.md beside this file says what words and results
 * there are, and what they mean.
 *
 *     main.c     words in, results out       words.c, report.c
 *     trial.c    the loop                    its parts: give.c, take.c, opening.c, replay.c
 *     port.c     librte_vhost, EAL
 *     stream.c   what frames look like       stamp.h: what they carry; sample.c: which flow is next
 *     inspect.c  what came back              its books: window.h, histogram.h; neighbour.c: ARP and ND
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIDE_A, SIDE_B, SIDES };

enum {
	BURST_MAX = 64,
	SIZES_MAX = 12,	       /* of a mix */
	FLOWS_MAX = 1 << 24,   /* a stamp's flow number; new flows use what is left of it */
	BYTES_MIN = 60,	       /* of a frame on a ring; shorter ones are padded on a wire */
	FCS_BYTES = 4,	       /* counted in a frame's size, never on a ring */
	GAP_BYTES = 20,	       /* preamble, start and inter-packet gap: IEEE 802.3 */
	FRAME_MAX = 9018,      /* size, FCS included */
	RING_BYTES_MAX = 9216, /* room of a received frame */
};

enum proto { PROTO_UDP, PROTO_TCP };

/* One side of the appliance, as the generator plays it. */
struct side {
	const char *socket;
	uint8_t mac[6], gateway[6];
	uint8_t ip[4], ip6[16];
	uint8_t answer[4], answer6[16]; /* zero: none */
	bool any;			/* every address is answered for */
	uint32_t hosts;
	char replay[256];
};

/* What a trial is, in words (words.h). */
struct spec {
	struct side sides[SIDES];
	int core;

	uint32_t size_count;
	uint16_t sizes[SIZES_MAX], weights[SIZES_MAX];
	int family; /* 4 or 6 */
	enum proto proto;
	uint32_t flows;
	double zipf;
	bool sends[SIDES]; /* direction */
	int open;	   /* -1: as the direction asks */
	double new_rate;
	bool replay_mac, replay_clock, whole;
	double speed;
	uint32_t loops;

	double rate;
	double seconds;
	uint64_t packets;
	int wait; /* -1: as the rate asks */
	uint32_t check, burst, drain_ms;
	uint64_t seed;
	double link_seconds;
	char frames[256];
};

#endif
