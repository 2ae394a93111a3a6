/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule of the section `firewall`, as it is written; read_firewall.c has the section.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

/* A rule while it is read. */
struct rule_draft {
	struct config_rule *rule;
	const struct node *node;
	unsigned int verdicts;	      /* of accept, drop, reject: how many were written */
	bool bad_action, unknown_key; /* an unknown key may have been the action */
};

static const char rule_example[] = "{ accept: new, from: lan }";

static void read_verdict(struct reader *r, struct rule_draft *draft, const struct node *value,
			 enum config_action action)
{
	draft->verdicts++;
	draft->rule->action = action;
	draft->bad_action |= !value_states(r, value, &draft->rule->states);
}

static void read_accept(struct reader *r, void *target, const struct node *value)
{
	read_verdict(r, target, value, CONFIG_ACCEPT);
}

static void read_drop(struct reader *r, void *target, const struct node *value)
{
	read_verdict(r, target, value, CONFIG_DROP);
}

static void read_reject(struct reader *r, void *target, const struct node *value)
{
	read_verdict(r, target, value, CONFIG_REJECT);
}

static void read_count(struct reader *r, void *target, const struct node *value)
{
	read_verdict(r, target, value, CONFIG_COUNT);
}

static bool is_state(const struct node *value)
{
	if (value->kind != NODE_SCALAR)
		return false;
	for (unsigned int bit = 0; state_name(bit); bit++)
		if (strcmp(value->text, state_name(bit)) == 0)
			return true;
	return strcmp(value->text, "any") == 0;
}

/* `log: any`, or a state, is an action of its own; `log: true` goes with another one. */
static void read_log(struct reader *r, void *target, const struct node *value)
{
	struct rule_draft *draft = target;

	if (value->kind == NODE_SEQUENCE || is_state(value))
		read_verdict(r, draft, value, CONFIG_LOG);
	else
		draft->bad_action |= !value_truth(r, value, &draft->rule->log);
}

static void read_rate(struct reader *r, void *target, const struct node *value)
{
	value_unit_rate(r, value, &((struct rule_draft *)target)->rule->rate);
}

static void read_burst(struct reader *r, void *target, const struct node *value)
{
	value_number(r, value, "a burst", 1, 10000000, &((struct rule_draft *)target)->rule->rate.burst);
}

static void read_per(struct reader *r, void *target, const struct node *value)
{
	static const char *const words[] = {"rule", "source"};
	size_t which;

	if (value_word(r, value, "what a limit is for", words, 2, &which))
		((struct rule_draft *)target)->rule->rate.per_source = which == 1;
}

static const struct mapping_key limit_keys[] = {
    {"rate", read_rate, "rate: 100/s", NULL},
    {"burst", read_burst, NULL, NULL},
    {"per", read_per, NULL, NULL},
};

