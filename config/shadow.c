/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds rules that can never match, because earlier ones that end a packet's way take all that they would
 * match: each conjunction of the rule lies within one conjunction of an earlier rule.
 *
 * Candidates are found by tuple space search (V. Srinivasan, S. Suri, G. Varghese, "Packet classification
 * using tuple space search", SIGCOMM 1999): conjunctions whose prefixes have the same lengths and whose
 * fields are exact in the same places share a shape, and within a shape what contains a given conjunction has
 * one possible key, so it is hashed.
 */
#include <stdlib.h>
#include <string.h>
#include "stages.h"
#include "address.h"

enum {
	SHAPES_MAX = 1024,
	PROBE_COST = 8,	      /* a hash lookup, in comparisons */
	WORK_MAX = 100000000, /* comparisons, about a second: past it, the rest is not looked at */
	NONE = UINT32_MAX,
};

struct shape {
	bool ipv6;
	uint8_t source_length, destination_length;
	uint8_t protocol_mask, in_port_mask, out_port_mask;
	bool one_port; /* the destination port is a single one */
};

_Static_assert(sizeof(struct shape) == 7, "compared as bytes");

/* What is hashed: the fields of a conjunction that a shape keeps. No padding: compared and hashed as bytes.
 */
struct shape_key {
	uint8_t source[16], destination[16];
	uint8_t shape[7], protocol, in_port, out_port, port[2];
};
_Static_assert(sizeof(struct shape_key) == 44, "no padding");

struct shadow_search {
	const struct config *config;
	struct shape shapes[SHAPES_MAX];
	size_t shape_count;
	uint32_t *heads, *next; /* chains of conjunctions, by number */
	size_t head_mask;
	uint64_t work;
};

static bool range_contains(struct config_range outer, struct config_range inner)
{
	return outer.low <= inner.low && inner.high <= outer.high;
}

static bool field_contains(uint8_t outer, uint8_t outer_mask, uint8_t inner, uint8_t inner_mask)
{
	return (outer_mask & ~inner_mask) == 0 && ((outer ^ inner) & outer_mask) == 0;
}

static uint8_t states_of(const struct config_match *match)
{
	return match->states ? match->states : CONFIG_NEW | CONFIG_ESTABLISHED | CONFIG_RELATED;
}

/* True if every packet that `inner` matches is matched by `outer`. Later fragments have no transport header,
 * so only a conjunction that does not look at one matches them. */
static bool match_contains(const struct config_match *outer, const struct config_match *inner)
{
	return outer->ipv6 == inner->ipv6 && (inner->needs_l4 || !outer->needs_l4) &&
	       field_contains(outer->protocol, outer->protocol_mask, inner->protocol, inner->protocol_mask) &&
	       field_contains(outer->in_port, outer->in_port_mask, inner->in_port, inner->in_port_mask) &&
	       field_contains(outer->out_port, outer->out_port_mask, inner->out_port, inner->out_port_mask) &&
	       field_contains(outer->tcp_flags, outer->tcp_flags_mask, inner->tcp_flags,
			      inner->tcp_flags_mask) &&
	       range_contains(outer->source_port, inner->source_port) &&
	       range_contains(outer->destination_port, inner->destination_port) &&
	       field_contains(outer->dscp, outer->dscp_mask, inner->dscp, inner->dscp_mask) &&
	       range_contains(outer->source_class, inner->source_class) &&
	       range_contains(outer->destination_class, inner->destination_class) &&
	       (states_of(inner) & ~states_of(outer)) == 0 &&
	       prefix_contains(&outer->source, &inner->source) &&
	       prefix_contains(&outer->destination, &inner->destination);
}

static bool has_one_port(const struct config_match *match)
{
	return match->destination_port.low == match->destination_port.high;
}

static struct shape shape_of(const struct config_match *match)
{
	return (struct shape){
	    .ipv6 = match->ipv6,
	    .source_length = match->source.length,
	    .destination_length = match->destination.length,
	    .protocol_mask = match->protocol_mask,
	    .in_port_mask = match->in_port_mask,
	    .out_port_mask = match->out_port_mask,
	    .one_port = has_one_port(match),
	};
}

/* FNV-1a over what `shape` keeps of `match`. */
static size_t hash_in_shape(const struct shape *shape, const struct config_match *match)
{
	struct config_prefix source = {match->source.address, shape->source_length};
	struct config_prefix destination = {match->destination.address, shape->destination_length};
	struct shape_key key = {
	    .protocol = match->protocol & shape->protocol_mask,
	    .in_port = match->in_port & shape->in_port_mask,
	    .out_port = match->out_port & shape->out_port_mask,
	};
	uint64_t hash = 0xcbf29ce484222325;

	source = prefix_network(&source);
	destination = prefix_network(&destination);
	memcpy(key.source, source.address.bytes, sizeof(key.source));
	memcpy(key.destination, destination.address.bytes, sizeof(key.destination));
	memcpy(key.shape, shape, sizeof(key.shape));
	if (shape->one_port)
		memcpy(key.port, &match->destination_port.low, sizeof(key.port));
	for (size_t i = 0; i < sizeof(key); i++)
		hash = (hash ^ ((const uint8_t *)&key)[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* Could a conjunction of this shape contain `match`? */
static bool shape_may_contain(const struct shape *shape, const struct config_match *match)
{
	return shape->ipv6 == match->ipv6 && shape->source_length <= match->source.length &&
	       shape->destination_length <= match->destination.length &&
	       !(shape->protocol_mask & ~match->protocol_mask) &&
	       !(shape->in_port_mask & ~match->in_port_mask) &&
	       !(shape->out_port_mask & ~match->out_port_mask) && (!shape->one_port || has_one_port(match));
}

/* Returns the number of an earlier conjunction that contains `match`, or NONE. */
static uint32_t find_container(struct shadow_search *search, const struct config_match *match)
{
	for (size_t i = 0; i < search->shape_count; i++) {
		const struct shape *shape = &search->shapes[i];
		uint32_t candidate;

		if (!shape_may_contain(shape, match))
			continue;
		search->work += PROBE_COST;
		candidate = search->heads[hash_in_shape(shape, match) & search->head_mask];
		for (; candidate != NONE; candidate = search->next[candidate]) {
			search->work++;
			if (match_contains(&search->config->matches[candidate], match))
				return candidate;
		}
	}
	return NONE;
}

static void add(struct shadow_search *search, uint32_t number)
{
	const struct config_match *match = &search->config->matches[number];
	struct shape shape = shape_of(match);
	size_t i = 0, slot;

	while (i < search->shape_count && memcmp(&search->shapes[i], &shape, sizeof(shape)) != 0)
		i++;
	if (i == SHAPES_MAX)
		return; /* it is not found as a container: a warning less */
	if (i == search->shape_count)
		search->shapes[search->shape_count++] = shape;
	slot = hash_in_shape(&shape, match) & search->head_mask;
	search->next[number] = search->heads[slot];
	search->heads[slot] = number;
}

/* Whether a rule ends the way of every packet that it matches. */
static bool decides(const struct config_rule *rule)
{
	return rule->action <= CONFIG_REJECT && !rule->rate.events && !rule->connections;
}

bool rule_is_unconditional(const struct config_rule *rule)
{
	return decides(rule) && !rule->states && !rule->dscp_count && !rule->source_set_count &&
	       !rule->destination_set_count && !rule->from_count && !rule->to_count &&
	       !rule->protocol_count && !rule->source_count && !rule->destination_count;
}

/* Looks at conjunctions first .. end-1, which are those of one rule. */
static void look_at_rule(struct reader *r, struct shadow_search *search, uint32_t first, uint32_t end)
{
	const struct config_match *matches = search->config->matches;
	const struct config_rule *rules = search->config->rules, *rule = &rules[matches[first].rule];
	uint32_t container = NONE, earliest = NONE;
	bool several = false;

	for (uint32_t i = first; i < end; i++) {
		container = find_container(search, &matches[i]);
		if (container == NONE)
			return;
		several |= earliest != NONE && matches[container].rule != matches[earliest].rule;
		if (earliest == NONE || container < earliest)
			earliest = container;
	}
	diagnostics_warning(r->d, rule->place, "rule `%s` can never match: %s`%s` (line %u) %s all of it",
			    rule->name, several ? "earlier rules like " : "rule ",
			    rules[matches[earliest].rule].name, rules[matches[earliest].rule].place.line,
			    several ? "take" : "takes");
	diagnostics_hint(r->d, "move it before `%s`, or remove it", rules[matches[earliest].rule].name);
}

static void warn_of_the_rest(struct reader *r, size_t unconditional)
{
	const struct config_rule *rules = r->config->rules;
	size_t behind = r->config->rule_count - 2 - unconditional;

	if (behind == 0)
		return;
	diagnostics_warning(
	    r->d, rules[unconditional + 1].place, "%s%s never reached: rule `%s` (line %u) %s everything",
	    behind == 1 ? "this rule" : "this rule and all after it", behind == 1 ? " is" : " are",
	    rules[unconditional].name, rules[unconditional].place.line,
	    rules[unconditional].action == CONFIG_ACCEPT ? "accepts"
	    : rules[unconditional].action == CONFIG_DROP ? "drops"
							 : "rejects");
	diagnostics_hint(r->d, "move `%s` to the end, or say `default: ...` instead",
			 rules[unconditional].name);
}

static void look_at_all(struct reader *r, struct shadow_search *search)
{
	const struct config *config = r->config;

	for (uint32_t first = 0, end; first < config->match_count; first = end) {
		const struct config_rule *rule = &config->rules[config->matches[first].rule];

		for (end = first;
		     end < config->match_count && config->matches[end].rule == config->matches[first].rule;)
			end++;
		look_at_rule(r, search, first, end);
		if (rule_is_unconditional(rule)) {
			warn_of_the_rest(r, (size_t)(rule - config->rules));
			return;
		}
		if (search->work > WORK_MAX) {
			diagnostics_warning(r->d, rule->place,
					    "rules after `%s` were not examined for whether they can "
					    "match: there are too many alike",
					    rule->name);
			return;
		}
		for (uint32_t i = first; i < end && decides(rule); i++)
			add(search, i);
	}
}

void warn_of_shadowed_rules(struct reader *r)
{
	struct shadow_search *search = calloc(1, sizeof(*search));
	size_t heads = 1;

	while (heads < 2 * r->config->match_count)
		heads *= 2;
	if (!search)
		abort();
	search->config = r->config;
	search->head_mask = heads - 1;
	search->heads = malloc(heads * sizeof(search->heads[0]));
	search->next = malloc((r->config->match_count + 1) * sizeof(search->next[0]));
	if (!search->heads || !search->next)
		abort();
	memset(search->heads, 0xff, heads * sizeof(search->heads[0]));
	look_at_all(r, search);
	free(search->heads);
	free(search->next);
	free(search);
}
