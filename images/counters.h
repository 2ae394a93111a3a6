/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters, read out of the memory of a running image: a VM's RAM, or the file that a process maps over its
 * counters. What is there is outside input: it is copied once, bounded, and only the copy is used.
 */
#ifndef IMAGES_COUNTERS_H
#define IMAGES_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/handover.h"
#include "image.h"
#include "nf/stats.h"

/* Memory of the image that is mapped here: its address `base` is at bytes[0]. Of a VM that is all of it. Of a
 * process it is the counters' section, and behind it what else it shares, as its stats page says. */
struct counters_memory {
	const uint8_t *bytes;
	size_t size;
	uint64_t base;
	size_t section_bytes; /* process: of the counters; 0: a VM */
};

struct counters {
	struct boot_progress progress;
	struct stats_page page; /* page.ports <= PORTS_MAX */
	struct rule_stats *rules;
	size_t rule_count;
};

int counters_create(struct counters *counters, const struct image_notes *notes);
void counters_destroy(struct counters *counters);

/* Reads how far the image has come; a state that there isn't reads as PROGRESS_NONE. */
void counters_progress(const struct counters_memory *memory, const struct image_notes *notes,
		       struct boot_progress *progress);

/* Takes a copy. Returns false, and leaves the counters as they were, where the image has not filled in a page
 * that this program understands. */
bool counters_read(const struct counters_memory *memory, const struct image_notes *notes,
		   struct counters *counters);

/* Where the bytes of the image's addresses from `address` on are mapped here, if all of them are; else NULL.
 * `page` is a copy that counters_read took. */
const void *counters_bytes(const struct counters_memory *memory, const struct stats_page *page,
			   uint64_t address, uint64_t length);

/* Sums of a copy, and whether its books balance (nf/stats.h). */
struct books {
	uint64_t received, sent, dropped;
	bool received_balance, sent_balance;
};
struct books counters_books(const struct counters *counters);

#endif
