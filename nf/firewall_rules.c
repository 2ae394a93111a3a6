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
#include "appliance.h"
#include "firewall_rules.h"
#include "host.h"

/* Fields of a rule. Both families share the first; addresses are last, one or four words each. */
enum {
	FIELD_PROTOCOL,
	FIELD_IN_PORT,
	FIELD_OUT_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_SOURCE_PORT,
	FIELD_TCP_FLAGS,
	FIELD_RESERVED,
	FIELD_ADDRESSES,
	IPV4_FIELDS = FIELD_ADDRESSES + 2,
	IPV6_FIELDS = FIELD_ADDRESSES + 8,
};

RTE_ACL_RULE_DEF(acl_rule, IPV6_FIELDS);

#define FIELD(kind, bytes, field, group, place) \
	{ \
		.type = RTE_ACL_FIELD_TYPE_##kind, .size = (bytes), .field_index = (field), \
		.input_index = (group), .offset = (place) \
	}
#define COMMON(kind, bytes, field, group, member) \
	FIELD(kind, bytes, field, group, offsetof(struct firewall_key, member))
#define PROTOCOL COMMON(BITMASK, 1, FIELD_PROTOCOL, 0, protocol)
#define PORTS(group) \
	COMMON(BITMASK, 1, FIELD_IN_PORT, group, in_port), \
	    COMMON(BITMASK, 1, FIELD_OUT_PORT, group, out_port), \
	    COMMON(RANGE, 2, FIELD_DESTINATION_PORT, group, destination_port)
#define RARE(group) \
	COMMON(RANGE, 2, FIELD_SOURCE_PORT, group, source_port), \
	    COMMON(BITMASK, 1, FIELD_TCP_FLAGS, group, tcp_flags), \
	    COMMON(BITMASK, 1, FIELD_RESERVED, group, reserved2)
#define ADDRESS(key, member, word, field, group) \
	FIELD(MASK, 4, FIELD_ADDRESSES + (field), group, offsetof(struct key, member) + 4 * (word))

/* The order in which a trie branches. Destinations tell rules apart best: with 1000 rules, a trie that
 * branches on ports first takes eight times as long to build. rte_acl leaves out groups that no rule looks
 * at. */
static const struct rte_acl_field_def ipv4_fields[IPV4_FIELDS] = {
    PROTOCOL,
    ADDRESS(firewall_ipv4_key, destination, 0, 1, 1),
    ADDRESS(firewall_ipv4_key, source, 0, 0, 2),
    PORTS(3),
    RARE(4),
};

static const struct rte_acl_field_def ipv6_fields[IPV6_FIELDS] = {
    PROTOCOL,
    ADDRESS(firewall_ipv6_key, destination, 0, 4, 1),
    ADDRESS(firewall_ipv6_key, destination, 1, 5, 2),
    ADDRESS(firewall_ipv6_key, destination, 2, 6, 3),
    ADDRESS(firewall_ipv6_key, destination, 3, 7, 4),
    ADDRESS(firewall_ipv6_key, source, 0, 0, 5),
    ADDRESS(firewall_ipv6_key, source, 1, 1, 6),
    ADDRESS(firewall_ipv6_key, source, 2, 2, 7),
    ADDRESS(firewall_ipv6_key, source, 3, 3, 8),
    PORTS(9),
    RARE(10),
};

struct family {
	const char *name;
	uint32_t matches;
	uint32_t fields;
	const struct rte_acl_field_def *field_defs;
	void (*set_rule)(struct acl_rule *rule, uint32_t match); /* fills field[] */
	const struct match_common *(*common)(uint32_t match);
};

/* The category of a rule: 0 for those that decide, else counted from 1 in the rules' order. */
static uint32_t category_of(uint32_t rule)
{
	uint32_t logs = 0;

	if (firewall_rules[rule].action != FIREWALL_LOG)
		return 0;
	for (uint32_t i = 0; i <= rule; i++)
		logs += firewall_rules[i].action == FIREWALL_LOG;
	return logs;
}

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

