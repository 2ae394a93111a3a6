/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequence numbers of one direction, as they arrive: which are new, twice there, or out of order.
 *
 * A bit a sequence number, for the last WINDOW_BITS of them. Packets that arrive in order touch one line of
 * it 512 times. Reordered is what RFC 4737, section 3.3, calls so: a number below the next expected one. A
 * trial's numbers begin at 0 and stay below 2^32.
 */
#ifndef GENERATOR_WINDOW_H
#define GENERATOR_WINDOW_H

#include <stdint.h>
#include <string.h>

enum { WINDOW_BITS = 1 << 18 };

struct window {
	uint64_t next; /* the next expected number */
	uint64_t unique, duplicate, reordered, late;
	uint64_t bits[WINDOW_BITS / 64];
};

static inline void window_clear(struct window *window)
{
	memset(window, 0, sizeof(*window));
}

static inline uint64_t *window_word(struct window *window, uint64_t number)
{
	return &window->bits[number % WINDOW_BITS / 64];
}

/* Numbers from next to `number` were not seen yet: their bits are those of numbers that are too old now. */
void window_skip(struct window *window, uint64_t number);

/* A number that was expected earlier. Returns whether it is the first with that number. */
int window_old(struct window *window, uint64_t number);

/* Returns whether the packet is the first with that number, as far as the window knows. */
static inline int window_add(struct window *window, uint32_t number)
{
	if (number < window->next)
		return window_old(window, number);
	if (number > window->next)
		window_skip(window, number);
	if (number % 64 == 0)
		*window_word(window, number) = 0;
	*window_word(window, number) |= UINT64_C(1) << number % 64;
	window->next = (uint64_t)number + 1;
	window->unique++;
	return 1;
}

#endif