/* Whether a rule has an action that a limit would go with. */
static bool is_limited_action(const struct node *rule)
{
	static const char *const actions[] = {"accept", "drop", "reject", "count", "log"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (mapping_find(rule, actions[i]))
			return true;
	return false;
}

/* `limit: new`, or another state, is an action of its own; `limit: 100/s` goes with another one, and so shall
 * what stands beside one and is no state. */
static void read_limit(struct reader *r, void *target, const struct node *value)
{
	struct rule_draft *draft = target;

	if (value->kind == NODE_MAPPING)
		mapping_read(r, value, "`limit`", limit_keys, sizeof(limit_keys) / sizeof(limit_keys[0]),
			     NULL, draft);
	else if (value->kind == NODE_SCALAR &&
		 (strchr(value->text, '/') || (!is_state(value) && is_limited_action(draft->node))))
		read_rate(r, draft, value);
	else
		read_verdict(r, draft, value, CONFIG_LIMIT);
}

static void read_connections(struct reader *r, void *target, const struct node *value)
{
	value_number(r, value, "a number of connections", 1, 1000000,
		     &((struct rule_draft *)target)->rule->connections);
}

/* Reports what is no port's name in a rule, though it looks like a fair thing to write. */
static bool is_no_place(struct reader *r, const struct node *node, bool self_too)
{
	if (node->kind != NODE_SCALAR)
		return false;
	if (value_is_everything(r, node))
		return true;
	if (self_too || strcmp(node->text, "self") != 0)
		return false;
	diagnostics_error(r->d, node->place, "no packet comes from `self` to the firewall");
	diagnostics_hint(r->d,
			 "the appliance's own packets are not filtered: name a port, or remove the rule");
	return true;
}

static uint8_t *read_port_list(struct reader *r, const struct node *value, bool self_too, size_t *read)
{
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	uint8_t *ports = blocks_array(&r->config->blocks, count, 1);

	for (size_t i = 0; i < count; i++) {
		if (is_no_place(r, items[i], self_too) || !value_port(r, items[i], self_too, &ports[*read]))
			continue;
		if (memchr(ports, ports[*read], *read)) {
			diagnostics_error(r->d, items[i]->place, "`%s` is in the list twice", items[i]->text);
			diagnostics_hint(r->d, "keep one");
			continue;
		}
		(*read)++;
	}
	return ports;
}

static void read_from(struct reader *r, void *target, const struct node *value)
{
	struct rule_draft *draft = target;

	draft->rule->from = read_port_list(r, value, false, &draft->rule->from_count);
}

static void read_to(struct reader *r, void *target, const struct node *value)
{
	struct rule_draft *draft = target;

	draft->rule->to = read_port_list(r, value, true, &draft->rule->to_count);
}

static void read_proto(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	rule->protocols = blocks_array(&r->config->blocks, count, 1);
	for (size_t i = 0; i < count; i++)
		rule->protocol_count += value_protocol(r, items[i], &rule->protocols[rule->protocol_count]);
}

static struct config_prefix *read_networks(struct reader *r, const struct node *value, size_t *read)
{
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	struct config_prefix *networks = blocks_array(&r->config->blocks, count, sizeof(networks[0]));

	for (size_t i = 0; i < count; i++)
		*read += value_network(r, items[i], &networks[*read]);
	return networks;
}

/* Whether an element names a set: "@bogons". */
static bool is_set(const struct node *node)
{
	return node->kind == NODE_SCALAR && *node->text == '@';
}

static bool has_set(const struct node *value)
{
	for (size_t i = 0; value->kind == NODE_SEQUENCE && i < value->count; i++)
		if (is_set(value->items[i]))
			return true;
	return is_set(value);
}

static uint16_t *read_sets_of(struct reader *r, const struct node *value, size_t *read)
{
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	uint16_t *sets = blocks_array(&r->config->blocks, count, sizeof(sets[0]));

	for (size_t i = 0; i < count; i++) {
		if (is_set(items[i])) {
			*read += value_set(r, items[i], &sets[*read]);
			continue;
		}
		diagnostics_error(r->d, items[i]->place, "sets and networks in one list");
		diagnostics_hint(r->d, "put the networks into a set, or write another rule for them");
	}
	return sets;
}

static void read_source(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;

	if (has_set(value))
		rule->source_sets = read_sets_of(r, value, &rule->source_set_count);
	else
		rule->sources = read_networks(r, value, &rule->source_count);
}

static void read_destination(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;

	if (has_set(value))
		rule->destination_sets = read_sets_of(r, value, &rule->destination_set_count);
	else
		rule->destinations = read_networks(r, value, &rule->destination_count);
}

static void read_dscp(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	rule->dscps = blocks_array(&r->config->blocks, count, 1);
	for (size_t i = 0; i < count; i++)
		rule->dscp_count += value_dscp(r, items[i], &rule->dscps[rule->dscp_count]);
}

/* Ports of arrival by their VLAN: the same as to name them under `from`. */
static void read_vlan(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;
	uint32_t vlan;
	size_t before = rule->from_count;

	if (!value_number(r, value, "a VLAN", 1, 4094, &vlan))
		return;
	if (before) {
		diagnostics_error(r->d, value->place, "`from` and `vlan` both say where packets come from");
		diagnostics_hint(r->d, "keep one of them");
		return;
	}
	rule->from = blocks_array(&r->config->blocks, r->config->port_count, 1);
	for (size_t i = 0; i < r->config->port_count; i++)
		if (r->config->ports[i].vlan == vlan)
			rule->from[rule->from_count++] = (uint8_t)i;
	if (rule->from_count)
		return;
	diagnostics_error(r->d, value->place, "no port has VLAN %u", vlan);
	diagnostics_hint(r->d, "VLANs are ports: guest: { on: lan, vlan: %u, addresses: [...] }", vlan);
}

static struct config_range *read_port_ranges(struct reader *r, const struct node *value, size_t *read)
{
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	struct config_range *ranges = blocks_array(&r->config->blocks, count, sizeof(ranges[0]));

	for (size_t i = 0; i < count; i++)
		*read += value_port_range(r, items[i], &ranges[*read]);
	return ranges;
}

static void read_port(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;

	rule->destination_ports = read_port_ranges(r, value, &rule->destination_port_count);
}

static void read_source_port(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;

	rule->source_ports = read_port_ranges(r, value, &rule->source_port_count);
}

static struct config_range *read_icmp_list(struct reader *r, const struct node *value, bool ipv6,
					   size_t *read)
{
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	struct config_range *ranges = blocks_array(&r->config->blocks, count, sizeof(ranges[0]));

	for (size_t i = 0; i < count; i++)
		*read += value_icmp(r, items[i], ipv6, &ranges[*read]);
	return ranges;
}

/* Types of ICMP need the protocols first. */
static void read_later(struct reader *r, void *target, const struct node *value)
{
	(void)r;
	(void)target;
	(void)value;
}

static void read_flags(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	for (size_t i = 0; i < count; i++)
		value_tcp_flag(r, items[i], &rule->tcp_flags, &rule->tcp_flags_mask);
}

static void read_name(struct reader *r, void *target, const struct node *value)
{
	struct config_rule *rule = ((struct rule_draft *)target)->rule;

	rule->name_given = value_name(r, value, "a rule's name", CONFIG_NAME_MAX, rule->name);
}

static const struct mapping_key rule_keys[] = {
    {"accept", read_accept, NULL, NULL},
    {"drop", read_drop, NULL, NULL},
    {"reject", read_reject, NULL, NULL},
    {"log", read_log, NULL,
     "`log: any` is a rule that only logs, `log: true` goes with another action: keep one"},
    {"count", read_count, NULL, NULL},
    {"limit", read_limit, NULL,
     "`limit: new` is a rule that drops what exceeds its `rate`, `limit: 100/s` goes with another action: "
     "keep one"},
    {"rate", read_rate, NULL, NULL},
    {"burst", read_burst, NULL, NULL},
    {"per", read_per, NULL, NULL},
    {"connections", read_connections, NULL, NULL},
    {"from", read_from, NULL, KEEP_ONE_OR_LIST},
    {"to", read_to, NULL, KEEP_ONE_OR_LIST},
    {"proto", read_proto, NULL, KEEP_ONE_OR_LIST},
    {"source", read_source, NULL, KEEP_ONE_OR_LIST},
    {"destination", read_destination, NULL, KEEP_ONE_OR_LIST},
    {"port", read_port, NULL, KEEP_ONE_OR_LIST},
    {"source-port", read_source_port, NULL, KEEP_ONE_OR_LIST},
    {"icmp", read_later, NULL, KEEP_ONE_OR_LIST},
    {"icmpv6", read_later, NULL, KEEP_ONE_OR_LIST},
    {"flags", read_flags, NULL, KEEP_ONE_OR_LIST},
    {"dscp", read_dscp, NULL, KEEP_ONE_OR_LIST},
    {"vlan", read_vlan, NULL, NULL},
    {"name", read_name, NULL, NULL},
};

static const struct foreign_key foreign_rule_keys[] = {
    {"allow", NULL, "did you mean `accept: any`?"},
    {"permit", NULL, "did you mean `accept: any`?"},
    {"pass", NULL, "did you mean `accept: any`?"},
    {"deny", NULL, "did you mean `drop: any`, or `reject: any`, which answers the sender?"},
    {"block", NULL, "did you mean `drop: any`, or `reject: any`, which answers the sender?"},
    {"action", NULL, "did you mean `accept: any`, `drop: any`, `reject: any` or `log: any`?"},
    {"target", NULL, "did you mean `accept: any`, `drop: any`, `reject: any` or `log: any`?"},
    {"jump", NULL, "did you mean `accept: any`, `drop: any`, `reject: any` or `log: any`?"},
    {"state", NULL, "the action says the state: `accept: established`, `drop: [new, invalid]`"},
    {"states", NULL, "the action says the state: `accept: established`, `drop: [new, invalid]`"},
    {"ct", NULL, "the action says the state: `accept: established`, `drop: [new, invalid]`"},
    {"conntrack", NULL, "the action says the state: `accept: established`, `drop: [new, invalid]`"},
    {"protocol", "proto", NULL},
    {"src", "source", NULL},
    {"dst", "destination", NULL},
    {"sport", "source-port", NULL},
    {"dport", "port", NULL},
    {"destination-port", "port", NULL},
    {"in", "from", NULL},
    {"out", "to", NULL},
    {"iif", "from", NULL},
    {"oif", "to", NULL},
    {"icmp-type", "icmp", NULL},
    {"comment", "name", NULL},
    {NULL, NULL, NULL},
};

static void check_action(struct reader *r, struct rule_draft *draft)
{
	struct config_rule *rule = draft->rule;

	if (draft->verdicts > 1) {
		diagnostics_error(r->d, rule->place, "the rule has several actions");
		diagnostics_hint(r->d,
				 "keep one of accept, drop, reject, count, limit and log; `log: true` and "
				 "`limit: 100/s` may go with it");
	} else if (draft->verdicts == 0 && !draft->bad_action && !draft->unknown_key) {
		diagnostics_error(r->d, rule->place, "the rule has no action");
		diagnostics_hint(r->d, "add `accept: new`, `drop: any`, `reject: any` or `log: any`");
	}
	rule->log |= rule->action == CONFIG_LOG;
}

/* Limits belong to rules that could go on without them. */
static void check_limits(struct reader *r, const struct rule_draft *draft)
{
	struct config_rule *rule = draft->rule;
	const struct node *rate = mapping_find(draft->node, "rate"),
			  *burst = mapping_find(draft->node, "burst"),
			  *per = mapping_find(draft->node, "per");
	const struct node *apart = rate ? rate : burst ? burst : per;

	if (rule->action == CONFIG_LIMIT && !rule->rate.events && !rate) {
		diagnostics_error(r->d, rule->place, "a rule that limits says no rate");
		diagnostics_hint(r->d, "add `rate: 100/s`");
	} else if (rule->action != CONFIG_LIMIT && apart) {
		diagnostics_error(r->d, apart->place, "this belongs to the limit of the rule");
		diagnostics_hint(r->d, "write `limit: { rate: 10/m, burst: 5, per: source }`");
	}
	if (rule->connections && rule->action != CONFIG_ACCEPT) {
		diagnostics_error(r->d, rule->place, "only a rule that accepts can limit connections");
		diagnostics_hint(r->d,
				 "write `accept: new`; what exceeds the limit goes on to the next rules");
	}
	if (rule->rate.events && !rule->rate.burst)
		rule->rate.burst = rule->rate.events;
}

/* Reports `key` in a rule that is not only about protocols that have such a thing. */
static void need_protocol(struct reader *r, const struct rule_draft *draft, const char *key, bool fits,
			  const char *hint)
{
	const struct node *value = mapping_find(draft->node, key);
	const struct node *proto = mapping_find(draft->node, "proto");

	if (!value || fits)
		return;
	if (proto && draft->rule->protocol_count == 0)
		return; /* the protocol was reported */
	diagnostics_error(r->d, value->place, "`%s` in a rule %s", key,
			  proto ? "for protocols that have none" : "that does not say the protocol");
	diagnostics_hint(r->d, "%s", hint);
}

static bool has_protocol(const struct config_rule *rule, uint8_t protocol)
{
	return rule->protocol_count && memchr(rule->protocols, protocol, rule->protocol_count);
}

/* Names mean the same in both families, numbers do not: 3 is `unreachable` to ICMP and `time-exceeded` to
 * ICMPv6. */
static bool check_icmp_numbers(struct reader *r, const struct node *icmp)
{
	size_t count, before = diagnostics_errors(r->d);
	const struct node *const *items = one_or_more(r, &icmp, &count);

	for (size_t i = 0; i < count; i++) {
		if (items[i]->kind != NODE_SCALAR || *items[i]->text < '0' || *items[i]->text > '9')
			continue;
		diagnostics_error(r->d, items[i]->place,
				  "`%.40s`: the numbers of ICMP and ICMPv6 differ, and the rule takes ICMPv6",
				  items[i]->text);
		diagnostics_hint(r->d, "write a name, or the number of ICMPv6 under `icmpv6`");
	}
	return diagnostics_errors(r->d) == before;
}

/* The types under `icmp` are those of ICMP, of ICMPv6 or of both, as the protocols say; those of ICMPv6 may
 * be given apart, under `icmpv6`. */
static void read_icmp_types(struct reader *r, const struct rule_draft *draft)
{
	const struct node *icmp = mapping_find(draft->node, "icmp"),
			  *icmpv6 = mapping_find(draft->node, "icmpv6");
	struct config_rule *rule = draft->rule;
	bool v4 = has_protocol(rule, PROTOCOL_ICMP), v6 = has_protocol(rule, PROTOCOL_ICMPV6);
	size_t before = diagnostics_errors(r->d);

	if (icmp && !icmpv6 && v6 && !check_icmp_numbers(r, icmp))
		return;
	if (icmp && v4)
		rule->icmp = read_icmp_list(r, icmp, false, &rule->icmp_count);
	if (icmpv6 && v6)
		rule->icmpv6 = read_icmp_list(r, icmpv6, true, &rule->icmpv6_count);
	else if (icmp && v6 && diagnostics_errors(r->d) == before)
		rule->icmpv6 = read_icmp_list(r, icmp, true, &rule->icmpv6_count);
}

static bool has_only_ports(const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->protocol_count; i++)
		if (rule->protocols[i] != PROTOCOL_TCP && rule->protocols[i] != PROTOCOL_UDP &&
		    rule->protocols[i] != PROTOCOL_SCTP)
			return false;
	return rule->protocol_count > 0;
}

