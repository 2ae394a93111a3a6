/* SPDX-License-Identifier: Apache-2.0
 *
 * The handshake: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (the paper, section 5.4; Noise, revision 34), as
 * functions of what they are given: no clock, no randomness, no memory of their own. The caller fills in the
 * messages' types, indices and MACs.
 *
 *     initiator                                        responder
 *     noise_create_initiation   e, es, s, ss, {t} ->   noise_open_initiation, noise_consume_initiation
 *     noise_consume_response    <- e, ee, se, psk, {}  noise_create_response
 *
 * A function that fails returns false; what it was to write is wiped, and what it was given is unchanged.
 * Each says what it costs in X25519 multiplications, which are all but everything.
 */
#ifndef NF_WIREGUARD_NOISE_H
#define NF_WIREGUARD_NOISE_H

#include <stdbool.h>
#include <stdint.h>
#include "messages.h"

/* Who we are. */
struct noise_identity {
	uint8_t private_key[CRYPTO_KEY_BYTES];
	uint8_t public_key[CRYPTO_KEY_BYTES];
};

/* Who the other side is. DH(static, static) is computed when it is needed first. */
struct noise_remote {
	const uint8_t *public_key;    /* CRYPTO_KEY_BYTES, borrowed for good */
	const uint8_t *preshared_key; /* the same; zeros: none */
	uint8_t static_static[CRYPTO_KEY_BYTES];
	bool static_static_known;
};

/* A handshake under way: C, H, and the own (initiator) or the other side's (responder) ephemeral key. Secret.
 */
struct noise_state {
	uint8_t chaining_key[CRYPTO_HASH_BYTES];
	uint8_t hash[CRYPTO_HASH_BYTES];
	uint8_t ephemeral[CRYPTO_KEY_BYTES];
};

/* Transport keys. */
struct noise_keys {
	uint8_t sending[CRYPTO_KEY_BYTES];
	uint8_t receiving[CRYPTO_KEY_BYTES];
};

/* Hashes of the construction's name and identifier; once, after crypto_init. */
void noise_init(void);

void noise_identity_init(struct noise_identity *self, const uint8_t private_key[CRYPTO_KEY_BYTES]);

/* `ephemeral`: 32 random bytes. Two multiplications, and a third the first time with a remote. */
CRYPTO_MUST_USE bool noise_create_initiation(const struct noise_identity *self, struct noise_remote *remote,
					     const uint8_t ephemeral[CRYPTO_KEY_BYTES],
					     const uint8_t timestamp[TIMESTAMP_BYTES],
					     struct message_initiation *message, struct noise_state *state);

/* Opens as much as says who claims to send this: the static key, which is not proven yet. One multiplication.
 */
CRYPTO_MUST_USE bool noise_open_initiation(const struct noise_identity *self,
					   const struct message_initiation *message,
					   struct noise_state *state, uint8_t static_key[CRYPTO_KEY_BYTES]);

/* The rest of it, for the remote with that static key: true proves that who knew its private key (or ours:
 * key compromise impersonation) made it once, the timestamp says when. A multiplication the first time. */
CRYPTO_MUST_USE bool noise_consume_initiation(const struct noise_identity *self, struct noise_remote *remote,
					      const struct message_initiation *message,
					      struct noise_state *state, uint8_t timestamp[TIMESTAMP_BYTES]);

/* `state` as noise_consume_initiation left it; wiped. `ephemeral`: 32 random bytes. Three multiplications. */
CRYPTO_MUST_USE bool noise_create_response(const struct noise_remote *remote,
					   const uint8_t ephemeral[CRYPTO_KEY_BYTES],
					   struct noise_state *state, struct message_response *message,
					   struct noise_keys *keys);

/* `state` as noise_create_initiation left it; not changed, so that a forged response doesn't end the
 * handshake. The caller wipes it after success. Two multiplications. */
CRYPTO_MUST_USE bool noise_consume_response(const struct noise_identity *self,
					    const struct noise_remote *remote,
					    const struct noise_state *state,
					    const struct message_response *message, struct noise_keys *keys);

#endif
