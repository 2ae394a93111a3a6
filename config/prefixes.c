/* SPDX-License-Identifier: Apache-2.0
 *
 * Sorted prefixes; see prefixes.h.
 */
#include <stdlib.h>
#include "prefixes.h"

static const struct config_prefix *at(const struct prefixes *prefixes, size_t index)
{
	return (const void *)((const char *)prefixes->elements + index * prefixes->size);
}

/* Index of the first element that is not before `prefix`. */
static size_t lower_bound(const struct prefixes *prefixes, const struct config_prefix *prefix)
{
	size_t low = 0, high = prefixes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix_compare(at(prefixes, middle), prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const void *prefixes_cover(const struct prefixes *prefixes, const struct config_prefix *inner)
{
	for (int length = inner->length; length >= 0; length--) {
		struct config_prefix outer = {inner->address, (uint8_t)length};
		size_t index;

		outer = prefix_network(&outer);
		index = lower_bound(prefixes, &outer);
		if (index < prefixes->count && prefix_compare(at(prefixes, index), &outer) == 0)
			return at(prefixes, index);
	}
	return NULL;
}

const void *prefixes_find(const struct prefixes *prefixes, const struct config_address *address)
{
	struct config_prefix whole = {*address, (uint8_t)address_bits(address)};

	return prefixes_cover(prefixes, &whole);
}

bool prefixes_overlap(const struct prefixes *prefixes, const struct config_prefix *prefix)
{
	size_t index = lower_bound(prefixes, prefix);

	return (index < prefixes->count && prefix_contains(prefix, at(prefixes, index))) ||
	       prefixes_cover(prefixes, prefix);
}
