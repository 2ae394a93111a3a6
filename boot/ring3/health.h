/* SPDX-License-Identifier: Apache-2.0
 *
 * Continuous health tests of a source of random numbers, on its samples as they come and before anything
 * is made of them: NIST SP 800-90B, sections 4.4.1 (repetition count) and 4.4.2 (adaptive proportion).
 *
 * What is claimed of both sources that there are (the processor's instructions, virtio-rng), far less than
 * what their makers claim: 4 bits of min-entropy in each byte. A good source fails a test with a probability
 * of at most 2^-30 for each sample or window. Both sources are conditioned already, so that one which is
 * broken may well look random to a test by bytes; but what is stuck, or repeats itself word by word, is
 * found: words of 8 bytes have a repetition count of their own, where the claim is 32 bits.
 *
 * Pure: a test feeds it streams. A struct health belongs to one source.
 */
#ifndef BOOT_RING3_HEALTH_H
#define BOOT_RING3_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HEALTH_ALPHA_BITS = 30, /* false alarms: 2^-30 */
	HEALTH_BYTE_BITS = 4,	/* claimed min-entropy of a byte */
	HEALTH_WORD_BITS = 32,	/* ... and of 8 bytes */

	/* 1 + ceil(ALPHA_BITS / bits) equal samples in a row are too many. */
	HEALTH_BYTE_REPEATS = 9,
	HEALTH_WORD_REPEATS = 2,

	/* In a window of 512 samples, so many that equal its first: 1 + the critical value of the binomial
	 * distribution with 512 trials and probability 2^-4 at 1 - 2^-30. (In section 4.4.2 a window is 512
	 * where samples are not binary.) */
	HEALTH_WINDOW = 512,
	HEALTH_WINDOW_REPEATS = 71,

	HEALTH_START_BYTES = 1024, /* section 4.3, requirement 10: before the first is used */
};

struct health {
	const char *fault; /* what failed, or NULL; stays so */
	uint64_t word;
	uint32_t word_repeats, byte_repeats;
	uint32_t window_seen, window_repeats; /* of the window's samples; that equal its first */
	uint8_t byte, window_byte;
};

/* Tests the next 8 bytes. Returns false once a test has failed: nothing of the source is to be used then. */
bool health_word(struct health *health, uint64_t word);

#endif
