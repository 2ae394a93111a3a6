/* SPDX-License-Identifier: Apache-2.0
 *
 * A histogram of 32-bit values, log-linear: each power of two has 64 equal steps, so that a value is known to
 * 1/64.
 */
#ifndef GENERATOR_HISTOGRAM_H
#define GENERATOR_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_STEP_BITS = 6,
	/* The first two powers' worth are exact; each shift by one adds 64 steps. */
	HISTOGRAM_CELLS = (32 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS,
};

struct histogram {
	uint64_t count, sum;
	uint32_t min, max;
	uint64_t cells[HISTOGRAM_CELLS];
};

void histogram_clear(struct histogram *histogram);

/* Adds the counts of another. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The value below or at which a share of the values lie: the upper end of its cell, at most the largest
 * value. 0 if there are none. */
uint32_t histogram_quantile(const struct histogram *histogram, double share);

static inline uint32_t histogram_cell(uint32_t value)
{
	int shift = 31 - HISTOGRAM_STEP_BITS - __builtin_clz(value | 1u << HISTOGRAM_STEP_BITS);

	return ((uint32_t)shift << HISTOGRAM_STEP_BITS) + (value >> shift);
}

static inline void histogram_add(struct histogram *histogram, uint32_t value)
{
	histogram->cells[histogram_cell(value)]++;
	histogram->count++;
	histogram->sum += value;
	if (value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
}

#endif
