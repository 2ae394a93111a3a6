/* SPDX-License-Identifier: Apache-2.0
 *
 * The handshake in the paper's own steps (section 5.4); see noise.h. C, H, k and tau are the paper's, and so
 * are the tokens in the comments: e, s, es, ss, ee, se, psk.
 */
#include <string.h>
#include "noise.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

/* C and H of a handshake that has not begun. */
static uint8_t first_chaining_key[CRYPTO_HASH_BYTES], first_hash[CRYPTO_HASH_BYTES];

/* H := HASH(H || data) */
static void mix_hash(uint8_t hash[CRYPTO_HASH_BYTES], const void *data, size_t bytes)
{
	const struct crypto_piece pieces[] = {{hash, CRYPTO_HASH_BYTES}, {data, bytes}};

	crypto_hash(hash, pieces, 2);
}

/* C := KDF1(C, input) */
static void mix_chain(struct noise_state *state, const void *input, size_t bytes)
{
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&state->chaining_key};

	crypto_hkdf(outs, 1, state->chaining_key, input, bytes);
}

/* (C, k) := KDF2(C, input) */
static void mix_key(struct noise_state *state, uint8_t key[CRYPTO_KEY_BYTES], const void *input, size_t bytes)
{
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&state->chaining_key,
						     (uint8_t(*)[CRYPTO_HASH_BYTES])key};

	crypto_hkdf(outs, 2, state->chaining_key, input, bytes);
}

/* (C, tau, k) := KDF3(C, Q), H := HASH(H || tau) */
static void mix_preshared(struct noise_state *state, uint8_t key[CRYPTO_KEY_BYTES],
			  const uint8_t preshared[CRYPTO_KEY_BYTES])
{
	uint8_t tau[CRYPTO_HASH_BYTES];
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&state->chaining_key, &tau,
						     (uint8_t(*)[CRYPTO_HASH_BYTES])key};

	crypto_hkdf(outs, 3, state->chaining_key, preshared, CRYPTO_KEY_BYTES);
	mix_hash(state->hash, tau, sizeof(tau));
	crypto_wipe(tau, sizeof(tau));
}

/* C := KDF1(C, DH(scalar, point)) */
static bool mix_chain_dh(struct noise_state *state, const uint8_t scalar[CRYPTO_KEY_BYTES],
			 const uint8_t point[CRYPTO_KEY_BYTES])
{
	uint8_t shared[CRYPTO_KEY_BYTES];
	bool good = crypto_x25519(shared, scalar, point);

	mix_chain(state, shared, sizeof(shared));
	crypto_wipe(shared, sizeof(shared));
	return good;
}

/* (C, k) := KDF2(C, DH(scalar, point)) */
static bool mix_key_dh(struct noise_state *state, uint8_t key[CRYPTO_KEY_BYTES],
		       const uint8_t scalar[CRYPTO_KEY_BYTES], const uint8_t point[CRYPTO_KEY_BYTES])
{
	uint8_t shared[CRYPTO_KEY_BYTES];
	bool good = crypto_x25519(shared, scalar, point);

	mix_key(state, key, shared, sizeof(shared));
	crypto_wipe(shared, sizeof(shared));
	return good;
}

/* One text under a key that is used once: the nonce is 0, H is authenticated, and gets what is sealed. */
static struct crypto_text text_of(const struct noise_state *state, const uint8_t key[CRYPTO_KEY_BYTES],
				  uint8_t *data, size_t bytes)
{
	return (struct crypto_text){.chacha20_poly1305_key = key,
				    .data = data,
				    .bytes = bytes,
				    .added = state->hash,
				    .added_bytes = sizeof(state->hash)};
}

/* msg := AEAD(k, 0, plain, H), H := HASH(H || msg) */
static void seal_and_hash(struct noise_state *state, const uint8_t key[CRYPTO_KEY_BYTES], uint8_t *sealed,
			  const void *plain, size_t bytes)
{
	struct crypto_text text = text_of(state, key, sealed, bytes);

	if (bytes)
		memcpy(sealed, plain, bytes);
	crypto_seal(&text, 1);
	mix_hash(state->hash, sealed, bytes + CRYPTO_TAG_BYTES);
}

