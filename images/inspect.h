/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir inspect` found out about an image, and how it is told.
 */
#ifndef IMAGES_INSPECT_H
#define IMAGES_INSPECT_H

#include <stdio.h>
#include <jansson.h>

#include "anatomy.h"
#include "origin.h"

struct inspection {
	const struct image *image; /* with its configuration */
	struct anatomy anatomy;
	struct origin origin;
	char hash[HASH_TEXT + 1], configuration[HASH_TEXT + 1]; /* of the file, and of the canonical text */
};

/* Network functions of an appliance in the order in which packets meet them; returns how many. */
enum { FUNCTIONS_MAX = 4 };
size_t inspect_functions(const struct config *config, const char *names[FUNCTIONS_MAX]);

/* A report for a person. */
void inspect_print(const struct inspection *inspection, FILE *out);

/* A new reference. */
json_t *inspect_json(const struct inspection *inspection);

#endif
