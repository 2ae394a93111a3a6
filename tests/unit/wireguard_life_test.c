/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of WireGuard sessions between two ends (support/wireguard_world.h): handshakes, confirmation,
 * rekeying, roaming, and every limit of time and messages (the paper, section 6).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "nf/wireguard/core.h"
#include "nf/wireguard/handshake.h"
#include "nf/wireguard/stats.h"
#include "support/nf_host.h"
#include "support/wireguard_ends.h"
#include "wireguard_vectors.h"

#define MILLISECOND UINT64_C(1000000)
#define SECONDS(n)  ((uint64_t)(n)*SECOND)
#define JITTER	    (SECONDS(1) / 3)

static struct peer *bob, *alice; /* as the other one knows them */

static void a_packet_asks_for_a_session(void **state)
{
	(void)state;
	world_send(PEER_BOB, 64);
	assert_int_equal(world.sent_count, 0);
	world_run(0);
	assert_int_equal(world.sent_count, 1);
	world_pass();
	/* Initiation, response, and the packet that waited, which confirms; so no keepalive. */
	assert_int_equal(world.sent_count, 3);
	assert_int_equal(world.received[PEER_ALICE], 1);
	assert_int_equal(world.ready[PEER_BOB], 1);
	assert_int_equal(world.ready[PEER_ALICE], 1);
	assert_true(bob->current->initiator);
	assert_false(alice->current->initiator);
	assert_int_equal(alice->endpoint.port, world_address(ALICE_TUNNEL).port);
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_int_equal(world.received[PEER_BOB], 1);
	assert_int_equal(wireguard_peer_stats[PEER_BOB].handshakes, 1);
	assert_true(wireguard_peer_stats[PEER_BOB].last_handshake_ns > SECONDS(1700000000));
}

static void a_keepalive_confirms_when_nothing_waits(void **state)
{
	(void)state;
	handshake_want(bob, false);
	world_pass();
	assert_int_equal(world.sent_count, 3);
	assert_int_equal(world.sent[2].size, MESSAGE_KEEPALIVE_BYTES);
	assert_int_equal(stats.tunnel.keepalives_sent, 1);
	assert_non_null(alice->current);
	assert_null(alice->next);
}

static void send_keepalive(struct peer *peer, const uint8_t *key, uint32_t index, uint64_t counter)
{
	memcpy(peer->current->keys.sending, key, CRYPTO_KEY_BYTES);
	peer->current->remote_index = index;
	peer->current->sending_counter = counter;
	peer_send_keepalive(peer);
}

static void keepalives_are_those_of_the_vectors(void **state)
{
	(void)state;
	world_connect();
	send_keepalive(bob, psk_transport_from_initiator, VECTOR_RESPONDER_INDEX, 1);
	assert_memory_equal(world.sent[0].bytes, psk_keepalive_of_initiator_counter_1,
			    MESSAGE_KEEPALIVE_BYTES);
	send_keepalive(alice, psk_transport_from_responder, VECTOR_INITIATOR_INDEX, UINT64_C(1) << 40);
	assert_memory_equal(world.sent[1].bytes, psk_keepalive_of_responder_counter_2_to_the_40,
			    MESSAGE_KEEPALIVE_BYTES);
}

static void the_responder_waits_for_a_proof(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message;

	(void)state;
	world_send(PEER_BOB, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_receive_and_work(BOB_TUNNEL, &message, &from);
	assert_non_null(alice->next);
	assert_null(alice->current);
	assert_int_equal(alice->endpoint.family, 0);
	world_send(PEER_ALICE, 64);
	assert_int_equal(world.waiting[PEER_ALICE], 1);
	world.passed = 1;
	world_pass();
	assert_int_equal(world.waiting[PEER_ALICE], 0);
	assert_int_equal(world.received[PEER_BOB], 1);
}

/* Until the new session is confirmed, and after, packets under way with the old one are good. */
static void sessions_overlap(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct session *old = alice->current;
	struct world_message late;

	(void)state;
	world_connect();
	old = alice->current;
	world_send(PEER_BOB, 64);
	late = world_last(MESSAGE_TRANSPORT);
	world_lose();
	world_run(SECONDS(6));
	handshake_want(bob, false);
	world_run(0);
	world.passed = world.sent_count - 1;
	world_receive_and_work(BOB_TUNNEL, &world.sent[world.passed++], &from);
	assert_ptr_equal(alice->current, old);
	world_send(PEER_ALICE, 64); /* still with the old one */
	world_pass();
	assert_int_equal(world.received[PEER_BOB], 1);
	assert_ptr_equal(alice->previous, old);
	assert_ptr_not_equal(alice->current, old);
	world_receive_and_work(BOB_TUNNEL, &late, &from);
	assert_int_equal(world.last_drop, DROP_REASON_COUNT);
	assert_ptr_not_equal(alice->current, old);
}

/* A burst was opened, and its first packet ends the session that the second is of. */
static void a_session_may_end_within_a_burst(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct session *oldest, *next;

	(void)state;
	world_connect();
	for (int i = 0; i < 2; i++) {
		world_live(SECONDS(6));
		handshake_want(bob, false);
		world_run(0);
		world.passed = world.sent_count - 1;
		world_receive_and_work(BOB_TUNNEL, &world.sent[world.passed++], &from);
		if (i == 0)
			world_pass();
	}
	oldest = alice->previous;
	next = alice->next;
	assert_true(oldest && next);
	assert_int_equal(peer_received(next, 0, 16, &from), DROP_REASON_COUNT);
	assert_int_equal(peer_received(oldest, 100, 16, &from), DROP_WG_UNKNOWN_SESSION);
	assert_ptr_equal(alice->current, next);
}

static void the_initiator_renews_after_time(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(REKEY_AFTER_TIME) - MILLISECOND);
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 0);
	world_live(MILLISECOND);
	world_send(PEER_ALICE, 64); /* the responder does not */
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 0);
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
	assert_int_equal(bob->current->born_ns, host_now_ns);
	assert_int_equal(alice->current->born_ns, host_now_ns);
}

