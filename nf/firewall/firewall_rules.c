/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiles the configured matches to rte_acl tries; firewall_rules.h says what they give. Runs once, at
 * start.
 *
 * Sources: DPDK Programmer's Guide 22.11, "Packet Classification and Access Control".
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <rte_common.h>
#include <rte_lcore.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "conditional.h"
#include "firewall_rules.h"

/* Fields of an IPv6 rule; addresses are last, four words each. */
enum {
	FIELD_PROTOCOL,
	FIELD_IN_PORT,
	FIELD_OUT_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_SOURCE_PORT,
	FIELD_TCP_FLAGS,
	FIELD_CONDITION,
	FIELD_SOURCE_CLASS,
	FIELD_DESTINATION_CLASS,
	FIELD_ADDRESSES,
	IPV6_FIELDS = FIELD_ADDRESSES + 8,
	FIELDS_MAX =
	    (int)IPV6_FIELDS > (int)FIREWALL_KEY_FIELDS_MAX ? (int)IPV6_FIELDS : (int)FIREWALL_KEY_FIELDS_MAX,
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS_MAX);

#define FIELD(kind, bytes, field, group, place) \
	{ \
		.type = RTE_ACL_FIELD_TYPE_##kind, .size = (bytes), .field_index = (field), \
		.input_index = (group), .offset = (place) \
	}
#define MEMBER(kind, bytes, field, group, member) \
	FIELD(kind, bytes, field, group, offsetof(struct firewall_ipv6_key, member))
#define WORD(member, word, field, group) \
	FIELD(MASK, 4, FIELD_ADDRESSES + (field), group, \
	      offsetof(struct firewall_ipv6_key, member) + 4 * (word))

/* The order in which the trie branches, destinations first for the reason that firewall_key.c has. rte_acl
 * leaves out groups that no rule looks at. */
static const struct rte_acl_field_def ipv6_fields[IPV6_FIELDS] = {
    MEMBER(BITMASK, 1, FIELD_PROTOCOL, 0, protocol),
    WORD(destination, 0, 4, 1),
    WORD(destination, 1, 5, 2),
    WORD(destination, 2, 6, 3),
    WORD(destination, 3, 7, 4),
    WORD(source, 0, 0, 5),
    WORD(source, 1, 1, 6),
    WORD(source, 2, 2, 7),
    WORD(source, 3, 3, 8),
    MEMBER(BITMASK, 1, FIELD_IN_PORT, 9, in_port),
    MEMBER(BITMASK, 1, FIELD_OUT_PORT, 9, out_port),
    MEMBER(RANGE, 2, FIELD_DESTINATION_PORT, 9, destination_port),
    MEMBER(RANGE, 2, FIELD_SOURCE_PORT, 10, source_port),
    MEMBER(BITMASK, 1, FIELD_TCP_FLAGS, 10, tcp_flags),
    MEMBER(BITMASK, 1, FIELD_CONDITION, 10, condition),
    MEMBER(RANGE, 2, FIELD_SOURCE_CLASS, 11, source_class),
    MEMBER(RANGE, 2, FIELD_DESTINATION_CLASS, 11, destination_class),
};

/* Matches with a source times matches without one, from which two tries are better than one. */
enum { PRODUCT_MAX = 512 };

enum part { PART_ALL, PART_WITHOUT_SOURCE, PART_WITH_SOURCE };

struct family {
	const char *names[3]; /* of the contexts, by part */
	uint32_t matches;
	uint32_t fields;
	const struct rte_acl_field_def *field_defs;
	const struct firewall_key_layout *layout; /* IPv4 */
	/* Fills in field[] from a match, of which `common` is what has to be kept to. */
	void (*set_rule)(const struct family *family, struct acl_rule *rule, uint32_t match,
			 const struct match_common *common, struct byte_pattern condition);
	const struct match_common *(*common)(uint32_t match);
	bool (*has_source)(uint32_t match);
};

static void set_bits(struct rte_acl_field *field, uint8_t value, uint8_t mask)
{
	field->value.u8 = value & mask;
	field->mask_range.u8 = mask;
}

static void set_range(struct rte_acl_field *field, uint16_t low, uint16_t high)
{
	field->value.u16 = low;
	field->mask_range.u16 = high;
}

