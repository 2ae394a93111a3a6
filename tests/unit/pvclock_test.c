/* SPDX-License-Identifier: Apache-2.0
 *
 * boot/ring0/pvclock.h: the arithmetic of a hypervisor's clock.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include "boot/ring0/pvclock.h"

/* 2 GHz: a tick is 2^shift / 2 ns. */
static void the_clock_follows_from_the_tsc(void **state)
{
	static const struct {
		uint64_t record, tsc, clock;
	} rows[] = {
	    {5000, 5000, 100000},
	    {5000, 5700, 100350},
	    {5000, 4000, 99500},
	    {-UINT64_C(3000), 4000, 103500}, /* the record is older than the guest's TSC */
	    {4000, -UINT64_C(3000), 96500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pvclock time = {
		    .tsc = rows[i].record, .system_time = 100000, .mult = UINT32_C(1) << 31, .shift = 0};

		assert_int_equal(pvclock_at(&time, rows[i].tsc), rows[i].clock);
	}
}

static void a_record_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		struct pvclock record;
		bool good;
	} rows[] = {
	    {{.version = 2, .mult = 1}, true},
	    {{.version = 3, .mult = 1}, false},
	    {{.version = 0, .mult = 1}, false},
	    {{.version = 2, .mult = 0}, false},
	    {{.version = 2, .mult = 1, .shift = 32}, false},
	    {{.version = 2, .mult = 1, .shift = -32}, false},
	};
	struct pvclock out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pvclock_read(&rows[i].record, &out), rows[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_clock_follows_from_the_tsc),
	    cmocka_unit_test(a_record_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("pvclock", tests, NULL, NULL);
}
