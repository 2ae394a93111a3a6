/* SPDX-License-Identifier: Apache-2.0
 *
 * The console; implements host_log of nf/host.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "nf/host.h"
#include "console.h"

enum { LINE_BYTES = 512 };

void console_line(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;
	int length;
	ssize_t written;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	length = RTE_MIN(RTE_MAX(length, 0), LINE_BYTES - 1);
	line[length] = '\n';
	written = write(STDOUT_FILENO, line, length + 1);
	(void)written; /* nobody is left to tell */
}

void host_log(const char *line)
{
	console_line("%s", line);
}