static void both_renew_after_messages(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(6));
	alice->current->sending_counter = REKEY_AFTER_MESSAGES;
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
	assert_true(alice->current->initiator);
	world_live(SECONDS(6));
	bob->current->sending_counter = REKEY_AFTER_MESSAGES - 1;
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 2);
}

static void no_counter_is_used_beyond_the_limit(void **state)
{
	(void)state;
	world_connect();
	bob->current->sending_counter = REJECT_AFTER_MESSAGES - 1;
	world_send(PEER_BOB, 64);
	assert_int_equal(world.waiting[PEER_BOB], 0);
	world_send(PEER_BOB, 64);
	assert_int_equal(world.waiting[PEER_BOB], 1);
	world_pass();
	assert_int_equal(world.received[PEER_ALICE], 1); /* the one before the limit */
	world_live(SECONDS(6));
	assert_int_equal(world.received[PEER_ALICE], 2);
	assert_int_equal(bob->current->sending_counter, 1);
}

static void sessions_end_after_time(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message;

	(void)state;
	world_connect();
	world_send(PEER_BOB, 64);
	message = world_last(MESSAGE_TRANSPORT);
	world_lose();
	host_now_ns = alice->current->born_ns + SECONDS(REJECT_AFTER_TIME) - 1;
	world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
	assert_int_equal(world.last_drop, DROP_REASON_COUNT);
	assert_non_null(peer_sending_session(alice));
	host_now_ns++;
	world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
	assert_int_equal(world.last_drop, DROP_WG_EXPIRED);
	assert_null(peer_sending_session(alice));
}

/* Section 6.5: data came, and nothing goes back for KEEPALIVE_TIMEOUT. */
static void data_is_acknowledged(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(KEEPALIVE_TIMEOUT) - 1);
	assert_int_equal(world.sent_count, 0);
	world_live(1);
	assert_int_equal(world.sent_count, 1);
	assert_int_equal(world.sent[0].tunnel, BOB_TUNNEL);
	assert_int_equal(world.sent[0].size, MESSAGE_KEEPALIVE_BYTES);
	world_live(SECONDS(60)); /* a keepalive is not data, and gets none */
	assert_int_equal(world.sent_count, 1);
}

static void more_data_gets_another_keepalive(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(5));
	world_send(PEER_BOB, 64);
	world_live(SECONDS(15));
	/* The packet, a keepalive 10 s after world_connect's, and one 10 s after that. */
	assert_int_equal(world.sent_count, 3);
	world_live(SECONDS(60));
	assert_int_equal(world.sent_count, 3);
}

static void what_is_answered_needs_no_keepalive(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(9));
	world_send(PEER_ALICE, 64);
	world_live(SECONDS(9));
	assert_int_equal(world.sent_count, 1);
}

/* Data was sent, and nothing came back for KEEPALIVE_TIMEOUT + REKEY_TIMEOUT. */
static void silence_brings_a_handshake(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(11)); /* the keepalive of bob */
	world_send(PEER_BOB, 64);
	bob->endpoint.local_known = true;
	world_lose();
	world_run(SECONDS(KEEPALIVE_TIMEOUT + REKEY_TIMEOUT) - 1);
	assert_int_equal(world_count(MESSAGE_INITIATION), 0);
	world_run(JITTER + 1);
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
	assert_false(bob->endpoint.local_known);
}

