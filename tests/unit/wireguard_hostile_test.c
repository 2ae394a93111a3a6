/* SPDX-License-Identifier: Apache-2.0
 *
 * What attackers send to WireGuard's ends (support/wireguard_world.h): broken messages, recordings, stolen
 * cookies, floods, and handshakes made with stolen keys. Each is refused under its name, is not answered
 * (or with no more than the paper allows), and leaves what an end knows as it was.
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
#include "nf/wireguard/load.h"
#include "support/nf_host.h"
#include "support/wireguard_ends.h"
#include "wireguard_vectors.h"

#define SECONDS(n) ((uint64_t)(n)*SECOND)

enum { FLOOD_RATE = 10000, QUEUED = 128 /* an eighth of the queue: load */ };

static struct peer *bob, *alice; /* as the other one knows them */

static struct wireguard_endpoint stranger(uint32_t number)
{
	return (struct wireguard_endpoint){
	    .address.ipv4 = 0xc6336400 + number, .port = 1024 + number % 60000, .family = 4};
}

/* mac1 over what was changed: everybody who knows the public key can do that. */
static void sign(uint8_t tunnel, void *message, size_t size)
{
	static const struct cookie_given none;

	cookie_add_macs(&tunnels[tunnel].checker.keys, &none, message, size, 0);
}

/* A message comes that must be dropped for that reason, and change or cause nothing else. */
static void must_be_dropped(uint8_t tunnel, const void *bytes, size_t size, enum drop_reason reason)
{
	struct wireguard_endpoint from = stranger(1);
	uint32_t peer = tunnel == BOB_TUNNEL ? PEER_ALICE : PEER_BOB;
	uint64_t before = world_fingerprint(peer), count = stats.dropped[reason];
	uint32_t sent = world.sent_count;

	world.last_drop = DROP_REASON_COUNT;
	world_receive(tunnel, bytes, size, &from);
	world_run(0);
	if (world.last_drop != DROP_REASON_COUNT)
		assert_int_equal(world.last_drop, reason);
	else
		assert_int_equal(stats.dropped[reason], count + 1);
	assert_int_equal(world.sent_count, sent);
	assert_int_equal(world_fingerprint(peer), before);
	assert_int_equal(stats.held, 0);
}

static void every_length_but_one_is_refused(uint8_t tunnel, const struct world_message *message)
{
	uint8_t longer[WORLD_MESSAGE_MAX + 100] = {0};

	memcpy(longer, message->bytes, message->size);
	for (size_t size = 0; size < sizeof(longer); size++)
		if (size != message->size)
			must_be_dropped(tunnel, longer, size, DROP_WG_LENGTH);
}

/* A bit of a message of a type is wrong, and its sender doesn't or does know the receiver's public key. */
static enum drop_reason reason_of_bit(uint32_t type, size_t bit, bool signed_again)
{
	if (bit < 8)
		return DROP_REASON_COUNT; /* the type: another, or none */
	if (bit < 32)
		return DROP_WG_TYPE;
	if (!signed_again)
		return DROP_WG_MAC;
	if (type == MESSAGE_RESPONSE && bit >= 8 * offsetof(struct message_response, receiver) &&
	    bit < 8 * offsetof(struct message_response, ephemeral))
		return DROP_WG_UNKNOWN_SESSION;
	return DROP_WG_HANDSHAKE;
}

static enum drop_reason reason_of_type(uint32_t type)
{
	return type >= MESSAGE_INITIATION && type <= MESSAGE_TRANSPORT ? DROP_WG_LENGTH : DROP_WG_TYPE;
}

/* All bits in front of mac2, which is not looked at without load. The sender's index isn't authenticated by
 * anything but mac1: the paper, section 5.4.2. */
static void every_wrong_bit_is_refused(uint8_t tunnel, const struct world_message *message, bool sign_again)
{
	uint32_t type = message->bytes[0];
	size_t end = message->size - sizeof(struct message_macs) + (sign_again ? 0 : CRYPTO_MAC_BYTES);

	for (size_t bit = 0; bit < 8 * end; bit++) {
		struct world_message wrong = *message;
		enum drop_reason reason = reason_of_bit(type, bit, sign_again);

		if (sign_again && bit >= 32 && bit < 64)
			continue;
		wrong.bytes[bit / 8] ^= 1 << bit % 8;
		if (sign_again)
			sign(tunnel, wrong.bytes, wrong.size);
		if (bit < 8)
			reason = reason_of_type(wrong.bytes[0]);
		must_be_dropped(tunnel, wrong.bytes, wrong.size, reason);
	}
}

