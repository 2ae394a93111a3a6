/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors and warnings: collected while an input is read, printed afterwards in the order of their places. A
 * diagnostic keeps a copy of the line it is about, so the text may be gone by then. What is printed comes
 * from files that may be hostile: control characters never reach the terminal.
 */
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "diagnostics.h"

enum { LINE_SHOWN_MAX = 160, KEY_LETTERS_MIN = 40 };

struct diagnostic {
	bool warning;
	struct config_place place;
	char *file, *message, *hint;
	char *line;   /* the part of the line that is shown, or NULL */
	size_t caret; /* bytes of `line` before the caret */
};

struct source {
	const char *name, *text;
	size_t length;
};

struct diagnostics {
	struct diagnostic kept[2 * DIAGNOSTICS_MAX];
	size_t kept_count, errors, warnings;
	size_t said[2];		 /* errors, warnings: without those that repeat a kept one */
	struct diagnostic *last; /* NULL when it was not kept */
	struct source sources[DIAGNOSTICS_FILES_MAX]; /* by config_place.file */
	uint16_t source_count;
};

struct diagnostics *diagnostics_create(void)
{
	struct diagnostics *d = calloc(1, sizeof(*d));

	assert(d);
	diagnostics_source(d, "", "", 0);
	return d;
}

void diagnostics_destroy(struct diagnostics *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->kept_count; i++) {
		free(d->kept[i].file);
		free(d->kept[i].message);
		free(d->kept[i].hint);
		free(d->kept[i].line);
	}
	free(d);
}

size_t diagnostics_errors(const struct diagnostics *d)
{
	return d->errors;
}

size_t diagnostics_warnings(const struct diagnostics *d)
{
	return d->warnings;
}

void diagnostics_source(struct diagnostics *d, const char *name, const char *text, size_t length)
{
	d->sources[0] = (struct source){name, text, length};
	d->source_count = 1;
}

uint16_t diagnostics_file(struct diagnostics *d, const char *name, const char *text, size_t length)
{
	if (d->source_count == DIAGNOSTICS_FILES_MAX)
		return 0;
	d->sources[d->source_count] = (struct source){name, text, length};
	return d->source_count++;
}

static bool continues_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static bool is_key_letter(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* Whether what stands before `at` calls it a public key: "PublicKey = ", "public-key: ". */
static bool is_called_public(const char *line, const char *at)
{
	static const char *const names[] = {"publickey", "public-key"};

	while (at > line && strchr(" \t=:\"'", at[-1]))
		at--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i]);

		if ((size_t)(at - line) >= length && strncasecmp(at - length, names[i], length) == 0)
			return true;
	}
	return false;
}

/* In a wg-quick file, whatever is given as a secret: "PrivateKey = ...". */
static void hide_secret_value(char *line)
{
	static const char *const names[] = {"PrivateKey", "PresharedKey"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *at = strcasestr(line, names[i]);

		if (!at)
			continue;
		at += strlen(names[i]);
		at += strspn(at, " \t");
		if (*at++ != '=')
			continue;
		for (; *at; at++)
			if (!strchr(" \t=", *at))
				*at = '*';
	}
}

/* Writes asterisks over what may be a secret. */
static void hide_keys(char *line)
{
	size_t length;

	hide_secret_value(line);
	for (char *at = line; *at; at += length ? length : 1) {
		for (length = 0; is_key_letter(at[length]);)
			length++;
		if (length >= KEY_LETTERS_MIN && !is_called_public(line, at))
			memset(at, '*', length);
	}
}

/* The line at `place` with its keys hidden, in memory that the caller frees, or NULL. */
static char *copy_line(const struct source *source, struct config_place place)
{
	const char *start = source->text, *end = start + source->length, *stop;
	char *line;

	for (uint32_t i = 1; i < place.line && start; i++) {
		const char *newline = memchr(start, '\n', (size_t)(end - start));

		start = newline ? newline + 1 : NULL;
	}
	if (!start || place.line == 0)
		return NULL;
	stop = memchr(start, '\n', (size_t)(end - start));
	stop = stop ? stop : end;
	if (stop > start && stop[-1] == '\r')
		stop--;
	line = strndup(start, (size_t)(stop - start));
	if (line)
		hide_keys(line);
	return line;
}

/* Keeps the line at the place, or the piece of it around the place where it is long. */
static void keep_line(const struct diagnostics *d, struct diagnostic *kept)
{
	char *line = copy_line(&d->sources[kept->place.file], kept->place);
	const char *start = line, *stop, *at = line;

	if (!line)
		return;
	stop = line + strlen(line);
	for (uint32_t column = 1; column < kept->place.column && at < stop; column++)
		for (at++; at < stop && continues_character(*at);)
			at++;
	if (stop - start > LINE_SHOWN_MAX && at - start > LINE_SHOWN_MAX * 3 / 4)
		for (start = at - LINE_SHOWN_MAX / 2; start < at && continues_character(*start);)
			start++;
	if (stop - start > LINE_SHOWN_MAX)
		for (stop = start + LINE_SHOWN_MAX; stop > at && continues_character(*stop);)
			stop--;
	kept->line = strndup(start, (size_t)(stop - start));
	kept->caret = (size_t)(at - start);
	free(line);
}

