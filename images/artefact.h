/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that `weir image` makes. Where the image has private keys in it, a file with the image in it is
 * its owner's alone, from its first byte on.
 */
#ifndef IMAGES_ARTEFACT_H
#define IMAGES_ARTEFACT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ARTEFACTS_MAX = 64 };

struct artefacts {
	bool keys; /* the image has private keys in it */
	size_t count;
	char *paths[ARTEFACTS_MAX];
};

/* A text, or a script that can be executed; what it says holds no keys. Closed by artefact_end. NULL after
 * saying why not. */
FILE *artefact_text(const char *path, bool script);
int artefact_end(struct artefacts *artefacts, const char *path, FILE *stream); /* status */

/* A file with the image's bytes in it. Status. */
int artefact_bytes(struct artefacts *artefacts, const char *path, const uint8_t *bytes, size_t size);

/* Copies a file that was made elsewhere, in which the image is. Blocks of zeroes become holes. Status. */
int artefact_copy(struct artefacts *artefacts, const char *path, const char *from);

void artefacts_free(struct artefacts *artefacts);

#endif
