/* SPDX-License-Identifier: Apache-2.0
 *
 * Named sets of prefixes, under `firewall: sets:`, in the text or in files of their own: one network or
 * address a line, `#` or `;` begins a comment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "stages.h"
#include "value.h"
#include "vpn.h"

enum { SETS_MAX = 1000, SET_PREFIXES_MAX = 4000000, LINE_ERRORS_MAX = 10 };

static const char set_example[] = "sets: { office: [192.0.2.0/24, 198.51.100.7] }";

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

/* Sorts, and drops what is there twice. */
static void finish_set(struct config_set *set)
{
	size_t kept = 0;

	if (set->prefix_count == 0)
		return;
	qsort(set->prefixes, set->prefix_count, sizeof(set->prefixes[0]), by_prefix);
	for (size_t i = 0; i < set->prefix_count; i++)
		if (i == 0 || prefix_compare(&set->prefixes[i], &set->prefixes[kept - 1]) != 0)
			set->prefixes[kept++] = set->prefixes[i];
	set->prefix_count = kept;
}

/* A list without anything is a set, as an empty file is, in whose place it stands in the canonical text. */
static void read_inline(struct reader *r, struct config_set *set, const struct node *value)
{
	size_t count;
	const struct node *const *items;

	if (value->kind == NODE_SEQUENCE && value->count == 0)
		return;
	items = one_or_more(r, &value, &count);
	set->prefixes = blocks_array(&r->config->blocks, count, sizeof(set->prefixes[0]));
	for (size_t i = 0; i < count; i++)
		set->prefix_count += value_network(r, items[i], &set->prefixes[set->prefix_count]);
}

/* A set's file while it is read: lines are counted, the first few mistakes are told. */
struct set_file {
	const char *path;
	uint32_t line, mistakes;
	size_t capacity;
	struct config_prefix *prefixes; /* malloc */
	size_t count;
};

