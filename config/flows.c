/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections: how many are tracked, for how long, and whether they are at all. An appliance tracks when
 * something in it needs to: NAT, or a rule that names a state or limits connections.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

enum { ICMPV6_TOO_BIG = 2 };

static const char flows_example[] = "flows: { table: 100000, timeouts: { udp: 2m } }";

/* By enum flow_timeout: name, default, and what an RFC asks for at least (0: none does). */
static const struct timeout {
	const char *name;
	uint32_t seconds, least;
	const char *source;
} timeouts[FLOW_TIMEOUT_COUNT] = {
#define X(identifier, name, seconds) [FLOW_TIMEOUT_##identifier] = {name, seconds, 0, NULL},
    FLOW_TIMEOUTS(X)
#undef X
};

static const struct least {
	enum flow_timeout timeout;
	uint32_t seconds;
	const char *source;
} leasts[] = {
    {FLOW_TIMEOUT_TCP_OPENING, 240, "RFC 5382, REQ-5"},
    {FLOW_TIMEOUT_TCP_ESTABLISHED, 7440, "RFC 5382, REQ-5"},
    {FLOW_TIMEOUT_TCP_CLOSING, 240, "RFC 5382, REQ-5"},
    {FLOW_TIMEOUT_UDP_NEW, 120, "RFC 4787, REQ-5"},
    {FLOW_TIMEOUT_UDP, 120, "RFC 4787, REQ-5"},
    {FLOW_TIMEOUT_ICMP, 60, "RFC 5508, REQ-2"},
};

const char *timeout_name(enum flow_timeout timeout)
{
	return timeouts[timeout].name;
}

uint32_t timeout_default(enum flow_timeout timeout)
{
	return timeouts[timeout].seconds;
}

static void warn_of_short(struct reader *r, const struct node *value, enum flow_timeout timeout)
{
	for (size_t i = 0; i < sizeof(leasts) / sizeof(leasts[0]); i++) {
		if (leasts[i].timeout != timeout || r->config->timeouts[timeout] >= leasts[i].seconds)
			continue;
		diagnostics_warning(r->d, value->place, "`%s: %s` ends flows that are alive",
				    timeouts[timeout].name, value->text);
		diagnostics_hint(r->d, "%s asks for %u seconds at least", leasts[i].source,
				 leasts[i].seconds);
	}
}

static void read_timeout(struct reader *r, const struct node *key, const struct node *value)
{
	const char *names[FLOW_TIMEOUT_COUNT - 1];
	size_t which;

	for (size_t i = 0; i < FLOW_TIMEOUT_COUNT - 1; i++)
		names[i] = timeouts[i + 1].name;
	if (!value_word(r, key, "a timeout", names, FLOW_TIMEOUT_COUNT - 1, &which))
		return;
	if (value_duration(r, value, &r->config->timeouts[which + 1]))
		warn_of_short(r, value, (enum flow_timeout)(which + 1));
}

static void read_timeouts(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	if (!expect_mapping(r, value, "`timeouts`", "timeouts: { udp: 2m }"))
		return;
	report_repeated_keys(r, value, NULL, 0);
	for (size_t i = 0; i < value->count; i++)
		read_timeout(r, value->items[2 * i], value->items[2 * i + 1]);
}

static void read_table(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	r->config->flows_given = value_number(r, value, "a number of flows", 0, FLOWS_MAX, &r->config->flows);
}

static void read_loose(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	value_truth(r, value, &r->config->loose);
}

static const struct mapping_key flow_keys[] = {
    {"table", read_table, NULL, NULL},
    {"loose", read_loose, NULL, NULL},
    {"timeouts", read_timeouts, NULL, NULL},
};

void read_flows(struct reader *r, void *target, const struct node *value)
{
	if (value->kind == NODE_SCALAR)
		read_table(r, target, value);
	else if (expect_mapping(r, value, "`flows`", flows_example))
		mapping_read(r, value, "`flows`", flow_keys, sizeof(flow_keys) / sizeof(flow_keys[0]), NULL,
			     target);
}

