/* SPDX-License-Identifier: Apache-2.0
 *
 * mac1, mac2 and cookies (the paper, section 5.4.4 and 5.4.7), for both sides. Each handshake message carries
 * mac1, which only needs the receiver's public key, and mac2, which needs a cookie: a MAC of the sender's
 * address under a secret that the receiver changes every two minutes. The receiver gives a cookie away only
 * encrypted, to the address that it is about.
 */
#ifndef NF_WIREGUARD_COOKIE_H
#define NF_WIREGUARD_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "endpoint.h"
#include "messages.h"

/* What messages to one public key are made and checked with. */
struct cookie_keys {
	uint8_t mac1[CRYPTO_KEY_BYTES];	  /* HASH("mac1----" || public key) */
	uint8_t cookie[CRYPTO_KEY_BYTES]; /* HASH("cookie--" || public key) */
};

/* Of a tunnel: messages to us. */
struct cookie_checker {
	struct cookie_keys keys;
	uint8_t secret[CRYPTO_KEY_BYTES];
	uint64_t secret_until_ns; /* 0: there is none yet */
};

/* Of a peer: a cookie that it gave us. */
struct cookie_given {
	uint8_t cookie[COOKIE_BYTES];
	uint64_t until_ns; /* when we stop using it; 0: there is none */
};

void cookie_keys_init(struct cookie_keys *keys, const uint8_t public_key[CRYPTO_KEY_BYTES]);

/* Fills in mac1, and mac2 where a cookie is at hand. `bytes` of the message, its MACs included. */
void cookie_add_macs(const struct cookie_keys *keys, const struct cookie_given *given, void *message,
		     size_t bytes, uint64_t now_ns);

/* Whether a message's mac1 is right. Costs a BLAKE2s of two blocks. */
CRYPTO_MUST_USE bool cookie_check_mac1(const struct cookie_keys *keys, const void *message, size_t bytes);

/* Whether a message's mac2 is made with the cookie of whom it came from. False too when there is no
 * randomness. */
CRYPTO_MUST_USE bool cookie_check_mac2(struct cookie_checker *checker, const void *message, size_t bytes,
				       const struct wireguard_endpoint *from, uint64_t now_ns);

/* The answer to a message with mac1 that came from there and has `sender` as its index (as on the wire).
 * False: there is no randomness. */
CRYPTO_MUST_USE bool cookie_create_reply(struct cookie_checker *checker, const void *message, size_t bytes,
					 rte_le32_t sender, const struct wireguard_endpoint *from,
					 uint64_t now_ns, struct message_cookie_reply *reply);

/* Takes the cookie in a reply to the message that had that mac1. False: it is not one. */
CRYPTO_MUST_USE bool cookie_consume_reply(const struct cookie_keys *keys,
					  const uint8_t mac1[CRYPTO_MAC_BYTES],
					  const struct message_cookie_reply *reply, uint64_t now_ns,
					  struct cookie_given *given);

#endif