static void read_line(struct reader *r, struct set_file *file, const struct node *value, char *text)
{
	struct config_prefix prefix;

	if (file->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* the byte order mark of some editors */
	text[strcspn(text, "#;\r\n")] = '\0';
	text += strspn(text, " \t");
	for (size_t end = strlen(text); end && strchr(" \t", text[end - 1]); end--)
		text[end - 1] = '\0';
	if (!*text)
		return;
	if (!prefix_parse(text, &prefix)) {
		if (++file->mistakes <= LINE_ERRORS_MAX) {
			diagnostics_error(r->d, value->place, "%s:%u: `%.50s` is not a network", file->path,
					  file->line, text);
			diagnostics_hint(
			    r->d, "one network without host bits, or one address, a line: 192.0.2.0/24");
		}
		return;
	}
	if (file->count == file->capacity) {
		file->capacity = file->capacity ? 2 * file->capacity : 1024;
		file->prefixes = reallocarray(file->prefixes, file->capacity, sizeof(file->prefixes[0]));
		if (!file->prefixes)
			abort();
	}
	file->prefixes[file->count++] = prefix;
}

static void read_lines(struct reader *r, struct set_file *file, const struct node *value, FILE *stream)
{
	char *text = NULL;
	size_t room = 0;

	errno = 0;
	while (getline(&text, &room, stream) >= 0 && file->count <= SET_PREFIXES_MAX) {
		file->line++;
		read_line(r, file, value, text);
	}
	free(text);
	if (ferror(stream)) {
		diagnostics_error(r->d, value->place, "%s can't be read: %s", file->path, strerror(errno));
		diagnostics_hint(r->d, "name a file of networks, one a line");
	}
	if (file->mistakes > LINE_ERRORS_MAX) {
		diagnostics_error(r->d, value->place, "%s: %u more lines that are no networks", file->path,
				  file->mistakes - LINE_ERRORS_MAX);
		diagnostics_hint(r->d, "is this the file that you meant?");
	}
	if (file->count > SET_PREFIXES_MAX) {
		diagnostics_error(r->d, value->place, "%s has more than %u networks", file->path,
				  SET_PREFIXES_MAX);
		diagnostics_hint(r->d, "merge neighbouring networks");
	}
}

static void read_set_file(struct reader *r, void *target, const struct node *value)
{
	struct config_set *set = target;
	const char *name = value_text(r, value, "a file", "file: blocked.txt");
	char *path = name ? path_beside(r, name) : NULL;
	FILE *stream = path ? fopen(path, "re") : NULL;
	struct set_file file = {.path = path};

	if (stream) {
		read_lines(r, &file, value, stream);
		set->prefixes = blocks_array(&r->config->blocks, file.count, sizeof(set->prefixes[0]));
		if (file.count)
			memcpy(set->prefixes, file.prefixes, file.count * sizeof(set->prefixes[0]));
		set->prefix_count = file.count;
		fclose(stream);
	} else if (path) {
		diagnostics_error(r->d, value->place, "%s can't be read: %s", path, strerror(errno));
		diagnostics_hint(r->d, "paths are relative to the configuration's folder");
	}
	free(file.prefixes);
	free(path);
}

static const struct mapping_key set_keys[] = {
    {"file", read_set_file, "file: blocked.txt", NULL},
};

static void warn_of_empty(struct reader *r, const struct config_set *set)
{
	if (set->prefix_count)
		return;
	diagnostics_warning(r->d, set->place, "the set `%s` is empty: nothing matches it", set->name);
	diagnostics_hint(r->d, "put a network into it, or remove it");
}

static void read_set(struct reader *r, const struct node *key, const struct node *value)
{
	struct config_set *set = &r->config->sets[r->config->set_count];
	size_t before = diagnostics_errors(r->d);

	*set = (struct config_set){.place = key->place};
	if (!value_name(r, key, "a set's name", CONFIG_NAME_MAX, set->name))
		return;
	if (value->kind == NODE_MAPPING)
		mapping_read(r, value, "the set", set_keys, 1, NULL, set);
	else
		read_inline(r, set, value);
	finish_set(set);
	if (diagnostics_errors(r->d) == before)
		warn_of_empty(r, set);
	r->config->set_count++;
}

void read_sets(struct reader *r, void *target, const struct node *value)
{
	struct config *config = r->config;

	(void)target;
	if (!expect_mapping(r, value, "`sets`", set_example))
		return;
	report_repeated_keys(r, value, NULL, 0);
	if (value->count > SETS_MAX) {
		diagnostics_error(r->d, value->place, "more than %u sets", SETS_MAX);
		diagnostics_hint(r->d, "join sets that rules use alike");
		return;
	}
	config->sets = blocks_array(&config->blocks, value->count, sizeof(config->sets[0]));
	for (size_t i = 0; i < value->count; i++)
		read_set(r, value->items[2 * i], value->items[2 * i + 1]);
}

/* "@name": reports one that there is not. */
bool value_set(struct reader *r, const struct node *node, uint16_t *out)
{
	struct config *config = r->config;
	const char *names[SETS_MAX], *closest;

	for (size_t i = 0; i < config->set_count; i++) {
		names[i] = config->sets[i].name;
		if (strcmp(names[i], node->text + 1) != 0)
			continue;
		config->sets[i].used = true;
		*out = (uint16_t)i;
		return true;
	}
	closest = closest_word(node->text + 1, names, config->set_count);
	diagnostics_error(r->d, node->place, "there is no set `%.40s`", node->text + 1);
	if (closest)
		diagnostics_hint(r->d, "did you mean \"@%s\"?", closest);
	else
		diagnostics_hint(r->d, "define it: `%s`", set_example);
	return false;
}

void warn_of_unused_sets(struct reader *r)
{
	for (size_t i = 0; i < r->config->set_count; i++) {
		const struct config_set *set = &r->config->sets[i];

		if (set->used)
			continue;
		diagnostics_warning(r->d, set->place, "no rule uses the set `%s`", set->name);
		diagnostics_hint(r->d, "name it in a rule: `source: \"@%s\"`, or remove it", set->name);
	}
}
