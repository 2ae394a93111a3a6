/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer's part in handshakes; see exchange.h.
 */
#include <string.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "config.h"
#include "exchange.h"
#include "outer.h"
#include "peer.h"
#include "stats.h"

/* X25519 multiplications; with a peer, the first time takes another. */
enum { COST_STRANGER = 1, COST_RESPONDING = 4, COST_INITIATING = 2 };

static void count_received(const struct peer *peer, size_t bytes)
{
	wireguard_peer_stats[peer->number].rx_packets++;
	wireguard_peer_stats[peer->number].rx_bytes += bytes;
}

/* Completes a handshake message with its MACs, and sends it. */
static void send(struct peer *peer, struct session *session, const struct wireguard_endpoint *to,
		 void *message, size_t bytes)
{
	const struct message_macs *macs = (const void *)((uint8_t *)message + bytes - sizeof(*macs));
	struct cookie_keys keys;

	cookie_keys_init(&keys, peer->remote.public_key);
	cookie_add_macs(&keys, &peer->cookie, message, bytes, host_now_ns);
	memcpy(session->mac1, macs->mac1, sizeof(session->mac1));
	session->mac1_sent = true;
	wireguard_peer_stats[peer->number].tx_packets++;
	wireguard_peer_stats[peer->number].tx_bytes += bytes;
	wireguard_transmit(peer->tunnel, to, message, bytes);
}

/* Responding */

/* What an initiation may change before anything proves that it is not a recording: see timestamp.h. */
static bool respond(struct peer *peer, struct noise_state *state, rte_le32_t receiver,
		    const uint8_t timestamp[TIMESTAMP_BYTES], const struct wireguard_endpoint *from)
{
	struct message_response response = {.type = rte_cpu_to_le_32(MESSAGE_RESPONSE), .receiver = receiver};
	uint8_t ephemeral[CRYPTO_KEY_BYTES];
	struct session *session;
	struct noise_keys keys;
	bool good = crypto_random(ephemeral, sizeof(ephemeral)) &&
		    noise_create_response(&peer->remote, ephemeral, state, &response, &keys);

	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (!good)
		return false;
	session_end(peer->next);
	session = peer->next = session_new(peer, SESSION_LIVE);
	if (session) {
		session->remote_index = rte_le_to_cpu_32(receiver);
		session->keys = keys;
		response.sender = rte_cpu_to_le_32(session->index);
		memcpy(peer->next_timestamp, timestamp, TIMESTAMP_BYTES);
		timers_session_prepared(peer);
		stats.tunnel.responses_sent++;
		send(peer, session, from, &response, sizeof(response));
	}
	crypto_wipe(&keys, sizeof(keys));
	return session != NULL;
}

/* Whether a genuine initiation is to be answered; remembers it if so. */
static bool is_fresh(struct peer *peer, const uint8_t timestamp[TIMESTAMP_BYTES])
{
	if (peer->initiation_taken_ns &&
	    host_now_ns - peer->initiation_taken_ns < WIREGUARD_SECOND_NS / INITIATIONS_PER_SECOND)
		return false;
	if (!timestamp_accept(&peer->times, timestamp))
		return false;
	peer->initiation_taken_ns = host_now_ns;
	return true;
}

/* Leaves secrets in `state`. */
static enum drop_reason take_initiation(uint8_t tunnel, const struct message_initiation *initiation,
					const struct wireguard_endpoint *from, struct noise_state *state,
					uint32_t *cost)
{
	const struct noise_identity *self = &tunnels[tunnel].identity;
	uint8_t static_key[CRYPTO_KEY_BYTES], timestamp[TIMESTAMP_BYTES];
	struct peer *peer;

	*cost = COST_STRANGER;
	if (!noise_open_initiation(self, initiation, state, static_key))
		return DROP_WG_HANDSHAKE;
	peer = peer_find(tunnel, static_key);
	if (peer == NULL)
		return DROP_WG_STRANGER;
	*cost += !peer->remote.static_static_known;
	if (!noise_consume_initiation(self, &peer->remote, initiation, state, timestamp))
		return DROP_WG_HANDSHAKE;
	if (!is_fresh(peer, timestamp))
		return DROP_WG_STALE;
	*cost += COST_RESPONDING - COST_STRANGER;
	if (!respond(peer, state, initiation->sender, timestamp, from))
		return DROP_WG_HANDSHAKE;
	stats.tunnel.initiations_taken++;
	count_received(peer, sizeof(*initiation));
	return DROP_REASON_COUNT;
}

