/* SPDX-License-Identifier: Apache-2.0
 *
 * The health tests of SP 800-90B: their cutoffs computed anew, streams at them and one beyond, and good
 * streams, which pass.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "boot/ring3/health.h"

enum { WORD = 8, STREAM_MAX = 4096 };

/* Source of bytes that a row changes: all different, one after the other. */
static void fill(uint8_t *stream, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		stream[i] = (uint8_t)(i + i / 256);
}

/* The stream's first `bytes` through a fresh source's tests. */
static bool passes(struct health *health, const uint8_t *stream, size_t bytes)
{
	bool good = true;

	*health = (struct health){0};
	for (size_t i = 0; i + WORD <= bytes; i += WORD) {
		uint64_t word;

		memcpy(&word, stream + i, WORD);
		good = health_word(health, word);
	}
	return good;
}

/* P(X > k) for the binomial distribution, by its terms' logarithms. */
static long double binomial_tail(unsigned int trials, long double p, unsigned int k)
{
	long double sum = 0;

	for (unsigned int i = trials; i > k; i--)
		sum += expl(lgammal(trials + 1.0L) - lgammal(i + 1.0L) - lgammal(trials - i + 1.0L) +
			    i * logl(p) + (trials - i) * log1pl(-p));
	return sum;
}

/* Section 4.4.1: C = 1 + ceil(-log2(alpha) / H). Section 4.4.2: C = 1 + critbinom(W, 2^-H, 1 - alpha). */
static void cutoffs(void **state)
{
	long double alpha = powl(2, -HEALTH_ALPHA_BITS), p = powl(2, -HEALTH_BYTE_BITS);
	unsigned int critical = 0;

	(void)state;
	while (binomial_tail(HEALTH_WINDOW, p, critical) > alpha)
		critical++;
	assert_int_equal(HEALTH_WINDOW_REPEATS, 1 + critical);
	assert_int_equal(HEALTH_BYTE_REPEATS,
			 1 + (int)ceill(HEALTH_ALPHA_BITS / (long double)HEALTH_BYTE_BITS));
	assert_int_equal(HEALTH_WORD_REPEATS,
			 1 + (int)ceill(HEALTH_ALPHA_BITS / (long double)HEALTH_WORD_BITS));
}

/* The same byte `repeats` times in a row, from `at`; the neighbours differ. */
static void put_run(uint8_t *stream, size_t at, unsigned int repeats)
{
	memset(stream + at, 0xfe, repeats);
	stream[at + repeats] = 0x11;
}

/* The window's first byte again, `repeats` times in all, every third byte; nowhere a run. */
static void put_proportion(uint8_t *stream, size_t window, unsigned int repeats)
{
	for (unsigned int i = 0; i < HEALTH_WINDOW; i++)
		if (stream[window + i] == 0xfd)
			stream[window + i] = 0xfc;
	for (unsigned int i = 0; i < repeats; i++)
		stream[window + 3 * i] = 0xfd;
}

static void put_words(uint8_t *stream, size_t at, unsigned int repeats)
{
	for (unsigned int i = 1; i < repeats; i++)
		memcpy(stream + at + i * WORD, stream + at, WORD);
}

static const struct row {
	const char *name;
	void (*put)(uint8_t *stream, size_t at, unsigned int repeats);
	size_t at;
	unsigned int repeats;
	const char *fault; /* a part of it, or NULL */
} rows[] = {
    {"a good stream", NULL, 0, 0, NULL},
    {"a byte repeated just below the cutoff", put_run, 100, HEALTH_BYTE_REPEATS - 1, NULL},
    {"a byte repeated as often as the cutoff", put_run, 100, HEALTH_BYTE_REPEATS, "the same byte"},
    {"... from the first byte on", put_run, 0, HEALTH_BYTE_REPEATS, "the same byte"},
    {"... at the end", put_run, STREAM_MAX - HEALTH_BYTE_REPEATS - 1, HEALTH_BYTE_REPEATS, "the same byte"},
    {"a byte in the first window just below the cutoff", put_proportion, 0, HEALTH_WINDOW_REPEATS - 1, NULL},
    {"a byte in the first window as often as the cutoff", put_proportion, 0, HEALTH_WINDOW_REPEATS,
     "proportion"},
    {"a byte in the third window just below the cutoff", put_proportion, 2 * HEALTH_WINDOW,
     HEALTH_WINDOW_REPEATS - 1, NULL},
    {"a byte in the third window as often as the cutoff", put_proportion, 2 * HEALTH_WINDOW,
     HEALTH_WINDOW_REPEATS, "proportion"},
    {"a word once", put_words, 64, 1, NULL},
    {"a word twice", put_words, 64, HEALTH_WORD_REPEATS, "the same word"},
    {"a word for ever", put_words, 0, STREAM_MAX / WORD, "the same word"},
};

static void streams(void **state)
{
	static uint8_t stream[STREAM_MAX + 64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct health health;

		print_message("  %s\n", rows[i].name);
		fill(stream, sizeof(stream));
		if (rows[i].put)
			rows[i].put(stream, rows[i].at, rows[i].repeats);
		assert_int_equal(passes(&health, stream, STREAM_MAX), rows[i].fault == NULL);
		if (rows[i].fault)
			assert_non_null(strstr(health.fault, rows[i].fault));
		else
			assert_null(health.fault);
	}
}

/* Stuck at all zeros or all ones, as broken processors have been. */
static void stuck(void **state)
{
	(void)state;
	for (int ones = 0; ones < 2; ones++) {
		struct health health = {0};

		health_word(&health, ones ? UINT64_MAX : 0);
		assert_false(health_word(&health, ones ? UINT64_MAX : 0));
	}
}

/* A word is not stuck because the next source, or the next start, begins with zeros. */
static void begins(void **state)
{
	struct health health = {0};

	(void)state;
	assert_true(health_word(&health, UINT64_C(0x0001020304050600)));
	health = (struct health){0};
	assert_true(health_word(&health, UINT64_C(0x0706050403020100)));
}

static void stays_failed(void **state)
{
	struct health health = {0};

	(void)state;
	health_word(&health, 1);
	assert_false(health_word(&health, 1));
	for (uint64_t i = 0; i < 1000; i++)
		assert_false(health_word(&health, i * UINT64_C(0x9e3779b97f4a7c15)));
	assert_non_null(strstr(health.fault, "the same word"));
}

/* A million words of a generator that is good enough: the tests let them pass. */
static void passes_good(void **state)
{
	struct health health = {0};
	uint64_t counter = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint64_t z = (counter += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		assert_true(health_word(&health, z ^ (z >> 31)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cutoffs), cmocka_unit_test(streams),      cmocka_unit_test(stuck),
	    cmocka_unit_test(begins),  cmocka_unit_test(stays_failed), cmocka_unit_test(passes_good),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
