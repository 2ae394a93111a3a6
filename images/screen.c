/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines on a terminal; see screen.h.
 *
 * Sources: ECMA-48.
 */
#include "screen.h"

#include <stdarg.h>

bool screen_line(struct screen *screen, const char *format, ...)
{
	va_list values;

	if (screen->used >= screen->rows)
		return false;
	fputs(screen->used++ ? "\r\n" : "\033[H", screen->out);
	va_start(values, format);
	vfprintf(screen->out, format, values);
	va_end(values);
	fputs("\033[K", screen->out);
	return true;
}

int screen_room(const struct screen *screen)
{
	return screen->rows - screen->used;
}
