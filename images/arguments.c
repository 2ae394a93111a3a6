/* SPDX-License-Identifier: Apache-2.0
 *
 * Argument vectors; see arguments.h.
 */
#include "arguments.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void arguments_add(struct arguments *arguments, const char *format, ...)
{
	char **words = realloc(arguments->words, (arguments->count + 2) * sizeof(*words));
	va_list values;

	if (!words)
		err(1, "weir");
	arguments->words = words;
	va_start(values, format);
	if (vasprintf(&words[arguments->count], format, values) < 0)
		err(1, "weir");
	va_end(values);
	words[++arguments->count] = NULL;
}

void arguments_split(struct arguments *arguments, const char *text)
{
	static const char blanks[] = " \t\r\n";

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t length = strcspn(text, blanks);

		arguments_add(arguments, "%.*s", (int)length, text);
		text += length;
	}
}

void arguments_free(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->words[i]);
	free(arguments->words);
	*arguments = (struct arguments){0};
}
