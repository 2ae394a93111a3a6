/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519 (RFC 7748) by libcrypto.
 */
#include "internal.h"
#include "libcrypto.h"

bool crypto_x25519(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES],
		   const uint8_t point[CRYPTO_KEY_BYTES])
{
	bool good = ossl_x25519(out, scalar, point) == 1;

	wipe_stack();
	return good;
}

/* libcrypto's own function for this is for processors without ADX, and takes a third longer than its general
 * one for those with it. */
void crypto_x25519_public(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t scalar[CRYPTO_KEY_BYTES])
{
	static const uint8_t base[CRYPTO_KEY_BYTES] = {9};

	ossl_x25519(out, scalar, base);
	wipe_stack();
}
