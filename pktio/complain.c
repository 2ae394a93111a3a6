/* SPDX-License-Identifier: Apache-2.0
 *
 * See complain.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include "nf/host.h"
#include "complain.h"

enum { LINE_BYTES = 256 };

int complain(int error, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	host_log(line);
	return error;
}
