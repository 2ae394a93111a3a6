/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines, sections, keys; see wg_quick.h.
 */
#include <string.h>
#include "wg_quick.h"

struct wg_quick_reader {
	struct wg_quick *conf;
	struct diagnostics *d;
	uint16_t file;
	uint32_t line;
	const char *line_start;
	size_t section_room, entry_room;
};

static struct config_place place_of(const struct wg_quick_reader *r, const char *at)
{
	uint32_t column = 1;

	for (const char *c = r->line_start; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	return (struct config_place){.line = r->line, .column = column, .file = r->file};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void trim(const char **start, const char **end)
{
	while (*start < *end && is_blank(**start))
		(*start)++;
	while (*start < *end && is_blank((*end)[-1]))
		(*end)--;
}

/* Twice the room for `count` elements that fill what there was. */
static void *grow(struct wg_quick_reader *r, void *elements, size_t count, size_t *room, size_t size)
{
	void *wider;

	if (count < *room)
		return elements;
	*room = *room ? 2 * *room : 8;
	wider = blocks_array(&r->conf->blocks, *room, size);
	if (count)
		memcpy(wider, elements, count * size);
	return wider;
}

static bool begin_section(struct wg_quick_reader *r, const char *start, const char *end)
{
	struct wg_quick *conf = r->conf;
	size_t length = (size_t)(end - start);
	bool peer = length == 6 && strncasecmp(start, "[Peer]", length) == 0;

	if (!peer && !(length == 11 && strncasecmp(start, "[Interface]", length) == 0)) {
		diagnostics_error(r->d, place_of(r, start), "this is no section of a wg-quick file");
		diagnostics_hint(r->d, "there are [Interface] and [Peer]");
		return false;
	}
	conf->sections =
	    grow(r, conf->sections, conf->section_count, &r->section_room, sizeof(conf->sections[0]));
	conf->sections[conf->section_count++] =
	    (struct wg_quick_section){.peer = peer, .place = place_of(r, start)};
	conf->peer_count += peer;
	r->entry_room = 0;
	return true;
}

static bool read_entry(struct wg_quick_reader *r, const char *start, const char *end)
{
	struct wg_quick_section *section;
	struct wg_quick_entry entry = {.key_place = place_of(r, start)};
	const char *equals = memchr(start, '=', (size_t)(end - start)), *key_end = equals;

	if (equals)
		trim(&start, &key_end);
	if (!equals || key_end == start || key_end - start > WG_QUICK_KEY_MAX) {
		diagnostics_error(r->d, entry.key_place, "this is neither a section nor `Key = value`");
		diagnostics_hint(r->d, "write a line like `ListenPort = 51820`");
		return false;
	}
	if (r->conf->section_count == 0) {
		diagnostics_error(r->d, entry.key_place, "a key before any section");
		diagnostics_hint(r->d, "begin with [Interface], then a [Peer] for each peer");
		return false;
	}
	memcpy(entry.key, start, (size_t)(key_end - start));
	entry.value = equals + 1;
	trim(&entry.value, &end);
	entry.length = (size_t)(end - entry.value);
	entry.place = place_of(r, entry.value);
	section = &r->conf->sections[r->conf->section_count - 1];
	section->entries =
	    grow(r, section->entries, section->entry_count, &r->entry_room, sizeof(section->entries[0]));
	section->entries[section->entry_count++] = entry;
	return true;
}

/* A line without its end. */
static bool read_line(struct wg_quick_reader *r, const char *start, const char *end)
{
	const char *comment = memchr(start, '#', (size_t)(end - start));

	r->line_start = start;
	end = comment ? comment : end;
	trim(&start, &end);
	if (start == end)
		return true;
	for (const char *c = start; c < end; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
			if (*c == '\t')
				continue;
			diagnostics_error(r->d, place_of(r, c), "a character that is not ASCII");
			diagnostics_hint(r->d, "only comments may have such: remove it");
			return false;
		}
	return *start == '[' ? begin_section(r, start, end) : read_entry(r, start, end);
}

bool wg_quick_parse(struct wg_quick *conf, const char *text, size_t length, uint16_t file,
		    struct diagnostics *d)
{
	struct wg_quick_reader r = {.conf = conf, .d = d, .file = file};
	const char *end = text + length;
	bool good = true;

	*conf = (struct wg_quick){0};
	if (!check_encoding(text, length, file, d))
		return false;
	if (length > 3 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* the byte order mark of some editors */
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		r.line++;
		good &= read_line(&r, text, newline ? newline : end);
		text = newline ? newline + 1 : end;
	}
	return good;
}

void wg_quick_free(struct wg_quick *conf)
{
	blocks_free(conf->blocks);
	*conf = (struct wg_quick){0};
}

const struct wg_quick_entry *wg_quick_find(const struct wg_quick_section *section, const char *key)
{
	for (size_t i = 0; i < section->entry_count; i++)
		if (strcasecmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}
