/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto_init, and what everybody needs: wiping and comparing.
 */
#include <string.h>
#include <openssl/crypto.h>
#include "internal.h"
#include "libcrypto.h"

/* libcrypto's Poly1305 in AVX-512 IFMA instructions is slower than the one that it has for the same
 * processors without them: sealing 64 bytes took 864 cycles instead of 353, 1408 bytes 2130 instead of 1640
 * (Sapphire Rapids, bursts of different keys). */
static void hide_ifma(void)
{
	enum { IFMA = 21 };

	OPENSSL_ia32cap_P[2] &= ~(UINT32_C(1) << IFMA);
}

const char *crypto_init(void)
{
	hide_ifma();
	if (!crypto_reseed())
		return "random bytes from the system";
	return selftest();
}

void crypto_wipe(void *memory, size_t bytes)
{
	explicit_bzero(memory, bytes);
}

/* Without the gaps that AddressSanitizer puts around an array: it has to begin where the callee's frame did.
 */
__attribute__((noinline, no_sanitize("address"))) void wipe_stack(void)
{
	enum { DEPTH_BYTES = 3072 }; /* an AEAD's own work, 1.1 KiB, and libcrypto's frames below it */
	uint8_t below[DEPTH_BYTES];

	explicit_bzero(below, sizeof(below));
}

bool crypto_equal(const void *a, const void *b, size_t bytes)
{
	return CRYPTO_memcmp(a, b, bytes) == 0;
}
