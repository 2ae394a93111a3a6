/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers; see peer.h. The life of their sessions, with what the paper leaves to the implementation (section
 * 6.3): a session that we initiated is current at once, and the one before is kept as previous for packets
 * that are on their way; a session that we responded with is next until a packet comes that it opens.
 */
#include <errno.h>
#include <string.h>
#include <rte_malloc.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "config.h"
#include "handshake.h"
#include "outer.h"
#include "peer.h"
#include "stats.h"

struct peer *peers;
struct tunnel *tunnels;
struct wireguard_peer_stats *wireguard_peer_stats;

/* Numbers of peers, plus one, by hash of tunnel and public key: the first free place from there on. 0: free.
 */
static uint32_t *by_key;
static uint32_t by_key_mask;
static uint64_t by_key_seed[5];

static uint32_t place_of(uint8_t tunnel, const uint8_t public_key[CRYPTO_KEY_BYTES])
{
	uint64_t words[4], sum = by_key_seed[4] * (tunnel + 1);

	memcpy(words, public_key, sizeof(words));
	for (int i = 0; i < 4; i++)
		sum = (sum ^ words[i] ^ sum >> 29) * (by_key_seed[i] | 1);
	return sum >> 32 & by_key_mask;
}

static bool has_key(uint32_t number, uint8_t tunnel, const uint8_t public_key[CRYPTO_KEY_BYTES])
{
	return wireguard_peers[number].tunnel == tunnel &&
	       memcmp(wireguard_peers[number].public_key, public_key, CRYPTO_KEY_BYTES) == 0;
}

struct peer *peer_find(uint8_t tunnel, const uint8_t public_key[CRYPTO_KEY_BYTES])
{
	uint32_t place = place_of(tunnel, public_key);

	for (; by_key[place]; place = (place + 1) & by_key_mask)
		if (has_key(by_key[place] - 1, tunnel, public_key))
			return &peers[by_key[place] - 1];
	return NULL;
}

static void index_key(const struct peer *peer)
{
	uint32_t place = place_of(peer->tunnel, peer->remote.public_key);

	while (by_key[place])
		place = (place + 1) & by_key_mask;
	by_key[place] = peer->number + 1;
}

static void start_peer(uint32_t number)
{
	const struct wireguard_peer_config *config = &wireguard_peers[number];
	struct peer *peer = &peers[number];

	peer->number = number;
	peer->tunnel = config->tunnel;
	peer->keepalive_s = config->keepalive_s;
	peer->remote.public_key = config->public_key;
	peer->remote.preshared_key = wireguard_preshared_keys[number];
	peer->endpoint = (struct wireguard_endpoint){
	    .address = config->endpoint, .port = config->endpoint_port, .family = config->endpoint_family};
	wireguard_peer_stats[number].endpoint = peer->endpoint;
	index_key(peer);
	timers_start(peer);
}

static void start_tunnel(uint32_t number)
{
	struct tunnel *tunnel = &tunnels[number];

	noise_identity_init(&tunnel->identity, wireguard_private_keys[number]);
	cookie_keys_init(&tunnel->checker.keys, tunnel->identity.public_key);
	tunnel->checker.secret_until_ns = 0;
}

/* Wiped: keys are in there. */
static void free_all(void)
{
	if (peers)
		crypto_wipe(peers, wireguard_peer_count * sizeof(*peers));
	if (tunnels)
		crypto_wipe(tunnels, wireguard_tunnel_count * sizeof(*tunnels));
	rte_free(peers);
	rte_free(tunnels);
	rte_free(by_key);
}

static bool make_tables(void)
{
	uint32_t count = RTE_MAX(wireguard_peer_count, 1u);

	free_all();
	by_key_mask = rte_align32pow2(2 * count) - 1;
	for (int i = 0; i < 5; i++)
		by_key_seed[i] = host_random();
	peers = rte_zmalloc("peers", count * sizeof(*peers), RTE_CACHE_LINE_SIZE);
	tunnels = rte_zmalloc("tunnels", RTE_MAX(wireguard_tunnel_count, 1u) * sizeof(*tunnels), 0);
	by_key = rte_zmalloc("peers by key", (by_key_mask + 1) * sizeof(*by_key), RTE_CACHE_LINE_SIZE);
	wireguard_peer_stats = host_shared_memory(count * sizeof(*wireguard_peer_stats));
	return peers && tunnels && by_key && wireguard_peer_stats;
}

int peer_init(void)
{
	if (!make_tables()) {
		host_log("wireguard: no memory for peers");
		return -ENOMEM;
	}
	memset(wireguard_peer_stats, 0, wireguard_peer_count * sizeof(*wireguard_peer_stats));
	stats.tunnel = (struct tunnel_stats){
	    .peers = (uintptr_t)wireguard_peer_stats,
	    .peer_bytes = sizeof(*wireguard_peer_stats),
	    .peer_count = wireguard_peer_count,
	};
	for (uint32_t i = 0; i < wireguard_tunnel_count; i++)
		start_tunnel(i);
	for (uint32_t i = 0; i < wireguard_peer_count; i++)
		start_peer(i);
	return 0;
}

void peer_roam(struct peer *peer, const struct wireguard_endpoint *from)
{
	if (memcmp(&peer->endpoint, from, sizeof(*from)) == 0)
		return;
	peer->endpoint = *from;
	peer->way = 0;
	wireguard_peer_stats[peer->number].endpoint = *from;
}

