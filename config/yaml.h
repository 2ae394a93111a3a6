/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML text as a tree of nodes that know where they were written. libfyaml does the parsing; here are the
 * bounds (size, depth, what aliases may multiply) and the tree.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "blocks.h"
#include "config.h"

enum {
	YAML_BYTES_MAX = 64 << 20,
	YAML_DEPTH_MAX = 12,
	YAML_NODES_MAX = 8000000, /* aliases followed */
	YAML_ANCHORS_MAX = 100,
};

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
	enum node_kind kind;
	struct config_place place;
	const char *text; /* scalars: NUL-terminated, without control characters */
	struct node *
	    *items;    /* sequences: the elements; mappings: key, value, key, value ... keys are scalars */
	size_t count;  /* of elements, or of pairs */
	size_t weight; /* nodes under it and itself, aliases followed */
};

/* Returns the root of the only document in the text, a mapping, in memory of `blocks`; or NULL after an
 * error. */
struct node *yaml_parse(const char *text, size_t length, struct config_block **blocks, struct diagnostics *d);

/* Reports the first byte that is not UTF-8 text; `file` is the text's number in places. */
bool check_encoding(const char *text, size_t length, uint16_t file, struct diagnostics *d);

#endif
