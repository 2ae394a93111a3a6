/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC (RFC 2104) and HKDF (RFC 5869) over BLAKE2s.
 */
#include <assert.h>
#include <string.h>
#include "internal.h"

enum {
	BLOCK_BYTES = 64, /* of BLAKE2s */
	INNER_PAD = 0x36,
	OUTER_PAD = 0x5c,
	PIECES_MAX = 8,
	HKDF_BLOCKS_MAX = 3,
};

/* The hash of the padded key and the pieces. */
static void hash_under_pad(uint8_t out[CRYPTO_HASH_BYTES], const uint8_t key[CRYPTO_HASH_BYTES], uint8_t pad,
			   const struct crypto_piece *pieces, size_t count)
{
	struct crypto_piece all[1 + PIECES_MAX];
	uint8_t block[BLOCK_BYTES];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < CRYPTO_HASH_BYTES; i++)
		block[i] ^= key[i];
	all[0] = (struct crypto_piece){block, sizeof(block)};
	memcpy(&all[1], pieces, count * sizeof(*pieces));
	crypto_hash(out, all, 1 + count);
	crypto_wipe(block, sizeof(block));
}

void crypto_hmac(uint8_t out[CRYPTO_HASH_BYTES], const uint8_t key[CRYPTO_HASH_BYTES],
		 const struct crypto_piece *pieces, size_t count)
{
	uint8_t inner[CRYPTO_HASH_BYTES];
	const struct crypto_piece piece = {inner, sizeof(inner)};

	assert(count <= PIECES_MAX);
	hash_under_pad(inner, key, INNER_PAD, pieces, count);
	hash_under_pad(out, key, OUTER_PAD, &piece, 1);
	crypto_wipe(inner, sizeof(inner));
}

/* RFC 5869, section 2: extract (2.2), then T(1), T(2), ... of expand (2.3). */
void crypto_hkdf(uint8_t (*const outs[])[CRYPTO_HASH_BYTES], size_t count,
		 const uint8_t salt[CRYPTO_HASH_BYTES], const void *input, size_t bytes)
{
	const struct crypto_piece whole = {input, bytes};
	uint8_t extracted[CRYPTO_HASH_BYTES], number = 1;
	struct crypto_piece pieces[] = {{NULL, 0}, {&number, sizeof(number)}};

	assert(count >= 1 && count <= HKDF_BLOCKS_MAX);
	crypto_hmac(extracted, salt, &whole, 1);
	for (size_t i = 0; i < count; i++, number++) {
		crypto_hmac(*outs[i], extracted, pieces, 2);
		pieces[0] = (struct crypto_piece){*outs[i], CRYPTO_HASH_BYTES};
	}
	crypto_wipe(extracted, sizeof(extracted));
}
