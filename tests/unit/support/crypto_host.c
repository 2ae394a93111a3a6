/* SPDX-License-Identifier: Apache-2.0
 *
 * The host under crypto_random in tests: Linux, or what a test puts in getrandom's place.
 */
#include <sys/random.h>
#include "crypto/host.h"

enum { BYTES = 32 };

size_t crypto_host_entropy(uint8_t out[CRYPTO_HOST_BYTES])
{
	return getrandom(out, BYTES, 0) == BYTES ? BYTES : 0;
}
