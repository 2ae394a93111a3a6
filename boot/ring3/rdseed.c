/* SPDX-License-Identifier: Apache-2.0
 *
 * See rdseed.h. Source: Intel SDM volume 1, section 7.3.17; AMD APM volume 3, "RDRAND" and "RDSEED".
 */
#include <rte_pause.h>
#include "rdseed.h"

enum {
	RDRAND_TRIES = 10, /* section 7.3.17.1: more in vain, and the processor is broken */
	RDSEED_TRIES = 200 /* it may just be asked too often, by all guests of this machine */
};

static bool rdseed(uint64_t *word)
{
	bool good;

	asm volatile("rdseed %0" : "=r"(*word), "=@ccc"(good));
	return good;
}

static bool rdrand(uint64_t *word)
{
	bool good;

	asm volatile("rdrand %0" : "=r"(*word), "=@ccc"(good));
	return good;
}

bool rdseed_word(uint64_t *word, bool have_rdseed)
{
	for (int i = 0; have_rdseed && i < RDSEED_TRIES; i++) {
		if (rdseed(word))
			return true;
		rte_pause();
	}
	for (int i = 0; i < RDRAND_TRIES; i++)
		if (rdrand(word))
			return true;
	return false;
}
