/* SPDX-License-Identifier: Apache-2.0
 *
 * BLAKE2b; see blake2b.h. Names are those of RFC 7693.
 */
#include "blake2b.h"

#include <assert.h>
#include <string.h>

#include "config/key.h"

enum { BLOCK_BYTES = 128, ROUNDS = 12 };

/* Section 2.6: those of SHA-512. */
static const uint64_t iv[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Section 2.7 */
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

struct work {
	uint64_t h[8], v[16], m[16];
};

static uint64_t rotate(uint64_t word, unsigned int right)
{
	return word >> right | word << (64 - right);
}

/* Section 3.1: the function G */
static void mix(uint64_t v[16], const uint8_t at[4], uint64_t x, uint64_t y)
{
	uint64_t *a = &v[at[0]], *b = &v[at[1]], *c = &v[at[2]], *d = &v[at[3]];

	*a += *b + x;
	*d = rotate(*d ^ *a, 32);
	*c += *d;
	*b = rotate(*b ^ *c, 24);
	*a += *b + y;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 63);
}

/* Section 3.2: the function F; `t` bytes were taken until here. Words are little-endian, as this machine's.
 */
static void compress(struct work *work, const uint8_t *block, uint64_t t, int last)
{
	static const uint8_t lanes[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
					    {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14}};

	memcpy(work->m, block, sizeof(work->m));
	memcpy(work->v, work->h, sizeof(work->h));
	memcpy(work->v + 8, iv, sizeof(iv));
	work->v[12] ^= t;
	work->v[14] ^= last ? UINT64_MAX : 0;
	for (int round = 0; round < ROUNDS; round++) {
		const uint8_t *s = sigma[round % 10];

		for (int i = 0; i < 8; i++)
			mix(work->v, lanes[i], work->m[s[2 * i]], work->m[s[2 * i + 1]]);
	}
	for (int i = 0; i < 8; i++)
		work->h[i] ^= work->v[i] ^ work->v[i + 8];
}

/* Section 3.3, without a key */
void blake2b(const void *message, size_t length, uint8_t *digest, size_t bytes)
{
	const uint8_t *from = message;
	uint8_t block[BLOCK_BYTES] = {0};
	struct work work;
	size_t taken = 0;

	assert(bytes >= 1 && bytes <= BLAKE2B_BYTES_MAX);
	memcpy(work.h, iv, sizeof(iv));
	work.h[0] ^= 0x01010000 ^ bytes;
	for (; length - taken > BLOCK_BYTES; taken += BLOCK_BYTES)
		compress(&work, from + taken, taken + BLOCK_BYTES, 0);
	if (length > taken)
		memcpy(block, from + taken, length - taken);
	compress(&work, block, length, 1);
	memcpy(digest, work.h, bytes);
	key_wipe(block, sizeof(block));
	key_wipe(&work, sizeof(work));
}
