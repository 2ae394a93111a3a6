/* SPDX-License-Identifier: Apache-2.0
 *
 * Random bytes for keys: the key stream of ChaCha20 under a key that every call replaces with the stream's
 * first bytes, so that nobody can compute back to what was given out before (D. J. Bernstein:
 * Fast-key-erasure random-number generators, 2017).
 *
 * Before each output, what the host gathers (host.h) is hashed together with the key: raw bytes of all
 * sources, of which one that is good is enough, and none makes the key easier to guess. So two machines that
 * go on from one state part with their first outputs. In an image that takes no system call, which under some
 * hypervisors would cost 100,000 cycles: each answer to a flood of handshakes needs random bytes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "host.h"
#include "internal.h"

enum { CHUNK_BYTES = 480 }; /* with the next key, eight blocks */

static uint8_t key[CRYPTO_KEY_BYTES];

bool crypto_reseed(void)
{
	uint8_t gathered[CRYPTO_HOST_BYTES];
	size_t bytes = crypto_host_entropy(gathered);
	const struct crypto_piece pieces[] = {{key, sizeof(key)}, {gathered, bytes}};

	if (bytes > 0)
		crypto_hash(key, pieces, 2);
	crypto_wipe(gathered, sizeof(gathered));
	return bytes > 0;
}

static void take(uint8_t *out, size_t bytes)
{
	static const uint8_t nonce[CHACHA20_NONCE_BYTES];
	uint8_t stream[CRYPTO_KEY_BYTES + CHUNK_BYTES] = {0};

	chacha20(stream, stream, CRYPTO_KEY_BYTES + bytes, key, 0, nonce);
	memcpy(key, stream, CRYPTO_KEY_BYTES);
	memcpy(out, stream + CRYPTO_KEY_BYTES, bytes);
	crypto_wipe(stream, CRYPTO_KEY_BYTES + bytes);
}

bool crypto_random(void *out, size_t bytes)
{
	uint8_t *at = out;

	if (!crypto_reseed()) {
		crypto_wipe(out, bytes);
		return false;
	}
	for (size_t done = 0, some; done < bytes; done += some) {
		some = bytes - done < CHUNK_BYTES ? bytes - done : CHUNK_BYTES;
		take(at + done, some);
	}
	return true;
}

/* Instead of the C library's. libcrypto's DRBG, where something makes use of it, seeds itself by this
 * function if a program has it, and by the system call else, behind which there is one source alone. */
int getentropy(void *out, size_t bytes)
{
	if (crypto_random(out, bytes))
		return 0;
	errno = EIO;
	return -1;
}
