/* SPDX-License-Identifier: Apache-2.0
 *
 * See health.h. The steps are those of SP 800-90B, in its order; a fresh struct health (all zero) has seen
 * nothing.
 */
#include <stddef.h>
#include "health.h"

_Static_assert(HEALTH_BYTE_REPEATS == 1 + (HEALTH_ALPHA_BITS + HEALTH_BYTE_BITS - 1) / HEALTH_BYTE_BITS &&
		   HEALTH_WORD_REPEATS == 1 + (HEALTH_ALPHA_BITS + HEALTH_WORD_BITS - 1) / HEALTH_WORD_BITS,
	       "SP 800-90B, section 4.4.1");

static void fail(struct health *health, const char *fault)
{
	if (health->fault == NULL)
		health->fault = fault;
}

/* Section 4.4.1, on bytes. */
static void count_byte(struct health *health, uint8_t byte)
{
	health->byte_repeats =
	    health->byte_repeats > 0 && byte == health->byte ? health->byte_repeats + 1 : 1;
	health->byte = byte;
	if (health->byte_repeats >= HEALTH_BYTE_REPEATS)
		fail(health, "repetition count test: the same byte again and again");
}

/* Section 4.4.1, on words. */
static void count_word(struct health *health, uint64_t word)
{
	health->word_repeats =
	    health->word_repeats > 0 && word == health->word ? health->word_repeats + 1 : 1;
	health->word = word;
	if (health->word_repeats >= HEALTH_WORD_REPEATS)
		fail(health, "repetition count test: the same word twice");
}

/* Section 4.4.2, on bytes. */
static void count_proportion(struct health *health, uint8_t byte)
{
	if (health->window_seen == 0) {
		health->window_byte = byte;
		health->window_repeats = 0;
	}
	health->window_repeats += byte == health->window_byte;
	if (health->window_repeats >= HEALTH_WINDOW_REPEATS)
		fail(health, "adaptive proportion test: one byte too often");
	health->window_seen = (health->window_seen + 1) % HEALTH_WINDOW;
}

bool health_word(struct health *health, uint64_t word)
{
	count_word(health, word);
	for (size_t i = 0; i < sizeof(word); i++) {
		uint8_t byte = (uint8_t)(word >> 8 * i);

		count_byte(health, byte);
		count_proportion(health, byte);
	}
	return health->fault == NULL;
}
