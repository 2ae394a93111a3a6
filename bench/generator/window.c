/* SPDX-License-Identifier: Apache-2.0
 *
 * What is rare: gaps, and packets out of order; see window.h.
 */
#include "window.h"

/* A word is cleared when its first number comes, or here when that number is skipped. */
void window_skip(struct window *window, uint64_t number)
{
	uint64_t first = (window->next + 63) / 64, last = number / 64;

	if (last - first >= WINDOW_BITS / 64 && last > first)
		first = last - WINDOW_BITS / 64 + 1;
	for (uint64_t word = first; word <= last && last >= first; word++)
		window->bits[word % (WINDOW_BITS / 64)] = 0;
}

int window_old(struct window *window, uint64_t number)
{
	uint64_t *word = window_word(window, number), bit = UINT64_C(1) << number % 64;

	/* Whole words: the oldest is the one that the newest number's word has taken over. */
	if (window->next - 1 - number >= WINDOW_BITS - 64) {
		window->late++;
		return 0;
	}
	if (*word & bit) {
		window->duplicate++;
		return 0;
	}
	*word |= bit;
	window->unique++;
	window->reordered++;
	return 1;
}
