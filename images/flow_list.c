/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and choosing flows; see flow_list.h. flow_print.c has what they look like.
 */
#include "flow_list.h"

#include <stdlib.h>
#include <string.h>

#include "config/address.h"

const char *const flow_order_names[ORDERS] = {"bytes", "packets", "age", "idle"};

/* One record, as it was found; the caller looks whether it makes sense. */
static const struct flow_record *record_at(const struct counters_memory *memory,
					   const struct stats_page *page, uint32_t number)
{
	return counters_bytes(memory, page,
			      page->flow.records + (uint64_t)number * sizeof(struct flow_record),
			      sizeof(struct flow_record));
}

static bool makes_sense(const struct flow_record *record, uint32_t ports)
{
	for (int i = 0; i < FLOW_DIRECTIONS; i++)
		if (record->tuple[i].ipv6 > 1 || record->tuple[i].zone >= ports)
			return false;
	return record->state > FLOW_FREE && record->state < FLOW_STATE_COUNT;
}

bool flow_read(const struct counters_memory *memory, const struct stats_page *page, uint32_t number,
	       struct flow_record *record)
{
	const struct flow_record *found = record_at(memory, page, number);

	if (!found)
		return false;
	memcpy(record, found, sizeof(*record));
	return makes_sense(record, page->ports);
}

static bool prefix_has(const struct config_prefix *prefix, const struct flow_record *record, int direction,
		       bool source)
{
	const struct flow_tuple *tuple = &record->tuple[direction];
	struct config_address address = {.ipv6 = tuple->ipv6};

	if (tuple->ipv6)
		memcpy(address.bytes,
		       source ? record->ipv6[direction].source : record->ipv6[direction].destination, 16);
	else
		memcpy(address.bytes, source ? &tuple->source : &tuple->destination, 4);
	return prefix_contains_address(prefix, &address);
}

static bool port_is(const struct flow_record *record, uint16_t port)
{
	for (int i = 0; i < FLOW_DIRECTIONS; i++)
		if (be16toh(record->tuple[i].source_port) == port ||
		    be16toh(record->tuple[i].destination_port) == port)
			return true;
	return false;
}

static bool fits(const struct flow_record *record, const struct flow_filter *filter)
{
	bool has_address = !filter->by_address;

	for (int i = 0; i < 2 * FLOW_DIRECTIONS && !has_address; i++)
		has_address = prefix_has(&filter->address, record, i / 2, i % 2);
	return has_address && (filter->protocol < 0 || record->tuple[0].protocol == filter->protocol) &&
	       (!filter->state || strcmp(filter->state, flow_state(record)) == 0) &&
	       (filter->port < 0 || port_is(record, (uint16_t)filter->port));
}

/* What is listed first has the highest rank. */
static uint64_t rank(const struct flow_record *record, enum flow_order order, uint32_t now)
{
	switch (order) {
	case ORDER_BYTES:
		return record->bytes[0] + record->bytes[1];
	case ORDER_PACKETS:
		return record->packets[0] + record->packets[1];
	case ORDER_AGE:
		return now - record->created;
	default:
		return UINT32_MAX - (now - record->seen);
	}
}

struct ranked {
	uint64_t rank;
	uint32_t number;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *one = a, *other = b;

	if (one->rank != other->rank)
		return one->rank > other->rank ? -1 : 1;
	return one->number > other->number ? 1 : -1;
}

static void fill(struct flow_list *list, const struct counters_memory *memory, const struct stats_page *page,
		 const struct ranked *ranked, size_t most)
{
	list->entries = calloc(most + 1, sizeof(*list->entries));
	if (!list->entries)
		abort();
	for (size_t i = 0; i < most; i++) {
		struct flow_entry *entry = &list->entries[list->count];

		entry->number = ranked[i].number;
		list->count += flow_read(memory, page, entry->number, &entry->record);
	}
}

bool flow_list_read(struct flow_list *list, const struct counters_memory *memory,
		    const struct stats_page *page, const struct flow_filter *filter, enum flow_order order,
		    size_t most)
{
	const struct flow_stats *flow = &page->flow;
	struct ranked *ranked;

	*list = (struct flow_list){.now = (uint32_t)(page->now_ns >> FLOW_TICK_SHIFT)};
	if (flow->records == 0)
		return true;
	if (flow->record_bytes != sizeof(struct flow_record) || flow->used > flow->capacity ||
	    flow->capacity > UINT32_MAX / 2 ||
	    !counters_bytes(memory, page, flow->records, (flow->used + 1) * sizeof(struct flow_record)))
		return false;
	ranked = calloc(flow->used + 1, sizeof(*ranked));
	if (!ranked)
		abort();
	for (uint32_t number = 1; number <= flow->used; number++) {
		struct flow_record record;

		if (flow_read(memory, page, number, &record) && fits(&record, filter))
			ranked[list->total++] = (struct ranked){rank(&record, order, list->now), number};
	}
	qsort(ranked, list->total, sizeof(*ranked), by_rank);
	fill(list, memory, page, ranked, most && most < list->total ? most : list->total);
	free(ranked);
	return true;
}

void flow_list_free(struct flow_list *list)
{
	free(list->entries);
	*list = (struct flow_list){0};
}
