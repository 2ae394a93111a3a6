/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto_init, and the two things that everybody needs: wiping and comparing.
 */
#include <openssl/crypto.h>
#include "internal.h"

const char *crypto_init(void)
{
	/* No configuration file, no error texts, nothing to do at exit. */
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				     OPENSSL_INIT_NO_ATEXIT,
				 NULL))
		return "libcrypto";
	if (!aead_init())
		return "AEADs of libcrypto";
	if (!hash_init())
		return "BLAKE2s of libcrypto";
	return selftest();
}

void crypto_wipe(void *memory, size_t bytes)
{
	OPENSSL_cleanse(memory, bytes);
}

bool crypto_equal(const void *a, const void *b, size_t bytes)
{
	return CRYPTO_memcmp(a, b, bytes) == 0;
}
