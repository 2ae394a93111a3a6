/* SPDX-License-Identifier: Apache-2.0
 *
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, section 2.3): ChaCha20-Poly1305 under a key that HChaCha20
 * makes from the key and the nonce's first 16 bytes, with the other 8 as nonce.
 */
#include <string.h>
#include "internal.h"

static struct crypto_text inner_text(struct crypto_aead *aead, uint8_t *data, size_t bytes,
				     const uint8_t key[CRYPTO_KEY_BYTES],
				     const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added,
				     size_t added_bytes)
{
	struct crypto_text text = {
	    .aead = aead,
	    .data = data,
	    .bytes = (uint32_t)bytes,
	    .added = added,
	    .added_bytes = (uint32_t)added_bytes,
	};
	uint8_t inner_key[CRYPTO_KEY_BYTES];

	hchacha20(inner_key, key, nonce);
	crypto_aead_init(aead, CRYPTO_CHACHA20_POLY1305, inner_key);
	crypto_wipe(inner_key, sizeof(inner_key));
	memcpy(text.nonce + 4, nonce + 16, 8);
	return text;
}

void crypto_xseal(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
		  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes)
{
	struct crypto_aead aead;
	struct crypto_text text = inner_text(&aead, data, bytes, key, nonce, added, added_bytes);

	crypto_seal(&text, 1);
	crypto_wipe(&aead, sizeof(aead));
}

bool crypto_xopen(uint8_t *data, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
		  const uint8_t nonce[CRYPTO_XNONCE_BYTES], const void *added, size_t added_bytes)
{
	struct crypto_aead aead;
	struct crypto_text text = inner_text(&aead, data, bytes, key, nonce, added, added_bytes);
	bool good = crypto_open(&text, 1) == 1;

	crypto_wipe(&aead, sizeof(aead));
	return good;
}
