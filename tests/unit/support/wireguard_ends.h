/* SPDX-License-Identifier: Apache-2.0
 *
 * Two ends of WireGuard; see wireguard_world.h, whose functions are here. A test or fuzz target includes
 * this, once: it is there in place of nf's packet side.
 */
#ifndef TESTS_WIREGUARD_ENDS_H
#define TESTS_WIREGUARD_ENDS_H

#include <assert.h>
#include <string.h>
#include "crypto/crypto.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "nf/wireguard/config.h"
#include "nf/wireguard/core.h"
#include "nf/wireguard/handshake.h"
#include "nf/wireguard/outer.h"
#include "nf/wireguard/stats.h"
#include "nf/wireguard/wireguard.h"
#include "tests/unit/wireguard_vectors.h"
#include "nf_host.h"
#include "wireguard_world.h"

#define WALL_2023 UINT64_C(1700000000000000000)

struct world world;

const uint32_t wireguard_tunnel_count = WORLD_TUNNELS, wireguard_peer_count = WORLD_PEERS;
const uint32_t wireguard_allowed_ipv4_count = 2, wireguard_allowed_ipv6_count = 0;
const struct wireguard_tunnel_config wireguard_tunnels[] = {
    {.port = 2, .listen_port = 1001, .first_peer = PEER_BOB, .peer_count = 2},
    {.port = 3, .listen_port = 1002, .first_peer = PEER_ALICE, .peer_count = 2},
};
const struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[] = {{{0x0a000000, 8}, PEER_BOB},
								{{0x0a000000, 8}, PEER_ALICE}};
const struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[1];
/* Filled in at start: an array can't begin with another one's values. */
struct wireguard_peer_config peer_table[WORLD_PEERS] __asm__("wireguard_peers");
uint8_t private_table[WORLD_TUNNELS][WIREGUARD_KEY_BYTES] __asm__("wireguard_private_keys");
uint8_t preshared_table[WORLD_PEERS][WIREGUARD_KEY_BYTES] __asm__("wireguard_preshared_keys");

struct wireguard_endpoint world_address(uint8_t tunnel)
{
	return (struct wireguard_endpoint){
	    .address.ipv4 = 0xc0000201 + tunnel, .port = 1001 + tunnel, .family = 4};
}

/* The packet side; the router has nothing for tunnels here */

void wireguard_send(struct rte_mbuf *m, uint8_t port)
{
	(void)m, (void)port;
	assert(false);
}

bool wireguard_reaches(struct rte_mbuf *m, uint8_t port)
{
	(void)m, (void)port;
	return false;
}

void wireguard_flush(void)
{
}

void wireguard_transmit(uint8_t tunnel, const struct wireguard_endpoint *to, const void *message,
			size_t bytes)
{
	struct world_message *sent = &world.sent[world.sent_count++];

	assert(world.sent_count < WORLD_SENT_MAX && bytes <= WORLD_MESSAGE_MAX && to->family);
	*sent = (struct world_message){.tunnel = tunnel, .to = *to, .size = bytes};
	memcpy(sent->bytes, message, bytes);
}

static void seal(struct session *session, struct world_message *message, uint32_t bytes)
{
	struct message_transport header = {.type = rte_cpu_to_le_32(MESSAGE_TRANSPORT),
					   .receiver = rte_cpu_to_le_32(session->remote_index),
					   .counter = rte_cpu_to_le_64(session->sending_counter++)};
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead, .data = message->bytes + sizeof(header), .bytes = bytes};

	memcpy(message->bytes, &header, sizeof(header));
	memcpy(text.nonce + 4, &header.counter, sizeof(header.counter));
	crypto_aead_init(&aead, CRYPTO_CHACHA20_POLY1305, session->keys.sending);
	crypto_seal(&text, 1);
	message->size = sizeof(header) + bytes + CRYPTO_TAG_BYTES;
}

void world_send(uint32_t number, uint32_t bytes)
{
	struct peer *peer = &peers[number];
	struct session *session = peer_sending_session(peer);
	struct world_message message = {.tunnel = peer->tunnel};

	if (session == NULL) {
		world.waiting[number]++;
		return;
	}
	seal(session, &message, bytes);
	wireguard_transmit(peer->tunnel, &peer->endpoint, message.bytes, message.size);
	peer_sent(peer, 1, message.size, bytes > 0);
}

bool wireguard_session_ready(uint32_t peer)
{
	uint32_t count = world.waiting[peer];

	world.ready[peer]++;
	world.waiting[peer] = 0;
	for (uint32_t i = 0; i < count; i++)
		world_send(peer, 16);
	return count > 0;
}

