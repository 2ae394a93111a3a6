/* SPDX-License-Identifier: Apache-2.0
 *
 * What an image says of its origin: the notes that images/sbom wrote. Both are text out of a file, and
 * outside input.
 *
 * The note `origin` is lines of words: "sources HASH" (Weir's), "configuration HASH" (the canonical text's),
 * "bytes NUMBER ID" (how much of the file comes from a package of the SBOM). Hashes are SHA-256, in
 * hexadecimal. Lines that begin with another word are left for later versions.
 *
 * Sources: SPDX 2.3, JSON serialization (spdx.github.io/spdx-spec/v2.3).
 */
#ifndef IMAGES_ORIGIN_H
#define IMAGES_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "image.h"

enum { HASH_BYTES = 32, HASH_TEXT = 2 * HASH_BYTES, ORIGIN_PACKAGES_MAX = 4096 };

enum origin_role {
	ORIGIN_OTHER, /* the image itself, or what this version does not know */
	ORIGIN_LINKED,
	ORIGIN_TOOL,
};

/* The texts belong to the SBOM; version, licence and purl are NULL where it has none. */
struct origin_package {
	const char *id, *name, *version, *licence, *purl;
	enum origin_role role;
	uint64_t bytes;
};

struct origin {
	char sources[HASH_TEXT + 1], configuration[HASH_TEXT + 1]; /* empty: not said */
	json_t *sbom;						   /* NULL: there is none */
	struct origin_package *packages;
	size_t package_count;
};

/* Reads the notes of an image. Returns NULL, or what is wrong with them; free it in either case. */
const char *origin_read(struct origin *origin, const struct image_notes *notes);
void origin_free(struct origin *origin);

/* SHA-256 in hexadecimal. False: libcrypto can't. */
bool origin_hash(const void *bytes, size_t length, char text[HASH_TEXT + 1]);

#endif
