/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults of syntax; see syntax.h. libfyaml's messages are about YAML's grammar, and where it stops is often
 * behind the cause. So its message only chooses one of ours, and the line itself is asked first for what
 * people do most: tabs, no space after a colon, text that needs quotes.
 */
#include <string.h>
#include "syntax.h"

struct fault {
	const char *complaint; /* part of libfyaml's message */
	const char *message, *hint;
};

/* In this order; the last one fits everything. */
static const struct fault faults[] = {
    {"tab ", "a tab in the indentation", "use spaces"},
    {"single-quoted", "a quote that is not closed, or text behind one",
     "end the text with ' and put a comma or a new line behind it"},
    {"escape", "a backslash that means nothing", "write the text without it"},
    {"double-quoted", "a quote that is not closed, or text behind one",
     "end the text with \" and put a comma or a new line behind it"},
    {"cannot start with", "a character that text can't start with", "put the text in quotes"},
    {"missing comma", "no comma between two parts",
     "write { a: 1, b: 2 } and [a, b]; close what was opened above"},
    {"without a closing", "a bracket that is not closed", "close each { with } and each [ with ]"},
    {"extra closing", "a bracket that was not opened", "remove it, or open it further up"},
    {"mismatched", "not the bracket that closes what was opened last",
     "close each { with } and each [ with ]"},
    {"Mismatched", "not the bracket that closes what was opened last",
     "close each { with } and each [ with ]"},
    {"on the same line as a mapping key", "a list that starts on the line of its key",
     "put each `- ...` on a line of its own, or write [a, b]"},
    {"nested block mapping", "a second colon on the line",
     "one `key: value` goes on a line; text that ends in a colon needs quotes: \"fd00::\""},
    {"multiline plain key", "text that goes on in the next line",
     "each line of a mapping is `key: value`, with a space after the colon; align keys"},
    {"expected '-'", "text behind an element of the list", "put each `- ...` on a line of its own"},
    {"anchor", "an anchor that can't be here",
     "write `&name` once, before the value; text with & needs quotes"},
    {"alias", "an alias that can't be here", "write `*name` alone, for a value; text with * needs quotes"},
    {"indent", "this line is indented differently", "align it with the keys or elements beside it"},
    {"indend", "this line is indented differently", "align it with the keys or elements beside it"},
    {"", "the text can't be read on from here",
     "look for a bracket, a quote, a comma or indentation here and on the line before"},
};

static const struct fault tab_fault = {NULL, "a tab in the indentation", "use spaces"};
static const struct fault colon_fault = {NULL, "no space after the colon",
					 "write `key: value`, with a space after the colon"};
static const struct fault address_fault = {
    NULL, "text that ends in a colon",
    "put it in quotes, as in \"fd00::\": a colon at the end makes it a key"};

static const char *start_of_line(const char *text, size_t length, uint32_t number, size_t *line_length)
{
	const char *end = text + length, *newline;

	for (; number > 1; number--) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			break;
		text = newline + 1;
	}
	newline = memchr(text, '\n', (size_t)(end - text));
	*line_length = (size_t)((newline ? newline : end) - text);
	return text;
}

static bool has_tab_indent(const char *line, size_t length)
{
	while (length > 0 && *line == ' ') {
		line++;
		length--;
	}
	return length > 0 && *line == '\t';
}

/* "word:word" and nothing else, which is how a key without a space looks. */
static bool is_glued_pair(const char *line, size_t length)
{
	size_t start = 0, letters = 0;

	while (start < length && (line[start] == ' ' || line[start] == '-'))
		start++;
	while (start + letters < length && ((line[start + letters] >= 'a' && line[start + letters] <= 'z') ||
					    line[start + letters] == '-'))
		letters++;
	start += letters;
	return letters > 1 && start + 1 < length && line[start] == ':' && !strchr(" \t\r:", line[start + 1]);
}

/* An IPv6 prefix such as fd00:: before a comma, a bracket or the line's end. */
static bool has_open_address(const char *line, size_t length)
{
	for (size_t i = 1; i + 1 < length; i++)
		if (line[i] == ':' && line[i + 1] == ':' && line[i - 1] != '"' &&
		    (i + 2 == length || strchr(" ,]}\r", line[i + 2])))
			return true;
	return false;
}

static const struct fault *find_fault(const char *complaint, const char *line, size_t length)
{
	const struct fault *fault = faults;

	if (has_tab_indent(line, length))
		return &tab_fault;
	if (is_glued_pair(line, length))
		return &colon_fault;
	if (has_open_address(line, length))
		return &address_fault;
	if (length == 0 && strstr(complaint, "missing comma"))
		complaint = "without a closing"; /* at the text's end */
	while (!strstr(complaint, fault->complaint))
		fault++;
	return fault;
}

void syntax_report(struct diagnostics *d, struct config_place place, const char *complaint, const char *text,
		   size_t length)
{
	size_t line_length;
	const char *line = start_of_line(text, length, place.line, &line_length);
	const struct fault *fault = find_fault(complaint, line, line_length);

	diagnostics_error(d, place, "not valid YAML: %s", fault->message);
	diagnostics_hint(d, "%s", fault->hint);
}
