/* SPDX-License-Identifier: Apache-2.0
 *
 * The bench's traffic generator: build/generator WORD...
 *
 *     trials on stdin --> generator --> results on stdout, one JSON object a line
 *                         a |   | b
 *                           |   |      two vhost-user sockets; the generator listens (a vhost-user back end)
 *                      appliance or peer (QEMU with -netdev vhost-user, or DPDK's net_virtio_user)
 *
 * It runs on one core, DPDK's real EAL without hugepages. A frame is sent on one side, must come back on the
 * other, and is checked there. Words are `key=value` (`--key=value` is the same). Words of the command line
 * are defaults for all trials; each line on stdin is one trial, and its words count for that trial only. At
 * the end of stdin it exits.
 *
 * Words of the command line only
 *   a=PATH b=PATH            the sockets
 *   core=N                   processor to run on (the last one)
 *
 * Words of the two sides (x is a or b)
 *   x-mac=MAC                the generator's address on that side (02:00:00:00:0a:0a, 02:00:00:00:0b:0b)
 *   x-gateway=MAC            the appliance's address there: where frames are sent to
 *   x-ip=ADDRESS x-ip6=ADDRESS   first address of the hosts on that side (10.0.0.10, 198.18.0.10; fd00:1::10,
 * fd00:2::10) x-hosts=N                how many hosts from there on (1). Flows differ by host of a, host of
 * b, then ports x-answer=ADDRESS x-answer6=ADDRESS   for this address, too, ARP or neighbour discovery is
 * answered; hosts always are
 *
 * Words that say what is sent
 *   size=64                  frame bytes, with the FCS, as RFC 2544 counts: 64 is 60 bytes on a ring, and
 * 1518 a packet of 1500. `size=64:7,594:4,1518:1` mixes them by weight; `size=imix` is just that. A frame too
 * short for its headers and the stamp of 18 bytes becomes as long as it must: UDP needs 64 over IPv4 and 84
 * over IPv6, TCP 76 and 96. What was sent is in the result family=4|6 proto=udp|tcp flows=N (1); zipf=S
 * chooses among them by Zipf's law, s = S; 0, the default, evenly direction=a|b|both       a: from side a to
 * side b (default). both: half of the packets are answers, and go to the addresses and ports from which the
 * flow arrived, as NAT changed them open=0|1                 open each flow before the trial, and wait until
 * it is open: a packet from a, one back, and for TCP a third (SYN, SYN-ACK, ACK; all carry the stamp).
 * Default: 1 for TCP or both new=R                    of the packets from a, R a second begin a new flow
 * (TCP: a SYN); it is then opened as above replay-a=FILE replay-b=FILE  instead: the frames of a capture,
 * sent on that side, as they are but for MAC addresses (replay-mac=0: even these). What comes back is
 * counted, not checked rate=R                   packets a second, both directions together, paced by the TSC;
 * 0: as fast as possible; for a replay `file`, the default there: as the capture's clock says, times `speed`
 * (1) seconds=S packets=N      how long, or how many in all (1 s); a replay: loops=N times the capture
 *   wait=0|1                 what happens to a frame for which the ring has no room: 0, it counts as
 * `refused` and lost, as on a real wire; 1, it waits. Default: 1 with rate=0, else 0 check=K of K frames one
 * is checked in full (1: all). Of the others the stamp alone is burst=N                  frames at once at
 * most (32); drain=MS: silence after which missing frames are lost (200) seed=N link=S            seconds to
 * wait for both ports to come up (30) frames=FILE packets=N    no trial: writes the first N frames that would
 * be sent, as a capture
 *
 * A result
 *   {"offered":N,            frames due: sent + refused
 *    "sent":N, "refused":N,  put into a ring; no room in the ring (wait=0)
 *    "received":N,           of these, came back intact, each counted once
 *    "lost":N,               offered - received - corrupt
 *    "duplicate":N, "reordered":N, "late":N, "corrupt":N,   RFC 4737's reordering, by sequence number in a
 * direction; late: older than the window of sequence numbers (duplicate or reordered, unknown which)
 *    "foreign":N,            everything that is no frame of ours; "answered" of these were ARP or ND requests
 *    "seconds":S, "sent_pps":R, "received_pps":R, "received_bps":R,   first to last frame sent; bits with 20
 * bytes of preamble, FCS and gap, as on a wire "latency_ns":{"count","min","mean","p50","p99","p999","max"},
 *    "flows":N, "opened":N, "answers":N,    answers: packets of openings that came back, beside those above
 *    "sizes":[..],
 *    "a":{..}, "b":{..},     the same counters of the frames sent on that side
 *    "generator":{"idle":F, "missed":N, "stalled_ms":F, "longest_us":F, "limit":BOOL}}
 * or {"error":"..."}.
 *
 * When was the generator the limit? `idle` is the share of the trial's time in turns of the loop that neither
 * sent nor received a frame: time in which it could have worked and was not asked to. A turn with little to
 * do is dearer for each frame than a full one, so the spare capacity is rather more than `idle`. `missed`
 * counts frames that were due so long ago that sending them late would have been a burst that nobody asked
 * for; they were not offered. `limit` is true when idle < 0.02, or more than one frame in 1000 was missed:
 * then a faster generator might have shown a faster appliance. `stalled_ms`: time in turns longer than 200
 * us, when the host had the core do something else.
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
	bool replay_mac, replay_clock;
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
