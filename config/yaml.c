/* SPDX-License-Identifier: Apache-2.0
 *
 * From libfyaml's events to the tree of yaml.h. Anything that the schema has no use for (several documents,
 * tags, merge keys, keys that are lists) is refused here or by the readers. An alias is the node of its
 * anchor, which is known only once it is complete: so there are no cycles, and `weight` bounds what walking
 * the tree costs.
 */
#include <libfyaml.h>
#include <string.h>
#include "diagnostics.h"
#include "syntax.h"
#include "yaml.h"

struct anchor {
	const char *name;
	struct node *node;
};

struct yaml_reader {
	struct fy_parser *parser;
	struct fy_diag *complaints;
	struct config_block **blocks;
	struct diagnostics *d;
	const char *text;
	size_t length;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t anchor_count, nodes;
};

static struct config_place place_of(const struct fy_mark *mark)
{
	if (!mark)
		return (struct config_place){.line = 1, .column = 1};
	return (struct config_place){.line = (uint32_t)mark->line + 1, .column = (uint32_t)mark->column + 1};
}

/* Marks of anchors and aliases are behind their first character. */
static struct config_place place_before(const struct fy_mark *mark)
{
	struct config_place place = place_of(mark);

	return (struct config_place){.line = place.line, .column = place.column > 1 ? place.column - 1 : 1};
}

static const char *token_text(struct yaml_reader *r, struct fy_token *token)
{
	size_t length = 0;
	const char *text = token ? fy_token_get_text(token, &length) : NULL;
	char *copy = blocks_array(r->blocks, length + 1, 1);

	if (text)
		memcpy(copy, text, length);
	return copy;
}

/* Reports what libfyaml found wrong, which is at most one thing. */
static void report_syntax(struct yaml_reader *r)
{
	void *position = NULL;
	struct fy_diag_error *first = fy_diag_errors_iterate(r->complaints, &position);
	struct config_place place = {.line = 1, .column = 1};

	if (first && first->line > 0 && first->column > 0) /* these count from 1, unlike marks */
		place =
		    (struct config_place){.line = (uint32_t)first->line, .column = (uint32_t)first->column};
	syntax_report(r->d, place, first && first->msg ? first->msg : "", r->text, r->length);
}

static struct fy_event *next_event(struct yaml_reader *r)
{
	struct fy_event *event = fy_parser_parse(r->parser);

	if (!event)
		report_syntax(r);
	return event;
}

static struct node *new_node(struct yaml_reader *r, enum node_kind kind, struct fy_event *event)
{
	struct node *node = blocks_array(r->blocks, 1, sizeof(*node));

	*node = (struct node){.kind = kind, .place = place_of(fy_event_start_mark(event)), .weight = 1};
	return node;
}

static struct node *too_big(struct yaml_reader *r, struct config_place place, const char *what,
			    unsigned int limit)
{
	diagnostics_error(r->d, place, "the document has more than %u %s", limit, what);
	diagnostics_hint(r->d, "no appliance needs that: write less");
	return NULL;
}

static bool has_control_character(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}

static struct node *read_scalar(struct yaml_reader *r, struct fy_event *event)
{
	struct node *node = new_node(r, NODE_SCALAR, event);
	size_t length = 0;
	const char *text = fy_token_get_text(event->scalar.value, &length);

	node->text = token_text(r, event->scalar.value);
	if (event->scalar.tag) {
		node->place = place_of(fy_token_start_mark(event->scalar.tag));
		diagnostics_error(r->d, node->place,
				  "an unquoted `!` starts a YAML tag, and tags mean nothing here");
		diagnostics_hint(r->d, "put the text in quotes, as in \"!ack\"");
		return NULL;
	}
	if (text && has_control_character(text, length)) {
		diagnostics_error(r->d, node->place, "text with line breaks or control characters");
		diagnostics_hint(r->d, "write it on one line, without escapes");
		return NULL;
	}
	return node;
}

static struct node *find_anchor(struct yaml_reader *r, const char *name)
{
	for (size_t i = 0; i < r->anchor_count; i++)
		if (strcmp(r->anchors[i].name, name) == 0)
			return r->anchors[i].node;
	return NULL;
}