/* The reverse; `plain` has room for the tag, and is cleared where it is wrong. */
static bool open_and_hash(struct noise_state *state, const uint8_t key[CRYPTO_KEY_BYTES],
			  const uint8_t *sealed, uint8_t *plain, size_t bytes)
{
	struct crypto_text text = text_of(state, key, plain, bytes);
	bool good;

	memcpy(plain, sealed, bytes + CRYPTO_TAG_BYTES);
	good = crypto_open(&text, 1) == 1;
	mix_hash(state->hash, sealed, bytes + CRYPTO_TAG_BYTES);
	return good;
}

void noise_init(void)
{
	const struct crypto_piece name = {construction, sizeof(construction) - 1};
	const struct crypto_piece pieces[] = {{first_chaining_key, sizeof(first_chaining_key)},
					      {identifier, sizeof(identifier) - 1}};

	crypto_hash(first_chaining_key, &name, 1);
	crypto_hash(first_hash, pieces, 2);
}

void noise_identity_init(struct noise_identity *self, const uint8_t private_key[CRYPTO_KEY_BYTES])
{
	memcpy(self->private_key, private_key, CRYPTO_KEY_BYTES);
	crypto_x25519_public(self->public_key, private_key);
}

/* The premessage: who is called. */
static void begin(struct noise_state *state, const uint8_t responder[CRYPTO_KEY_BYTES])
{
	memcpy(state->chaining_key, first_chaining_key, sizeof(first_chaining_key));
	memcpy(state->hash, first_hash, sizeof(first_hash));
	mix_hash(state->hash, responder, CRYPTO_KEY_BYTES);
}

/* e */
static void mix_ephemeral(struct noise_state *state, const uint8_t ephemeral[CRYPTO_KEY_BYTES])
{
	mix_chain(state, ephemeral, CRYPTO_KEY_BYTES);
	mix_hash(state->hash, ephemeral, CRYPTO_KEY_BYTES);
}

/* ss */
static bool mix_static_static(struct noise_state *state, uint8_t key[CRYPTO_KEY_BYTES],
			      const struct noise_identity *self, struct noise_remote *remote)
{
	if (!remote->static_static_known)
		remote->static_static_known =
		    crypto_x25519(remote->static_static, self->private_key, remote->public_key);
	mix_key(state, key, remote->static_static, sizeof(remote->static_static));
	return remote->static_static_known;
}

/* Wipes a function's keys, and its results where it failed. */
static bool end(bool good, uint8_t key[CRYPTO_KEY_BYTES], struct noise_state *state, void *result,
		size_t bytes)
{
	crypto_wipe(key, CRYPTO_KEY_BYTES);
	if (!good) {
		crypto_wipe(state, sizeof(*state));
		crypto_wipe(result, bytes);
	}
	return good;
}

bool noise_create_initiation(const struct noise_identity *self, struct noise_remote *remote,
			     const uint8_t ephemeral[CRYPTO_KEY_BYTES],
			     const uint8_t timestamp[TIMESTAMP_BYTES], struct message_initiation *message,
			     struct noise_state *state)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	bool good;

	begin(state, remote->public_key);
	/* e */
	memcpy(state->ephemeral, ephemeral, CRYPTO_KEY_BYTES);
	crypto_x25519_public(message->ephemeral, ephemeral);
	mix_ephemeral(state, message->ephemeral);
	/* es */
	good = mix_key_dh(state, key, ephemeral, remote->public_key);
	/* s */
	seal_and_hash(state, key, message->sealed_static, self->public_key, CRYPTO_KEY_BYTES);
	/* ss */
	good &= mix_static_static(state, key, self, remote);
	/* {t} */
	seal_and_hash(state, key, message->sealed_timestamp, timestamp, TIMESTAMP_BYTES);
	return end(good, key, state, message, sizeof(*message));
}

