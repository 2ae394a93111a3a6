/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/wireguard/replay.h: rows of counters, and random ones against a set that remembers everything.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/wireguard/messages.h"
#include "nf/wireguard/replay.h"

enum { W = REPLAY_WINDOW, ROUNDS = 200, COUNTERS = 2000, SPAN = 20 * REPLAY_WINDOW };

_Static_assert(REPLAY_WINDOW >= 8000, "what is asked of the window");

/* Rows go on from each other; an empty name goes on where the row before began: a new session otherwise. */
static const struct {
	const char *name;
	uint64_t counter;
	bool good;
} rows[] = {
    {"the first", 0, true},
    {"", 0, false},
    {"", 1, true},
    {"", 1, false},
    {"", 9, true},
    {"", 8, true},
    {"", 7, true},
    {"", 7, false},
    {"", 8, false},
    {"does not begin with 0", 5, true},
    {"", 0, true},
    {"", 0, false},
    {"", 4, true},
    {"", 5, false},
    {"as far behind as may be", W, true},
    {"", 1, true},
    {"", 0, false},
    {"", 1, false},
    {"", 2, true},
    {"the window moves by one", W - 1, true},
    {"", 0, true},
    {"", W, true},
    {"", 0, false},
    {"", 1, true},
    {"", W + 1, true},
    {"", 1, false},
    {"", 2, true},
    {"backwards", 2 * W, true},
    {"", 2 * W - 1, true},
    {"", 2 * W - 64, true},
    {"", 2 * W - 65, true},
    {"", W + 1, true},
    {"", W, false},
    {"a leap of a window", 0, true},
    {"", W + 63, true},
    {"", 0, false},
    {"", 63, false},
    {"", 64, true},
    {"a leap of many windows clears all", 100, true},
    {"", 100 + 1000 * (uint64_t)W, true},
    {"", 100 + 1000 * (uint64_t)W, false},
    {"", 100 + 1000 * (uint64_t)W - W + 1, true},
    {"", 100 + 999 * (uint64_t)W, false},
    {"", 99 + 1000 * (uint64_t)W, true},
    {"a word that comes around again", 70, true},
    {"", 70 + 64 * REPLAY_WORDS, true},
    {"", 70, false},
    {"", 71 + 64 * REPLAY_WORDS - W, true},
    {"the last that may be", REJECT_AFTER_MESSAGES - 1, true},
    {"", REJECT_AFTER_MESSAGES - 1, false},
    {"", REJECT_AFTER_MESSAGES, false},
    {"", UINT64_MAX, false},
    {"", REJECT_AFTER_MESSAGES - W, true},
    {"", REJECT_AFTER_MESSAGES - W - 1, false},
    {"one that may not be changes nothing", 3, true},
    {"", UINT64_MAX, false},
    {"", REJECT_AFTER_MESSAGES, false},
    {"", 4, true},
    {"", 2, true},
};

static void each_row_is_judged_as_it_says(void **state)
{
	struct replay replay;

	(void)state;
	memset(&replay, 0xff, sizeof(replay));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].name[0])
			replay_init(&replay);
		if (replay_accept(&replay, rows[i].counter) != rows[i].good)
			fail_msg("row %zu (%s): %lu", i, rows[i].name, rows[i].counter);
	}
}

/* Near the greatest so far, mostly. */
static uint64_t some_counter(uint64_t greatest)
{
	uint64_t random = host_random(), near = random >> 8 & 63 ? 2 * W : SPAN;
	uint64_t distance = host_random() % near;

	if (random & 1)
		return greatest > distance ? greatest - distance : 0;
	return greatest + distance % (random & 2 ? 4 : random & 4 ? 100 : near);
}

static void judges_as_a_set_does(void **state)
{
	enum { BYTES = COUNTERS * SPAN / 8 };
	uint8_t *seen = calloc(BYTES, 1);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct replay replay;
		uint64_t greatest = 0;
		bool any = false;

		replay_init(&replay);
		for (int i = 0; i < COUNTERS; i++) {
			uint64_t counter = some_counter(greatest);
			bool was = seen[counter / 8] >> counter % 8 & 1;
			bool good = !was && (!any || counter > greatest || greatest - counter < W);

			assert_int_equal(replay_accept(&replay, counter), good);
			if (good)
				seen[counter / 8] |= 1 << counter % 8;
			if (good && counter > greatest)
				greatest = counter;
			any |= good;
		}
		memset(seen, 0, greatest / 8 + 1);
	}
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_is_judged_as_it_says),
	    cmocka_unit_test(judges_as_a_set_does),
	};

	return cmocka_run_group_tests_name("wireguard_replay", tests, NULL, NULL);
}
