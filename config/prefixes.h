/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching arrays that are sorted by prefix_compare, whose elements begin with a struct config_prefix. No
 * prefix is there twice.
 */
#ifndef CONFIG_PREFIXES_H
#define CONFIG_PREFIXES_H

#include "address.h"

struct prefixes {
	const void *elements;
	size_t count, size; /* of elements, of one in bytes */
};

/* The element with the longest prefix that has `inner` in it, or NULL. */
const void *prefixes_cover(const struct prefixes *prefixes, const struct config_prefix *inner);
const void *prefixes_find(const struct prefixes *prefixes, const struct config_address *address);

/* Whether one of them has an address in common with `prefix`. */
bool prefixes_overlap(const struct prefixes *prefixes, const struct config_prefix *prefix);

#endif
