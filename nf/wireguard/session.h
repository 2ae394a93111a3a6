/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions, and the table of indices through which messages find them.
 *
 * A peer has four slots in a table: one each for the current session, the previous one, the next one (we
 * responded, and nothing that came proves yet that the initiator has the keys), and for our initiation that
 * is on its way. Slots follow each other by peer, so a slot's number says whose it is. An index (the paper's
 * I) has the slot's number in its low bits and random bits above: it is found without searching, and no two
 * are the same. The table takes 5 kB a peer.
 *
 * Keys are kept raw: 32 bytes are all the state that ChaCha20-Poly1305 has.
 */
#ifndef NF_WIREGUARD_SESSION_H
#define NF_WIREGUARD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rte_prefetch.h>
#include "noise.h"
#include "replay.h"

enum { SESSION_SLOTS = 4 };

enum session_state {
	SESSION_ENDED,	   /* wiped */
	SESSION_HANDSHAKE, /* our initiation is out: `noise` is valid */
	SESSION_LIVE,	   /* `keys` and `replay` are */
};

struct peer;

/* Laid out by who touches what: sending needs the first two cache lines, receiving the second one and the
 * word of the window that the counter is in. */
struct session {
	uint32_t remote_index;		/* theirs; host order */
	bool mac1_sent;			/* a cookie reply to `mac1` would be taken */
	uint64_t sending_counter;	/* of the next packet */
	uint8_t mac1[CRYPTO_MAC_BYTES]; /* of the handshake message that named this index */
	struct noise_keys keys;		/* LIVE; the one for sending is in the first line */
	uint32_t index;			/* ours */
	uint8_t state;			/* enum session_state */
	bool initiator;
	struct peer *peer;
	uint64_t born_ns;
	union {
		struct replay replay; /* LIVE: its first word is in the second line */
		struct noise_state noise;
	};
} __rte_cache_aligned;
_Static_assert(offsetof(struct session, keys.receiving) == RTE_CACHE_LINE_SIZE, "the second line");
_Static_assert(offsetof(struct session, replay.seen) == 2 * RTE_CACHE_LINE_SIZE, "its end");

/* Makes the table for all configured peers. Returns 0, or -ENOMEM after a host_log line. */
int session_init(void);

/* The session or handshake with that index, of a peer of that tunnel. NULL: there is none. */
struct session *session_find(uint8_t tunnel, uint32_t index);

/* Begins to fetch what it takes to seal with a session, when packets of many peers follow each other: nobody
 * waits for it. */
static inline void session_prefetch_sending(const struct session *session)
{
	rte_prefetch0(session);
	rte_prefetch0((const char *)session + RTE_CACHE_LINE_SIZE);
}

/* The same for opening a packet, whatever the slot holds that its index names, and for the slot's peer. */
void session_prefetch_receiving(uint32_t index, uint64_t counter);

/* A slot of a peer with a new index, born now, or NULL when there is no randomness. The peer has one free:
 * who calls gave up what the new one is to replace. */
struct session *session_new(struct peer *peer, enum session_state state);

/* Its state is another now: what the new one needs is empty. A handshake's noise has been wiped. */
void session_become(struct session *session, enum session_state state);

/* Wipes and frees a slot; NULL is allowed. Who still has the pointer finds a session that has ended, until
 * the slot is used again. */
void session_end(struct session *session);

/* Whether it may still be received with: REJECT_AFTER_TIME. Needs a LIVE one; counters are replay_accept's.
 */
bool session_may_receive(const struct session *session, uint64_t now_ns);

/* ... and sent with: REJECT_AFTER_TIME and REJECT_AFTER_MESSAGES. */
bool session_may_send(const struct session *session, uint64_t now_ns);

#endif
