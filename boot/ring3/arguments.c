/* SPDX-License-Identifier: Apache-2.0
 *
 * Parses the image's words; see arguments.h.
 */
#include <errno.h>
#include <string.h>
#include "nf/appliance.h"
#include "arguments.h"
#include "console.h"

/* What follows `prefix` in `word`, or NULL. */
static char *after(char *word, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(word, prefix, length) == 0 ? word + length : NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_seed(struct arguments *arguments, const char *digits)
{
	size_t count = strlen(digits);

	memset(arguments->seed, 0, sizeof(arguments->seed));
	for (size_t i = 0; i < count; i++) {
		int digit = hex_digit(digits[i]);

		if (digit < 0 || i >= 2 * sizeof(arguments->seed)) {
			console_line("seed=%s: a seed has 1 to 64 hexadecimal digits", digits);
			return -EINVAL;
		}
		arguments->seed[i / 2] |= i % 2 == 0 ? digit << 4 : digit;
	}
	arguments->seeded = count > 0;
	return 0;
}

static int parse_source(struct device_source *source, const char *port, char *value)
{
	char *rest;

	if ((rest = after(value, "pcap:")) != NULL) {
		*source = (struct device_source){.kind = SOURCE_PCAP, .in = strsep(&rest, ":")};
		source->out = rest;
	} else if ((rest = after(value, "tap:")) != NULL) {
		*source = (struct device_source){.kind = SOURCE_TAP, .in = rest};
	}
	if (source->kind == SOURCE_NONE || *source->in == '\0' ||
	    (source->out != NULL && *source->out == '\0')) {
		console_line("port %s: say %s=tap:INTERFACE or %s=pcap:IN[:OUT]", port, port, port);
		return -EINVAL;
	}
	return 0;
}

/* A word PORT=... of one of the devices. Returns 1 where it is none, else as arguments_parse. */
static int parse_port(struct arguments *arguments, char *word)
{
	for (uint16_t i = 0; i < device_count; i++) {
		char *value = after(word, port_configs[i].name);

		if (value == NULL || *value != '=')
			continue;
		if (arguments->sources[i].kind != SOURCE_NONE) {
			console_line("port %s: named twice", port_configs[i].name);
			return -EINVAL;
		}
		return parse_source(&arguments->sources[i], port_configs[i].name, value + 1);
	}
	return 1;
}

static int parse_process_word(struct arguments *arguments, char *word)
{
	char *value = after(word, "stats=");
	int result;

	if (value != NULL && *value != '\0') {
		arguments->stats_path = value;
		return 0;
	}
	if (strcmp(word, "measure") == 0) {
		arguments->measure = true;
		return 0;
	}
	result = parse_port(arguments, word);
	if (result <= 0)
		return result;
	console_line("%s: not understood", word);
	console_line("usage: %s [seed=HEX] [replay] [stats=PATH] PORT=tap:INTERFACE|PORT=pcap:IN[:OUT] ...",
		     appliance_name);
	return -EINVAL;
}

static int parse_word(struct arguments *arguments, char *word, bool process)
{
	char *value = after(word, "seed=");

	if (value != NULL)
		return parse_seed(arguments, value);
	if (strcmp(word, "replay") == 0) {
		arguments->replay = true;
		return 0;
	}
	return process ? parse_process_word(arguments, word) : 0;
}

int arguments_parse(struct arguments *arguments, int argc, char **argv, bool process)
{
	*arguments = (struct arguments){0};
	for (int i = 1; i < argc; i++) {
		int error = parse_word(arguments, argv[i], process);

		if (error != 0)
			return error;
	}
	for (uint16_t i = 0; i < device_count; i++)
		arguments->replay |= arguments->sources[i].kind == SOURCE_PCAP;
	return 0;
}