/* A copy, so that what is wrong with the whole of it is shown where the alias is. */
static struct node *read_alias(struct yaml_reader *r, struct fy_event *event)
{
	const char *name = token_text(r, event->alias.anchor);
	const struct node *named = find_anchor(r, name);
	struct node *node = new_node(r, NODE_SCALAR, event);
	struct config_place place = place_before(fy_event_start_mark(event));

	if (!named) {
		diagnostics_error(r->d, place, "`*%.32s` stands for nothing", name);
		diagnostics_hint(
		    r->d,
		    "an alias repeats what is marked `&%.32s` further up; text that starts with an "
		    "asterisk needs quotes",
		    name);
		return NULL;
	}
	*node = *named;
	node->place = place;
	return node;
}

static struct node *read_node(struct yaml_reader *r, struct fy_event *event, unsigned int depth);

static bool ends_collection(const struct fy_event *event)
{
	return event->type == FYET_SEQUENCE_END || event->type == FYET_MAPPING_END;
}

static void append(struct yaml_reader *r, struct node *parent, size_t *length, size_t *capacity,
		   struct node *child)
{
	if (*length == *capacity) {
		struct node **wider;

		*capacity = *capacity ? *capacity * 2 : 4;
		wider = blocks_array(r->blocks, *capacity, sizeof(struct node *));
		if (*length)
			memcpy(wider, parent->items, *length * sizeof(struct node *));
		parent->items = wider;
	}
	parent->items[(*length)++] = child;
	parent->weight += child->weight;
}

static bool is_good_key(struct yaml_reader *r, const struct node *key)
{
	if (key->kind != NODE_SCALAR) {
		diagnostics_error(r->d, key->place, "a key must be a plain word");
		diagnostics_hint(r->d, "write `key: value`, without brackets around the key");
		return false;
	}
	if (strcmp(key->text, "<<") == 0) {
		diagnostics_error(r->d, key->place, "there are no merge keys (`<<`)");
		diagnostics_hint(r->d, "write the keys out; an alias can stand for a whole value");
		return false;
	}
	return true;
}

/* Reads up to the end of a sequence or mapping. */
static struct node *read_collection(struct yaml_reader *r, struct node *parent, unsigned int depth)
{
	size_t length = 0, capacity = 0;

	for (;;) {
		struct fy_event *event = next_event(r);
		struct node *child;

		if (!event)
			return NULL;
		if (ends_collection(event)) {
			fy_parser_event_free(r->parser, event);
			parent->count = parent->kind == NODE_MAPPING ? length / 2 : length;
			return parent;
		}
		child = read_node(r, event, depth + 1);
		fy_parser_event_free(r->parser, event);
		if (!child)
			return NULL;
		if (parent->kind == NODE_MAPPING && length % 2 == 0 && !is_good_key(r, child))
			return NULL;
		if (child->kind == NODE_SCALAR &&
		    !*child->text) /* what is not written has no place of its own */
			child->place = length % 2 && parent->kind == NODE_MAPPING
					   ? parent->items[length - 1]->place
					   : parent->place;
		append(r, parent, &length, &capacity, child);
		if (parent->weight > YAML_NODES_MAX)
			return too_big(r, child->place, "values (aliases followed)", YAML_NODES_MAX);
	}
}

static bool keep_anchor(struct yaml_reader *r, struct fy_token *anchor, struct node *node)
{
	if (!anchor)
		return true;
	if (r->anchor_count == YAML_ANCHORS_MAX)
		return too_big(r, node->place, "anchors", YAML_ANCHORS_MAX) != NULL;
	if (find_anchor(r, token_text(r, anchor))) {
		diagnostics_error(r->d, place_before(fy_token_start_mark(anchor)),
				  "a second anchor called `&%.32s`", token_text(r, anchor));
		diagnostics_hint(r->d, "give each anchor a name of its own");
		return false;
	}
	r->anchors[r->anchor_count++] = (struct anchor){token_text(r, anchor), node};
	return true;
}

/* Reads the node that starts with `event`, which stays the caller's. */
static struct node *read_node(struct yaml_reader *r, struct fy_event *event, unsigned int depth)
{
	struct fy_token *anchor = NULL;
	struct node *node = NULL;

