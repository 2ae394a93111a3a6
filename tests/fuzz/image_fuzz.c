/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes what the host command believes of an image file. The input is copied to a block of its own size, so
 * that the sanitizer sees a read beyond it; what is accepted must lie inside.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "boot/handover.h"
#include "images/anatomy.h"
#include "images/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static bool is_inside(const struct stats_note *note, uint64_t address, uint64_t bytes)
{
	return address >= note->section && bytes <= note->section_bytes &&
	       address - note->section <= note->section_bytes - bytes;
}

static void check(const uint8_t *bytes, size_t count, const struct image_notes *notes)
{
	const struct stats_note *note = &notes->stats;

	assert((const uint8_t *)notes->config >= bytes);
	assert((const uint8_t *)notes->config + notes->config_length < bytes + count);
	assert(strlen(notes->config) == notes->config_length);
	assert(note->section_bytes <= IMAGE_STATS_MAX && note->rule_count <= IMAGE_RULES_MAX);
	assert(note->section + note->section_bytes <= IMAGE_ADDRESS_MAX && notes->end <= IMAGE_ADDRESS_MAX);
	assert(is_inside(note, note->page, sizeof(struct stats_page)));
	assert(is_inside(note, note->rules, note->rule_count * sizeof(struct rule_stats)));
	assert(is_inside(note, note->progress, sizeof(struct boot_progress)));
	assert(image_is_text(notes->config, notes->config_length));
}

/* What `weir inspect` reads: parts add up, what is shown can be shown. */
static void check_inspection(const uint8_t *bytes, size_t count, const struct image_notes *notes)
{
	struct image image = {.bytes = bytes, .size = count, .notes = *notes};
	struct anatomy anatomy = anatomy_of(&image);
	struct origin origin;
	uint64_t sum = 0;

	for (enum image_part part = 0; part < PARTS; part++)
		sum += anatomy.bytes[part];
	assert(sum == count);
	if (!origin_read(&origin, notes))
		for (size_t i = 0; i < origin.package_count; i++)
			assert(image_is_text(origin.packages[i].name, strlen(origin.packages[i].name)));
	origin_free(&origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	uint8_t *copy = malloc(count ? count : 1);
	struct image_notes notes;

	memcpy(copy, data, count);
	if (!image_parse(copy, count, &notes)) {
		check(copy, count, &notes);
		check_inspection(copy, count, &notes);
	}
	free(copy);
	return 0;
}