bool noise_open_initiation(const struct noise_identity *self, const struct message_initiation *message,
			   struct noise_state *state, uint8_t static_key[CRYPTO_KEY_BYTES])
{
	uint8_t key[CRYPTO_KEY_BYTES], plain[CRYPTO_KEY_BYTES + CRYPTO_TAG_BYTES];
	bool good;

	begin(state, self->public_key);
	/* e */
	memcpy(state->ephemeral, message->ephemeral, CRYPTO_KEY_BYTES);
	mix_ephemeral(state, message->ephemeral);
	/* es */
	good = mix_key_dh(state, key, self->private_key, message->ephemeral);
	/* s */
	good = good && open_and_hash(state, key, message->sealed_static, plain, CRYPTO_KEY_BYTES);
	if (good)
		memcpy(static_key, plain, CRYPTO_KEY_BYTES);
	crypto_wipe(plain, sizeof(plain));
	return end(good, key, state, static_key, CRYPTO_KEY_BYTES);
}

bool noise_consume_initiation(const struct noise_identity *self, struct noise_remote *remote,
			      const struct message_initiation *message, struct noise_state *state,
			      uint8_t timestamp[TIMESTAMP_BYTES])
{
	uint8_t key[CRYPTO_KEY_BYTES], plain[TIMESTAMP_BYTES + CRYPTO_TAG_BYTES];
	/* ss */
	bool good = mix_static_static(state, key, self, remote);

	/* {t} */
	good = good && open_and_hash(state, key, message->sealed_timestamp, plain, TIMESTAMP_BYTES);
	if (good)
		memcpy(timestamp, plain, TIMESTAMP_BYTES);
	return end(good, key, state, timestamp, TIMESTAMP_BYTES);
}

/* (sending, receiving) := KDF2(C, nothing), in the initiator's order. */
static void derive(const struct noise_state *state, uint8_t first[CRYPTO_KEY_BYTES],
		   uint8_t second[CRYPTO_KEY_BYTES])
{
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {(uint8_t(*)[CRYPTO_HASH_BYTES])first,
						     (uint8_t(*)[CRYPTO_HASH_BYTES])second};

	crypto_hkdf(outs, 2, state->chaining_key, NULL, 0);
}

bool noise_create_response(const struct noise_remote *remote, const uint8_t ephemeral[CRYPTO_KEY_BYTES],
			   struct noise_state *state, struct message_response *message,
			   struct noise_keys *keys)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	bool good;

	/* e */
	crypto_x25519_public(message->ephemeral, ephemeral);
	mix_ephemeral(state, message->ephemeral);
	/* ee */
	good = mix_chain_dh(state, ephemeral, state->ephemeral);
	/* se */
	good &= mix_chain_dh(state, ephemeral, remote->public_key);
	/* psk */
	mix_preshared(state, key, remote->preshared_key);
	/* {} */
	seal_and_hash(state, key, message->sealed_nothing, NULL, 0);
	derive(state, keys->receiving, keys->sending);
	crypto_wipe(state, sizeof(*state));
	if (!good)
		crypto_wipe(message, sizeof(*message));
	return end(good, key, state, keys, sizeof(*keys));
}

bool noise_consume_response(const struct noise_identity *self, const struct noise_remote *remote,
			    const struct noise_state *state, const struct message_response *message,
			    struct noise_keys *keys)
{
	struct noise_state copy = *state;
	uint8_t key[CRYPTO_KEY_BYTES], nothing[CRYPTO_TAG_BYTES];
	bool good;

	/* e */
	mix_ephemeral(&copy, message->ephemeral);
	/* ee */
	good = mix_chain_dh(&copy, state->ephemeral, message->ephemeral);
	/* se */
	good &= mix_chain_dh(&copy, self->private_key, message->ephemeral);
	/* psk */
	mix_preshared(&copy, key, remote->preshared_key);
	/* {} */
	good = good && open_and_hash(&copy, key, message->sealed_nothing, nothing, 0);
	derive(&copy, keys->sending, keys->receiving);
	crypto_wipe(&copy, sizeof(copy));
	return end(good, key, &copy, keys, sizeof(*keys));
}
