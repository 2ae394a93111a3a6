/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519 (RFC 7748) by libcrypto.
 */
#include <openssl/evp.h>
#include "internal.h"

bool crypto_x25519(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES],
		   const uint8_t point[CRYPTO_KEY_BYTES])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, CRYPTO_KEY_BYTES);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, CRYPTO_KEY_BYTES);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t bytes = CRYPTO_KEY_BYTES;
	bool good = ctx && peer && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, out, &bytes) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	if (!good)
		crypto_wipe(out, CRYPTO_KEY_BYTES);
	return good;
}

void crypto_x25519_public(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES])
{
	static const uint8_t base[CRYPTO_KEY_BYTES] = {9};

	if (!crypto_x25519(out, scalar, base))
		crypto_wipe(out, CRYPTO_KEY_BYTES);
}