static void check_protocols(struct reader *r, const struct rule_draft *draft)
{
	const struct config_rule *rule = draft->rule;
	static const char port_hint[] = "ports belong to `proto: tcp`, udp, sctp or a list of these";
	bool only_tcp = rule->protocol_count == 1 && rule->protocols[0] == PROTOCOL_TCP;

	need_protocol(r, draft, "port", has_only_ports(rule), port_hint);
	need_protocol(r, draft, "source-port", has_only_ports(rule), port_hint);
	need_protocol(r, draft, "flags", only_tcp, "flags belong to `proto: tcp` alone");
	need_protocol(r, draft, "icmp",
		      has_protocol(rule, PROTOCOL_ICMP) ||
			  (has_protocol(rule, PROTOCOL_ICMPV6) && !mapping_find(draft->node, "icmpv6")),
		      "types belong to `proto: icmp`, `proto: icmpv6` or both, and `icmpv6` to ICMPv6 alone");
	need_protocol(r, draft, "icmpv6", has_protocol(rule, PROTOCOL_ICMPV6),
		      "types of ICMPv6 belong to `proto: icmpv6`");
}

/* Which families the rule's addresses are of: bit 0 IPv4, bit 1 IPv6. */
static unsigned int families(const struct config_rule *rule)
{
	unsigned int found = 0;

	for (size_t i = 0; i < rule->source_count; i++)
		found |= 1U << rule->sources[i].address.ipv6;
	for (size_t i = 0; i < rule->destination_count; i++)
		found |= 1U << rule->destinations[i].address.ipv6;
	return found;
}

