/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys: found, unknown, misspelled, repeated, missing; see mapping.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "mapping.h"

enum { WORD_MAX = 40, KEYS_MAX = 32 };

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Edits between two words: insertions, deletions, substitutions, and swaps of neighbours (optimal string
 * alignment). */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned int)(i + j);
				continue;
			}
			rows[i][j] = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			rows[i][j] = smaller(rows[i][j], smaller(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = smaller(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_length][b_length];
}

const char *closest_word(const char *text, const char *const *words, size_t count)
{
	unsigned int best = (unsigned int)(strlen(text) + 2) / 3 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned int distance = edit_distance(text, words[i]);

		if (distance < best && distance < strlen(words[i])) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}

const struct node *const *one_or_more(struct reader *r, const struct node *const *value, size_t *count)
{
	if ((*value)->kind != NODE_SEQUENCE) {
		*count = 1;
		return value;
	}
	*count = (*value)->count;
	if (*count == 0) {
		diagnostics_error(r->d, (*value)->place, "the list is empty");
		diagnostics_hint(r->d, "leave the key out, or put something into the list");
	}
	return (const struct node *const *)(*value)->items;
}

static const char *kind_of(const struct node *node)
{
	static const char *const kinds[] = {
	    [NODE_SCALAR] = "a single value",
	    [NODE_SEQUENCE] = "a list",
	    [NODE_MAPPING] = "a mapping",
	};

	return node->kind == NODE_SCALAR && !*node->text ? "nothing" : kinds[node->kind];
}

static bool expect(struct reader *r, const struct node *node, enum node_kind kind, const char *what,
		   const char *wanted, const char *example)
{
	if (node->kind == kind)
		return true;
	diagnostics_error(r->d, node->place, "%s must be %s, and here is %s", what, wanted, kind_of(node));
	if (kind == NODE_MAPPING && node->kind == NODE_SCALAR && strchr(node->text, ':'))
		diagnostics_hint(r->d, "put a space after the colon, as in `key: value`");
	else
		diagnostics_hint(r->d, "write `%s`", example);
	return false;
}

bool expect_mapping(struct reader *r, const struct node *node, const char *what, const char *example)
{
	return expect(r, node, NODE_MAPPING, what, "a mapping of keys to values", example);
}

bool expect_sequence(struct reader *r, const struct node *node, const char *what, const char *example)
{
	return expect(r, node, NODE_SEQUENCE, what, "a list", example);
}

static int by_text_and_place(const void *a, const void *b)
{
	const struct node *left = *(const struct node *const *)a, *right = *(const struct node *const *)b;
	int order = strcmp(left->text, right->text);

	if (order)
		return order;
	if (left->place.line != right->place.line)
		return left->place.line < right->place.line ? -1 : 1;
	return (left->place.column > right->place.column) - (left->place.column < right->place.column);
}

static const struct mapping_key *find_key(const char *text, const struct mapping_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].name, text) == 0)
			return &keys[i];
	return NULL;
}

static const char *repeated_advice(const char *text, const struct mapping_key *keys, size_t count)
{
	const struct mapping_key *key = find_key(text, keys, count);

	return key && key->repeated ? key->repeated : KEEP_ONE;
}

void report_repeated_keys(struct reader *r, const struct node *mapping, const struct mapping_key *known,
			  size_t known_count)
{
	const struct node **keys = calloc(mapping->count + 1, sizeof(struct node *));

	for (size_t i = 0; keys && i < mapping->count; i++)
		keys[i] = mapping->items[2 * i];
	if (keys)
		qsort(keys, mapping->count, sizeof(keys[0]), by_text_and_place);
	for (size_t i = 1; keys && i < mapping->count; i++) {
		if (strcmp(keys[i]->text, keys[i - 1]->text) != 0)
			continue;
		diagnostics_error(r->d, keys[i]->place, "`%.40s` is here a second time (first in line %u)",
				  keys[i]->text, keys[i - 1]->place.line);
		diagnostics_hint(r->d, "%s", repeated_advice(keys[i]->text, known, known_count));
	}
	free(keys);
}

const struct node *mapping_find(const struct node *mapping, const char *key)
{
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->items[2 * i]->text, key) == 0)
			return mapping->items[2 * i + 1];
	return NULL;
}

static const struct foreign_key *find_foreign(const char *text, const struct foreign_key *foreign)
{
	for (; foreign && foreign->name; foreign++)
		if (strcmp(foreign->name, text) == 0)
			return foreign;
	return NULL;
}

/* "default:drop" is one word to YAML. */
static bool lacks_blank(const char *text, const struct mapping_key *keys, size_t count)
{
	char word[WORD_MAX];
	const char *colon = strchr(text, ':');

	if (!colon || colon - text >= WORD_MAX)
		return false;
	memcpy(word, text, (size_t)(colon - text));
	word[colon - text] = '\0';
	return find_key(word, keys, count);
}

/* Returns the key that was probably meant, or NULL. */
static const char *report_unknown_key(struct reader *r, const struct node *key, const char *what,
				      const struct mapping_key *keys, size_t count,
				      const struct foreign_key *foreign)
{
	const char *words[KEYS_MAX], *meant;
	char list[200] = "";

	for (size_t i = 0; i < count; i++) {
		words[i] = keys[i].name;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", words[i]);
	}
	foreign = find_foreign(key->text, foreign);
	meant = foreign ? foreign->meant : closest_word(key->text, words, count);
	diagnostics_error(r->d, key->place, "unknown key `%.40s` in %s", key->text, what);
	if (foreign && foreign->advice)
		diagnostics_hint(r->d, "%s", foreign->advice);
	else if (key->text[0] == '-')
		diagnostics_hint(r->d, "put a space after the hyphen, as in `- key: value`");
	else if (lacks_blank(key->text, keys, count))
		diagnostics_hint(r->d, "put a space after the colon, as in `key: value`");
	else if (meant)
		diagnostics_hint(r->d, "did you mean `%s`?", meant);
	else
		diagnostics_hint(r->d, "known here: %s", list);
	return meant;
}

/* Reports required keys that are not there, but for those in `meant`: they were misspelled. */
static void report_missing_keys(struct reader *r, const struct node *node, const char *what,
				const struct mapping_key *keys, size_t count, uint32_t meant)
{
	for (size_t i = 0; i < count; i++) {
		if (!keys[i].example || meant >> i & 1 || mapping_find(node, keys[i].name))
			continue;
		diagnostics_error(r->d, node->place, "%s has no `%s`", what, keys[i].name);
		diagnostics_hint(r->d, "add `%s`", keys[i].example);
	}
}

bool mapping_read(struct reader *r, const struct node *node, const char *what, const struct mapping_key *keys,
		  size_t key_count, const struct foreign_key *foreign, void *target)
{
	uint32_t seen = 0, meant = 0; /* of a repeated key only the first value is read */
	bool known = true;

	assert(key_count <= KEYS_MAX);
	report_repeated_keys(r, node, keys, key_count);
	for (size_t i = 0; i < node->count; i++) {
		const struct node *word = node->items[2 * i];
		const struct mapping_key *key = find_key(word->text, keys, key_count);

		if (!key) {
			const char *closest = report_unknown_key(r, word, what, keys, key_count, foreign);

			known = false;
			if (closest)
				meant |= 1U << (find_key(closest, keys, key_count) - keys);
			continue;
		}
		if (!(seen >> (key - keys) & 1))
			key->read(r, target, node->items[2 * i + 1]);
		seen |= 1U << (key - keys);
	}
	report_missing_keys(r, node, what, keys, key_count, meant);
	return known;
}
