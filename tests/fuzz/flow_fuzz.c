/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the table and the wheels of flows against a list of what is in them. The first byte is the capacity
 * that the table is made for, less than is put into it; then two bytes are an operation on one flow.
 */
#include <stdlib.h>
#include <string.h>
#include "nf/flow/flow_table.h"
#include "nf/flow/flow_wheel.h"
#include "nf/host.h"
#include "tests/unit/support/nf_host.h"

enum { FLOWS = 31, BUCKETS_MAX = 16, SLOT = 1 << WHEEL_SLOT_SHIFT };
enum operation { INSERT, REMOVE, HANG_SOON, HANG_LATE, WAIT_SHORT, WAIT_LONG, OPERATIONS };

static struct flow_record records[FLOWS + 1];
static struct flow_bucket buckets[BUCKETS_MAX];
static bool is_in[2 * (FLOWS + 1)], hangs[FLOWS + 1];
static uint32_t due[FLOWS + 1], now;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t hash_of(flow_reference r)
{
	return flow_hash(&records[r / 2].tuple[r % 2], &records[r / 2].ipv6[r % 2]);
}

static void begin(uint8_t capacity)
{
	memset(is_in, 0, sizeof(is_in));
	memset(hangs, 0, sizeof(hangs));
	for (flow_reference r = 2; r < 2 * (FLOWS + 1); r++) {
		records[r / 2].tuple[r % 2].source = r * 0x01000193;
		records[r / 2].tuple[r % 2].ipv6 = r & 4 ? 1 : 0;
	}
	flow_records = records;
	flow_table_init(buckets, 1 + capacity % FLOWS);
	now = UINT32_MAX - 100 * SLOT; /* ticks wrap soon */
	wheel_init(now);
}

/* Each entry that should be there is found, no other is, and the counters of displaced ones add up. */
static void check_table(void)
{
	uint32_t displaced = 0, out_of_place = 0;

	for (flow_reference r = 2; r < 2 * (FLOWS + 1); r++)
		require(flow_table_find(hash_of(r), &records[r / 2].tuple[r % 2],
					&records[r / 2].ipv6[r % 2]) == (is_in[r] ? r : 0));
	for (struct flow_bucket *b = buckets; b < buckets + flow_table.bucket_count; b++) {
		displaced += b->displaced;
		for (int i = 0; i < BUCKET_ENTRIES; i++)
			out_of_place += b->tag[i] && flow_bucket_of(hash_of(b->reference[i])) != b;
	}
	require(displaced == out_of_place);
}

static void change_entry(flow_reference r, enum operation operation)
{
	if (operation == INSERT && !is_in[r]) {
		is_in[r] = flow_table_insert(hash_of(r), r);
	} else if (operation == REMOVE && is_in[r]) {
		flow_table_remove(hash_of(r), r);
		is_in[r] = false;
	}
}

static void hang(uint32_t flow, uint32_t delay)
{
	if (hangs[flow])
		wheel_take(flow);
	hangs[flow] = !hangs[flow];
	due[flow] = now + delay;
	if (hangs[flow])
		wheel_put(flow, flow % WHEELS, due[flow]);
}

/* What comes was due; nothing that was due a slot ago stays. */
static void wait(uint32_t delay)
{
	uint32_t flow;

	now += delay;
	while ((flow = wheel_due(now))) {
		require(hangs[flow] && (int32_t)(now - due[flow]) >= 0);
		hang(flow, 0);
	}
	for (flow = 1; flow <= FLOWS; flow++)
		require(!hangs[flow] || (int32_t)(now - due[flow]) < SLOT);
	require(wheel_wait(now) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	if (!host_packet_pool)
		nf_host_start();
	begin(count ? data[0] : 0);
	for (size_t at = 1; at + 2 <= count; at += 2) {
		enum operation operation = data[at] % OPERATIONS;
		flow_reference r = 2 + data[at + 1] % (2 * FLOWS);

		if (operation <= REMOVE)
			change_entry(r, operation);
		else if (operation <= HANG_LATE)
			hang(r / 2, data[at] << (operation == HANG_SOON ? 8 : 14));
		else
			wait(data[at + 1] << (operation == WAIT_SHORT ? 6 : 14));
		check_table();
	}
	wait(2 * WHEEL_SLOTS * SLOT);
	wait(2 * WHEEL_SLOTS * SLOT);
	for (flow_reference r = 2; r < 2 * (FLOWS + 1); r++)
		change_entry(r, REMOVE);
	check_table();
	require(wheel_wait(now) == UINT32_MAX);
	return 0;
}
