/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration compiler against any bytes: it reports or it compiles, and what compiled prints as text
 * that compiles to the same text again, and is written as C and as a picture without a fault.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7's fy_atom_format_text loses a kilobyte or two on a quoted text of many pieces, such as a dozen
 * ''. What the compiler itself allocates is still watched. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

static char *print(const struct config *config, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	assert(out);
	config_print(config, out);
	fclose(out);
	return text;
}

static void check_canonical_text(const struct config *config, struct diagnostics *d)
{
	size_t length, again_length;
	char *text = print(config, &length), *again;
	struct config *copy = config_parse(text, length, "canonical", d);

	assert(copy);
	again = print(copy, &again_length);
	assert(length == again_length && memcmp(text, again, length) == 0);
	config_free(copy);
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics *d = diagnostics_create();
	struct config *config = config_parse((const char *)data, size, "fuzz", d);
	FILE *nowhere = fopen("/dev/null", "w");

	assert(nowhere && !config == (diagnostics_errors(d) > 0));
	if (config) {
		check_canonical_text(config, d);
		assert(config_emit_c(config, nowhere) == 0);
		config_draw(config, nowhere, true);
	}
	diagnostics_print(d, nowhere, true);
	fclose(nowhere);
	config_free(config);
	diagnostics_destroy(d);
	return 0;
}
