/* SPDX-License-Identifier: Apache-2.0
 *
 * BLAKE2s (RFC 7693) by libcrypto, and over it HMAC (RFC 2104) and HKDF (RFC 5869).
 */
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "internal.h"

enum { BLOCK_BYTES = 64 /* of BLAKE2s, for HMAC */ };

static EVP_MD *blake2s;
static EVP_MD_CTX *hashing;
static EVP_MAC_CTX *keyed;

bool hash_init(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "BLAKE2SMAC", NULL);

	blake2s = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	hashing = EVP_MD_CTX_new();
	keyed = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	return blake2s && hashing && keyed;
}

void crypto_hash(uint8_t out[CRYPTO_HASH_BYTES], const struct crypto_piece *pieces, size_t count)
{
	EVP_DigestInit_ex2(hashing, blake2s, NULL);
	for (size_t i = 0; i < count; i++)
		EVP_DigestUpdate(hashing, pieces[i].data, pieces[i].bytes);
	EVP_DigestFinal_ex(hashing, out, NULL);
}

void crypto_mac(uint8_t out[CRYPTO_MAC_BYTES], const void *key, size_t key_bytes, const void *data, size_t bytes)
{
	size_t size = CRYPTO_MAC_BYTES;
	const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_END};

	EVP_MAC_init(keyed, key, key_bytes, parameters);
	EVP_MAC_update(keyed, data, bytes);
	EVP_MAC_final(keyed, out, &size, CRYPTO_MAC_BYTES);
}

/* H(key ^ pad, pieces), where pad is one byte again and again. */
static void hash_padded(uint8_t out[CRYPTO_HASH_BYTES], const uint8_t key[CRYPTO_HASH_BYTES], uint8_t pad,
			const struct crypto_piece *pieces, size_t count)
{
	uint8_t block[BLOCK_BYTES];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < CRYPTO_HASH_BYTES; i++)
		block[i] ^= key[i];
	EVP_DigestInit_ex2(hashing, blake2s, NULL);
	EVP_DigestUpdate(hashing, block, sizeof(block));
	for (size_t i = 0; i < count; i++)
		EVP_DigestUpdate(hashing, pieces[i].data, pieces[i].bytes);
	EVP_DigestFinal_ex(hashing, out, NULL);
	crypto_wipe(block, sizeof(block));
}

void crypto_hmac(uint8_t out[CRYPTO_HASH_BYTES], const uint8_t key[CRYPTO_HASH_BYTES],
		 const struct crypto_piece *pieces, size_t count)
{
	uint8_t inner[CRYPTO_HASH_BYTES];
	const struct crypto_piece piece = {inner, sizeof(inner)};

	hash_padded(inner, key, 0x36, pieces, count);
	hash_padded(out, key, 0x5c, &piece, 1);
	crypto_wipe(inner, sizeof(inner));
}

void crypto_hkdf(uint8_t (*const outs[])[CRYPTO_HASH_BYTES], size_t count, const uint8_t salt[CRYPTO_HASH_BYTES],
		 const void *input, size_t bytes)
{
	uint8_t extracted[CRYPTO_HASH_BYTES], counter = 1;
	struct crypto_piece pieces[] = {{NULL, 0}, {&counter, 1}};
	const struct crypto_piece whole = {input, bytes};

	crypto_hmac(extracted, salt, &whole, 1);
	for (size_t i = 0; i < count; i++, counter++) {
		crypto_hmac(*outs[i], extracted, pieces, 2);
		pieces[0] = (struct crypto_piece){*outs[i], CRYPTO_HASH_BYTES};
	}
	crypto_wipe(extracted, sizeof(extracted));
}
