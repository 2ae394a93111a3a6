/* SPDX-License-Identifier: Apache-2.0
 *
 * Records; see flow_records.h. One region has all of them, and the hash table behind. Records that were never
 * used are taken in order, so that nothing touches them before and an idle appliance is small; those that are
 * free again hang in a list. A table of more records than most need is there to withstand a flood, in which
 * no packet should wait for a page: ticks touch all of its records, a few pages each time.
 */
#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/flow/flow_records.h"
#include "nf/flow/flow_table.h"
#include "nf/flow/flow_wheel.h"
#include "nf/flow/track.h"
#include "nf/nat/nat.h"

enum {
	TICK_ENDS = 256,	 /* flows that one tick looks at: some 100 us at most */
	EVICTION_TRIES = 8,	 /* flows that are looked at to find one that may give way */
	LARGE_TABLE = 65536 + 1, /* records: from here on all are touched before they are needed */
	TICK_TOUCHES = 336,	 /* records in some 16 pages: at 5 us for a page, 100 us at most */
};
#define TOUCH_INTERVAL_NS UINT64_C(1000000)
static const uint32_t half_open_look = UINT64_C(60000000000) >> FLOW_TICK_SHIFT;

struct flow_record *flow_records;
static uint32_t unused;			      /* the first of those that are free again, 0: none */
static uint32_t touched, touched_end;	      /* up to here, records have their memory; will have it */
static uint32_t timeouts[FLOW_TIMEOUT_COUNT]; /* in FLOW_TICK_NS */

static void set_timeouts(void)
{
	for (int i = 0; i < FLOW_TIMEOUT_COUNT; i++)
		timeouts[i] = flow_timeouts_s[i] * UINT64_C(1000000000) >> FLOW_TICK_SHIFT;
}

int flow_records_init(void)
{
	size_t bytes = ((size_t)flow_capacity + 1) * sizeof(struct flow_record);

	flow_records = host_shared_memory(bytes + flow_table_bytes(flow_capacity));
	if (flow_records == NULL) {
		host_log("flow: no memory for the flow table");
		return -ENOMEM;
	}
	flow_table_init((uint8_t *)flow_records + bytes, flow_capacity);
	unused = touched = 0;
	touched_end = flow_capacity < LARGE_TABLE ? 0 : flow_capacity;
	set_timeouts();
	wheel_init(flow_now());
	stats.flow = (struct flow_stats){
	    .records = (uintptr_t)flow_records,
	    .record_bytes = sizeof(struct flow_record),
	    .capacity = flow_capacity,
	};
	return 0;
}

static uint32_t due(const struct flow_record *record)
{
	return record->seen + timeouts[track_timeouts[record->state]];
}

static bool is_over(const struct flow_record *record, uint32_t now)
{
	return (int32_t)(now - due(record)) >= 0;
}

static enum flow_wheel wheel_of(const struct flow_record *record)
{
	if (record->state == FLOW_TCP_TIME_WAIT || record->state == FLOW_TCP_CLOSED)
		return WHEEL_CLOSED;
	return record->flags & FLOW_ASSURED ? WHEEL_ASSURED : WHEEL_HALF_OPEN;
}

static bool is_half_open(const struct flow_record *record)
{
	return record->flags & FLOW_HALF_OPEN;
}

static uint32_t hash_of(const struct flow_record *record, enum flow_direction direction)
{
	return flow_hash(&record->tuple[direction], &record->ipv6[direction]);
}

/* Half-open flows are looked at after a minute at the latest, so that they hang in the order of their age,
 * whatever time they have: the oldest gives way. */
static void hang(uint32_t flow)
{
	const struct flow_record *record = &flow_records[flow];
	uint32_t when = due(record), soon = flow_now() + half_open_look;
	enum flow_wheel wheel = wheel_of(record);

	wheel_put(flow, wheel, wheel == WHEEL_HALF_OPEN && (int32_t)(when - soon) > 0 ? soon : when);
}

void flow_record_give_back(uint32_t flow)
{
	flow_records[flow].state = FLOW_FREE;
	flow_records[flow].link.next = unused;
	unused = flow;
}

/* The wheel that gives way first, and in it one of those that would end first. What has been seen in this
 * very tick stays: packets of the burst in hand may go by it. */
static bool evict_from(enum flow_wheel wheel)
{
	uint32_t now = flow_now();

	for (int i = 0; i < EVICTION_TRIES; i++) {
		uint32_t flow = wheel_first(wheel);

		if (!flow)
			return false;
		if (flow_records[flow].seen != now) {
			flow_record_end(flow);
			stats.flow.evicted++;
			return true;
		}
		wheel_take(flow);
		hang(flow);
	}
	return false;
}