static void broken_initiations(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message;

	(void)state;
	world_send(PEER_BOB, 64);
	world_lose();
	message = world_last(MESSAGE_INITIATION);
	every_length_but_one_is_refused(BOB_TUNNEL, &message);
	every_wrong_bit_is_refused(BOB_TUNNEL, &message, false);
	every_wrong_bit_is_refused(BOB_TUNNEL, &message, true);
	world_receive_and_work(BOB_TUNNEL, &message, &from);
	assert_int_equal(world_count(MESSAGE_RESPONSE), 1);
}

static void broken_responses(void **state)
{
	struct world_message message;

	(void)state;
	world_send(PEER_BOB, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_receive_and_work(BOB_TUNNEL, &message, &(struct wireguard_endpoint){.family = 4, .port = 1001});
	world_lose();
	message = world_last(MESSAGE_RESPONSE);
	every_length_but_one_is_refused(ALICE_TUNNEL, &message);
	every_wrong_bit_is_refused(ALICE_TUNNEL, &message, false);
	every_wrong_bit_is_refused(ALICE_TUNNEL, &message, true);
	world.passed--;
	world_pass();
	assert_int_equal(world.received[PEER_ALICE], 1);
	must_be_dropped(ALICE_TUNNEL, message.bytes, message.size, DROP_WG_UNKNOWN_SESSION); /* again */
}

static void broken_packets(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message, wrong;

	(void)state;
	world_connect();
	world_send(PEER_BOB, 64);
	world_lose();
	message = world_last(MESSAGE_TRANSPORT);
	for (size_t size = 0; size < message.size; size++)
		must_be_dropped(BOB_TUNNEL, message.bytes, size,
				size < MESSAGE_KEEPALIVE_BYTES ? DROP_WG_LENGTH : DROP_WG_FORGED);
	for (size_t bit = 32; bit < 8 * message.size; bit++) {
		wrong = message;
		wrong.bytes[bit / 8] ^= 1 << bit % 8;
		must_be_dropped(BOB_TUNNEL, wrong.bytes, wrong.size,
				bit < 64 ? DROP_WG_UNKNOWN_SESSION : DROP_WG_FORGED);
	}
	world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
	assert_int_equal(world.received[PEER_ALICE], 1);
	must_be_dropped(BOB_TUNNEL, message.bytes, message.size, DROP_WG_REPLAY);
	must_be_dropped(ALICE_TUNNEL, message.bytes, message.size, DROP_WG_UNKNOWN_SESSION);
}

/* Puts bob under load with initiations of no worth. The last one is asked for a cookie already; he is busy
 * with packets, so the others stay. */
static void load_bob(void)
{
	struct message_initiation message = {.type = rte_cpu_to_le_32(MESSAGE_INITIATION)};

	sign(BOB_TUNNEL, &message, sizeof(message));
	for (uint32_t i = 0; i < QUEUED + 1; i++) {
		struct wireguard_endpoint from = stranger(i);

		world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
	}
}

static void broken_cookies(void **state)
{
	struct world_message initiation, reply, wrong;
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);

	(void)state;
	world_send(PEER_BOB, 64);
	world_lose();
	initiation = world_last(MESSAGE_INITIATION);
	load_bob();
	world_receive(BOB_TUNNEL, initiation.bytes, initiation.size, &from);
	world_run(0);
	reply = world_last(MESSAGE_COOKIE_REPLY);
	every_length_but_one_is_refused(ALICE_TUNNEL, &reply);
	for (size_t bit = 8; bit < 8 * reply.size; bit++) {
		enum drop_reason reason = bit < 32   ? DROP_WG_TYPE
					  : bit < 64 ? DROP_WG_UNKNOWN_SESSION
						     : DROP_WG_COOKIE;
		wrong = reply;
		wrong.bytes[bit / 8] ^= 1 << bit % 8;
		must_be_dropped(ALICE_TUNNEL, wrong.bytes, wrong.size, reason);
	}
	world_receive(ALICE_TUNNEL, reply.bytes, reply.size, &from);
	assert_true(bob->cookie.until_ns > host_now_ns);
	must_be_dropped(ALICE_TUNNEL, reply.bytes, reply.size, DROP_WG_COOKIE); /* not asked for twice */
}