static void set_common(struct acl_rule *rule, const struct match_common *match, struct byte_pattern condition)
{
	struct rte_acl_field *field = rule->field;

	set_bits(&field[FIELD_PROTOCOL], match->protocol, match->protocol_mask);
	set_bits(&field[FIELD_IN_PORT], match->in_port | FIREWALL_KEY_L4,
		 (match->in_port_mask & ~FIREWALL_KEY_L4) | (match->needs_l4 ? FIREWALL_KEY_L4 : 0));
	set_bits(&field[FIELD_OUT_PORT], match->out_port, match->out_port_mask);
	set_bits(&field[FIELD_TCP_FLAGS], match->tcp_flags, match->tcp_flags_mask);
	set_bits(&field[FIELD_CONDITION], condition.value, condition.mask);
	set_range(&field[FIELD_SOURCE_CLASS], match->source_class_low, match->source_class_high);
	set_range(&field[FIELD_DESTINATION_CLASS], match->destination_class_low,
		  match->destination_class_high);
	set_range(&field[FIELD_SOURCE_PORT], match->source_port_low, match->source_port_high);
	set_range(&field[FIELD_DESTINATION_PORT], match->destination_port_low, match->destination_port_high);
}

static void set_word(struct rte_acl_field *field, uint32_t word, uint32_t prefix_length)
{
	field->value.u32 = word;
	field->mask_range.u32 = prefix_length;
}

/* A prefix of 128 bits as four of 32: whole words, then the one that it ends in, then words of any value. */
static void set_ipv6_prefix(struct rte_acl_field *field, const struct ipv6_prefix *prefix)
{
	for (int i = 0; i < 4; i++) {
		uint32_t word;

		memcpy(&word, prefix->address + 4 * i, sizeof(word));
		set_word(&field[i], rte_be_to_cpu_32(word), RTE_MIN(RTE_MAX(prefix->length - 32 * i, 0), 32));
	}
}

static void set_ipv4_rule(const struct family *family, struct acl_rule *rule, uint32_t match,
			  const struct match_common *common, struct byte_pattern condition)
{
	struct ipv4_match m = ipv4_matches[match];

	m.common = *common;
	firewall_key_set_rule(family->layout, rule->field, &m, condition);
}

static const struct match_common *ipv4_common(uint32_t match)
{
	return &ipv4_matches[match].common;
}

static bool ipv4_has_source(uint32_t match)
{
	return ipv4_matches[match].source.length > 0 || asks_for_source_class(ipv4_common(match));
}

static void set_ipv6_rule(const struct family *family __rte_unused, struct acl_rule *rule, uint32_t match,
			  const struct match_common *common, struct byte_pattern condition)
{
	const struct ipv6_match *m = &ipv6_matches[match];

	set_common(rule, common, condition);
	set_ipv6_prefix(&rule->field[FIELD_ADDRESSES], &m->source);
	set_ipv6_prefix(&rule->field[FIELD_ADDRESSES + 4], &m->destination);
}

static const struct match_common *ipv6_common(uint32_t match)
{
	return &ipv6_matches[match].common;
}

static bool ipv6_has_source(uint32_t match)
{
	return ipv6_matches[match].source.length > 0 || asks_for_source_class(ipv6_common(match));
}

static bool is_in(const struct family *family, enum part part, uint32_t match)
{
	return part == PART_ALL || family->has_source(match) == (part == PART_WITH_SOURCE);
}

/* Adds a match to some categories (a bit for each): once for each pattern that its states need. */
static int add_to(struct rte_acl_ctx *acl, const struct family *family, uint32_t match,
		  const struct match_common *common, uint32_t categories)
{
	struct byte_pattern conditions[2];
	uint32_t count = condition_patterns(common, conditions);
	int error = 0;

	for (uint32_t i = 0; i < count && error == 0; i++) {
		struct acl_rule rule = {
		    .data = {.category_mask = categories,
			     .priority = RTE_ACL_MAX_PRIORITY - common->rule,
			     .userdata = common->rule + 1},
		};

		family->set_rule(family, &rule, match, common, conditions[i]);
		error = rte_acl_add_rules(acl, (struct rte_acl_rule *)&rule, 1);
	}
	return error;
}

/* Without flows no verdict is remembered, and it doesn't matter whom else a rule would match. */
static bool sees_each(const struct firewall_rule *rule)
{
	return flow_capacity && rule->each;
}

static int add_match(struct rte_acl_ctx *acl, const struct family *family, uint32_t match)
{
	struct match_common common = *family->common(match);
	const struct firewall_rule *rule = &firewall_rules[common.rule];
	uint32_t category = 1U << (rule_is_conditional(rule) ? CATEGORY_CONDITIONAL : CATEGORY_DECIDES);
	int error;

	if (!sees_each(rule))
		return add_to(acl, family, match, &common, category);
	if (common.tcp_flags_mask == 0 && common.dscp_mask == 0)
		return add_to(acl, family, match, &common, category | 1U << CATEGORY_EACH);
	error = add_to(acl, family, match, &common, category);
	common.tcp_flags_mask = common.dscp_mask = 0;
	return error ? error : add_to(acl, family, match, &common, 1U << CATEGORY_EACH);
}

