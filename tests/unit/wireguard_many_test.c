/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard with 10,000 peers that all want a session at once: they get their turns in bounded portions, each
 * with an index of its own, and their timers run as those of one.
 */
#include <assert.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "crypto/crypto.h"
#include "nf/host.h"
#include "nf/wireguard/config.h"
#include "nf/stats.h"
#include "nf/wireguard/core.h"
#include "nf/wireguard/handshake.h"
#include "nf/wireguard/load.h"
#include "nf/wireguard/outer.h"
#include "nf/wireguard/peer.h"
#include "nf/wireguard/wireguard.h"
#include "support/nf_host.h"

enum { PEERS = 10000, TUNNELS = 2 };

struct wireguard_peer_config peer_table[PEERS] __asm__("wireguard_peers");
uint8_t private_table[TUNNELS][WIREGUARD_KEY_BYTES] __asm__("wireguard_private_keys");
uint8_t preshared_table[PEERS][WIREGUARD_KEY_BYTES] __asm__("wireguard_preshared_keys");
const uint32_t wireguard_tunnel_count = TUNNELS, wireguard_peer_count = PEERS;
const uint32_t wireguard_allowed_ipv4_count, wireguard_allowed_ipv6_count;
const struct wireguard_tunnel_config wireguard_tunnels[TUNNELS];
const struct wireguard_allowed_ipv4 wireguard_allowed_ipv4[1];
const struct wireguard_allowed_ipv6 wireguard_allowed_ipv6[1];

static uint32_t sent, failed;
static struct message_initiation last;
static uint64_t sent_ns[PEERS]; /* the last initiation to each, whose number is in its endpoint */

void wireguard_transmit(uint8_t tunnel, const struct wireguard_endpoint *to, const void *message,
			size_t bytes)
{
	assert_int_equal(bytes, sizeof(last));
	assert_int_equal(tunnel, peer_table[to->address.ipv4].tunnel);
	memcpy(&last, message, sizeof(last));
	if (sent_ns[to->address.ipv4])
		assert_in_range(host_now_ns - sent_ns[to->address.ipv4], (uint64_t)5 * SECOND,
				(uint64_t)5 * SECOND + SECOND / 2);
	sent_ns[to->address.ipv4] = host_now_ns;
	sent++;
}

bool wireguard_session_ready(uint32_t peer)
{
	(void)peer;
	return false;
}

void wireguard_session_failed(uint32_t peer)
{
	(void)peer;
	failed++;
}

bool wireguard_packets_wait(uint32_t peer)
{
	(void)peer;
	return false;
}

/* The router's way into a tunnel, which no packet takes here. */
void wireguard_send(struct rte_mbuf *m, uint8_t port)
{
	(void)m;
	(void)port;
	assert(!"no packets");
}

bool wireguard_reaches(struct rte_mbuf *m, uint8_t port)
{
	(void)m;
	(void)port;
	return false;
}

void wireguard_flush(void)
{
}

static int start(void **state)
{
	(void)state;
	if (crypto_init())
		return -1;
	nf_host_start();
	for (uint32_t i = 0; i < PEERS; i++) {
		peer_table[i] = (struct wireguard_peer_config){.endpoint_family = 4,
							       .endpoint.ipv4 = i,
							       .endpoint_port = 1,
							       .keepalive_s = 25,
							       .tunnel = i >= PEERS / 2};
		for (int byte = 0; byte < WIREGUARD_KEY_BYTES; byte++)
			peer_table[i].public_key[byte] = host_random();
	}
	memset(private_table, 0x40, sizeof(private_table));
	memset(sent_ns, 0, sizeof(sent_ns));
	sent = failed = 0;
	return core_init();
}