void set_flow_defaults(struct config *config)
{
	for (int i = 0; i < FLOW_TIMEOUT_COUNT; i++)
		config->timeouts[i] = timeouts[i].seconds;
}

/* The first rule that is about connections, or NULL. */
static const struct config_rule *rule_that_tracks(const struct config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (config->rules[i].states || config->rules[i].connections)
			return &config->rules[i];
	return NULL;
}

static bool accepts_state(const struct config *config, enum config_state state)
{
	if (config->rules[config->rule_count - 1].action == CONFIG_ACCEPT)
		return true;
	for (size_t i = 0; i + 1 < config->rule_count; i++)
		if (config->rules[i].action == CONFIG_ACCEPT &&
		    (!config->rules[i].states || config->rules[i].states & state))
			return true;
	return false;
}

static const struct node *rules_of(const struct node *root)
{
	const struct node *firewall = mapping_find(root, "firewall"),
			  *rules = mapping_find(firewall, "rules");

	return rules ? rules : firewall;
}

/* Whether a rule accepts some ICMPv6 packet-too-big. */
static bool accepts_too_big(const struct config_rule *rule)
{
	bool accepts = rule->icmpv6_count == 0;

	for (size_t i = 0; i < rule->icmpv6_count; i++)
		accepts |=
		    rule->icmpv6[i].low >> 8 <= ICMPV6_TOO_BIG && rule->icmpv6[i].high >> 8 >= ICMPV6_TOO_BIG;
	return accepts && rule->action == CONFIG_ACCEPT &&
	       (rule->protocol_count == 0 || memchr(rule->protocols, PROTOCOL_ICMPV6, rule->protocol_count));
}

static bool has_ipv6(const struct config *config)
{
	for (size_t i = 0; i < config->port_count; i++)
		for (size_t j = 0; j < config->ports[i].address_count; j++)
			if (config->ports[i].addresses[j].prefix.address.ipv6)
				return true;
	return false;
}

/* Where connections are tracked a rule for errors about them is added; here each packet is judged by itself.
 */
static void warn_of_no_errors(struct reader *r, const struct node *root)
{
	const struct config *config = r->config;

	if (!config->has_firewall || !has_ipv6(config))
		return;
	for (size_t i = 0; i < config->rule_count; i++)
		if (accepts_too_big(&config->rules[i]))
			return;
	diagnostics_warning(
	    r->d, rules_of(root)->place,
	    "no rule accepts ICMPv6 errors: IPv6 finds no path MTU (RFC 4890, section 4.3.1)");
	diagnostics_hint(r->d, "add `{ accept: any, proto: icmpv6, icmpv6: [1, 2, 3, 4] }`");
}

static void warn_of_no_replies(struct reader *r, const struct node *root)
{
	if (!r->config->has_firewall || accepts_state(r->config, CONFIG_ESTABLISHED))
		return;
	diagnostics_warning(r->d, rules_of(root)->place,
			    "no rule accepts what is `established`: replies are dropped");
	diagnostics_hint(r->d, "begin the rules with `{ accept: [established, related] }`");
}

void check_flows(struct reader *r, const struct node *root)
{
	struct config *config = r->config;
	const struct config_rule *rule = rule_that_tracks(config);
	const struct node *flows = mapping_find(root, "flows");

	if (!config->flows_given)
		config->flows = rule || config->has_nat ? DEFAULT_FLOWS : 0;
	if (config->flows == 0 && (rule || config->has_nat)) {
		diagnostics_error(r->d, flows->place, "without flows there can be no %s",
				  config->has_nat ? "NAT" : "states");
		diagnostics_hint(r->d, "write how many there may be: `flows: %u`, or leave `flows` out",
				 DEFAULT_FLOWS);
	}
	if (config->flows)
		warn_of_no_replies(r, root);
	else
		warn_of_no_errors(r, root);
}
