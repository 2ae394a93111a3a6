/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto_init, and what everybody needs: wiping and comparing.
 */
#include <openssl/crypto.h>
#include "internal.h"

const char *crypto_init(void)
{
	if (!crypto_reseed())
		return "random bytes from the system";
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
