/* SPDX-License-Identifier: Apache-2.0
 *
 * What a started program inherits where it holds keys: no leave to dump its memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include "images/child.h"

/* The child's soft limit, as its exit status. */
static int core_limit(bool holds_keys)
{
	char *words[] = {"sh", "-c",
			 "limit=$(ulimit -S -c); [ \"$limit\" = unlimited ] && exit 99; exit $limit", NULL};
	const struct child_files files = {.output = 1, .errors = 2, .holds_keys = holds_keys};
	struct child child;

	assert_int_equal(child_start(&child, words, &files), 0);
	assert_true(child_wait(&child, 10000));
	return child.status;
}

/* ulimit counts in blocks of 512 or 1024 bytes: a limit of a byte is less than one. */
static void keys_are_not_dumped(void **state)
{
	struct rlimit limit;
	int usual;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	if (limit.rlim_max < 8192) {
		print_message("skipped: core dumps are forbidden here anyway\n");
		skip();
	}
	limit.rlim_cur = 8192;
	assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
	usual = core_limit(false);
	assert_true(usual == 8 || usual == 16);
	assert_int_equal(core_limit(true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys_are_not_dumped)};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