static void attempts_are_repeated_and_end(void **state)
{
	uint64_t first = host_now_ns, last = 0;

	(void)state;
	world_send(PEER_BOB, 64);
	bob->endpoint.local_known = true; /* an address of ours that is gone */
	while (world.failed[PEER_BOB] == 0 && host_now_ns < first + SECONDS(200)) {
		uint32_t before = world.sent_count;

		world_run(10 * MILLISECOND);
		if (world.sent_count > before && last) {
			assert_in_range(host_now_ns - last, SECONDS(REKEY_TIMEOUT) - 10 * MILLISECOND,
					SECONDS(REKEY_TIMEOUT) + JITTER + 10 * MILLISECOND);
		}
		if (world.sent_count > before)
			last = host_now_ns;
	}
	assert_int_equal(world.failed[PEER_BOB], 1);
	assert_in_range(host_now_ns - first, SECONDS(REKEY_ATTEMPT_TIME),
			SECONDS(REKEY_ATTEMPT_TIME + REKEY_TIMEOUT) + JITTER + 10 * MILLISECOND);
	assert_in_range(world.sent_count, 17, 19);
	assert_true(world.sent[0].to.local_known);
	assert_false(world.sent[1].to.local_known);
	last = world.sent_count;
	world_run(SECONDS(1000));
	assert_int_equal(world.sent_count, last);
	assert_int_equal(bob->slots, 0); /* zeroed out */
	world_lose();
	world_send(PEER_BOB, 64);
	world_pass();
	assert_non_null(bob->current);
}

/* Section 6.4: who still wants to send makes the attempts go on. */
static void attempts_go_on_while_packets_come(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		world_send(PEER_BOB, 64);
		world_run(SECONDS(10));
	}
	assert_int_equal(world.failed[PEER_BOB], 0);
	assert_in_range(world.sent_count, 300 / 6, 300 / 5 + 1);
}

static void a_persistent_keepalive_keeps_on(void **state)
{
	(void)state;
	bob->keepalive_s = 25;
	timers_start(bob);
	world_live(SECONDS(1));
	assert_int_equal(world.sent_count, 3); /* a handshake, at once */
	world_live(SECONDS(25));
	assert_int_equal(world.sent_count, 4);
	world_live(SECONDS(25));
	assert_int_equal(world.sent_count, 5);
	world_live(SECONDS(12));
	world_send(PEER_BOB, 64); /* instead of the next */
	world_live(SECONDS(9));	  /* alice's answer to data comes at 10 s */
	assert_int_equal(world.sent_count, 6);
	world_live(SECONDS(3600)); /* sessions are renewed, and never too old */
	assert_true(session_may_send(bob->current, host_now_ns));
	assert_in_range(world_count(MESSAGE_INITIATION), 3600 / 160, 3600 / 120 + 1);
}

static void a_persistent_keepalive_outlasts_silence(void **state)
{
	(void)state;
	bob->keepalive_s = 25;
	timers_start(bob);
	world_run(SECONDS(2000));
	world_lose();
	world_live(SECONDS(30));
	assert_non_null(alice->current);
}

static void keys_are_zeroed_out(void **state)
{
	static const uint8_t zeros[sizeof(struct noise_keys)];
	struct session *hers, *his;

	(void)state;
	world_connect();
	hers = bob->current;
	his = alice->current;
	world_live(SECONDS(3 * REJECT_AFTER_TIME) - 1);
	assert_ptr_equal(bob->current, hers);
	world_live(1);
	assert_null(bob->current);
	assert_null(alice->current);
	assert_memory_equal(&hers->keys, zeros, sizeof(zeros));
	assert_memory_equal(&his->keys, zeros, sizeof(zeros));
	assert_int_equal(bob->slots, 0);
	assert_int_equal(timers_next(), UINT64_MAX);
}

static void an_unconfirmed_session_is_zeroed_out(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message;

	(void)state;
	world_send(PEER_BOB, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_receive_and_work(BOB_TUNNEL, &message, &from);
	world_run(SECONDS(3 * REJECT_AFTER_TIME) - 1);
	assert_non_null(alice->next);
	world_run(1);
	assert_int_equal(alice->slots, 0);
}

/* REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT: the initiator only receives. */
static void receiving_renews_too(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(165) - 1);
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 0);
	world_live(1);
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
	assert_int_equal(world.sent[world.sent_count - 3].tunnel, ALICE_TUNNEL);
}

static void an_end_that_moves_is_followed(void **state)
{
	struct wireguard_endpoint elsewhere = {.address.ipv6 = {0x20, 1, 0xd, 0xb8, [15] = 9},
					       .local.ipv6 = {0x20, 1, 0xd, 0xb8, [15] = 1},
					       .local_known = true,
					       .port = 777,
					       .family = 6};

	(void)state;
	world_connect();
	world_send(PEER_BOB, 64);
	world_receive(BOB_TUNNEL, world.sent[0].bytes, world.sent[0].size, &elsewhere);
	assert_memory_equal(&alice->endpoint, &elsewhere, sizeof(elsewhere));
	assert_memory_equal(&wireguard_peer_stats[PEER_ALICE].endpoint, &elsewhere, sizeof(elsewhere));
	world_send(PEER_ALICE, 64);
	assert_memory_equal(&world.sent[1].to, &elsewhere, sizeof(elsewhere));
}

