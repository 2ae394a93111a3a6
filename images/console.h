/* SPDX-License-Identifier: Apache-2.0
 *
 * What an image, or QEMU, says: a pipe read line by line. The lines are outside input: control characters are
 * taken out, lengths are bounded, and the last lines are kept for the story after a failure.
 */
#ifndef IMAGES_CONSOLE_H
#define IMAGES_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

enum { CONSOLE_LINE_MAX = 240, CONSOLE_LINES_KEPT = 64 };

struct console {
	int descriptor;	   /* read end, non-blocking; -1 when closed */
	const char *label; /* shown before each line on standard error, or NULL: keep lines, show none */
	size_t lines;	   /* in all */
	size_t filled;
	char line[CONSOLE_LINE_MAX];
	char kept[CONSOLE_LINES_KEPT][CONSOLE_LINE_MAX];
};

/* Opens a pipe; its write end, for the child, is returned. -1: errno says why not. */
int console_open(struct console *console, const char *label);

/* Reads what is there. Returns whether anything was. */
bool console_drain(struct console *console);

/* Drains the rest, a last line without its end included, and closes. */
void console_close(struct console *console);

/* A line counted from the last, which is 0, or "" where it isn't there any more. */
const char *console_recent(const struct console *console, size_t back);

/* The last line, or "". */
const char *console_last(const struct console *console);

/* Writes the kept lines to standard error, indented. */
void console_retell(const struct console *console);

#endif