/* A cookie opens the door in the load: the next attempt of alice's has mac2. */
static void cookies_let_through(void **state)
{
	uint32_t replies;

	(void)state;
	world_send(PEER_BOB, 64);
	core_tick(true);
	load_bob();
	replies = world_count(MESSAGE_COOKIE_REPLY);
	world_pass();
	assert_int_equal(world_count(MESSAGE_COOKIE_REPLY), replies + 1);
	assert_int_equal(world_count(MESSAGE_RESPONSE), 0);
	assert_int_equal(stats.dropped[DROP_WG_COOKIE_ASKED], replies + 1);
	world_run(SECONDS(REKEY_TIMEOUT));
	while (world_count(MESSAGE_INITIATION) == 1)
		world_run(SECONDS(1) / 100);
	load_bob();
	replies = world_count(MESSAGE_COOKIE_REPLY);
	world_pass();
	assert_int_equal(world_count(MESSAGE_COOKIE_REPLY), replies);
	assert_int_equal(world.received[PEER_ALICE], 1);
}

/* A cookie and the initiation that alice made with it, while bob is under load. */
static struct world_message with_cookie(void)
{
	world_send(PEER_BOB, 64);
	core_tick(true);
	load_bob();
	world_pass();
	assert_int_equal(stats.tunnel.cookies_taken, 1);
	while (world_count(MESSAGE_INITIATION) == 1)
		world_run(SECONDS(1) / 10);
	world_lose();
	load_bob();
	return world_last(MESSAGE_INITIATION);
}

static void a_cookie_is_for_one_source(void **state)
{
	struct wireguard_endpoint alices = world_address(ALICE_TUNNEL), other = alices;
	struct world_message message = with_cookie();
	uint64_t asked = stats.dropped[DROP_WG_COOKIE_ASKED];

	(void)state;
	other.port++;
	world_receive(BOB_TUNNEL, message.bytes, message.size, &other);
	other.port--;
	other.address.ipv4++;
	world_receive(BOB_TUNNEL, message.bytes, message.size, &other);
	assert_int_equal(stats.dropped[DROP_WG_COOKIE_ASKED], asked + 2);
	world_receive(BOB_TUNNEL, message.bytes, message.size, &alices);
	assert_int_equal(stats.dropped[DROP_WG_COOKIE_ASKED], asked + 2);
	world_run(0);
	assert_int_equal(world_count(MESSAGE_RESPONSE), 1);
}

static void a_cookie_is_for_two_minutes(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message = with_cookie();
	uint64_t asked;

	(void)state;
	world_run(SECONDS(COOKIE_LIFETIME));
	load_bob();
	asked = stats.dropped[DROP_WG_COOKIE_ASKED];
	world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
	assert_int_equal(stats.dropped[DROP_WG_COOKIE_ASKED], asked + 1);
	assert_true(bob->cookie.until_ns <= host_now_ns); /* and alice does not try */
}

/* Who spoofs addresses causes cookie replies there, shorter than what he sends, and no other work. */
static void spoofed_sources_get_no_further(void **state)
{
	struct message_initiation message = {.type = rte_cpu_to_le_32(MESSAGE_INITIATION)};
	uint64_t strangers, asked;

	(void)state;
	load_bob();
	asked = stats.dropped[DROP_WG_COOKIE_ASKED];
	sign(BOB_TUNNEL, &message, sizeof(message));
	for (uint32_t i = 0; i < 1000; i++) {
		struct wireguard_endpoint from = stranger(i);

		world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
		assert_int_equal(world.sent[world.sent_count - 1].bytes[0], MESSAGE_COOKIE_REPLY);
		assert_memory_equal(&world.sent[world.sent_count - 1].to, &from, sizeof(from));
		assert_true(world.sent[world.sent_count - 1].size <= sizeof(message));
	}
	assert_int_equal(stats.dropped[DROP_WG_COOKIE_ASKED], asked + 1000);
	strangers = stats.dropped[DROP_WG_HANDSHAKE];
	world_run(0);
	assert_int_equal(stats.dropped[DROP_WG_HANDSHAKE] - strangers, QUEUED);
}