enum drop_reason exchange_take_initiation(uint8_t tunnel, const struct message_initiation *initiation,
					  const struct wireguard_endpoint *from, uint32_t *cost)
{
	struct noise_state state;
	enum drop_reason reason = take_initiation(tunnel, initiation, from, &state, cost);

	crypto_wipe(&state, sizeof(state));
	return reason;
}

/* Initiating */

/* Takes the slot of an initiation that got no answer. False: no randomness, or a peer's key that is no key.
 */
static bool begin(struct peer *peer, struct message_initiation *message)
{
	uint8_t ephemeral[CRYPTO_KEY_BYTES], timestamp[TIMESTAMP_BYTES];
	struct session *session;
	bool good;

	session_end(peer->handshake);
	session = peer->handshake = session_new(peer, SESSION_HANDSHAKE);
	if (session == NULL)
		return false;
	timestamp_now(&peer->times, timestamp);
	good = crypto_random(ephemeral, sizeof(ephemeral)) &&
	       noise_create_initiation(&tunnels[peer->tunnel].identity, &peer->remote, ephemeral, timestamp,
				       message, &session->noise);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (!good) {
		session_end(session);
		peer->handshake = NULL;
		return false;
	}
	message->type = rte_cpu_to_le_32(MESSAGE_INITIATION);
	message->sender = rte_cpu_to_le_32(session->index);
	return true;
}

uint32_t exchange_initiate(struct peer *peer)
{
	uint32_t cost = COST_INITIATING + !peer->remote.static_static_known;
	struct message_initiation message;

	if (peer->handshake_sent_ns &&
	    host_now_ns - peer->handshake_sent_ns < REKEY_TIMEOUT * WIREGUARD_SECOND_NS) {
		timers_initiation_postponed(peer, peer->handshake_sent_ns);
		return 0;
	}
	peer->handshake_sent_ns = host_now_ns;
	timers_initiation_sent(peer);
	if (!begin(peer, &message))
		return cost;
	timers_anything_sent(peer);
	stats.tunnel.initiations_sent++;
	send(peer, peer->handshake, &peer->endpoint, &message, sizeof(message));
	return cost;
}

enum drop_reason exchange_take_response(uint8_t tunnel, const struct message_response *response,
					const struct wireguard_endpoint *from)
{
	struct session *session = session_find(tunnel, rte_le_to_cpu_32(response->receiver));
	struct noise_keys keys;
	struct peer *peer;

	if (session == NULL || session->state != SESSION_HANDSHAKE)
		return DROP_WG_UNKNOWN_SESSION;
	peer = session->peer;
	if (!noise_consume_response(&tunnels[tunnel].identity, &peer->remote, &session->noise, response,
				    &keys))
		return DROP_WG_HANDSHAKE;
	crypto_wipe(&session->noise, sizeof(session->noise));
	session->keys = keys;
	crypto_wipe(&keys, sizeof(keys));
	session->remote_index = rte_le_to_cpu_32(response->sender);
	peer_take_session(peer);
	peer_roam(peer, from);
	count_received(peer, sizeof(*response));
	timers_anything_received(peer);
	stats.tunnel.responses_taken++;
	/* The other side may send when it has had a packet. */
	if (!wireguard_session_ready(peer->number))
		peer_send_keepalive(peer);
	return DROP_REASON_COUNT;
}
