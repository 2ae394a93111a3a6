/* SPDX-License-Identifier: Apache-2.0
 *
 * Text tables for draw.c: a row is one string whose cells end with a tab; columns become as wide as their
 * widest line of a cell.
 */
#ifndef CONFIG_DRAW_TABLE_H
#define CONFIG_DRAW_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum { DRAW_COLUMNS_MAX = 8, DRAW_CELL_MAX = 44 };

/* Prints the rows of `text`, the first of which is the heading. A cell that is longer than
 * DRAW_CELL_MAX goes on in the next lines, broken at blanks where it has some. */
void draw_table(const char *text, FILE *out, bool utf8);

#endif