static int add_rules(struct rte_acl_ctx *acl, const struct family *family, enum part part)
{
	int error = 0;

	for (uint32_t i = 0; i < family->matches && error == 0; i++)
		if (is_in(family, part, i))
			error = add_match(acl, family, i);
	return error;
}

/* Without a max_size: with one, rte_acl tries to stay in one trie, which gained nothing for 10 to 1000 rules,
 * and gives up where it can't. */
static int build(struct rte_acl_ctx *acl, const struct family *family, uint32_t categories)
{
	struct rte_acl_config config = {
	    .num_categories = categories,
	    .num_fields = family->fields,
	};

	memcpy(config.defs, family->field_defs, family->fields * sizeof(config.defs[0]));
	return rte_acl_build(acl, &config);
}

/* Returns -errno; *acl is NULL after an error. */
static int compile_part(struct rte_acl_ctx **acl, const struct family *family, enum part part,
			uint32_t categories)
{
	struct rte_acl_param param = {
	    .name = family->names[part],
	    .socket_id = SOCKET_ID_ANY,
	    .rule_size = RTE_ACL_RULE_SZ(family->fields),
	    .max_rule_num = family->matches * 4, /* add_match, add_to */
	};
	int error;

	*acl = rte_acl_create(&param);
	if (*acl == NULL)
		return -ENOMEM;
	error = add_rules(*acl, family, part);
	if (error == 0)
		error = build(*acl, family, categories);
	if (error) {
		rte_acl_free(*acl);
		*acl = NULL;
	}
	return error;
}

static bool is_better_apart(const struct family *family)
{
	uint64_t with_source = 0;

	for (uint32_t i = 0; i < family->matches; i++)
		with_source += family->has_source(i);
	return with_source * (family->matches - with_source) > PRODUCT_MAX;
}

static int compile(struct firewall_tries *tries, const struct family *family, uint32_t categories)
{
	bool apart = is_better_apart(family);
	int error = 0;

	rte_acl_free(tries->first);
	rte_acl_free(tries->second);
	*tries = (struct firewall_tries){0};
	if (family->matches > 0)
		error =
		    compile_part(&tries->first, family, apart ? PART_WITHOUT_SOURCE : PART_ALL, categories);
	if (error == 0 && apart)
		error = compile_part(&tries->second, family, PART_WITH_SOURCE, categories);
	return error;
}

static int refuse(const char *what, int error)
{
	char line[120];

	snprintf(line, sizeof(line), "firewall: %s: %s", what, strerror(-error));
	host_log(line);
	return error;
}

/* rte_acl gives results one at a time, or by fours. */
static uint32_t count_categories(void)
{
	for (uint32_t i = 0; i < firewall_rule_count; i++)
		if (rule_is_conditional(&firewall_rules[i]) || sees_each(&firewall_rules[i]))
			return RTE_ACL_RESULTS_MULTIPLIER;
	return 1;
}

int firewall_rules_compile(struct firewall_classifiers *classifiers)
{
	struct firewall_key_layout *layout = &classifiers->ipv4_key;
	const struct family ipv6 = {.names = {"firewall6", "firewall6-rest", "firewall6-source"},
				    .matches = ipv6_match_count,
				    .fields = IPV6_FIELDS,
				    .field_defs = ipv6_fields,
				    .set_rule = set_ipv6_rule,
				    .common = ipv6_common,
				    .has_source = ipv6_has_source};
	struct family ipv4 = {.names = {"firewall4", "firewall4-rest", "firewall4-source"},
			      .matches = ipv4_match_count,
			      .field_defs = layout->defs,
			      .layout = layout,
			      .set_rule = set_ipv4_rule,
			      .common = ipv4_common,
			      .has_source = ipv4_has_source};
	int error;

	if (firewall_rule_count > RTE_ACL_MAX_PRIORITY)
		return refuse("too many rules", -E2BIG);
	classifiers->categories = count_categories();
	firewall_key_lay_out(layout);
	ipv4.fields = layout->fields;
	error = compile(&classifiers->ipv4, &ipv4, classifiers->categories);
	if (error)
		return refuse("IPv4 rules do not compile", error);
	error = compile(&classifiers->ipv6, &ipv6, classifiers->categories);
	if (error)
		return refuse("IPv6 rules do not compile", error);
	return 0;
}
