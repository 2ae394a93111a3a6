/* SPDX-License-Identifier: Apache-2.0
 *
 * Cryptography for the network functions: one small face, behind which libcrypto and, for AES-GCM,
 * libIPSec_MB do the work. Nothing here knows packets, ports or a host; memory belongs to the caller, and no
 * function on the data path allocates, takes a lock or branches on a secret. A function that can fail says so
 * in a result that must be used, and leaves its output cleared. Integers in wire formats are the caller's
 * business. One thread.
 *
 * Sources: RFC 8439 (ChaCha20-Poly1305), RFC 7748 (X25519), RFC 7693 (BLAKE2s), RFC 2104 and 5869 (HMAC,
 * HKDF), draft-irtf-cfrg-xchacha-03 (XChaCha20-Poly1305), NIST SP 800-38D (AES-GCM).
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_MUST_USE __attribute__((warn_unused_result))

enum {
	CRYPTO_KEY_BYTES = 32,	  /* ChaCha20-Poly1305, BLAKE2s keys, X25519 scalars and points */
	CRYPTO_TAG_BYTES = 16,	  /* of an AEAD: right behind the text */
	CRYPTO_HASH_BYTES = 32,	  /* BLAKE2s-256 */
	CRYPTO_MAC_BYTES = 16,	  /* keyed BLAKE2s-128 */
	CRYPTO_XNONCE_BYTES = 24, /* XChaCha20-Poly1305 */
	CRYPTO_AEAD_BYTES = 1088, /* room for a key made ready for any AEAD */
	CRYPTO_BURST_MAX = 32,	  /* texts in one call of seal or open */
};

/* Makes everything but AES-GCM ready and tests it against known answers, once, before any other call. NULL,
 * or the name of the test that failed: then nothing here may be used. Needs random bytes from the system. */
CRYPTO_MUST_USE const char *crypto_init(void);

/* Unpredictable bytes for keys. What the host's sources of entropy give (host.h) is mixed in before each
 * output. False: there is no good source; `out` is cleared. */
CRYPTO_MUST_USE bool crypto_random(void *out, size_t bytes);

/* Mixes fresh bytes of the host's sources in, as crypto_random does anyway: for a caller that wants to know
 * early whether there are any. False: there are none. */
CRYPTO_MUST_USE bool crypto_reseed(void);

/* Clears memory, also where the compiler thinks that nobody looks any more. */
void crypto_wipe(void *memory, size_t bytes);

/* Whether two secrets are the same, in a time that tells nothing. */
CRYPTO_MUST_USE bool crypto_equal(const void *a, const void *b, size_t bytes);

/* X25519. False: the result is zero, as a point of small order makes it (RFC 7748, section 6.1). */
CRYPTO_MUST_USE bool crypto_x25519(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES],
				   const uint8_t point[CRYPTO_KEY_BYTES]);
void crypto_x25519_public(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES]);

/* One piece of something that is hashed: pieces follow each other as if they were one. */
struct crypto_piece {
	const void *data;
	size_t bytes;
};

void crypto_hash(uint8_t out[CRYPTO_HASH_BYTES], const struct crypto_piece *pieces, size_t count);

/* Keyed BLAKE2s with an output of 16 bytes; `key` has 1 to 32 bytes. */
void crypto_mac(uint8_t out[CRYPTO_MAC_BYTES], const void *key, size_t key_bytes, const void *data,
		size_t bytes);

/* HMAC with BLAKE2s-256. */
void crypto_hmac(uint8_t out[CRYPTO_HASH_BYTES], const uint8_t key[CRYPTO_HASH_BYTES],
		 const struct crypto_piece *pieces, size_t count);

/* HKDF with HMAC-BLAKE2s, empty info: the first `count` blocks of 32 bytes (1 to 3) into outs. `salt` may be
 * one of outs. */
void crypto_hkdf(uint8_t (*const outs[])[CRYPTO_HASH_BYTES], size_t count,
		 const uint8_t salt[CRYPTO_HASH_BYTES], const void *input, size_t bytes);

/* AEADs. */
enum crypto_aead_kind { CRYPTO_CHACHA20_POLY1305, CRYPTO_AES_128_GCM, CRYPTO_AES_256_GCM };

/* What does AES-GCM here: chosen by the processor, and by what agrees with libcrypto. */
struct crypto_gcm_choice {
	const char *variant;  /* for people */
	const char *left_out; /* NULL, or a variant that disagreed */
};

/* Makes AES-GCM ready and tests it, after crypto_init and before its keys; apart, so that an image without it
 * need not have it. NULL, or the name of the test that failed. */
CRYPTO_MUST_USE const char *crypto_gcm_init(struct crypto_gcm_choice *choice);

/* A key made ready; holds secrets: crypto_aead_wipe it. No pointers to itself, so that it may be moved. */
struct crypto_aead {
	_Alignas(64) uint8_t state[CRYPTO_AEAD_BYTES];
};

/* `key`: 32 bytes, for CRYPTO_AES_128_GCM 16. AES-GCM needs crypto_gcm_init. */
void crypto_aead_init(struct crypto_aead *aead, enum crypto_aead_kind kind, const uint8_t *key);

/* Clears the key, which takes less than to clear all of the room for one. */
void crypto_aead_wipe(struct crypto_aead *aead);

/* One text to be sealed or opened in place. */
struct crypto_text {
	const struct crypto_aead *aead; /* NULL: ChaCha20-Poly1305, which needs nothing but a key, with ... */
	const uint8_t *chacha20_poly1305_key; /* ... this one, CRYPTO_KEY_BYTES */
	uint8_t *data;			      /* text, then CRYPTO_TAG_BYTES of room */
	uint32_t bytes;			      /* of the text, without the tag */
	uint32_t added_bytes;		      /* authenticated only */
	const uint8_t *added;
	uint8_t nonce[12];
	bool good; /* open: whether it is what was sealed */
};

/* Encrypts texts and writes their tags. */
void crypto_seal(struct crypto_text *texts, size_t count);

/* Decrypts texts where their tags are right, and says in `good` which ones; the others are cleared. Returns
 * how many are good. count <= CRYPTO_BURST_MAX. */
CRYPTO_MUST_USE size_t crypto_open(struct crypto_text *texts, size_t count);

/* XChaCha20-Poly1305 for the few messages with long random nonces; `data` as above. Open returns false, and
 * clears, where the tag is wrong. */
void crypto_xseal(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
		  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes);
CRYPTO_MUST_USE bool crypto_xopen(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
				  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added,
				  size_t added_bytes);

#endif
