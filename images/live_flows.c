/* SPDX-License-Identifier: Apache-2.0
 *
 * Top talkers; see live_flows.h.
 */
#include "live_flows.h"

#include <stdlib.h>
#include <string.h>

static void make_room(struct live_flows *live, size_t records)
{
	size_t more = records + 1 - live->room;

	if (records < live->room)
		return;
	live->bytes = reallocarray(live->bytes, records + 1, sizeof(*live->bytes));
	live->packets = reallocarray(live->packets, records + 1, sizeof(*live->packets));
	if (!live->bytes || !live->packets)
		abort();
	memset(live->bytes + live->room, 0, more * sizeof(*live->bytes));
	memset(live->packets + live->room, 0, more * sizeof(*live->packets));
	live->room = records + 1;
}

/* What went by since the last look. A record that has less than then is another flow's by now. */
static uint64_t grown(uint64_t *before, uint64_t now)
{
	uint64_t more = now >= *before ? now - *before : now;

	*before = now;
	return more;
}

/* Keeps the table sorted, the busiest first. */
static void rank(struct live_flows *live, const struct talker *new)
{
	size_t at = live->talker_count < TALKERS_MAX ? live->talker_count++ : TALKERS_MAX - 1;

	if (at == TALKERS_MAX - 1 && live->talkers[at].bits >= new->bits && live->talkers[at].bits > 0)
		return;
	for (; at > 0 && live->talkers[at - 1].bits < new->bits; at--)
		live->talkers[at] = live->talkers[at - 1];
	live->talkers[at] = *new;
}

static void look_at(struct live_flows *live, const struct flow_record *record, uint32_t number,
		    double seconds)
{
	uint64_t bytes = grown(&live->bytes[number], record->bytes[0] + record->bytes[1]);
	uint64_t packets = grown(&live->packets[number], record->packets[0] + record->packets[1]);
	struct talker talker = {.record = *record};

	if (bytes == 0 || seconds <= 0)
		return;
	talker.bits = (double)bytes * 8 / seconds;
	talker.packets = (double)packets / seconds;
	rank(live, &talker);
}

void live_flows_look(struct live_flows *live, const struct counters_memory *memory,
		     const struct stats_page *page, uint64_t now_ns)
{
	const struct flow_stats *flow = &page->flow;
	double seconds = live->looked_ns ? (double)(now_ns - live->looked_ns) / 1e9 : 0;
	struct flow_record record;

	live->talker_count = 0;
	live->new_flows = seconds > 0 && flow->created >= live->created
			      ? (double)(flow->created - live->created) / seconds
			      : 0;
	live->looked_ns = now_ns;
	live->created = flow->created;
	if (flow->records == 0 || flow->record_bytes != sizeof(record) || flow->used > flow->capacity ||
	    !counters_bytes(memory, page, flow->records, (flow->used + 1) * sizeof(record)))
		return;
	make_room(live, flow->used);
	for (uint32_t number = 1; number <= flow->used; number++)
		if (flow_read(memory, page, number, &record))
			look_at(live, &record, number, seconds);
}

void live_flows_free(struct live_flows *live)
{
	free(live->bytes);
	free(live->packets);
	*live = (struct live_flows){0};
}
