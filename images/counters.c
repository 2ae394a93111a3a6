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

static bool copy(const struct counters_memory *memory, uint64_t address, void *to, size_t length)
{
	if (address < memory->base || address - memory->base > memory->size ||
	    length > memory->size - (address - memory->base))
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
