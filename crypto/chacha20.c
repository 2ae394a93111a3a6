/* SPDX-License-Identifier: Apache-2.0
 *
 * ChaCha20 (RFC 8439) by libcrypto, and HChaCha20 (draft-irtf-cfrg-xchacha-03) from it.
 */
#include <string.h>
#include "internal.h"
#include "libcrypto.h"

/* With AVX-512 libcrypto computes sixteen blocks at once, and sixteen for a rest, too, be it one block.
 * Apart, the rest takes a shorter way. */
static size_t split(size_t bytes)
{
	enum { MANY = 16 * CHACHA20_BLOCK_BYTES };

	return bytes > MANY && bytes % MANY <= MANY / 2 ? bytes / MANY * MANY : bytes;
}

void chacha20(uint8_t *out, const uint8_t *in, size_t bytes, const uint8_t key[CRYPTO_KEY_BYTES],
	      uint32_t counter, const uint8_t nonce[CHACHA20_NONCE_BYTES])
{
	const uint32_t *words = (const void *)key; /* assembly, which asks for no alignment */
	uint32_t last_row[4] = {counter};
	size_t first = split(bytes);

	memcpy(&last_row[1], nonce, CHACHA20_NONCE_BYTES);
	ChaCha20_ctr32(out, in, first, words, last_row);
	last_row[0] += (uint32_t)(first / CHACHA20_BLOCK_BYTES);
	if (bytes > first)
		ChaCha20_ctr32(out + first, in + first, bytes - first, words, last_row);
}

/* A block of ChaCha20 is HChaCha20's state plus the state at the start. So the block less that gives
 * HChaCha20: its first and last rows, whose start is no secret. */
void hchacha20(uint8_t out[CRYPTO_KEY_BYTES], const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t input[16])
{
	static const uint32_t first_row[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t block[16] = {0}, last_row[4], result[8];

	_Static_assert(sizeof(block) == CHACHA20_BLOCK_BYTES && sizeof(result) == CRYPTO_KEY_BYTES, "words");
	memcpy(last_row, input, sizeof(last_row));
	chacha20((uint8_t *)block, (uint8_t *)block, sizeof(block), key, last_row[0], input + 4);
	for (int i = 0; i < 4; i++) {
		result[i] = block[i] - first_row[i];
		result[4 + i] = block[12 + i] - last_row[i];
	}
	memcpy(out, result, sizeof(result));
	crypto_wipe(block, sizeof(block));
	crypto_wipe(result, sizeof(result));
}
