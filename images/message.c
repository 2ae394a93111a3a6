/* SPDX-License-Identifier: Apache-2.0
 *
 * How the command talks: errors, notes, progress and colours. See command.h.
 */
#include "command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static bool progress_shown;

static void say(const char *format, va_list arguments)
{
	progress_end();
	fputs("weir: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

int failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return STATUS_FAILED;
}

int misused(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return STATUS_USAGE;
}

int misused_option(const char *command, char **argv, int found)
{
	const char *option = argv[optind - 1];

	if (found == ':')
		return misused("%s %s: a value is missing; see weir %s --help", command, option, command);
	return misused("%s %s: no such option; see weir %s --help", command, option, command);
}

void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void progress(const char *format, ...)
{
	va_list arguments;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(arguments, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
	progress_shown = true;
}

void progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

const char *colour(FILE *stream, enum colour colour)
{
	static const char *const sequences[] = {
	    [COLOUR_PLAIN] = "\033[0m", [COLOUR_BOLD] = "\033[1m",   [COLOUR_DIM] = "\033[2m",
	    [COLOUR_RED] = "\033[31m",	[COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m",
	};
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !isatty(fileno(stream)))
		return "";
	return sequences[colour];
}