	if (depth > YAML_DEPTH_MAX)
		return too_big(r, place_of(fy_event_start_mark(event)), "levels", YAML_DEPTH_MAX);
	switch (event->type) {
	case FYET_SCALAR:
		anchor = event->scalar.anchor;
		node = read_scalar(r, event);
		break;
	case FYET_SEQUENCE_START:
		anchor = event->sequence_start.anchor;
		node = read_collection(r, new_node(r, NODE_SEQUENCE, event), depth);
		break;
	case FYET_MAPPING_START:
		anchor = event->mapping_start.anchor;
		node = read_collection(r, new_node(r, NODE_MAPPING, event), depth);
		break;
	case FYET_ALIAS:
		return read_alias(r, event);
	default:
		report_syntax(r);
		return NULL;
	}
	return node && keep_anchor(r, anchor, node) ? node : NULL;
}

/* Reads events up to one of type `wanted`; a stream end before it is no error. */
static struct node *read_documents(struct yaml_reader *r)
{
	struct node *root = NULL;
	bool ended = false;

	while (!ended) {
		struct fy_event *event = next_event(r);
		bool good = event;

		if (!event)
			return NULL;
		ended = event->type == FYET_STREAM_END;
		if (event->type == FYET_DOCUMENT_START && root) {
			diagnostics_error(r->d, place_of(fy_event_start_mark(event)),
					  "a second document starts here");
			diagnostics_hint(r->d, "an appliance is one document: remove the `---`");
			good = false;
		} else if (event->type != FYET_STREAM_START && event->type != FYET_DOCUMENT_START &&
			   event->type != FYET_DOCUMENT_END && !ended) {
			root = read_node(r, event, 1);
			good = root;
		}
		fy_parser_event_free(r->parser, event);
		if (!good)
			return NULL;
	}
	if (!root || root->kind != NODE_MAPPING) {
		diagnostics_error(r->d, (struct config_place){.line = 1, .column = 1}, "%s",
				  root ? "this is no mapping of keys to values" : "the document is empty");
		diagnostics_hint(r->d,
				 "start with `name: my-gateway`, then `ports:`, `chain:` and `router:`");
		return NULL;
	}
	return root;
}

/* Bytes of the UTF-8 character (RFC 3629) at the start of `text`, 0 if it is none. */
static size_t character_length(const unsigned char *text, size_t length)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = text[0] < 0x80	? 1
		       : text[0] < 0xc2 ? 0
		       : text[0] < 0xe0 ? 2
		       : text[0] < 0xf0 ? 3
		       : text[0] < 0xf5 ? 4
					: 0;
	uint32_t character = bytes > 1 ? text[0] & (0x7fU >> bytes) : text[0];

	if (bytes > length)
		return 0;
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3f);
	}
	if (bytes > 1 &&
	    (character < smallest[bytes] || character > 0x10ffff || (character & 0xfffff800) == 0xd800))
		return 0;
	return bytes;
}

/* libfyaml takes a text that is not UTF-8 for one that ends early. */
bool check_encoding(const char *text, size_t length, uint16_t file, struct diagnostics *d)
{
	struct config_place place = {.line = 1, .column = 1, .file = file};

	for (size_t i = 0, bytes; i < length; i += bytes) {
		bytes = character_length((const unsigned char *)text + i, length - i);
		if (bytes == 0 || text[i] == '\0') {
			diagnostics_error(d, place, "the text is not UTF-8: byte 0x%02x",
					  (unsigned char)text[i]);
			diagnostics_hint(d, "save the file as UTF-8 text");
			return false;
		}
		place.column++;
		if (text[i] == '\n')
			place = (struct config_place){.line = place.line + 1, .column = 1, .file = file};
	}
	return true;
}

struct node *yaml_parse(const char *text, size_t length, struct config_block **blocks, struct diagnostics *d)
{
	struct yaml_reader r = {.blocks = blocks, .d = d, .text = text, .length = length};
	struct fy_diag_cfg quiet;
	struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG};
	struct node *root = NULL;

	if (length > YAML_BYTES_MAX)
		return too_big(&r, (struct config_place){0}, "bytes", YAML_BYTES_MAX);
	if (!check_encoding(text, length, 0, d))
		return NULL;
	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	r.complaints = fy_diag_create(&quiet);
	fy_diag_set_collect_errors(r.complaints, true);
	settings.diag = r.complaints;
	r.parser = fy_parser_create(&settings);
	if (r.parser && fy_parser_set_string(r.parser, text, length) == 0)
		root = read_documents(&r);
	fy_parser_destroy(r.parser);
	fy_diag_destroy(r.complaints);
	return root;
}
