/* SPDX-License-Identifier: Apache-2.0
 *
 * The timing wheels against a naive list, over times that wrap: what is due comes, at most a slot late and
 * never early; nothing else does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/flow.h"
#include "nf/flow/flow_wheel.h"
#include "nf/host.h"
#include "support/nf_host.h"

enum { FLOWS = 200, SLOT = 1 << WHEEL_SLOT_SHIFT, OPERATIONS = 50000 };

static struct flow_record records[FLOWS + 1];

/* The model: where a record hangs, and the end of the slot that its time is in, relative to the start. */
static struct {
	bool hangs;
	enum flow_wheel wheel;
	uint64_t end;
} model[FLOWS + 1];
static uint64_t start, now;

static void begin(uint32_t at)
{
	nf_host_start();
	memset(records, 0, sizeof(records));
	memset(model, 0, sizeof(model));
	flow_records = records;
	start = now = at;
	wheel_init(at);
}

static uint64_t slot_end(uint64_t due)
{
	return (due / SLOT + 1) * SLOT;
}

static void put(uint32_t flow, enum flow_wheel wheel, uint64_t due)
{
	wheel_put(flow, wheel, due);
	model[flow].hangs = true;
	model[flow].wheel = wheel;
	/* What is later than all slots waits in the last one, what is overdue in the next that is looked at.
	 */
	model[flow].end = RTE_MIN(slot_end(due), (now / SLOT + WHEEL_SLOTS - 1) * SLOT);
}

static void take(uint32_t flow)
{
	wheel_take(flow);
	model[flow].hangs = false;
}

static uint64_t earliest(int of_wheel)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t flow = 1; flow <= FLOWS; flow++)
		if (model[flow].hangs && (of_wheel < 0 || model[flow].wheel == (enum flow_wheel)of_wheel))
			least = RTE_MIN(least, model[flow].end);
	return least;
}

static void take_all_due(void)
{
	uint32_t flow;

	while ((flow = wheel_due(now))) {
		assert_true(model[flow].hangs && model[flow].end <= now);
		take(flow);
	}
	assert_true(earliest(-1) > now);
	assert_int_equal(wheel_due(now), 0);
}

static void check_wait(void)
{
	uint64_t least = earliest(-1);

	if (least == UINT64_MAX)
		assert_int_equal(wheel_wait(now), UINT32_MAX);
	else
		assert_int_equal(wheel_wait(now), least - now);
}

static void check_first(void)
{
	for (int wheel = 0; wheel < WHEELS; wheel++) {
		uint32_t flow = wheel_first(wheel);

		assert_int_equal(flow == 0, earliest(wheel) == UINT64_MAX);
		if (flow)
			assert_true(model[flow].wheel == (enum flow_wheel)wheel &&
				    model[flow].end == earliest(wheel));
	}
}

static uint64_t any_delay(void)
{
	static const uint64_t most[] = {1, SLOT, 100 * SLOT, WHEEL_SLOTS * SLOT, 3 * WHEEL_SLOTS * SLOT};

	return host_random() % (most[host_random() % 5] + 1);
}

static void any_operation(void)
{
	uint32_t flow = 1 + host_random() % FLOWS;

	if (!model[flow].hangs)
		put(flow, host_random() % WHEELS, now + any_delay());
	else if (host_random() % 4 == 0)
		take(flow);
	if (host_random() % 8 == 0) {
		now += host_random() % 4 ? host_random() % SLOT : any_delay();
		take_all_due();
	}
	check_wait();
	check_first();
}

static void random_operations(void **state)
{
	static const uint32_t starts[] = {
	    0, 1, SLOT - 1, UINT32_MAX, UINT32_MAX - 50 * SLOT, UINT32_MAX - WHEEL_SLOTS * SLOT, 1u << 31};

	(void)state;
	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		begin(starts[s]);
		for (int i = 0; i < OPERATIONS / 7; i++)
			any_operation();
		now += 4 * (uint64_t)WHEEL_SLOTS * SLOT;
		take_all_due();
		assert_int_equal(wheel_wait(now), UINT32_MAX);
	}
}

static void overdue_is_next(void **state)
{
	(void)state;
	begin(10 * SLOT);
	put(1, WHEEL_ASSURED, now - 5 * SLOT);
	model[1].end = now;
	assert_int_equal(wheel_wait(now), 0);
	assert_int_equal(wheel_due(now), 1);
	take(1);
	assert_int_equal(wheel_due(now), 0);
}

/* A slot that fills and empties again and again has the right mark. */
static void one_slot(void **state)
{
	(void)state;
	begin(0);
	for (int count = 1; count <= 3; count++) {
		for (int i = 1; i <= count; i++)
			put(i, WHEEL_CLOSED, 5);
		for (int i = count; i >= 1; i--) {
			assert_int_equal(wheel_wait(0), SLOT);
			take(1 + i % count);
		}
		assert_int_equal(wheel_wait(0), UINT32_MAX);
		assert_int_equal(wheel_first(WHEEL_CLOSED), 0);
	}
}

static void what_waits_longest_comes_first(void **state)
{
	(void)state;
	begin(0);
	for (uint32_t flow = 1; flow <= 5; flow++)
		put(flow, WHEEL_HALF_OPEN, SLOT - flow);
	for (uint32_t flow = 1; flow <= 5; flow++) {
		assert_int_equal(wheel_first(WHEEL_HALF_OPEN), flow);
		take(flow);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations),
	    cmocka_unit_test(overdue_is_next),
	    cmocka_unit_test(one_slot),
	    cmocka_unit_test(what_waits_longest_comes_first),
	};

	return cmocka_run_group_tests_name("flow_wheel", tests, NULL, NULL);
}
