/* SPDX-License-Identifier: Apache-2.0
 *
 * Text tables; see draw_table.h. Cells are ASCII: a byte is a column.
 */
#include <string.h>
#include "draw_table.h"

struct cell {
	const char *text;
	size_t length;
};

static bool is_over(const struct cell *cell)
{
	return cell->length == 0;
}

/* Takes the next line of a cell: up to the last blank within the limit, or up to the limit. */
static struct cell take_line(struct cell *cell)
{
	struct cell line = *cell;
	size_t skip = 0;

	if (line.length > DRAW_CELL_MAX) {
		line.length = DRAW_CELL_MAX;
		while (line.length > 0 && cell->text[line.length] != ' ')
			line.length--;
		skip = line.length > 0;
		if (line.length == 0)
			line.length = DRAW_CELL_MAX;
	}
	cell->text += line.length + skip;
	cell->length -= line.length + skip;
	return line;
}

/* Splits the row at `text` into cells, and returns where the next row starts. */
static const char *split_row(const char *text, struct cell cells[DRAW_COLUMNS_MAX])
{
	const char *end = strchrnul(text, '\n');

	for (size_t column = 0; column < DRAW_COLUMNS_MAX; column++)
		cells[column] = (struct cell){end, 0};
	for (size_t column = 0; text < end && column < DRAW_COLUMNS_MAX; column++) {
		cells[column] = (struct cell){text, strcspn(text, "\t\n")};
		text += cells[column].length + (text[cells[column].length] == '\t');
	}
	return *end ? end + 1 : end;
}

static void measure(const char *text, size_t widths[DRAW_COLUMNS_MAX])
{
	struct cell cells[DRAW_COLUMNS_MAX];

	while (*text) {
		text = split_row(text, cells);
		for (size_t column = 0; column < DRAW_COLUMNS_MAX; column++) {
			while (!is_over(&cells[column])) {
				size_t width = take_line(&cells[column]).length;

				if (width > widths[column])
					widths[column] = width;
			}
		}
	}
}

/* Prints the next line of each cell, without blanks at the end. Returns false when that was the last. */
static bool print_line(struct cell cells[DRAW_COLUMNS_MAX], const size_t widths[DRAW_COLUMNS_MAX], FILE *out)
{
	size_t gap = 2;
	bool more = false;

	for (size_t column = 0; column < DRAW_COLUMNS_MAX; column++) {
		struct cell line = take_line(&cells[column]);

		more |= !is_over(&cells[column]);
		if (is_over(&line)) {
			gap += widths[column] + 2;
			continue;
		}
		fprintf(out, "%*s%.*s", (int)gap, "", (int)line.length, line.text);
		gap = widths[column] - line.length + 2;
	}
	fputc('\n', out);
	return more;
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
	struct cell cells[DRAW_COLUMNS_MAX];
	bool heading = true;

	measure(text, widths);
	while (*text) {
		text = split_row(text, cells);
		while (print_line(cells, widths, out))
			;
		if (heading)
			print_rule_under(widths, out, utf8);
		heading = false;
	}
}
