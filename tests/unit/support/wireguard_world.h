/* SPDX-License-Identifier: Apache-2.0
 *
 * Two ends of WireGuard in one program: tunnel 0 (alice) and tunnel 1 (bob), which are each other's peers,
 * and a packet side of a few lines (nf/wireguard/outer.h) that keeps what is sent until the test passes it
 * on.
 *
 *     alice 192.0.2.1:1001, peers: BOB, whose endpoint she knows, and CAROL, whose she does not
 *     bob   192.0.2.2:1002, peers: ALICE, whose endpoint he has to learn, and DAVE, likewise
 *
 * Keys are those of tests/unit/wireguard_vectors.h; nobody is carol or dave.
 */
#ifndef TESTS_WIREGUARD_WORLD_H
#define TESTS_WIREGUARD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nf/reasons.h"
#include "nf/wireguard/endpoint.h"
#include "nf/wireguard/peer.h"

enum { ALICE_TUNNEL, BOB_TUNNEL, WORLD_TUNNELS };
enum { PEER_BOB, PEER_CAROL, PEER_ALICE, PEER_DAVE, WORLD_PEERS }; /* the first two are alice's */
enum { WORLD_SENT_MAX = 4096, WORLD_MESSAGE_MAX = 256 };

struct world_message {
	uint8_t tunnel; /* that sent it */
	struct wireguard_endpoint to;
	size_t size;
	uint8_t bytes[WORLD_MESSAGE_MAX];
};

extern struct world {
	struct world_message sent[WORLD_SENT_MAX];
	uint32_t sent_count, passed; /* those before `passed` have been passed on, or lost */
	uint32_t ready[WORLD_PEERS], failed[WORLD_PEERS];
	uint32_t waiting[WORLD_PEERS];	/* packets that wait for a session */
	uint32_t received[WORLD_PEERS]; /* packets with data from a peer */
	enum drop_reason last_drop;	/* of a transport message */
} world;

/* Both ends anew, at a time when the wall clock says 2023. */
void world_start(void);

/* Forgets what one end knows, as a restart does; the other's state stays. */
void world_restart(uint8_t tunnel);

/* Where an end is. */
struct wireguard_endpoint world_address(uint8_t tunnel);

/* Lets both ends work, and time pass, with nothing passed on. */
void world_run(uint64_t ns);

/* Passes on what was sent, and what is sent in answer, until all is quiet. */
void world_pass(void);

/* Lets time pass, and passes on everything at once. */
void world_live(uint64_t ns);

/* Loses what was not passed on. */
void world_lose(void);

/* A message comes to a tunnel. */
void world_receive(uint8_t tunnel, const void *message, size_t size, const struct wireguard_endpoint *from);

/* ... and all work that it gives is done. */
void world_receive_and_work(uint8_t tunnel, const struct world_message *message,
			    const struct wireguard_endpoint *from);

/* Sends a packet of so many bytes to a peer, or lets it wait. */
void world_send(uint32_t peer, uint32_t bytes);

/* The last message of that type that was sent; there is one. */
struct world_message world_last(uint32_t type);

/* How many of a type were sent. */
uint32_t world_count(uint32_t type);

/* A handshake by alice, which both ends have then confirmed. */
void world_connect(void);

/* All that an end knows of a peer and that a hostile message must not change, as a number. */
uint64_t world_fingerprint(uint32_t peer);

#endif
