/* SPDX-License-Identifier: Apache-2.0
 *
 * The section `firewall`: its rules (read_rule.c reads each) and the default. What rules expand to is made in
 * expand.c.
 */
#include <stdlib.h>
#include <string.h>
#include "stages.h"
#include "value.h"

/* Rules that are not written: the default, and the one before it. */
enum { RULES_ADDED = 2 };

static void read_sources(struct reader *r, void *target, const struct node *value)
{
	value_number(r, value, "a number of sources", 1, 1 << 24, &((struct config *)target)->sources);
}

/* Rules need the sets, the default needs the rules. */
static void read_later(struct reader *r, void *target, const struct node *value)
{
	(void)r;
	(void)target;
	(void)value;
}

static void read_rules(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;

	if (!expect_sequence(r, value, "`rules`", "rules: [{ accept: new, from: lan }]"))
		return;
	if (value->count > RULES_LIMIT) {
		diagnostics_error(r->d, value->place, "more than %u rules", RULES_LIMIT);
		diagnostics_hint(r->d, "let one rule match several of these: lists and sets count once");
		return;
	}
	config->rules = blocks_array(&config->blocks, value->count + RULES_ADDED, sizeof(config->rules[0]));
	for (size_t i = 0; i < value->count; i++)
		read_rule(r, value->items[i]);
}

static const struct mapping_key firewall_keys[] = {
    {"default", read_later, NULL, NULL},
    {"sets", read_later, NULL, NULL},
    {"sources", read_sources, NULL, NULL},
    {"rules", read_rules, NULL, NULL},
};

static const struct foreign_key foreign_firewall_keys[] = {
    {"policy", "default", NULL},
    {NULL, NULL, NULL},
};

static int by_name(const void *a, const void *b)
{
	const struct config_rule *left = *(const struct config_rule *const *)a;
	const struct config_rule *right = *(const struct config_rule *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left > right) - (left < right);
}

static void check_names(struct reader *r)
{
	size_t count = r->config->rule_count;
	const struct config_rule **rules = calloc(count, sizeof(struct config_rule *));

	if (!rules)
		abort();
	for (size_t i = 0; i < count; i++)
		rules[i] = &r->config->rules[i];
	qsort(rules, count, sizeof(rules[0]), by_name);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(rules[i - 1]->name, rules[i]->name) != 0)
			continue;
		if (!rules[i]->place.line) {
			diagnostics_error(r->d, rules[i - 1]->place,
					  "`default` is the name of what comes after all rules");
		} else {
			diagnostics_error(r->d, rules[i]->place,
					  "a second rule called `%s`%s (first in line %u)", rules[i]->name,
					  rules[i]->name_given ? "" : ", by its position",
					  rules[i - 1]->place.line);
		}
		diagnostics_hint(r->d, "call it something else");
	}
	free(rules);
}

/* Rules that don't decide by themselves are looked at one by one for the packets that meet any. */
static bool is_conditional(const struct config_rule *rule)
{
	return rule->action > CONFIG_REJECT || rule->rate.events || rule->connections;
}

static void check_conditional_rules(struct reader *r)
{
	const struct config *config = r->config;
	unsigned int count = 0;

	for (size_t i = 0; i < config->rule_count; i++) {
		const struct config_rule *rule = &config->rules[i];

		if (!is_conditional(rule) || ++count != CONFIG_CONDITIONAL_RULES_MAX + 1)
			continue;
		diagnostics_error(r->d, rule->place, "more than %d rules that only log, count or limit",
				  CONFIG_CONDITIONAL_RULES_MAX);
		diagnostics_hint(r->d, "let one rule match several of these: lists and sets count once");
	}
}

/* Reports a default in the words of other products. */
static bool is_foreign_default(struct reader *r, const struct node *value)
{
	static const struct foreign_key words[] = {
	    {"allow", "accept", NULL}, {"permit", "accept", NULL}, {"pass", "accept", NULL},
	    {"deny", "drop", NULL},    {"block", "drop", NULL},
	};

	for (size_t i = 0; value->kind == NODE_SCALAR && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value->text, words[i].name) != 0)
			continue;
		diagnostics_error(r->d, value->place, "`%s` is not a default", value->text);
		diagnostics_hint(r->d, "did you mean `%s`?", words[i].meant);
		return true;
	}
	return false;
}

/* Whether rules speak of states, and none of `related`. */
static bool forgets_related(const struct config *config)
{
	uint8_t states = 0;

	for (size_t i = 0; i < config->rule_count; i++)
		states |= config->rules[i].states;
	return states && !(states & CONFIG_RELATED);
}

/* ICMP errors about what was accepted: without them path MTU discovery fails, and connections hang (RFC 4890,
 * section 4.3.1; RFC 1191). The rule stands before one that takes all that is left. Who names `related` takes
 * the matter into their own hands. */
static void add_related(struct config *config, size_t default_action)
{
	const struct config_rule related = {
	    .name = "icmp-errors", .name_given = true, .action = CONFIG_ACCEPT, .states = CONFIG_RELATED};
	size_t at = 0;

	if (!forgets_related(config) || default_action == CONFIG_ACCEPT)
		return;
	while (at < config->rule_count && !rule_is_unconditional(&config->rules[at]))
		at++;
	memmove(&config->rules[at + 1], &config->rules[at], (config->rule_count - at) * sizeof(related));
	config->rules[at] = related;
	config->rule_count++;
}

static void add_default(struct reader *r, const struct node *section)
{
	static const char *const actions[] = {"accept", "drop", "reject"};
	const struct node *value = mapping_find(section, "default");
	struct config *config = r->config;
	size_t action = CONFIG_DROP;

	if (value && !is_foreign_default(r, value))
		value_word(r, value, "a default", actions, 3, &action);
	if (value && action == CONFIG_ACCEPT && config->rule_count == 0 && reader_is_content(r)) {
		diagnostics_warning(r->d, value->place,
				    "the firewall accepts everything: there are no rules");
		diagnostics_hint(r->d, "add `rules`, or take the firewall out of the chain");
	}
	if (!config->rules)
		config->rules = blocks_array(&config->blocks, RULES_ADDED, sizeof(config->rules[0]));
	add_related(config, action);
	config->rules[config->rule_count++] =
	    (struct config_rule){.name = "default", .action = (enum config_action)action};
}

void read_firewall(struct reader *r, const struct node *node)
{
	if (!expect_mapping(r, node, "`firewall`",
			    "firewall: { default: drop, rules: [{ accept: new, from: lan }] }"))
		return;
	if (mapping_find(node, "sets"))
		read_sets(r, r->config, mapping_find(node, "sets"));
	mapping_read(r, node, "`firewall`", firewall_keys, sizeof(firewall_keys) / sizeof(firewall_keys[0]),
		     foreign_firewall_keys, r->config);
	add_default(r, node);
	check_names(r);
	check_conditional_rules(r);
}