static void both_may_begin_at_once(void **state)
{
	(void)state;
	world_connect();
	world_live(SECONDS(6));
	handshake_want(bob, false);
	handshake_want(alice, false);
	world_live(SECONDS(1));
	assert_int_equal(world_count(MESSAGE_INITIATION), 2);
	for (int i = 0; i < 3; i++) {
		uint32_t from_alice = world.received[PEER_ALICE], from_bob = world.received[PEER_BOB];

		world_send(PEER_BOB, 64);
		world_send(PEER_ALICE, 64);
		world_live(SECONDS(1));
		assert_int_equal(world.received[PEER_ALICE], from_alice + 1);
		assert_int_equal(world.received[PEER_BOB], from_bob + 1);
	}
	assert_true(bob->current->initiator);
	assert_true(alice->current->initiator);
}

static void hours_of_traffic_lose_nothing(void **state)
{
	enum { HOURS = 3, STEP = 3 };

	(void)state;
	world_connect();
	for (uint32_t i = 0; i < 3600 * HOURS / STEP; i++) {
		world_send(PEER_BOB, 64);
		if (i % 7 == 0)
			world_send(PEER_ALICE, 64);
		world_live(SECONDS(STEP));
		assert_int_equal(world.received[PEER_ALICE], i + 1);
		assert_int_equal(world.received[PEER_BOB], i / 7 + 1);
		if (world.sent_count > WORLD_SENT_MAX / 2)
			world.sent_count = world.passed = 0;
	}
	assert_in_range(stats.tunnel.initiations_sent, HOURS * 3600 / 125, HOURS * 3600 / 120 + 1);
}

static void a_peer_without_an_endpoint_costs_nothing(void **state)
{
	(void)state;
	world_send(PEER_CAROL, 64);
	world_run(SECONDS(10));
	assert_int_equal(world.sent_count, 0);
	assert_int_equal(timers_next(), UINT64_MAX);
}

static void initiations_are_5_s_apart(void **state)
{
	(void)state;
	world_send(PEER_BOB, 64);
	world_lose();
	for (int i = 0; i < 48; i++) {
		world_send(PEER_BOB, 64);
		world_run(100 * MILLISECOND);
	}
	assert_int_equal(world_count(MESSAGE_INITIATION), 1);
}

static void statistics_count_messages(void **state)
{
	const struct wireguard_peer_stats *her = &wireguard_peer_stats[PEER_BOB];

	(void)state;
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(her->tx_packets, 2);
	assert_int_equal(her->tx_bytes, 148 + 16 + 32);
	assert_int_equal(her->rx_packets, 1);
	assert_int_equal(her->rx_bytes, 92);
	assert_int_equal(stats.consumed, 2);
	assert_int_equal(stats.held, 0);
}

static int start(void **state)
{
	(void)state;
	world_start();
	bob = &peers[PEER_BOB];
	alice = &peers[PEER_ALICE];
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_packet_asks_for_a_session),
	    TEST(a_keepalive_confirms_when_nothing_waits),
	    TEST(keepalives_are_those_of_the_vectors),
	    TEST(the_responder_waits_for_a_proof),
	    TEST(sessions_overlap),
	    TEST(a_session_may_end_within_a_burst),
	    TEST(the_initiator_renews_after_time),
	    TEST(both_renew_after_messages),
	    TEST(no_counter_is_used_beyond_the_limit),
	    TEST(sessions_end_after_time),
	    TEST(data_is_acknowledged),
	    TEST(more_data_gets_another_keepalive),
	    TEST(what_is_answered_needs_no_keepalive),
	    TEST(silence_brings_a_handshake),
	    TEST(attempts_are_repeated_and_end),
	    TEST(attempts_go_on_while_packets_come),
	    TEST(a_persistent_keepalive_keeps_on),
	    TEST(a_persistent_keepalive_outlasts_silence),
	    TEST(keys_are_zeroed_out),
	    TEST(an_unconfirmed_session_is_zeroed_out),
	    TEST(receiving_renews_too),
	    TEST(an_end_that_moves_is_followed),
	    TEST(both_may_begin_at_once),
	    TEST(hours_of_traffic_lose_nothing),
	    TEST(a_peer_without_an_endpoint_costs_nothing),
	    TEST(initiations_are_5_s_apart),
	    TEST(statistics_count_messages),
	};

	return cmocka_run_group_tests_name("wireguard_life", tests, NULL, NULL);
}
