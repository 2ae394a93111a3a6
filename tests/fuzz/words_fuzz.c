/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the words that an image is started with. The input is a byte that says which world it is, then words
 * that end with a zero byte, each in a block of its own.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "boot/ring3/arguments.h"
#include "boot/ring3/console.h"
#include "nf/appliance.h"

enum { WORDS_MAX = 16 };

const char appliance_name[] = "test";
const uint16_t device_count = 2, port_count = 3;
const struct port_config port_configs[] = {{.name = "lan"}, {.name = "lan2"}, {.name = "guest", .vlan = 7}};

static unsigned int complaints;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

void console_line(const char *format, ...)
{
	complaints += *format != '\0';
}

static bool is_in(const char *text, char *const *words, const size_t *lengths, int count)
{
	for (int i = 1; i < count; i++)
		if (text >= words[i] && text <= words[i] + lengths[i])
			return true;
	return false;
}

static void check(const struct arguments *arguments, char *const *words, const size_t *lengths, int count)
{
	for (uint16_t i = 0; i < device_count; i++) {
		const struct device_source *source = &arguments->sources[i];

		assert(source->kind == SOURCE_NONE ||
		       (is_in(source->in, words, lengths, count) && *source->in));
		assert(!source->out ||
		       (source->kind == SOURCE_PCAP && is_in(source->out, words, lengths, count)));
		assert(source->kind != SOURCE_PCAP || arguments->replay);
	}
	assert(!arguments->stats_path || *arguments->stats_path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	char *words[WORDS_MAX + 1] = {"weir"};
	size_t lengths[WORDS_MAX + 1];
	struct arguments arguments;
	size_t at = 1;
	int argc = 1, error;

	while (at < count && argc <= WORDS_MAX) {
		lengths[argc] = strnlen((const char *)data + at, count - at);
		words[argc] = strndup((const char *)data + at, lengths[argc]);
		at += lengths[argc++] + 1;
	}
	complaints = 0;
	error = arguments_parse(&arguments, argc, words, count && data[0] & 1);
	assert((error != 0) == (complaints > 0));
	if (!error)
		check(&arguments, words, lengths, argc);
	while (--argc > 0)
		free(words[argc]);
	return 0;
}