static void keys_find_their_peers(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PEERS; i++) {
		uint8_t tunnel = peer_table[i].tunnel, *key = peer_table[i].public_key;

		assert_ptr_equal(peer_find(tunnel, key), &peers[i]);
		assert_null(peer_find(!tunnel, key));
	}
	assert_null(peer_find(0, private_table[0]));
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void each_gets_a_turn_and_an_index(void **state)
{
	static uint32_t indices[PEERS];
	uint32_t turns = 0;

	(void)state;
	assert_int_equal(timers_next(), host_now_ns);
	while (core_tick(true) <= host_now_ns)
		assert_true(sent <= ++turns);
	assert_int_equal(sent, PEERS);
	for (uint32_t i = 0; i < PEERS; i++) {
		struct session *session = peers[i].handshake;

		assert_non_null(session);
		assert_ptr_equal(session_find(peers[i].tunnel, session->index), session);
		assert_null(session_find(!peers[i].tunnel, session->index));
		assert_null(session_find(peers[i].tunnel, session->index ^ 1U << 31));
		indices[i] = session->index;
	}
	qsort(indices, PEERS, sizeof(indices[0]), compare);
	for (uint32_t i = 1; i < PEERS; i++)
		assert_int_not_equal(indices[i], indices[i - 1]);
}

/* Their upper bits are random, for the same slot too. */
static void indices_cannot_be_told(void **state)
{
	uint32_t high[256] = {0};

	(void)state;
	for (uint32_t i = 0; i < 4096; i++) {
		struct session *session = session_new(&peers[7], SESSION_HANDSHAKE);
		uint32_t index;

		assert_non_null(session);
		index = session->index;
		high[index >> 24]++;
		assert_ptr_equal(session_find(0, index), session);
		session_end(session);
		assert_null(session_find(0, index));
	}
	for (uint32_t i = 0; i < 256; i++)
		assert_in_range(high[i], 1, 64);
}

static void packets_are_not_kept_waiting(void **state)
{
	(void)state;
	for (uint32_t ms = 0; ms < 1000; ms++) {
		uint32_t before = sent;

		core_tick(false);
		assert_true(sent - before <= LOAD_MULTIPLICATIONS_BURST / 2 + 1);
		host_now_ns += SECOND / 1000;
	}
	assert_in_range(sent, LOAD_MULTIPLICATIONS / 4,
			(LOAD_MULTIPLICATIONS + LOAD_MULTIPLICATIONS_BURST) / 2 + 1);
}

/* Somebody's initiation comes while all of ours wait to be sent: it has its turn. */
static void ours_do_not_shut_out_others(void **state)
{
	static const struct wireguard_endpoint from = {.family = 4, .port = 1};
	static const struct cookie_given none;
	struct message_initiation message = {.type = rte_cpu_to_le_32(MESSAGE_INITIATION)};

	(void)state;
	while (sent < 10)
		core_tick(true);
	stats.port[0].rx_packets++;
	cookie_add_macs(&tunnels[0].checker.keys, &none, &message, sizeof(message), 0);
	handshake_receive(0, &message, sizeof(message), &from);
	assert_int_equal(stats.held, 1);
	core_tick(true);
	core_tick(true);
	assert_int_equal(stats.dropped[DROP_WG_HANDSHAKE], 1);
	assert_int_equal(sent, 11);
}

/* The bounds of wireguard_transmit hold for thousands of peers, too. */
static void timers_come_in_time(void **state)
{
	uint64_t next, end;

	(void)state;
	while (core_tick(true) <= host_now_ns)
		;
	end = host_now_ns + (uint64_t)6 * SECOND;
	while ((next = core_tick(true)) <= end)
		host_now_ns = RTE_MAX(host_now_ns, next);
	assert_int_equal(sent, 2 * PEERS);
	assert_int_equal(failed, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(keys_find_their_peers),       TEST(each_gets_a_turn_and_an_index),
	    TEST(indices_cannot_be_told),      TEST(packets_are_not_kept_waiting),
	    TEST(ours_do_not_shut_out_others), TEST(timers_come_in_time),
	};

	return cmocka_run_group_tests_name("wireguard_many", tests, NULL, NULL);
}
