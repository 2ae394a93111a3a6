/* SPDX-License-Identifier: Apache-2.0
 *
 * BLAKE2s (RFC 7693) by libcrypto, with and without a key.
 */
#include <assert.h>
#include "internal.h"
#include "libcrypto.h"

static struct blake2s_parameters parameters_for(uint8_t bytes, uint8_t key_bytes)
{
	struct blake2s_parameters parameters;

	ossl_blake2s_param_init(&parameters);
	ossl_blake2s_param_set_digest_length(&parameters, bytes);
	ossl_blake2s_param_set_key_length(&parameters, key_bytes);
	return parameters;
}

void crypto_hash(uint8_t out[CRYPTO_HASH_BYTES], const struct crypto_piece *pieces, size_t count)
{
	const struct blake2s_parameters parameters = parameters_for(CRYPTO_HASH_BYTES, 0);
	struct blake2s hash;

	ossl_blake2s_init(&hash, &parameters);
	for (size_t i = 0; i < count; i++)
		ossl_blake2s_update(&hash, pieces[i].data, pieces[i].bytes);
	ossl_blake2s_final(out, &hash);
	wipe_stack();
}

void crypto_mac(uint8_t out[CRYPTO_MAC_BYTES], const void *key, size_t key_bytes, const void *data,
		size_t bytes)
{
	struct blake2s_parameters parameters;
	struct blake2s hash;

	assert(key_bytes >= 1 && key_bytes <= CRYPTO_KEY_BYTES);
	parameters = parameters_for(CRYPTO_MAC_BYTES, (uint8_t)key_bytes);
	ossl_blake2s_init_key(&hash, &parameters, key);
	ossl_blake2s_update(&hash, data, bytes);
	ossl_blake2s_final(out, &hash);
	wipe_stack();
}
