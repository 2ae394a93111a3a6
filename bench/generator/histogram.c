/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a histogram; see histogram.h.
 */
#include "histogram.h"

#include <math.h>
#include <string.h>

void histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT32_MAX;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	histogram->count += other->count;
	histogram->sum += other->sum;
	if (other->min < histogram->min)
		histogram->min = other->min;
	if (other->max > histogram->max)
		histogram->max = other->max;
	for (int i = 0; i < HISTOGRAM_CELLS; i++)
		histogram->cells[i] += other->cells[i];
}

/* The largest value of a cell. */
static uint32_t cell_end(uint32_t cell)
{
	uint32_t shift = cell >> HISTOGRAM_STEP_BITS;

	if (shift < 2)
		return cell;
	shift--;
	return (uint32_t)((((uint64_t)cell - (shift << HISTOGRAM_STEP_BITS) + 1) << shift) - 1);
}

uint32_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count), seen = 0;

	if (histogram->count == 0)
		return 0;
	for (uint32_t cell = 0; cell < HISTOGRAM_CELLS; cell++) {
		seen += histogram->cells[cell];
		if (seen >= wanted && seen > 0)
			return cell_end(cell) < histogram->max ? cell_end(cell) : histogram->max;
	}
	return histogram->max;
}
