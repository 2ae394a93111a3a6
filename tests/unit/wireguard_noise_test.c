/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard's handshake (nf/wireguard/noise.h) and MACs (cookie.h) against the fixed vectors that the naive
 * implementation of tests/wireguard wrote; whatever bit of a message is wrong; and who may impersonate whom.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "nf/wireguard/cookie.h"
#include "nf/wireguard/noise.h"
#include "wireguard_vectors.h"

static const uint8_t zeros[sizeof(struct message_initiation)];

/* What the vectors say, without and with a preshared key. */
static const struct script {
	const char *name;
	const uint8_t *preshared;
	const uint8_t *chain_begun, *hash_begun; /* behind the initiation */
	const uint8_t *from_initiator, *from_responder;
	const uint8_t *initiation, *initiation_mac2, *initiation_reply;
	const uint8_t *response, *response_mac2, *response_reply;
} scripts[] = {
    {"plain", zeros, plain_chain_ss, plain_hash_timestamp, plain_transport_from_initiator,
     plain_transport_from_responder, plain_initiation, plain_initiation_with_mac2,
     plain_initiation_cookie_reply, plain_response, plain_response_with_mac2, plain_response_cookie_reply},
    {"psk", vector_preshared_key, psk_chain_ss, psk_hash_timestamp, psk_transport_from_initiator,
     psk_transport_from_responder, psk_initiation, psk_initiation_with_mac2, psk_initiation_cookie_reply,
     psk_response, psk_response_with_mac2, psk_response_cookie_reply},
};
enum { SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

static struct noise_identity alice, bob;

static struct noise_remote remote(const uint8_t *public_key, const struct script *script)
{
	return (struct noise_remote){.public_key = public_key, .preshared_key = script->preshared};
}

/* An initiation of the script's, as far as Noise goes. */
static void initiate(const struct script *script, struct message_initiation *message,
		     struct noise_state *state)
{
	struct noise_remote to = remote(vector_responder_public, script);

	memset(message, 0, sizeof(*message));
	assert_true(noise_create_initiation(&alice, &to, vector_initiator_ephemeral_private, vector_timestamp,
					    message, state));
	message->type = rte_cpu_to_le_32(MESSAGE_INITIATION);
	message->sender = rte_cpu_to_le_32(VECTOR_INITIATOR_INDEX);
}

static bool respond(const struct script *script, const struct message_initiation *initiation,
		    struct message_response *response, struct noise_keys *keys)
{
	struct noise_remote to = remote(vector_initiator_public, script);
	uint8_t key[CRYPTO_KEY_BYTES], timestamp[TIMESTAMP_BYTES];
	struct noise_state state;

