/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading counters; see counters.h.
 */
#include "counters.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

int counters_create(struct counters *counters, const struct image_notes *notes)
{
	*counters = (struct counters){.rule_count = notes->stats.rule_count};
	counters->rules = calloc(counters->rule_count + 1, sizeof(*counters->rules));
	return counters->rules ? STATUS_DONE : failed("no memory for %zu rules", counters->rule_count);
}

void counters_destroy(struct counters *counters)
{
	free(counters->rules);
	*counters = (struct counters){0};
}

static bool is_within(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset <= size && length <= size - offset;
}

/* The regions follow the section in the file, each from a whole page on. */
static const void *region_bytes(const struct counters_memory *memory, const struct stats_page *page,
				uint64_t address, uint64_t length)
{
	uint64_t at = memory->section_bytes;

	for (int i = 0; i < SHARED_REGIONS_MAX; i++) {
		const struct shared_region *region = &page->shared[i];

		if (!is_within(at, region->bytes, memory->size))
			return NULL;
		if (address >= region->address && is_within(address - region->address, length, region->bytes))
			return memory->bytes + at + (address - region->address);
		at += region->bytes;
	}
	return NULL;
}

const void *counters_bytes(const struct counters_memory *memory, const struct stats_page *page,
			   uint64_t address, uint64_t length)
{
	if (memory->section_bytes)
		return region_bytes(memory, page, address, length);
	if (address < memory->base || !is_within(address - memory->base, length, memory->size))
		return NULL;
	return memory->bytes + (address - memory->base);
}

static bool copy(const struct counters_memory *memory, uint64_t address, void *to, size_t length)
{
	if (address < memory->base || !is_within(address - memory->base, length, memory->size))
		return false;
	memcpy(to, memory->bytes + (address - memory->base), length);
	return true;
}

void counters_progress(const struct counters_memory *memory, const struct image_notes *notes,
		       struct boot_progress *progress)
{
	if (!copy(memory, notes->stats.progress, progress, sizeof(*progress)) ||
	    progress->state > PROGRESS_CRASHED)
		*progress = (struct boot_progress){.state = PROGRESS_NONE, .burst_port = -1};
}

bool counters_read(const struct counters_memory *memory, const struct image_notes *notes,
		   struct counters *counters)
{
	const struct stats_note *note = &notes->stats;
	struct stats_page page;

	if (!copy(memory, note->page, &page, sizeof(page)))
		return false;
	if (page.magic != STATS_MAGIC || page.version != STATS_VERSION || page.bytes != sizeof(page) ||
	    page.ports > PORTS_MAX || page.drop_reasons != DROP_REASON_COUNT)
		return false;
	if (!copy(memory, note->rules, counters->rules, counters->rule_count * sizeof(*counters->rules)))
		return false;
	counters->page = page;
	counters_progress(memory, notes, &counters->progress);
	return true;
}

struct books counters_books(const struct counters *counters)
{
	const struct stats_page *page = &counters->page;
	struct books books = {0};

	for (uint32_t i = 0; i < page->ports; i++) {
		books.received += page->port[i].rx_packets;
		books.sent += page->port[i].tx_packets;
	}
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		books.dropped += page->dropped[i];
	books.received_balance =
	    books.received == page->forwarded + page->consumed + books.dropped + page->held;
	books.sent_balance =
	    books.sent == page->forwarded - page->fragmented + page->fragments + page->originated;
	return books;
}