static void set_common(struct acl_rule *rule, const struct match_common *match)
{
	struct rte_acl_field *field = rule->field;

	set_bits(&field[FIELD_PROTOCOL], match->protocol, match->protocol_mask);
	set_bits(&field[FIELD_IN_PORT], match->in_port | FIREWALL_KEY_L4,
		 (match->in_port_mask & ~FIREWALL_KEY_L4) | (match->needs_l4 ? FIREWALL_KEY_L4 : 0));
	set_bits(&field[FIELD_OUT_PORT], match->out_port, match->out_port_mask);
	set_bits(&field[FIELD_TCP_FLAGS], match->tcp_flags, match->tcp_flags_mask);
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

static void set_ipv4_rule(struct acl_rule *rule, uint32_t match)
{
	const struct ipv4_match *m = &ipv4_matches[match];

	set_common(rule, &m->common);
	set_word(&rule->field[FIELD_ADDRESSES], m->source.address, m->source.length);
	set_word(&rule->field[FIELD_ADDRESSES + 1], m->destination.address, m->destination.length);
}

static const struct match_common *ipv4_common(uint32_t match)
{
	return &ipv4_matches[match].common;
}

static void set_ipv6_rule(struct acl_rule *rule, uint32_t match)
{
	const struct ipv6_match *m = &ipv6_matches[match];

	set_common(rule, &m->common);
	set_ipv6_prefix(&rule->field[FIELD_ADDRESSES], &m->source);
	set_ipv6_prefix(&rule->field[FIELD_ADDRESSES + 4], &m->destination);
}

static const struct match_common *ipv6_common(uint32_t match)
{
	return &ipv6_matches[match].common;
}

static int add_rules(struct rte_acl_ctx *acl, const struct family *family)
{
	for (uint32_t i = 0; i < family->matches; i++) {
		uint32_t number = family->common(i)->rule;
		struct acl_rule rule = {
		    .data = {.category_mask = 1U << category_of(number),
			     .priority = RTE_ACL_MAX_PRIORITY - number,
			     .userdata = number + 1},
		};
		int error;

		family->set_rule(&rule, i);
		error = rte_acl_add_rules(acl, (struct rte_acl_rule *)&rule, 1);
		if (error)
			return error;
	}
	return 0;
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

/* Returns -errno; *acl is NULL after an error, and where the family has no matches. */
static int compile(struct rte_acl_ctx **acl, const struct family *family, uint32_t categories)
{
	struct rte_acl_param param = {
	    .name = family->name,
	    .socket_id = SOCKET_ID_ANY,
	    .rule_size = RTE_ACL_RULE_SZ(family->fields),
	    .max_rule_num = family->matches,
	};
	int error;

	rte_acl_free(*acl);
	*acl = NULL;
	if (family->matches == 0)
		return 0;
	*acl = rte_acl_create(&param);
	if (*acl == NULL)
		return -ENOMEM;
	error = add_rules(*acl, family);
	if (error == 0)
		error = build(*acl, family, categories);
	if (error) {
		rte_acl_free(*acl);
		*acl = NULL;
	}
	return error;
}

static int refuse(const char *what, int error)
{
	char line[120];

	snprintf(line, sizeof(line), "firewall: %s: %s", what, strerror(-error));
	host_log(line);
	return error;
}

static int count_categories(uint32_t *categories)
{
	uint32_t logs = 0;

	for (uint32_t i = 0; i < firewall_rule_count; i++)
		logs += firewall_rules[i].action == FIREWALL_LOG;
	if (logs > FIREWALL_LOG_RULES_MAX)
		return refuse("more than 15 rules that only log", -E2BIG);
	*categories = logs == 0 ? 1 : RTE_ALIGN_CEIL(1 + logs, (uint32_t)RTE_ACL_RESULTS_MULTIPLIER);
	return 0;
}

int firewall_rules_compile(struct firewall_classifiers *classifiers)
{
	const struct family ipv4 = {"firewall4", ipv4_match_count, IPV4_FIELDS,
				    ipv4_fields, set_ipv4_rule,	   ipv4_common};
	const struct family ipv6 = {"firewall6", ipv6_match_count, IPV6_FIELDS,
				    ipv6_fields, set_ipv6_rule,	   ipv6_common};
	int error;

	if (firewall_rule_count > RTE_ACL_MAX_PRIORITY)
		return refuse("too many rules", -E2BIG);
	error = count_categories(&classifiers->categories);
	if (error)
		return error;
	error = compile(&classifiers->ipv4, &ipv4, classifiers->categories);
	if (error)
		return refuse("IPv4 rules do not compile", error);
	error = compile(&classifiers->ipv6, &ipv6, classifiers->categories);
	if (error)
		return refuse("IPv6 rules do not compile", error);
	return 0;
}
