/* SPDX-License-Identifier: Apache-2.0
 *
 * Text tables; see draw_table.h. Cells are ASCII: a byte is a column.
 */
#include <string.h>
#include "draw_table.h"

static size_t shown_width(size_t length)
{
	return length < DRAW_CELL_MAX ? length : DRAW_CELL_MAX;
}

static void measure(const char *text, size_t widths[DRAW_COLUMNS_MAX])
{
	size_t column = 0, length = 0;

	for (; *text; text++) {
		if (*text == '\n') {
			column = 0;
		} else if (*text == '\t') {
			if (column < DRAW_COLUMNS_MAX && shown_width(length) > widths[column])
				widths[column] = shown_width(length);
			column++;
			length = 0;
		} else {
			length++;
		}
	}
}

/* Prints a cell behind `gap` blanks and returns the gap to the next one, so that no line ends in blanks. */
static int print_cell(const char *text, size_t length, size_t width, int gap, FILE *out)
{
	int shown = (int)shown_width(length);

	if (length == 0)
		return gap + (int)width + 2;
	if (length > DRAW_CELL_MAX)
		fprintf(out, "%*s%.*s...", gap, "", DRAW_CELL_MAX - 3, text);
	else
		fprintf(out, "%*s%.*s", gap, "", shown, text);
	return (int)width - shown + 2;
}

static void print_rule_under(const size_t widths[DRAW_COLUMNS_MAX], FILE *out, bool utf8)
{
	size_t total = 0;

	for (size_t i = 0; i < DRAW_COLUMNS_MAX; i++)
		total += widths[i] ? widths[i] + 2 : 0;
	fputs("  ", out);
	for (size_t i = 2; i < total; i++)
		fputs(utf8 ? "─" : "-", out);
	fputc('\n', out);
}

void draw_table(const char *text, FILE *out, bool utf8)
{
	size_t widths[DRAW_COLUMNS_MAX] = {0};
	bool heading = true;

	measure(text, widths);
	while (*text) {
		int gap = 2;

		for (size_t column = 0; *text && *text != '\n'; column++) {
			const char *end = text + strcspn(text, "\t\n");

			gap = print_cell(text, (size_t)(end - text), widths[column % DRAW_COLUMNS_MAX], gap,
					 out);
			text = *end ? end + 1 : end;
		}
		fputc('\n', out);
		text += *text == '\n';
		if (heading)
			print_rule_under(widths, out, utf8);
		heading = false;
	}
}
