/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of crypto/ share. crypto.h is the only face for others.
 */
#ifndef CRYPTO_INTERNAL_H
#define CRYPTO_INTERNAL_H

#include "crypto.h"

enum { CHACHA20_BLOCK_BYTES = 64, CHACHA20_NONCE_BYTES = 12 };

/* XORs the key stream of ChaCha20 (RFC 8439, section 2.4) from block `counter` on; out may be in. */
void chacha20(uint8_t *out, const uint8_t *in, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
	      uint32_t counter, const uint8_t nonce[CHACHA20_NONCE_BYTES]);

/* HChaCha20: another key from a key and 16 bytes (draft-irtf-cfrg-xchacha-03, section 2.2). */
void hchacha20(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t input[16]);

/* What an AEAD does with a key made ready and with texts that are all its own. `open` sets good, and returns
 * how many are. */
struct aead_kind {
	void (*init)(struct crypto_aead *aead, const uint8_t *key);
	void (*seal)(struct crypto_text *texts, size_t count);
	size_t (*open)(struct crypto_text *texts, size_t count);
	size_t state_bytes; /* of a key made ready, from its start */
};

extern const struct aead_kind chacha20_poly1305;

/* The first bytes of every crypto_aead. */
struct aead_head {
	uint32_t kind; /* enum crypto_aead_kind */
};

/* From now on `kind` is what `functions` do. */
void aead_register(enum crypto_aead_kind kind, const struct aead_kind *functions);

/* Clears what libcrypto's functions left below on the stack: not all of them do it. Everybody clears what is
 * his own himself. */
void wipe_stack(void);

/* NULL, or the name of the first known answer that is wrong. */
const char *selftest(void);

#endif
