/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of sessions; see session.h. Which slots are in use is written in the peers: the table's own
 * memory is not cleared at start.
 */
#include <assert.h>
#include <errno.h>
#include <rte_malloc.h>
#include "nf/host.h"
#include "config.h"
#include "peer.h"
#include "session.h"

static struct session *sessions;
static uint32_t slot_count, slot_mask;

int session_init(void)
{
	slot_count = wireguard_peer_count * SESSION_SLOTS;
	slot_mask = rte_align32pow2(RTE_MAX(slot_count, 1u)) - 1;
	rte_free(sessions);
	sessions = rte_malloc("sessions", RTE_MAX(slot_count, 1u) * sizeof(*sessions), RTE_CACHE_LINE_SIZE);
	if (sessions)
		return 0;
	host_log("wireguard: no memory for sessions");
	return -ENOMEM;
}

static inline uint8_t slot_bit(uint32_t slot)
{
	return 1 << slot % SESSION_SLOTS;
}

struct session *session_find(uint8_t tunnel, uint32_t index)
{
	uint32_t slot = index & slot_mask;
	const struct peer *peer;

	if (slot >= slot_count)
		return NULL;
	peer = &peers[slot / SESSION_SLOTS];
	if (peer->tunnel != tunnel || !(peer->slots & slot_bit(slot)) || sessions[slot].index != index)
		return NULL;
	return &sessions[slot];
}

void session_prefetch_receiving(uint32_t index, uint64_t counter)
{
	uint32_t slot = index & slot_mask;

	if (slot >= slot_count)
		return;
	rte_prefetch0(sessions[slot].keys.receiving);
	rte_prefetch0(replay_word(&sessions[slot].replay, counter));
	peer_prefetch(slot / SESSION_SLOTS);
}

struct session *session_new(struct peer *peer, enum session_state state)
{
	uint32_t place = __builtin_ctz(~peer->slots), slot = peer->number * SESSION_SLOTS + place;
	struct session *session = &sessions[slot];
	uint32_t random;

	assert(place < SESSION_SLOTS);
	if (!crypto_random(&random, sizeof(random)))
		return NULL;
	session->index = (random & ~slot_mask) | slot;
	session->peer = peer;
	session_become(session, state);
	session->initiator = false;
	session->mac1_sent = false;
	session->born_ns = host_now_ns;
	session->sending_counter = 0;
	peer->slots |= slot_bit(slot);
	return session;
}

void session_become(struct session *session, enum session_state state)
{
	session->state = state;
	if (state == SESSION_LIVE)
		replay_init(&session->replay);
}

void session_end(struct session *session)
{
	struct peer *peer;

	if (session == NULL)
		return;
	peer = session->peer;
	peer->slots &= ~slot_bit(session - sessions);
	if (session->state == SESSION_HANDSHAKE)
		crypto_wipe(&session->noise, sizeof(session->noise));
	crypto_wipe(session, offsetof(struct session, replay));
	session->peer = peer;
	session->state = SESSION_ENDED;
}

bool session_may_receive(const struct session *session, uint64_t now_ns)
{
	return session->state == SESSION_LIVE &&
	       now_ns - session->born_ns < REJECT_AFTER_TIME * WIREGUARD_SECOND_NS;
}

bool session_may_send(const struct session *session, uint64_t now_ns)
{
	return now_ns - session->born_ns < REJECT_AFTER_TIME * WIREGUARD_SECOND_NS &&
	       session->sending_counter < REJECT_AFTER_MESSAGES;
}
