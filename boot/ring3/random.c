/* SPDX-License-Identifier: Apache-2.0
 *
 * host_random: the key stream of ChaCha20 (RFC 8439, section 2.3) under the seed as key, with nonce 0 and a
 * 64-bit block counter. For hash seeds, identifiers and the like; keys of cryptographic protocols have their
 * own source.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "nf/host.h"
#include "entropy.h"
#include "random.h"

enum { STATE_WORDS = 16, KEY_WORD = 4, COUNTER_WORD = 12, DOUBLE_ROUNDS = 10, BLOCK_NUMBERS = 8 };

static uint32_t input[STATE_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
static union {
	uint32_t words[STATE_WORDS];
	uint64_t numbers[BLOCK_NUMBERS];
} block;
static unsigned int used = BLOCK_NUMBERS;

static uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

static void quarter_round(uint32_t *w, int a, int b, int c, int d)
{
	w[a] += w[b], w[d] = rotate(w[d] ^ w[a], 16);
	w[c] += w[d], w[b] = rotate(w[b] ^ w[c], 12);
	w[a] += w[b], w[d] = rotate(w[d] ^ w[a], 8);
	w[c] += w[d], w[b] = rotate(w[b] ^ w[c], 7);
}

static void next_block(void)
{
	uint32_t *w = block.words;

	memcpy(w, input, sizeof(input));
	for (int i = 0; i < DOUBLE_ROUNDS; i++) {
		for (int column = 0; column < 4; column++)
			quarter_round(w, column, 4 + column, 8 + column, 12 + column);
		for (int diagonal = 0; diagonal < 4; diagonal++)
			quarter_round(w, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4,
				      12 + (diagonal + 3) % 4);
	}
	for (int i = 0; i < STATE_WORDS; i++)
		w[i] += input[i];
	if (++input[COUNTER_WORD] == 0)
		input[COUNTER_WORD + 1]++;
	used = 0;
}

int random_init(const uint8_t seed[RANDOM_SEED_BYTES])
{
	uint8_t fresh[RANDOM_SEED_BYTES];

	if (seed == NULL) {
		if (getrandom(fresh, sizeof(fresh), 0) != (ssize_t)sizeof(fresh) && !entropy_seed(fresh))
			return -EIO;
		seed = fresh;
	}
	memcpy(&input[KEY_WORD], seed, RANDOM_SEED_BYTES);
	memset(&input[COUNTER_WORD], 0, (STATE_WORDS - COUNTER_WORD) * sizeof(input[0]));
	used = BLOCK_NUMBERS;
	return 0;
}

uint64_t host_random(void)
{
	if (used == BLOCK_NUMBERS)
		next_block();
	return block.numbers[used++];
}
