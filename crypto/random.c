/* SPDX-License-Identifier: Apache-2.0
 *
 * Random bytes for keys: the key stream of ChaCha20 under a key that the system's getrandom gave, which every
 * call replaces with the stream's first bytes, so that nobody can compute back to what was given out before
 * (D. J. Bernstein: Fast-key-erasure random-number generators, 2017). Once it is seeded, no system call: each
 * answer to a flood of handshakes needs random bytes, and under some hypervisors a call costs 100,000 cycles.
 */
#include <string.h>
#include <sys/random.h>
#include "internal.h"

enum { CHUNK_BYTES = 480 }; /* with the next key, eight blocks */

static struct {
	uint8_t key[CRYPTO_KEY_BYTES];
	bool seeded;
} generator;

/* Fresh bytes are added to the key; whatever they are, it is not easier to guess than before. */
bool crypto_reseed(void)
{
	uint8_t fresh[CRYPTO_KEY_BYTES];

	generator.seeded = getrandom(fresh, sizeof(fresh), 0) == (ssize_t)sizeof(fresh);
	for (size_t i = 0; generator.seeded && i < sizeof(fresh); i++)
		generator.key[i] ^= fresh[i];
	crypto_wipe(fresh, sizeof(fresh));
	return generator.seeded;
}

static void take(uint8_t *out, size_t bytes)
{
	static const uint8_t nonce[CHACHA20_NONCE_BYTES];
	uint8_t stream[CRYPTO_KEY_BYTES + CHUNK_BYTES] = {0};

	chacha20(stream, stream, CRYPTO_KEY_BYTES + bytes, generator.key, 0, nonce);
	memcpy(generator.key, stream, CRYPTO_KEY_BYTES);
	memcpy(out, stream + CRYPTO_KEY_BYTES, bytes);
	crypto_wipe(stream, CRYPTO_KEY_BYTES + bytes);
}

bool crypto_random(void *out, size_t bytes)
{
	uint8_t *at = out;

	if (!generator.seeded) {
		crypto_wipe(out, bytes);
		return false;
	}
	for (size_t done = 0, some; done < bytes; done += some) {
		some = bytes - done < CHUNK_BYTES ? bytes - done : CHUNK_BYTES;
		take(at + done, some);
	}
	wipe_stack();
	return true;
}
