/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/bucket.h: rows of events, and any events against a bucket of tokens that is filled in exact fractions.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include "nf/bucket.h"
#include "nf/host.h"
#include "support/nf_host.h"

enum { ROUNDS = 40, EVENTS = 500 };

/* Rows go on from each other where they name no bucket: so many events at once, and how many of them may be.
 */
static const struct {
	const char *name;
	struct bucket bucket; /* interval_ns and burst; both 0: that of the row before */
	uint64_t wait_ns;
	uint32_t events, allowed;
} rows[] = {
    {"a full bucket", {.interval_ns = 10, .burst = 3}, 0, 5, 3},
    {"not yet", {0}, 9, 2, 0},
    {"one", {0}, 1, 2, 1},
    {"two", {0}, 20, 5, 2},
    {"one and a half", {0}, 15, 5, 1},
    {"the other half", {0}, 5, 5, 1},
    {"no more than a burst", {0}, 1000000, 5, 3},
    {"one at a time", {.interval_ns = 10, .burst = 1}, 7, 5, 1},
    {"too soon", {0}, 9, 5, 0},
    {"in time", {0}, 1, 5, 1},
    {"a burst of 0 forbids", {.interval_ns = 10, .burst = 0}, 100, 5, 0},
    {"an interval of 0, too", {.interval_ns = 0, .burst = 5}, 100, 5, 0},
    {"hours apart", {.interval_ns = UINT64_C(3600000000000), .burst = 2}, 0, 5, 2},
    {"half an hour", {0}, UINT64_C(1800000000000), 1, 0},
    {"an hour", {0}, UINT64_C(1800000000000), 5, 1},
    {"ten million at once", {.interval_ns = 100, .burst = 10000000}, 0, 7, 7},
};

static uint32_t take(struct bucket *bucket, uint64_t now_ns, uint32_t events)
{
	uint32_t allowed = 0;

	for (uint32_t i = 0; i < events; i++)
		allowed += bucket_take(bucket, now_ns);
	return allowed;
}

static void each_row_allows_what_it_says(void **state)
{
	static const uint64_t starts[] = {0, 12345, UINT64_C(1) << 62};

	(void)state;
	for (int s = 0; s < 3; s++) {
		struct bucket bucket = {0};
		uint64_t now_ns = starts[s];

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			print_message("# %s\n", rows[i].name);
			if (rows[i].bucket.interval_ns || rows[i].bucket.burst)
				bucket = rows[i].bucket;
			now_ns += rows[i].wait_ns;
			assert_int_equal(take(&bucket, now_ns, rows[i].events), rows[i].allowed);
		}
	}
}

/* Tokens in parts of one: `interval_ns` parts are one token. */
static void any_events_meet_a_bucket_of_tokens(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct bucket bucket = {.interval_ns = 1 + host_random() % 1000,
					.burst = 1 + host_random() % 20};
		uint64_t full = bucket.burst * bucket.interval_ns, parts = full, now_ns = host_random() >> 8;

		for (int i = 0; i < EVENTS; i++) {
			uint64_t wait_ns = host_random() % (bucket.interval_ns * (1 + host_random() % 3));
			bool allowed;

			now_ns += wait_ns;
			parts = parts + wait_ns < full ? parts + wait_ns : full;
			allowed = parts >= bucket.interval_ns;
			parts -= allowed ? bucket.interval_ns : 0;
			assert_int_equal(bucket_take(&bucket, now_ns), allowed);
		}
	}
}

static void a_rate_is_spread_over_a_second(void **state)
{
	struct bucket bucket = bucket_per_second(1000);

	(void)state;
	assert_int_equal(take(&bucket, SECOND, 5000), 1000);
	assert_int_equal(take(&bucket, SECOND + SECOND / 2, 5000), 500);
	bucket = bucket_per_second(0);
	assert_int_equal(take(&bucket, SECOND, 5), 0);
}

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_allows_what_it_says),
	    cmocka_unit_test(any_events_meet_a_bucket_of_tokens),
	    cmocka_unit_test(a_rate_is_spread_over_a_second),
	};

	return cmocka_run_group_tests_name("bucket", tests, start, NULL);
}