static void check_families(struct reader *r, const struct rule_draft *draft)
{
	const struct config_rule *rule = draft->rule;
	unsigned int found = families(rule);
	const struct node *proto = mapping_find(draft->node, "proto");

	if (found == 3) {
		diagnostics_error(r->d, rule->place, "the rule mixes IPv4 and IPv6 addresses");
		diagnostics_hint(r->d, "write one rule for each; a rule without addresses is for both");
	} else if (found == 1 && has_protocol(rule, PROTOCOL_ICMPV6)) {
		diagnostics_error(r->d, proto->place, "ICMPv6 in a rule with IPv4 addresses");
		diagnostics_hint(r->d, "write `proto: icmp`, or IPv6 addresses");
	} else if (found == 2 && has_protocol(rule, PROTOCOL_ICMP)) {
		diagnostics_error(r->d, proto->place, "ICMP in a rule with IPv6 addresses");
		diagnostics_hint(r->d, "write `proto: icmpv6`, or IPv4 addresses");
	}
}

void read_rule(struct reader *r, const struct node *node)
{
	struct config_rule *rule = &r->config->rules[r->config->rule_count];
	struct rule_draft draft = {.rule = rule, .node = node};

	*rule = (struct config_rule){.place = node->place};
	snprintf(rule->name, sizeof(rule->name), "rule-%zu", r->config->rule_count + 1);
	r->config->rule_count++;
	if (!expect_mapping(r, node, "a rule", rule_example))
		return;
	draft.unknown_key =
	    !mapping_read(r, node, "the rule", rule_keys, sizeof(rule_keys) / sizeof(rule_keys[0]),
			  foreign_rule_keys, &draft);
	read_icmp_types(r, &draft);
	check_action(r, &draft);
	check_limits(r, &draft);
	check_protocols(r, &draft);
	check_families(r, &draft);
}
