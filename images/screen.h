/* SPDX-License-Identifier: Apache-2.0
 *
 * A terminal that is drawn over and over: lines from its top on, as many as it has.
 */
#ifndef IMAGES_SCREEN_H
#define IMAGES_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

struct screen {
	FILE *out;
	int rows, used;
};

/* A section of it begins with an empty line and a heading. */
enum { SECTION_HEAD = 2 };

/* One line, without wrapping; a line too many is left out, and false returned. */
bool screen_line(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many lines there is still room for. */
int screen_room(const struct screen *screen);

#endif
