/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ELF file itself says of an image: how it can be started, and what its bytes are for.
 *
 * Sources: System V ABI, "Object Files" (ELF-64); Multiboot2 Specification 2.0, section 3.1.
 */
#ifndef IMAGES_ANATOMY_H
#define IMAGES_ANATOMY_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

enum image_part {
	PART_CODE,
	PART_CONSTANTS,
	PART_DATA,
	PART_MONITOR, /* ring 0 */
	PART_NAMES,   /* of functions, for crash reports */
	PART_TABLES,  /* page tables */
	PART_NOTES,
	PART_REST, /* headers, and gaps between pages */
	PARTS,
};
extern const char *const image_part_names[PARTS];

struct anatomy {
	uint64_t bytes[PARTS]; /* they add up to the file's size */
	uint64_t memory;       /* from the first loaded byte to the last */
	bool pvh, linux64, multiboot2;
};

/* Of an image that image_open or image_open_notes took. */
struct anatomy anatomy_of(const struct image *image);

#endif
