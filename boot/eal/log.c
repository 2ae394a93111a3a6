/* SPDX-License-Identifier: Apache-2.0
 *
 * What the libraries have to say: warnings and worse go to standard error, one write a message; a panic ends
 * in abort.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <rte_common.h>
#include <rte_debug.h>
#include <rte_hexdump.h>
#include <rte_log.h>

enum { LINE_BYTES = 512 };

static void write_text(const char *text, int length)
{
	ssize_t written = write(STDERR_FILENO, text, RTE_MIN(RTE_MAX(length, 0), LINE_BYTES - 1));

	(void)written; /* nobody is left to tell */
}

int rte_log(uint32_t level, uint32_t type __rte_unused, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	if (level > RTE_LOG_WARNING)
		return 0;
	va_start(arguments, format);
	write_text(text, vsnprintf(text, sizeof(text), format, arguments));
	va_end(arguments);
	return 0;
}

/* Levels can't be changed at run time, so all dynamic types may share one number. */
int rte_log_register_type_and_pick_level(const char *name __rte_unused, uint32_t level __rte_unused)
{
	return RTE_LOGTYPE_USER1;
}

void __rte_panic(const char *function, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;
	int length = snprintf(text, sizeof(text), "panic in %s: ", function);

	va_start(arguments, format);
	length += vsnprintf(text + length, sizeof(text) - length, format, arguments);
	va_end(arguments);
	write_text(text, length);
	abort();
}

void rte_hexdump(FILE *file, const char *title, const void *data, unsigned int length)
{
	const unsigned char *bytes = data;

	fprintf(file, "%s: %u bytes\n", title == NULL ? "dump" : title, length);
	for (unsigned int i = 0; i < length; i++)
		fprintf(file, "%02x%c", bytes[i], i % 16 == 15 || i + 1 == length ? '\n' : ' ');
}