/* The text behind an alias is read for each place that uses it, and is wrong only once. */
static bool was_said(const struct diagnostics *d, bool warning, struct config_place place,
		     const char *message)
{
	for (size_t i = 0; i < d->kept_count; i++) {
		const struct diagnostic *kept = &d->kept[i];

		if (kept->warning == warning && kept->place.line == place.line &&
		    kept->place.column == place.column && strcmp(kept->message, message) == 0 &&
		    strcmp(kept->file, d->sources[place.file].name) == 0)
			return true;
	}
	return false;
}

static void report(struct diagnostics *d, bool warning, struct config_place place, const char *format,
		   va_list arguments)
{
	size_t *count = warning ? &d->warnings : &d->errors;
	char *message;

	d->last = NULL;
	if (vasprintf(&message, format, arguments) < 0)
		abort();
	(*count)++;
	if (was_said(d, warning, place, message) || d->said[warning]++ >= DIAGNOSTICS_MAX) {
		free(message);
		return;
	}
	d->last = &d->kept[d->kept_count++];
	*d->last = (struct diagnostic){.warning = warning,
				       .place = place,
				       .file = strdup(d->sources[place.file].name),
				       .message = message};
	keep_line(d, d->last);
}

void diagnostics_error(struct diagnostics *d, struct config_place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(d, false, place, format, arguments);
	va_end(arguments);
}

void diagnostics_warning(struct diagnostics *d, struct config_place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(d, true, place, format, arguments);
	va_end(arguments);
}

void diagnostics_hint(struct diagnostics *d, const char *format, ...)
{
	va_list arguments;

	if (!d->last)
		return;
	assert(!d->last->hint);
	va_start(arguments, format);
	if (vasprintf(&d->last->hint, format, arguments) < 0)
		abort();
	va_end(arguments);
}

/* Prints with every control character, C1 (U+0080 .. U+009F) included, as a question mark; tabs as a blank.
 */
static void print_harmless(const char *text, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			fputc('?', out);
			c++;
		} else if (*c == '\t') {
			fputc(' ', out);
		} else {
			fputc(*c < 0x20 || *c == 0x7f ? '?' : *c, out);
		}
	}
}

static void print_line(const struct diagnostic *shown, FILE *out, const char *mark, const char *plain)
{
	fprintf(out, "%5u | ", shown->place.line);
	print_harmless(shown->line, out);
	fputs("\n      | ", out);
	for (size_t i = 0; i < shown->caret; i++)
		if (i >= strlen(shown->line) || !continues_character(shown->line[i]))
			fputc(' ', out);
	fprintf(out, "%s^%s\n", mark, plain);
}

static void print_one(const struct diagnostic *shown, FILE *out, bool colour)
{
	const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
	const char *mark = !colour ? "" : shown->warning ? "\033[1;35m" : "\033[1;31m";

	fputs(bold, out);
	print_harmless(shown->file, out);
	if (shown->place.line)
		fprintf(out, ":%u:%u", shown->place.line, shown->place.column);
	fprintf(out, ": %s%s%s%s: ", plain, mark, shown->warning ? "warning" : "error", plain);
	print_harmless(shown->message, out);
	fputc('\n', out);
	if (shown->line)
		print_line(shown, out, mark, plain);
	if (shown->hint) {
		fputs("      = ", out);
		print_harmless(shown->hint, out);
		fputc('\n', out);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct diagnostic *const *left = a, *const *right = b;
	const struct config_place l = (*left)->place, r = (*right)->place;

	if (l.file != r.file)
		return l.file < r.file ? -1 : 1;
	if (l.line != r.line)
		return l.line < r.line ? -1 : 1;
	if (l.column != r.column)
		return l.column < r.column ? -1 : 1;
	return *left < *right ? -1 : *left > *right;
}

static void print_rest(size_t count, const char *what, FILE *out)
{
	if (count > DIAGNOSTICS_MAX)
		fprintf(out, "... and %zu more %s%s\n", count - DIAGNOSTICS_MAX, what,
			count == DIAGNOSTICS_MAX + 1 ? "" : "s");
}

void diagnostics_print(const struct diagnostics *d, FILE *out, bool colour)
{
	const struct diagnostic *order[2 * DIAGNOSTICS_MAX];

	for (size_t i = 0; i < d->kept_count; i++)
		order[i] = &d->kept[i];
	qsort(order, d->kept_count, sizeof(order[0]), by_place);
	for (size_t i = 0; i < d->kept_count; i++)
		print_one(order[i], out, colour);
	print_rest(d->said[false], "error", out);
	print_rest(d->said[true], "warning", out);
}
