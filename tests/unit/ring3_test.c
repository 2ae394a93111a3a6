/* SPDX-License-Identifier: Apache-2.0
 *
 * Ring 3's start: the words that an image is started with, and its random numbers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "boot/ring3/arguments.h"
#include "boot/ring3/console.h"
#include "boot/ring3/random.c" /* not the host_random of the network functions' tests */
#include "nf/appliance.h"

static unsigned int complaints;

void console_line(const char *format, ...)
{
	(void)format;
	complaints++;
}

bool entropy_seed(uint8_t seed[RANDOM_SEED_BYTES])
{
	(void)seed;
	return false;
}

enum { WORDS_MAX = 4, WORD_BYTES = 128 };

const char appliance_name[] = "test";
const uint16_t device_count = 2, port_count = 3;
const struct port_config port_configs[] = {{.name = "lan"}, {.name = "lan2"}, {.name = "guest", .vlan = 7}};

struct words_row {
	const char *words[WORDS_MAX];
	bool process;
	int result;
	bool replay, seeded;
	enum source_kind kinds[2];
	const char *in, *out; /* of the first device */
};

#define DIGITS16 "0123456789abcdef"

static const struct words_row words_rows[] = {
    {{NULL}, .process = true, .result = 0, .in = NULL},
    {{"lan=tap:tap0", "lan2=tap:tap1"},
     .process = true,
     .result = 0,
     .kinds = {SOURCE_TAP, SOURCE_TAP},
     .in = "tap0"},
    {{"lan=pcap:a.pcap"},
     .process = true,
     .result = 0,
     .replay = true,
     .kinds = {SOURCE_PCAP},
     .in = "a.pcap"},
    {{"lan=pcap:a:b"},
     .process = true,
     .result = 0,
     .replay = true,
     .kinds = {SOURCE_PCAP},
     .in = "a",
     .out = "b"},
    {{"lan2=pcap:a:b"}, .process = true, .result = 0, .replay = true, .kinds = {SOURCE_NONE, SOURCE_PCAP}},
    {{"replay", "seed=12aF"}, .process = true, .result = 0, .replay = true, .seeded = true},
    {{"seed=" DIGITS16 DIGITS16 DIGITS16 DIGITS16}, .process = true, .result = 0, .seeded = true},
    {{"seed=" DIGITS16 DIGITS16 DIGITS16 DIGITS16 "0"}, .process = true, .result = -EINVAL},
    {{"seed=xyz"}, .process = true, .result = -EINVAL},
    {{"seed=12 "}, .process = false, .result = -EINVAL},
    {{"seed="}, .process = true, .result = 0},
    {{"virtio_mmio.device=512@0xfeb00e00:12", "reboot=k", "replay"},
     .process = false,
     .result = 0,
     .replay = true},
    {{"reboot=k"}, .process = true, .result = -EINVAL},
    {{"lan=pcap:a"}, .process = false, .result = 0},
    {{"lan=pcap:a", "lan=pcap:b"}, .process = true, .result = -EINVAL},
    {{"lan=pcap:"}, .process = true, .result = -EINVAL},
    {{"lan=pcap::b"}, .process = true, .result = -EINVAL},
    {{"lan=pcap:a:"}, .process = true, .result = -EINVAL},
    {{"lan=tap:"}, .process = true, .result = -EINVAL},
    {{"lan="}, .process = true, .result = -EINVAL},
    {{"lan"}, .process = true, .result = -EINVAL},
    {{"lan=vhost:a"}, .process = true, .result = -EINVAL},
    {{"guest=tap:a"}, .process = true, .result = -EINVAL},
    {{"wan=tap:a"}, .process = true, .result = -EINVAL},
    {{"stats="}, .process = true, .result = -EINVAL},
    {{""}, .process = true, .result = -EINVAL},
};

static void check_text(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		assert_string_equal(found, expected);
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words_rows) / sizeof(words_rows[0]); i++) {
		const struct words_row *row = &words_rows[i];
		char room[WORDS_MAX + 1][WORD_BYTES] = {"weir"}, *argv[WORDS_MAX + 1] = {room[0]};
		struct arguments arguments;
		int argc = 1;

		for (; argc <= WORDS_MAX && row->words[argc - 1] != NULL; argc++) {
			snprintf(room[argc], sizeof(room[argc]), "%s", row->words[argc - 1]);
			argv[argc] = room[argc];
		}
		complaints = 0;
		print_message("  row %zu: %s\n", i, argc > 1 ? row->words[0] : "no words");
		assert_int_equal(arguments_parse(&arguments, argc, argv, row->process), row->result);
		assert_int_equal(complaints > 0, row->result != 0);
		if (row->result != 0)
			continue;
		assert_int_equal(arguments.replay, row->replay);
		assert_int_equal(arguments.seeded, row->seeded);
		assert_int_equal(arguments.sources[0].kind, row->kinds[0]);
		assert_int_equal(arguments.sources[1].kind, row->kinds[1]);
		check_text(arguments.sources[0].in, row->in);
		check_text(arguments.sources[0].out, row->out);
	}
}

static void test_seed_digits(void **state)
{
	char word[] = "seed=12aF5", *argv[] = {word, word};
	const uint8_t expected[RANDOM_SEED_BYTES] = {0x12, 0xaf, 0x50};
	struct arguments arguments;

	(void)state;
	assert_int_equal(arguments_parse(&arguments, 2, argv, false), 0);
	assert_memory_equal(arguments.seed, expected, sizeof(expected));
}

/* RFC 8439, appendix A.1, test vectors 1 and 2: key 0, nonce 0, blocks 0 and 1. */
static void test_random_is_chacha20(void **state)
{
	const uint8_t seed[RANDOM_SEED_BYTES] = {0};
	uint64_t numbers[16];

	(void)state;
	assert_int_equal(random_init(seed), 0);
	for (int i = 0; i < 16; i++)
		numbers[i] = host_random();
	assert_true(numbers[0] == 0x903df1a0ade0b876);
	assert_true(numbers[1] == 0x28bd8653e56a5d40);
	assert_true(numbers[8] == 0x7a385155bee7079f);
	assert_int_equal(random_init(seed), 0);
	assert_true(host_random() == numbers[0]);
	assert_int_equal(random_init(NULL), 0);
	assert_true(host_random() != numbers[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_seed_digits),
	    cmocka_unit_test(test_random_is_chacha20),
	};

	return cmocka_run_group_tests_name("ring3", tests, NULL, NULL);
}