/* The record that will be taken next. */
static void fetch_next(void)
{
	uint32_t next = unused ? unused : RTE_MIN(stats.flow.used + 1, flow_capacity);
	uint8_t *record = (uint8_t *)&flow_records[next];

	for (size_t line = 0; line < sizeof(struct flow_record); line += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(record + line);
}

uint32_t flow_record_take(void)
{
	uint32_t flow;

	if (!unused && stats.flow.used < flow_capacity)
		flow_record_give_back(++stats.flow.used);
	if (!unused && !evict_from(WHEEL_HALF_OPEN) && !evict_from(WHEEL_CLOSED))
		return 0;
	flow = unused;
	unused = flow_records[flow].link.next;
	fetch_next();
	flow_records[flow] = (struct flow_record){.state = FLOW_FREE};
	return flow;
}

static bool enter_both(uint32_t flow, uint32_t original, uint32_t reply)
{
	if (!flow_table_insert(original, flow_reference_to(flow, FLOW_ORIGINAL)))
		return false;
	if (flow_table_insert(reply, flow_reference_to(flow, FLOW_REPLY)))
		return true;
	flow_table_remove(original, flow_reference_to(flow, FLOW_ORIGINAL));
	return false;
}

enum drop_reason flow_record_enter(uint32_t flow)
{
	struct flow_record *record = &flow_records[flow];
	uint32_t original = hash_of(record, FLOW_ORIGINAL), reply = hash_of(record, FLOW_REPLY);

	if (flow_table_find(original, &record->tuple[FLOW_ORIGINAL], &record->ipv6[FLOW_ORIGINAL]) ||
	    flow_table_find(reply, &record->tuple[FLOW_REPLY], &record->ipv6[FLOW_REPLY])) {
		flow_record_give_back(flow);
		return DROP_NAT_UNTRANSLATABLE;
	}
	if (!enter_both(flow, original, reply)) {
		flow_record_give_back(flow);
		return DROP_FLOW_TABLE_FULL;
	}
	hang(flow);
	stats.flow.half_open += is_half_open(record);
	stats.flow.flows++;
	stats.flow.created++;
	return TRACK_GOOD;
}

static void release_source(struct flow_record *record)
{
	if (record->flags & FLOW_COUNTED_SOURCE)
		firewall_release(record);
	record->flags &= ~FLOW_COUNTED_SOURCE;
}

/* Whether the end that was called knows that the connection is over. That its opener says so is not enough:
 * who is allowed so many connections could hold more of them by resets that never arrive. */
static bool is_hung_up(const struct flow_record *record)
{
	return record->state == FLOW_TCP_TIME_WAIT ||
	       (record->state == FLOW_TCP_CLOSED && record->tcp[FLOW_REPLY].flags & FLOW_TCP_RESET);
}

void flow_record_moved(uint32_t flow)
{
	struct flow_record *record = &flow_records[flow];

	if (is_hung_up(record))
		release_source(record);
	wheel_take(flow);
	stats.flow.half_open -= is_half_open(record);
	hang(flow);
	stats.flow.half_open += is_half_open(record);
}

void flow_record_changed(uint32_t flow, uint8_t flags)
{
	struct flow_record *record = &flow_records[flow];

	if (~flags & record->flags & FLOW_SEEN_REPLY)
		record->rule[FLOW_ORIGINAL] = FLOW_UNDECIDED;
	flow_record_moved(flow);
}

void flow_record_end(uint32_t flow)
{
	struct flow_record *record = &flow_records[flow];

	assert(record->state != FLOW_FREE);
	wheel_take(flow);
	for (enum flow_direction direction = FLOW_ORIGINAL; direction < FLOW_DIRECTIONS; direction++)
		flow_table_remove(hash_of(record, direction), flow_reference_to(flow, direction));
	if (record->flags & FLOW_BOUND)
		nat_release(flow);
	release_source(record);
	stats.flow.half_open -= is_half_open(record);
	stats.flow.flows--;
	flow_record_give_back(flow);
}

/* Returns whether there is more to touch. */
static bool touch_records(void)
{
	uint32_t end;

	touched = RTE_MAX(touched, stats.flow.used);
	end = RTE_MIN(touched + TICK_TOUCHES, touched_end);
	while (touched < end)
		flow_records[++touched].state = FLOW_FREE;
	return touched < touched_end;
}

/* Returns when the first of the wheels' flows is due. A full tick means that there may be more: at once. */
static uint64_t end_flows(void)
{
	uint32_t now = flow_now(), wait, flow;

	for (int i = 0; i < TICK_ENDS; i++) {
		flow = wheel_due(now);
		if (!flow)
			break;
		if (is_over(&flow_records[flow], now)) {
			flow_record_end(flow);
			stats.flow.expired++;
		} else {
			flow_record_moved(flow);
		}
	}
	wait = wheel_wait(now);
	return wait == UINT32_MAX ? UINT64_MAX : ((host_now_ns >> FLOW_TICK_SHIFT) + wait) << FLOW_TICK_SHIFT;
}

uint64_t flow_tick(void)
{
	uint64_t next = end_flows();

	return touch_records() ? RTE_MIN(next, host_now_ns + TOUCH_INTERVAL_NS) : next;
}