static void a_source_may_send_20_in_a_second(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message = with_cookie();
	uint32_t passed = 0;

	(void)state;
	for (uint32_t ms = 0; ms < 10000; ms++) {
		uint64_t refused = stats.dropped[DROP_WG_RATE];

		world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
		passed += stats.dropped[DROP_WG_RATE] == refused;
		host_now_ns += SECOND / 1000;
	}
	assert_in_range(passed, 200, 205);
}

static void without_load_nobody_is_asked(void **state)
{
	(void)state;
	load_bob();
	world_run(SECONDS(1) + 1);
	world.sent_count = world.passed = 0;
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(world_count(MESSAGE_COOKIE_REPLY), 0);
	assert_int_equal(world.received[PEER_ALICE], 1);
}

/* 10,000 initiations a second, whose senders know bob's key, while packets come: multiplications stay within
 * their budget, cookie replies within theirs. */
static void a_flood_is_bounded_work(void **state)
{
	struct message_initiation message = {.type = rte_cpu_to_le_32(MESSAGE_INITIATION)};
	uint64_t worked, seconds = 3;

	(void)state;
	memcpy(message.ephemeral, vector_responder_public, sizeof(message.ephemeral));
	sign(BOB_TUNNEL, &message, sizeof(message));
	worked = stats.dropped[DROP_WG_HANDSHAKE];
	for (uint32_t i = 0; i < seconds * FLOOD_RATE; i++) {
		struct wireguard_endpoint from = stranger(i);

		world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
		host_now_ns += SECOND / FLOOD_RATE;
		core_tick(false);
		if (world.sent_count > WORLD_SENT_MAX / 2)
			world.sent_count = world.passed = 0;
	}
	worked = stats.dropped[DROP_WG_HANDSHAKE] - worked;
	assert_in_range(worked, 1,
			(seconds * LOAD_MULTIPLICATIONS + LOAD_MULTIPLICATIONS_BURST) / LOAD_WASTE + 1);
	assert_in_range(stats.tunnel.cookies_sent, 1, (seconds + 1) * LOAD_COOKIES);
	assert_int_equal(stats.held + worked + stats.dropped[DROP_WG_COOKIE_ASKED], seconds * FLOOD_RATE);
}