static bool is_older(const struct session *session, uint64_t seconds)
{
	return host_now_ns - session->born_ns >= seconds * WIREGUARD_SECOND_NS;
}

static void completed(struct peer *peer)
{
	struct wireguard_peer_stats *peer_stats = &wireguard_peer_stats[peer->number];

	peer_stats->handshakes++;
	peer_stats->last_handshake_ns = host_wall_ns();
	timers_session_derived(peer);
	timers_handshake_completed(peer);
}

void peer_take_session(struct peer *peer)
{
	session_end(peer->previous);
	peer->previous = peer->current;
	peer->current = peer->handshake;
	peer->handshake = NULL;
	session_become(peer->current, SESSION_LIVE);
	peer->current->initiator = true;
	peer->current->mac1_sent = false;
	peer->current->born_ns = host_now_ns;
	completed(peer);
}

/* A packet has come that `next` opens. When both sides initiated at once, and ours was complete later, ours
 * stays in use, and the other side's is what it still sends with. */
static void confirm_next(struct peer *peer)
{
	struct session *next = peer->next;
	bool ours_is_later =
	    peer->current && peer->current->initiator && peer->current->born_ns >= next->born_ns;

	timestamp_confirm(&peer->times, peer->next_timestamp, next->born_ns);
	next->mac1_sent = false;
	session_end(peer->previous);
	peer->previous = ours_is_later ? next : peer->current;
	peer->current = ours_is_later ? peer->current : next;
	peer->next = NULL;
	completed(peer);
}

/* We initiate anew when we receive with a session that we initiated and that won't last until the other side
 * would notice. */
static void keep_fresh_for_receiving(struct peer *peer)
{
	const struct session *current = peer->current;

	if (peer->last_minute || !current || !current->initiator ||
	    !is_older(current, REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT))
		return;
	peer->last_minute = true;
	handshake_want(peer, false);
}

enum drop_reason peer_received(struct session *session, uint64_t counter, uint32_t bytes,
			       const struct wireguard_endpoint *from)
{
	struct peer *peer = session->peer;
	struct wireguard_peer_stats *peer_stats = &wireguard_peer_stats[peer->number];

	if (session->state != SESSION_LIVE)
		return DROP_WG_UNKNOWN_SESSION;
	if (!replay_accept(&session->replay, counter))
		return DROP_WG_REPLAY;
	peer_roam(peer, from);
	peer_stats->rx_packets++;
	peer_stats->rx_bytes += bytes + MESSAGE_TRANSPORT_OVERHEAD;
	timers_anything_received(peer);
	if (bytes)
		timers_data_received(peer);
	if (session == peer->next) {
		confirm_next(peer);
		wireguard_session_ready(peer->number);
	}
	keep_fresh_for_receiving(peer);
	return DROP_REASON_COUNT;
}

struct session *peer_sending_session(struct peer *peer)
{
	if (peer->current && session_may_send(peer->current, host_now_ns))
		return peer->current;
	handshake_want(peer, false);
	return NULL;
}

/* We initiate anew when a session has been used for long; by time only if we initiated it, so that not both
 * sides do. */
static void keep_fresh_for_sending(struct peer *peer)
{
	const struct session *current = peer->current;

	if (current && (current->sending_counter > REKEY_AFTER_MESSAGES ||
			(current->initiator && is_older(current, REKEY_AFTER_TIME))))
		handshake_want(peer, false);
}

void peer_sent(struct peer *peer, uint32_t packets, uint64_t bytes, bool data)
{
	struct wireguard_peer_stats *peer_stats = &wireguard_peer_stats[peer->number];

	peer_stats->tx_packets += packets;
	peer_stats->tx_bytes += bytes;
	timers_anything_sent(peer);
	if (data)
		timers_data_sent(peer);
	keep_fresh_for_sending(peer);
}

static void seal_keepalive(struct session *session, uint8_t message[MESSAGE_KEEPALIVE_BYTES])
{
	struct message_transport header = {
	    .type = rte_cpu_to_le_32(MESSAGE_TRANSPORT),
	    .receiver = rte_cpu_to_le_32(session->remote_index),
	    .counter = rte_cpu_to_le_64(session->sending_counter++),
	};
	struct crypto_text text = {.chacha20_poly1305_key = session->keys.sending,
				   .data = message + sizeof(header)};

	memcpy(message, &header, sizeof(header));
	memcpy(text.nonce + 4, &header.counter, sizeof(header.counter));
	crypto_seal(&text, 1);
}

void peer_send_keepalive(struct peer *peer)
{
	uint8_t message[MESSAGE_KEEPALIVE_BYTES];
	struct session *session = peer_sending_session(peer);

	if (session == NULL || peer->endpoint.family == 0 || wireguard_packets_wait(peer->number))
		return;
	seal_keepalive(session, message);
	stats.tunnel.keepalives_sent++;
	wireguard_transmit(peer->tunnel, &peer->endpoint, message, sizeof(message));
	peer_sent(peer, 1, sizeof(message), false);
}

void peer_zero_out(struct peer *peer)
{
	session_end(peer->current);
	session_end(peer->previous);
	session_end(peer->next);
	session_end(peer->handshake);
	peer->current = peer->previous = peer->next = peer->handshake = NULL;
	crypto_wipe(&peer->cookie, sizeof(peer->cookie));
}