void wireguard_session_failed(uint32_t peer)
{
	world.failed[peer]++;
	world.waiting[peer] = 0;
}

bool wireguard_packets_wait(uint32_t peer)
{
	return world.waiting[peer] > 0;
}

static enum drop_reason open_transport(uint8_t tunnel, const uint8_t *message, size_t size,
				       const struct wireguard_endpoint *from)
{
	struct message_transport header;
	uint8_t plain[WORLD_MESSAGE_MAX];
	struct session *session;
	struct crypto_aead aead;
	struct crypto_text text = {.aead = &aead, .data = plain, .bytes = size - MESSAGE_TRANSPORT_OVERHEAD};
	uint32_t peer;
	enum drop_reason reason;

	memcpy(&header, message, sizeof(header));
	session = session_find(tunnel, rte_le_to_cpu_32(header.receiver));
	if (session == NULL || session->state != SESSION_LIVE)
		return DROP_WG_UNKNOWN_SESSION;
	if (!session_may_receive(session, host_now_ns))
		return DROP_WG_EXPIRED;
	memcpy(plain, message + sizeof(header), size - sizeof(header));
	memcpy(text.nonce + 4, &header.counter, sizeof(header.counter));
	crypto_aead_init(&aead, CRYPTO_CHACHA20_POLY1305, session->keys.receiving);
	if (crypto_open(&text, 1) != 1)
		return DROP_WG_FORGED;
	peer = session->peer->number;
	reason = peer_received(session, rte_le_to_cpu_64(header.counter), text.bytes, from);
	world.received[peer] += reason == DROP_REASON_COUNT && text.bytes;
	return reason;
}

void world_receive(uint8_t tunnel, const void *message, size_t size, const struct wireguard_endpoint *from)
{
	rte_le32_t type = 0;

	memcpy(&type, message, RTE_MIN(size, sizeof(type)));
	if (size >= MESSAGE_KEEPALIVE_BYTES && type == rte_cpu_to_le_32(MESSAGE_TRANSPORT)) {
		world.last_drop = open_transport(tunnel, message, size, from);
		return;
	}
	stats.port[0].rx_packets++; /* nf_host.c looks whether each ends once */
	handshake_receive(tunnel, message, size, from);
}

/* Each slot in use is a session that the peer knows, once. */
static void check_slots(void)
{
	for (uint32_t i = 0; i < WORLD_PEERS; i++) {
		const struct peer *peer = &peers[i];
		const struct session *sessions[] = {peer->current, peer->previous, peer->next,
						    peer->handshake};
		int used = 0;

		for (int a = 0; a < 4; a++) {
			used += sessions[a] != NULL;
			assert(!sessions[a] || sessions[a]->peer == peer);
			assert(!sessions[a] ||
			       sessions[a]->state == (a == 3 ? SESSION_HANDSHAKE : SESSION_LIVE));
			for (int b = 0; b < a; b++)
				assert(!sessions[a] || sessions[a] != sessions[b]);
		}
		assert(__builtin_popcount(peer->slots) == used);
	}
}

/* Time */

void world_run(uint64_t ns)
{
	uint64_t end = host_now_ns + ns, next;

	while ((next = core_tick(true)) <= end)
		host_now_ns = RTE_MAX(host_now_ns, next);
	host_now_ns = end;
	while (core_tick(true) <= end)
		;
	check_slots();
}

void world_receive_and_work(uint8_t tunnel, const struct world_message *message,
			    const struct wireguard_endpoint *from)
{
	world_receive(tunnel, message->bytes, message->size, from);
	world_run(0);
}

void world_pass(void)
{
	world_run(0);
	while (world.passed < world.sent_count) {
		const struct world_message *message = &world.sent[world.passed++];
		struct wireguard_endpoint from = world_address(message->tunnel);

		for (uint8_t tunnel = 0; tunnel < WORLD_TUNNELS; tunnel++)
			if (world_address(tunnel).port == message->to.port)
				world_receive_and_work(tunnel, message, &from);
	}
}

void world_live(uint64_t ns)
{
	uint64_t end = host_now_ns + ns, next;

	world_pass();
	while ((next = core_tick(true)) <= end) {
		host_now_ns = RTE_MAX(host_now_ns, next);
		world_pass();
	}
	host_now_ns = end;
	world_pass();
}

void world_lose(void)
{
	world_run(0);
	world.passed = world.sent_count;
}