	memset(response, 0, sizeof(*response));
	response->type = rte_cpu_to_le_32(MESSAGE_RESPONSE);
	response->sender = rte_cpu_to_le_32(VECTOR_RESPONDER_INDEX);
	response->receiver = initiation->sender;
	return noise_open_initiation(&bob, initiation, &state, key) &&
	       memcmp(key, vector_initiator_public, sizeof(key)) == 0 &&
	       noise_consume_initiation(&bob, &to, initiation, &state, timestamp) &&
	       memcmp(timestamp, vector_timestamp, sizeof(timestamp)) == 0 &&
	       noise_create_response(&to, vector_responder_ephemeral_private, &state, response, keys);
}

static void messages_are_those_of_the_vectors(void **unused)
{
	static const struct cookie_given none;
	struct cookie_keys to_bob, to_alice;

	(void)unused;
	cookie_keys_init(&to_bob, vector_responder_public);
	cookie_keys_init(&to_alice, vector_initiator_public);
	for (int i = 0; i < SCRIPTS; i++) {
		const struct script *script = &scripts[i];
		struct message_initiation initiation;
		struct message_response response;
		struct noise_keys hers, his;
		struct noise_state state;
		struct noise_remote to_him = remote(vector_responder_public, script);

		initiate(script, &initiation, &state);
		cookie_add_macs(&to_bob, &none, &initiation, sizeof(initiation), 0);
		assert_memory_equal(&initiation, script->initiation, sizeof(initiation));
		assert_memory_equal(state.chaining_key, script->chain_begun, sizeof(state.chaining_key));
		assert_memory_equal(state.hash, script->hash_begun, sizeof(state.hash));

		assert_true(respond(script, &initiation, &response, &his));
		cookie_add_macs(&to_alice, &none, &response, sizeof(response), 0);
		assert_memory_equal(&response, script->response, sizeof(response));
		assert_memory_equal(his.receiving, script->from_initiator, CRYPTO_KEY_BYTES);
		assert_memory_equal(his.sending, script->from_responder, CRYPTO_KEY_BYTES);

		assert_true(noise_consume_response(&alice, &to_him, &state, &response, &hers));
		assert_memory_equal(hers.sending, script->from_initiator, CRYPTO_KEY_BYTES);
		assert_memory_equal(hers.receiving, script->from_responder, CRYPTO_KEY_BYTES);
	}
}

/* One message, the cookie that answers it, and the message again with that. */
static void play_cookie(const uint8_t *public_key, const uint8_t *message, size_t bytes,
			const uint8_t *reply_bytes, const uint8_t *with_mac2)
{
	struct message_macs macs;
	struct message_cookie_reply reply;
	struct cookie_given given = {.until_ns = 0};
	struct cookie_keys keys;
	uint8_t again[sizeof(struct message_initiation)];

	cookie_keys_init(&keys, public_key);
	memcpy(&macs, message + bytes - sizeof(macs), sizeof(macs));
	memcpy(&reply, reply_bytes, sizeof(reply));
	assert_true(cookie_check_mac1(&keys, message, bytes));
	assert_true(cookie_consume_reply(&keys, macs.mac1, &reply, 7, &given));
	assert_memory_equal(given.cookie, vector_cookie, sizeof(vector_cookie));
	assert_int_equal(given.until_ns, 7 + 115 * WIREGUARD_SECOND_NS);
	memcpy(again, message, bytes);
	cookie_add_macs(&keys, &given, again, bytes, given.until_ns - 1);
	assert_memory_equal(again, with_mac2, bytes);
	cookie_add_macs(&keys, &given, again, bytes, given.until_ns);
	assert_memory_equal(again, message, bytes);
	for (size_t bit = 0; bit < 8 * CRYPTO_MAC_BYTES; bit++) {
		macs.mac1[bit / 8] ^= 1 << bit % 8;
		assert_false(cookie_consume_reply(&keys, macs.mac1, &reply, 7, &given));
		macs.mac1[bit / 8] ^= 1 << bit % 8;
	}
}

static void cookies_are_those_of_the_vectors(void **unused)
{
	(void)unused;
	for (int i = 0; i < SCRIPTS; i++) {
		const struct script *script = &scripts[i];

		play_cookie(vector_responder_public, script->initiation, sizeof(struct message_initiation),
			    script->initiation_reply, script->initiation_mac2);
		play_cookie(vector_initiator_public, script->response, sizeof(struct message_response),
			    script->response_reply, script->response_mac2);
	}
}

/* Bytes that Noise covers: from the ephemeral key to the MACs. */
static void a_wrong_bit_in_an_initiation_is_seen(void **unused)
{
	struct message_initiation message;
	struct noise_state state;

	(void)unused;
	initiate(&scripts[1], &message, &state);
	for (size_t bit = 8 * offsetof(struct message_initiation, ephemeral);
	     bit < 8 * offsetof(struct message_initiation, macs); bit++) {
		uint8_t *byte = (uint8_t *)&message + bit / 8;
		struct message_response response;
		struct noise_keys keys;

		*byte ^= 1 << bit % 8;
		assert_false(respond(&scripts[1], &message, &response, &keys));
		*byte ^= 1 << bit % 8;
	}
}

static void a_wrong_bit_in_a_response_is_seen(void **unused)
{
	const struct script *script = &scripts[1];
	struct noise_remote to_him = remote(vector_responder_public, script);
	struct message_initiation initiation;
	struct message_response response;
	struct noise_state state, before;
	struct noise_keys keys;

	(void)unused;
	initiate(script, &initiation, &state);
	assert_true(respond(script, &initiation, &response, &keys));
	before = state;
	for (size_t bit = 8 * offsetof(struct message_response, ephemeral);
	     bit < 8 * offsetof(struct message_response, macs); bit++) {
		uint8_t *byte = (uint8_t *)&response + bit / 8;

		*byte ^= 1 << bit % 8;
		/* X25519 ignores the last bit of a point (RFC 7748, section 5); the hash does not. */
		assert_false(noise_consume_response(&alice, &to_him, &state, &response, &keys));
		assert_memory_equal(&keys, zeros, sizeof(keys));
		assert_memory_equal(&state, &before, sizeof(state));
		*byte ^= 1 << bit % 8;
	}
	assert_true(noise_consume_response(&alice, &to_him, &state, &response, &keys));
}

static void failing_leaves_nothing(void **unused)
{
	struct noise_remote nobody = remote(zeros, &scripts[0]); /* a point of small order */
	struct message_initiation message;
	struct noise_state state;
	uint8_t key[CRYPTO_KEY_BYTES];

	(void)unused;
	memset(&message, 0xee, sizeof(message));
	assert_false(noise_create_initiation(&alice, &nobody, vector_initiator_ephemeral_private,
					     vector_timestamp, &message, &state));
	assert_memory_equal(&message, zeros, sizeof(message));
	assert_memory_equal(&state, zeros, sizeof(state));

	initiate(&scripts[0], &message, &state);
	message.sealed_static[0] ^= 1;
	memset(key, 0xee, sizeof(key));
	assert_false(noise_open_initiation(&bob, &message, &state, key));
	assert_memory_equal(key, zeros, sizeof(key));
	assert_memory_equal(&state, zeros, sizeof(state));

	memset(message.ephemeral, 0, sizeof(message.ephemeral));
	assert_false(noise_open_initiation(&bob, &message, &state, key));
}

static void preshared_keys_must_agree(void **unused)
{
	struct noise_remote to_him = remote(vector_responder_public, &scripts[0]);
	struct message_initiation initiation;
	struct message_response response;
	struct noise_state state;
	struct noise_keys keys;

	(void)unused;
	initiate(&scripts[0], &initiation, &state);
	assert_true(respond(&scripts[1], &initiation, &response, &keys));
	assert_false(noise_consume_response(&alice, &to_him, &state, &response, &keys));
}

/* Section 5.4 of the paper: "avoids key-compromise impersonation". Who has bob's private key can make an
 * initiation that looks like alice's to bob, the first message of any IK handshake being what it is; but not
 * read bob's response, and so has no session. */
static void bobs_key_does_not_make_one_alice(void **unused)
{
	const struct script *script = &scripts[0];
	struct noise_identity mallory = bob;
	struct noise_remote to_bob = remote(vector_responder_public, script);
	struct message_initiation initiation;
	struct message_response response;
	struct noise_state state;
	struct noise_keys keys;

	(void)unused;
	memcpy(mallory.public_key, alice.public_key, sizeof(mallory.public_key));
	assert_true(crypto_x25519(to_bob.static_static, bob.private_key, alice.public_key));
	to_bob.static_static_known = true;
	assert_true(noise_create_initiation(&mallory, &to_bob, vector_initiator_ephemeral_private,
					    vector_timestamp, &initiation, &state));
	assert_true(respond(script, &initiation, &response, &keys));
	assert_false(noise_consume_response(&mallory, &to_bob, &state, &response, &keys));
}

/* Who has alice's private key can't be bob to her: without his, her initiation can't even be read. */
static void alices_key_does_not_make_one_bob(void **unused)
{
	struct noise_identity mallory = alice;
	struct message_initiation initiation;
	struct noise_state state;
	uint8_t key[CRYPTO_KEY_BYTES];

	(void)unused;
	initiate(&scripts[0], &initiation, &state);
	memcpy(mallory.public_key, bob.public_key, sizeof(mallory.public_key));
	assert_false(noise_open_initiation(&mallory, &initiation, &state, key));
}

static int start(void **unused)
{
	(void)unused;
	if (crypto_init())
		return -1;
	noise_init();
	noise_identity_init(&alice, vector_initiator_private);
	noise_identity_init(&bob, vector_responder_private);
	return memcmp(alice.public_key, vector_initiator_public, CRYPTO_KEY_BYTES) ||
	       memcmp(bob.public_key, vector_responder_public, CRYPTO_KEY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_those_of_the_vectors),
	    cmocka_unit_test(cookies_are_those_of_the_vectors),
	    cmocka_unit_test(a_wrong_bit_in_an_initiation_is_seen),
	    cmocka_unit_test(a_wrong_bit_in_a_response_is_seen),
	    cmocka_unit_test(failing_leaves_nothing),
	    cmocka_unit_test(preshared_keys_must_agree),
	    cmocka_unit_test(bobs_key_does_not_make_one_alice),
	    cmocka_unit_test(alices_key_does_not_make_one_bob),
	};

	return cmocka_run_group_tests_name("wireguard_noise", tests, start, NULL);
}
