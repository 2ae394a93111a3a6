/* SPDX-License-Identifier: Apache-2.0
 *
 * How much memory an image needs to start, found by starting it: as a process, without devices. Estimates
 * can't know it: what rte_acl takes to compile rules depends on how they overlap.
 */
#ifndef IMAGES_MEASURE_H
#define IMAGES_MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct measure {
	uint64_t bytes; /* of RAM for a VM, in whole steps of 8 MiB */
	double seconds; /* that starting took */
};

/* Starts the image at `path` up to where it would poll, and ends it. Status; says what goes wrong. */
int measure_image(const char *path, size_t devices, struct measure *result);

#endif
