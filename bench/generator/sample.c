/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules of flows; see sample.h. Zipf's law by its cumulated weights: exact, and setting up is not timed.
 *
 * Source: G. Steele, D. Lea, C. Flood: Fast splittable pseudorandom number generators (2014), for splitmix64.
 */
#include "sample.h"

#include <math.h>
#include <stdlib.h>

enum { DRAWS = 1 << 20 };

uint64_t sample_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void shuffle(uint32_t *numbers, size_t count, uint64_t *state)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)(((__uint128_t)sample_random(state) * i) >> 64);
		uint32_t keep = numbers[i - 1];

		numbers[i - 1] = numbers[j];
		numbers[j] = keep;
	}
}

/* The first flow whose cumulated weight is beyond `point`. */
static uint32_t flow_at(const double *cumulated, uint32_t flows, double point)
{
	uint32_t low = 0, high = flows - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cumulated[middle] > point)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int draw_zipf(uint32_t *numbers, uint32_t flows, double zipf, uint64_t *state)
{
	double *cumulated = malloc(flows * sizeof(*cumulated)), sum = 0;

	if (!cumulated)
		return -1;
	for (uint32_t i = 0; i < flows; i++)
		cumulated[i] = sum += pow(i + 1, -zipf);
	for (size_t i = 0; i < DRAWS; i++)
		numbers[i] = flow_at(cumulated, flows, (double)(sample_random(state) >> 11) * 0x1p-53 * sum);
	free(cumulated);
	return 0;
}

uint32_t *sample_schedule(uint32_t flows, double zipf, uint64_t seed, size_t *count)
{
	uint64_t state = seed;
	uint32_t *numbers;

	*count = zipf > 0 ? DRAWS : flows;
	numbers = malloc(*count * sizeof(*numbers));
	if (!numbers)
		return NULL;
	if (zipf > 0) {
		if (draw_zipf(numbers, flows, zipf, &state) < 0) {
			free(numbers);
			return NULL;
		}
		return numbers;
	}
	for (uint32_t i = 0; i < flows; i++)
		numbers[i] = i;
	shuffle(numbers, flows, &state);
	return numbers;
}
