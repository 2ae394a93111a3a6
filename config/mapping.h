/* SPDX-License-Identifier: Apache-2.0
 *
 * Mappings whose keys the schema knows: a table names the keys and who reads each value. Unknown, repeated
 * and missing keys are reported here, once for all sections.
 */
#ifndef CONFIG_MAPPING_H
#define CONFIG_MAPPING_H

#include "diagnostics.h"
#include "yaml.h"

struct opened_file;

/* What every reading function is handed. */
struct reader {
	struct config *config;
	struct diagnostics *d;
	const char *name;     /* of the document, in messages: its path, where it is a file */
	size_t errors_before; /* that `d` held when this document was begun */
	bool reads_keys;      /* from the files that are named: vpn.h */
	struct opened_file *opened;
};

/* False once something was wrong: then warnings would often be about consequences. */
static inline bool reader_is_content(const struct reader *r)
{
	return diagnostics_errors(r->d) == r->errors_before;
}

struct mapping_key {
	const char *name;
	void (*read)(struct reader *r, void *target, const struct node *value);
	const char *example;  /* of a required key: what to write when it is missing; NULL: optional */
	const char *repeated; /* the advice where it is there twice; NULL: KEEP_ONE */
};

#define KEEP_ONE	 "keep one of them"
#define KEEP_ONE_OR_LIST "keep one of them; several values go in a list: [a, b]"

/* A word of other products for what is said differently here; a table of them ends with a NULL. */
struct foreign_key {
	const char *name;
	const char *meant;  /* the key that says it here, or NULL */
	const char *advice; /* NULL: "did you mean" that key */
};

/* Reads each value of `node` into `target`. `what` names the mapping in messages: "a port", "`router`".
 * `foreign` may be NULL. Returns false if a key was not known. */
bool mapping_read(struct reader *r, const struct node *node, const char *what, const struct mapping_key *keys,
		  size_t key_count, const struct foreign_key *foreign, void *target);

/* Reports values that are no mapping, or no list; `example` is what to write instead. */
bool expect_mapping(struct reader *r, const struct node *node, const char *what, const char *example);
bool expect_sequence(struct reader *r, const struct node *node, const char *what, const char *example);

/* Reports keys that a mapping has twice; `keys` are those that the schema knows, if any. */
void report_repeated_keys(struct reader *r, const struct node *mapping, const struct mapping_key *keys,
			  size_t key_count);

const struct node *mapping_find(const struct node *mapping, const char *key);

/* A value that may be one thing or a list of them: returns its elements. Reports an empty list. The result
 * lives as long as `value`. */
const struct node *const *one_or_more(struct reader *r, const struct node *const *value, size_t *count);

/* The word of `words` that `text` probably means, or NULL. Up to a third of its letters may be wrong. */
const char *closest_word(const char *text, const char *const *words, size_t count);

#endif
