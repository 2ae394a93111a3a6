/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers: what a packet, in or out, has to do with them. The packet side calls, for each packet of a burst,
 *
 *     in:   session_find, session_may_receive; opens it; peer_received; then allowed_* for the source
 *     out:  allowed_* for the destination; peer_sending_session; seals with sending_counter++; peer_sent
 *
 * Numbers of peers are indices of wireguard_peers[].
 */
#ifndef NF_WIREGUARD_PEER_H
#define NF_WIREGUARD_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/reasons.h"
#include "cookie.h"
#include "endpoint.h"
#include "session.h"
#include "stats.h"
#include "timers.h"
#include "timestamp.h"

struct peer {
	/* What packets need: two cache lines, with a third one for persistent keepalives. */
	struct session *current;
	struct session *next; /* we responded; becomes current with the first packet that it opens */
	uint32_t number;
	uint8_t tunnel;
	uint8_t slots;	  /* bits: which of its sessions' slots are in use */
	bool wanted;	  /* waits in handshake.c's list to send an initiation */
	bool last_minute; /* an initiation was sent because we receive with an old session */
	uint16_t keepalive_s;
	uint16_t way;	      /* to `endpoint`, as router_originate_sealed found it; 0: not known */
	uint8_t source_known; /* 4, 6: what follows is an address of its allowed IPs. 0: none came yet */
	uint8_t source[16];   /* inside, as on the wire; unused bytes are zero */
	struct wireguard_endpoint endpoint;
	struct timers timers;
	/* What handshakes need. */
	struct session *previous;
	struct session *handshake; /* our initiation, without an answer yet */
	struct noise_remote remote;
	struct cookie_given cookie;
	struct timestamp_memory times;
	uint8_t next_timestamp[TIMESTAMP_BYTES]; /* of the initiation that `next` answered */
	uint64_t handshake_sent_ns;		 /* our last initiation; 0: none */
	uint64_t initiation_taken_ns;		 /* the last of the peer that we answered; 0: none */
	struct peer *wanted_next;
} __rte_cache_aligned;

/* A tunnel: who we are there. */
struct tunnel {
	struct noise_identity identity;
	struct cookie_checker checker;
};

_Static_assert(offsetof(struct peer, timers.due_ns[TIMER_ZERO_OUT]) <= 2 * RTE_CACHE_LINE_SIZE, "two lines");

extern struct peer *peers;     /* wireguard_peer_count of them */
extern struct tunnel *tunnels; /* wireguard_tunnel_count */

/* Begins to fetch what a packet needs of a peer. */
static inline void peer_prefetch(uint32_t number)
{
	const char *lines = (const char *)&peers[number];

	rte_prefetch0(lines);
	rte_prefetch0(lines + RTE_CACHE_LINE_SIZE);
	rte_prefetch0(&wireguard_peer_stats[number]);
}

/* Makes peers, tunnels and the index of public keys; computes nothing that is expensive. Returns 0, or -errno
 * after a host_log line. */
int peer_init(void);

/* The peer of a tunnel with that public key, NULL: none. */
struct peer *peer_find(uint8_t tunnel, const uint8_t public_key[CRYPTO_KEY_BYTES]);

/* A transport packet has been opened with a session: `bytes` of plain text, padding included, that came from
 * there. DROP_REASON_COUNT: it is good, the peer roams to where it came from, timers know, and a session that
 * it confirms is in use. Otherwise it must be dropped, and nothing has changed: DROP_WG_REPLAY, or
 * DROP_WG_UNKNOWN_SESSION, where a packet of the same burst has ended the session that this one was opened
 * with. */
CRYPTO_MUST_USE enum drop_reason peer_received(struct session *session, uint64_t counter, uint32_t bytes,
					       const struct wireguard_endpoint *from);

/* What to seal a packet for a peer with. NULL: there is no session, a handshake has been asked for, and the
 * packet may wait for wireguard_session_ready. Good until the next call of peer_received or core_tick. May be
 * called for each packet of a burst: counters stay below the limit if no more than 2^12 packets are sealed at
 * a time. */
struct session *peer_sending_session(struct peer *peer);

/* So many packets, of so many bytes (from the message's type to the tag) have been sent to peer->endpoint
 * with its current session; `data`: not only keepalives. Once a burst and peer is enough. */
void peer_sent(struct peer *peer, uint32_t packets, uint64_t bytes, bool data);

/* Seals and sends a keepalive, unless packets wait; without a session, asks for a handshake. */
void peer_send_keepalive(struct peer *peer);

/* For handshake.c and timers.c. */
void peer_roam(struct peer *peer, const struct wireguard_endpoint *from);
void peer_take_session(struct peer *peer); /* its handshake has become a session, keys are there */
void peer_zero_out(struct peer *peer);

#endif
