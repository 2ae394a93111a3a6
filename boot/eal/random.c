/* SPDX-License-Identifier: Apache-2.0
 *
 * rte_rand: random numbers that need not be unpredictable (cuckoo hashing asks which entry to move).
 * Always the same sequence, so that a replay is always the same. The generator is SplitMix64 (Steele, Lea and
 * Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
 */
#include <rte_random.h>

static uint64_t state;

uint64_t rte_rand(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}
