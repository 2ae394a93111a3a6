/* SPDX-License-Identifier: Apache-2.0
 *
 * An image as the host command sees it: an ELF file with notes of Weir (nf/stats.h). The one in a segment
 * says where the counters are; those in sections that are not loaded carry the configuration, what the image
 * was made from, and its SBOM. The file is outside input: nothing of it is believed before it was checked
 * against the file's own bounds.
 *
 * Sources: System V ABI, "Object Files" (ELF-64), and its AMD64 supplement.
 */
#ifndef IMAGES_IMAGE_H
#define IMAGES_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "nf/stats.h"

enum {
	IMAGE_RULES_MAX = 1 << 16,
	IMAGE_STATS_MAX = 64 << 20, /* bytes of the counters' section */
	IMAGE_ADDRESS_MAX =
	    1 << 30, /* the image lies below; so does the RAM that the command gives a VM at least */
};

/* Text in the file's bytes, without control characters. NULL: there is none. */
struct image_text {
	const char *text;
	size_t length;
};

/* What the notes say, once they were checked. */
struct image_notes {
	struct stats_note stats;
	const char *config; /* NUL-terminated, in the file's bytes, without control characters */
	size_t config_length;
	struct image_text origin, sbom;
	bool pvh;	   /* it has the note of the PVH boot protocol */
	uint64_t end;	   /* first address after the image's last segment */
	uint64_t landmark; /* an address whose first byte is not zero once the image was loaded into memory */
};

struct image {
	const char *path;
	const uint8_t *bytes;
	size_t size;
	struct image_notes notes;
	struct config *config;
};

/* Opens an image, or says why it is none (status). The image keeps `path`. */
int image_open(struct image *image, const char *path);

/* The same, of any version: its configuration is not read, image->config is NULL. */
int image_open_notes(struct image *image, const char *path);

void image_close(struct image *image);

/* Finds and checks the notes in the bytes of a file. Returns NULL, or what is wrong with them. */
const char *image_parse(const uint8_t *bytes, size_t size, struct image_notes *notes);

/* Whether it can be shown as it is: no control characters but new lines and tabs. */
bool image_is_text(const char *text, size_t length);

/* Index of the port of this name, or -1. */
int image_port(const struct image *image, const char *name, size_t length);

#endif