/* What was sent */

static uint32_t type_of(const struct world_message *message)
{
	return message->bytes[0];
}

struct world_message world_last(uint32_t type)
{
	uint32_t i = world.sent_count;

	while (i-- > 0)
		if (type_of(&world.sent[i]) == type)
			return world.sent[i];
	assert(!"no such message was sent");
}

uint32_t world_count(uint32_t type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < world.sent_count; i++)
		count += type_of(&world.sent[i]) == type;
	return count;
}

/* Beginnings */

static void set_peer(uint32_t number, uint8_t tunnel, const uint8_t *key)
{
	peer_table[number].tunnel = tunnel;
	memcpy(peer_table[number].public_key, key, WIREGUARD_KEY_BYTES);
}

static void set_tables(void)
{
	struct wireguard_endpoint bob = world_address(BOB_TUNNEL);

	set_peer(PEER_BOB, ALICE_TUNNEL, vector_responder_public);
	set_peer(PEER_CAROL, ALICE_TUNNEL, plain_shared_ee);
	set_peer(PEER_ALICE, BOB_TUNNEL, vector_initiator_public);
	set_peer(PEER_DAVE, BOB_TUNNEL, plain_shared_es);
	peer_table[PEER_BOB].endpoint_family = bob.family;
	peer_table[PEER_BOB].endpoint = bob.address;
	peer_table[PEER_BOB].endpoint_port = bob.port;
	memcpy(private_table[ALICE_TUNNEL], vector_initiator_private, WIREGUARD_KEY_BYTES);
	memcpy(private_table[BOB_TUNNEL], vector_responder_private, WIREGUARD_KEY_BYTES);
	memcpy(preshared_table[PEER_BOB], vector_preshared_key, WIREGUARD_KEY_BYTES);
	memcpy(preshared_table[PEER_ALICE], vector_preshared_key, WIREGUARD_KEY_BYTES);
}

void world_start(void)
{
	if (peers)
		world_run(0); /* what waits from the world before */
	else
		assert(crypto_init() == NULL);
	nf_host_start();
	nf_host.wall_offset_ns = WALL_2023;
	memset(&world, 0, sizeof(world));
	set_tables();
	assert(core_init() == 0);
}

void world_restart(uint8_t tunnel)
{
	const struct wireguard_tunnel_config *config = &wireguard_tunnels[tunnel];

	for (uint32_t i = config->first_peer; i < config->first_peer + config->peer_count; i++) {
		struct peer *peer = &peers[i];

		peer_zero_out(peer);
		peer->endpoint = (struct wireguard_endpoint){.address = peer_table[i].endpoint,
							     .port = peer_table[i].endpoint_port,
							     .family = peer_table[i].endpoint_family};
		memset(&peer->times, 0, sizeof(peer->times));
		peer->handshake_sent_ns = peer->initiation_taken_ns = 0;
		for (int timer = 0; timer < TIMERS; timer++)
			peer->timers.due_ns[timer] = TIMER_OFF;
	}
}

void world_connect(void)
{
	world_send(PEER_BOB, 16);
	world_pass();
	assert(peers[PEER_BOB].current && peers[PEER_ALICE].current && world.received[PEER_ALICE]);
	memset(world.received, 0, sizeof(world.received));
	world.sent_count = world.passed = 0;
}

static uint64_t add(uint64_t sum, const void *data, size_t bytes)
{
	for (const uint8_t *byte = data; bytes--; byte++)
		sum = (sum ^ *byte) * UINT64_C(0x100000001b3);
	return sum;
}

uint64_t world_fingerprint(uint32_t number)
{
	const struct peer *peer = &peers[number];
	const struct session *sessions[] = {peer->current, peer->previous, peer->next, peer->handshake};
	uint64_t sum = add(UINT64_C(0xcbf29ce484222325), sessions, sizeof(sessions));

	for (int i = 0; i < 4; i++)
		if (sessions[i])
			sum = add(sum, sessions[i], sizeof(*sessions[i]));
	sum = add(sum, &peer->endpoint, sizeof(peer->endpoint));
	sum = add(sum, peer->timers.due_ns, sizeof(peer->timers.due_ns));
	sum = add(sum, &peer->times, sizeof(peer->times));
	sum = add(sum, &peer->cookie, sizeof(peer->cookie));
	sum = add(sum, &peer->initiation_taken_ns, sizeof(peer->initiation_taken_ns));
	return add(sum, &wireguard_peer_stats[number], sizeof(wireguard_peer_stats[number]));
}

#endif
