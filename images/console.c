/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines from an image or from QEMU; see console.h.
 */
#include "console.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

int console_open(struct console *console, const char *label)
{
	int ends[2];

	*console = (struct console){.descriptor = -1, .label = label};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	console->descriptor = ends[0];
	return ends[1];
}

static void end_line(struct console *console)
{
	char *kept = console->kept[console->lines++ % CONSOLE_LINES_KEPT];

	memcpy(kept, console->line, console->filled);
	kept[console->filled] = '\0';
	console->filled = 0;
	if (!console->label)
		return;
	progress_end();
	fprintf(stderr, "%s%s:%s %s\n", colour(stderr, COLOUR_DIM), console->label,
		colour(stderr, COLOUR_PLAIN), kept);
}

static void take(struct console *console, char character)
{
	if (character == '\n') {
		end_line(console);
		return;
	}
	if (!isprint((unsigned char)character) && character != '\t')
		return;
	if (console->filled == CONSOLE_LINE_MAX - 1)
		end_line(console);
	console->line[console->filled++] = character;
}

bool console_drain(struct console *console)
{
	char bytes[4096];
	bool any = false;
	ssize_t count;

	while (console->descriptor >= 0 && (count = read(console->descriptor, bytes, sizeof(bytes))) >= 0) {
		for (ssize_t i = 0; i < count; i++)
			take(console, bytes[i]);
		if (count == 0) {
			close(console->descriptor);
			console->descriptor = -1;
		}
		any |= count > 0;
	}
	return any;
}

void console_close(struct console *console)
{
	console_drain(console);
	if (console->filled)
		end_line(console);
	if (console->descriptor >= 0)
		close(console->descriptor);
	console->descriptor = -1;
}

const char *console_recent(const struct console *console, size_t back)
{
	if (back >= console->lines || back >= CONSOLE_LINES_KEPT)
		return "";
	return console->kept[(console->lines - 1 - back) % CONSOLE_LINES_KEPT];
}

const char *console_last(const struct console *console)
{
	return console_recent(console, 0);
}

void console_retell(const struct console *console)
{
	size_t first = console->lines > CONSOLE_LINES_KEPT ? console->lines - CONSOLE_LINES_KEPT : 0;

	for (size_t i = first; i < console->lines; i++)
		fprintf(stderr, "    %s\n", console->kept[i % CONSOLE_LINES_KEPT]);
}
