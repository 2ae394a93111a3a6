/* SPDX-License-Identifier: Apache-2.0
 *
 * Random bytes for keys: libcrypto's DRBG (CTR-DRBG of NIST SP 800-90A), which asks getrandom for its seed.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "internal.h"

bool crypto_random(void *out, size_t bytes)
{
	if (RAND_priv_bytes_ex(NULL, out, bytes, 0) == 1)
		return true;
	crypto_wipe(out, bytes);
	return false;
}

/* The primary generator, and the one for private bytes, which takes from it. */
bool crypto_reseed(void)
{
	return EVP_RAND_reseed(RAND_get0_primary(NULL), 1, NULL, 0, NULL, 0) == 1 &&
	       EVP_RAND_reseed(RAND_get0_private(NULL), 1, NULL, 0, NULL, 0) == 1;
}