/* Bob calls alice, and is flooded when her response comes: it has a queue of its own, which goes first. */
static void our_own_handshakes_pass_a_flood(void **state)
{
	struct wireguard_endpoint from = world_address(ALICE_TUNNEL);
	struct world_message message;

	(void)state;
	alice->endpoint = from;
	world_send(PEER_ALICE, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_receive_and_work(ALICE_TUNNEL, &message, &from);
	message = world_last(MESSAGE_RESPONSE);
	load_bob();
	while (core_tick(false) <= host_now_ns)
		; /* the budget is used up */
	world_receive(BOB_TUNNEL, message.bytes, message.size, &from);
	for (int ms = 0; ms < 10; ms++) {
		host_now_ns += SECOND / 1000;
		core_tick(false);
	}
	assert_non_null(alice->current);
	assert_true(stats.held > 0);
}

/* Responses to nothing are told from others before they wait, and cause no load. */
static void guessed_responses_do_not_wait(void **state)
{
	struct message_response message = {.type = rte_cpu_to_le_32(MESSAGE_RESPONSE)};
	struct wireguard_endpoint from = stranger(1);

	(void)state;
	world_connect();
	for (uint32_t i = 0; i < 1000; i++) {
		message.receiver = rte_cpu_to_le_32(i % 2 ? i << 16 | i : alice->current->index);
		sign(BOB_TUNNEL, &message, sizeof(message));
		world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
	}
	assert_int_equal(stats.dropped[DROP_WG_UNKNOWN_SESSION], 1000);
	assert_int_equal(world.sent_count, 0);
}

/* Recordings */

static void a_recorded_initiation_is_refused(void **state)
{
	struct world_message message;

	(void)state;
	world_send(PEER_BOB, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_pass();
	must_be_dropped(BOB_TUNNEL, message.bytes, message.size, DROP_WG_STALE);
	world_run(SECONDS(1000));
	world_lose();
	must_be_dropped(BOB_TUNNEL, message.bytes, message.size, DROP_WG_STALE);
}

/* timestamp.h: a restart forgets the greatest timestamps. What a recording gains then is one answer. */
static void a_recording_gains_an_answer_after_a_restart(void **state)
{
	struct wireguard_endpoint thief = stranger(7);
	struct world_message message;
	struct timers timers;

	(void)state;
	world_send(PEER_BOB, 64);
	world_run(0);
	message = world_last(MESSAGE_INITIATION);
	world_pass();
	world_live(SECONDS(6));
	world_restart(BOB_TUNNEL);
	alice->endpoint = world_address(ALICE_TUNNEL);
	world.sent_count = world.passed = 0;

	/* Bob has a session that he began himself, so he knows no timestamp of alice's. */
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_true(alice->current->initiator);
	world_live(SECONDS(3));
	world.sent_count = world.passed = 0;
	timers = alice->timers;
	world_receive_and_work(BOB_TUNNEL, &message, &thief);
	assert_int_equal(world_last(MESSAGE_RESPONSE).to.port, thief.port);
	assert_int_equal(alice->endpoint.port, world_address(ALICE_TUNNEL).port);
	assert_memory_equal(alice->timers.due_ns, timers.due_ns, sizeof(timers.due_ns));
	assert_true(alice->current->initiator);
	assert_int_equal(alice->times.ahead_ns, 0);
	world.passed = world.sent_count;
	must_be_dropped(BOB_TUNNEL, message.bytes, message.size, DROP_WG_STALE);

	/* And bob's session goes on, beyond its renewal too. */
	for (int i = 0; i < 300; i++) {
		uint32_t received = world.received[PEER_BOB];

		world_send(PEER_ALICE, 64);
		world_live(SECONDS(1));
		assert_int_equal(world.received[PEER_BOB], received + 1);
	}
}

/* Our clock is behind after a restart: bob refuses alice, until he has called her once. */
static void a_clock_set_back_recovers(void **state)
{
	uint64_t stale;

	(void)state;
	world_connect();
	world_restart(ALICE_TUNNEL);
	nf_host.wall_offset_ns -= SECONDS(1000000);
	world_send(PEER_BOB, 64);
	world_pass();
	assert_int_equal(stats.dropped[DROP_WG_STALE], 1);
	assert_null(bob->current);

	/* Bob's packets are lost at alice's, so after 15 s he begins anew. */
	nf_host.wall_offset_ns += SECONDS(1000000); /* bob's clock is right */
	world_send(PEER_ALICE, 64);
	world_lose();
	world_run(SECONDS(16));
	nf_host.wall_offset_ns -= SECONDS(1000000);
	world_pass();
	assert_non_null(bob->current);
	world_live(SECONDS(200));
	assert_true(bob->times.ahead_ns > (int64_t)SECONDS(999000));
	world_send(PEER_BOB, 64);
	world.received[PEER_ALICE] = 0;
	stale = stats.dropped[DROP_WG_STALE];
	world_live(SECONDS(20));
	assert_int_equal(stats.dropped[DROP_WG_STALE], stale);
	assert_true(bob->current->initiator);
	assert_int_equal(world.received[PEER_ALICE], 1);
}

/* Stolen keys: see wireguard_noise_test.c for what Noise says to this. */
static void bobs_key_gains_an_answer(void **state)
{
	struct noise_identity mallory = tunnels[BOB_TUNNEL].identity;
	struct noise_remote to_bob = {.public_key = vector_responder_public,
				      .preshared_key = vector_preshared_key,
				      .static_static_known = true};
	struct message_initiation message = {.type = rte_cpu_to_le_32(MESSAGE_INITIATION)};
	struct timestamp_memory ahead = {.ahead_ns = SECONDS(10)};
	uint8_t timestamp[TIMESTAMP_BYTES];
	struct noise_state noise;
	struct wireguard_endpoint from = stranger(3);

	(void)state;
	world_connect();
	memcpy(mallory.public_key, vector_initiator_public, CRYPTO_KEY_BYTES);
	assert_true(crypto_x25519(to_bob.static_static, mallory.private_key, vector_initiator_public));
	timestamp_now(&ahead, timestamp);
	assert_true(noise_create_initiation(&mallory, &to_bob, vector_initiator_ephemeral_private, timestamp,
					    &message, &noise));
	message.type = rte_cpu_to_le_32(MESSAGE_INITIATION);
	sign(BOB_TUNNEL, &message, sizeof(message));
	world_run(SECONDS(1));
	world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
	world_run(0);
	assert_int_equal(world_count(MESSAGE_RESPONSE), 1);
	assert_int_equal(alice->endpoint.port, world_address(ALICE_TUNNEL).port);
	world_lose();
	world_send(PEER_ALICE, 64);
	world_pass();
	assert_int_equal(world.received[PEER_BOB], 1);
}

static void strangers_are_told_apart(void **state)
{
	struct noise_identity somebody;
	struct noise_remote to_bob = {.public_key = vector_responder_public,
				      .preshared_key = vector_preshared_key};
	struct message_initiation message = {.type = 0};
	struct noise_state noise;

	(void)state;
	noise_identity_init(&somebody, vector_initiator_ephemeral_private);
	assert_true(noise_create_initiation(&somebody, &to_bob, vector_initiator_private, vector_timestamp,
					    &message, &noise));
	message.type = rte_cpu_to_le_32(MESSAGE_INITIATION);
	sign(BOB_TUNNEL, &message, sizeof(message));
	must_be_dropped(BOB_TUNNEL, (uint8_t *)&message, sizeof(message), DROP_WG_STRANGER);
}

/* A peer may have 50 initiations a second answered: its key may be stolen, too. */
static void a_peer_may_begin_50_times_a_second(void **state)
{
	struct noise_remote to_bob = {.public_key = vector_responder_public,
				      .preshared_key = vector_preshared_key};
	struct wireguard_endpoint from = stranger(5);
	uint32_t sent;

	(void)state;
	world_run(SECONDS(1));
	for (uint32_t i = 0; i < 1000; i++) {
		struct timestamp_memory ahead = {.ahead_ns = (int64_t)i << 24};
		struct message_initiation message;
		uint8_t timestamp[TIMESTAMP_BYTES];
		struct noise_state noise;

		timestamp_now(&ahead, timestamp);
		assert_true(noise_create_initiation(&tunnels[ALICE_TUNNEL].identity, &to_bob,
						    vector_initiator_ephemeral_private, timestamp, &message,
						    &noise));
		message.type = rte_cpu_to_le_32(MESSAGE_INITIATION);
		sign(BOB_TUNNEL, &message, sizeof(message));
		world_receive(BOB_TUNNEL, &message, sizeof(message), &from);
		world_run(SECOND / 1000);
	}
	sent = world_count(MESSAGE_RESPONSE);
	assert_in_range(sent, 49, 51);
	assert_int_equal(stats.dropped[DROP_WG_STALE], 1000 - sent);
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
	    TEST(broken_initiations),
	    TEST(broken_responses),
	    TEST(broken_packets),
	    TEST(broken_cookies),
	    TEST(cookies_let_through),
	    TEST(a_cookie_is_for_one_source),
	    TEST(a_cookie_is_for_two_minutes),
	    TEST(spoofed_sources_get_no_further),
	    TEST(a_source_may_send_20_in_a_second),
	    TEST(without_load_nobody_is_asked),
	    TEST(a_flood_is_bounded_work),
	    TEST(our_own_handshakes_pass_a_flood),
	    TEST(guessed_responses_do_not_wait),
	    TEST(a_recorded_initiation_is_refused),
	    TEST(a_recording_gains_an_answer_after_a_restart),
	    TEST(a_clock_set_back_recovers),
	    TEST(bobs_key_gains_an_answer),
	    TEST(strangers_are_told_apart),
	    TEST(a_peer_may_begin_50_times_a_second),
	};

	return cmocka_run_group_tests_name("wireguard_hostile", tests, NULL, NULL);
}
