/* SPDX-License-Identifier: Apache-2.0
 *
 * The records against the table and the gauges; see flow_check.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include "nf/flow/flow_table.h"
#include "flow_check.h"
#include "nf_host.h"

#define LONGEST_NS (3 * 3600 * (uint64_t)SECOND)

static uint32_t entries_of_table(void)
{
	uint32_t entries = 0;

	for (uint32_t b = 0; b < flow_table.bucket_count; b++)
		for (int i = 0; i < BUCKET_ENTRIES; i++)
			entries += flow_table.buckets[b].tag[i] != 0;
	return entries;
}

static bool is_found(const struct flow_record *record, enum flow_direction direction)
{
	enum flow_direction found;
	uint32_t flow = flow_lookup(&record->tuple[direction], &record->ipv6[direction], &found);

	return flow == (uint32_t)(record - flow_records) && found == direction;
}

static bool is_closed(const struct flow_record *record)
{
	return record->state == FLOW_TCP_TIME_WAIT || record->state == FLOW_TCP_CLOSED;
}

void flow_check(void)
{
	uint64_t flows = 0, half_open = 0;

	for (uint32_t flow = 1; flow <= stats.flow.used; flow++) {
		const struct flow_record *record = &flow_records[flow];

		if (record->state == FLOW_FREE)
			continue;
		flows++;
		half_open += !!(record->flags & FLOW_HALF_OPEN);
		assert_true(is_found(record, FLOW_ORIGINAL) && is_found(record, FLOW_REPLY));
		assert_true(record->state < FLOW_STATE_COUNT);
		if (record->state == FLOW_TCP_ESTABLISHED)
			assert_true(record->flags & (FLOW_ASSURED | FLOW_LOOSE));
		assert_int_equal(!!(record->flags & FLOW_HALF_OPEN),
				 !(record->flags & FLOW_ASSURED) && !is_closed(record));
	}
	assert_int_equal(flows, stats.flow.flows);
	assert_int_equal(half_open, stats.flow.half_open);
	assert_int_equal(entries_of_table(), FLOW_DIRECTIONS * flows);
	assert_true(stats.flow.created >= stats.flow.expired + stats.flow.evicted + flows);
}

void flow_check_ends(void)
{
	nf_host_forget();
	nf_host_run(LONGEST_NS);
	flow_check();
	assert_int_equal(stats.flow.flows, 0);
	assert_int_equal(stats.flow.bindings, 0);
	assert_true(nf_host_settles());
}
