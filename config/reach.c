/* SPDX-License-Identifier: Apache-2.0
 *
 * Warns of rules whose `to` and `destination` exclude each other: a packet for an address of the appliance is
 * `to: self` and never to a port, and the other way round.
 */
#include <string.h>
#include "address.h"
#include "stages.h"

static bool overlaps(const struct config_prefix *a, const struct config_prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

/* Group and link-local addresses: the appliance has some of its own accord. */
static bool may_be_scoped(const struct config_prefix *prefix)
{
	static const struct config_prefix scoped[] = {
	    {{true, {0xff}}, 8},
	    {{true, {0xfe, 0x80}}, 10},
	    {{false, {224}}, 3},
	};

	for (size_t i = 0; i < sizeof(scoped) / sizeof(scoped[0]); i++)
		if (overlaps(&scoped[i], prefix))
			return true;
	return false;
}

/* An IPv6 network's first address is that of all its routers (RFC 4291, section 2.6.1). */
static bool may_be_own(const struct config *config, const struct config_prefix *prefix)
{
	for (size_t i = 0; i < config->port_count; i++) {
		for (size_t j = 0; j < config->ports[i].address_count; j++) {
			const struct config_prefix *own = &config->ports[i].addresses[j].prefix;
			struct config_prefix network = prefix_network(own);

			if (prefix_contains_address(prefix, &own->address) ||
			    (own->address.ipv6 && prefix_contains_address(prefix, &network.address)))
				return true;
		}
	}
	return may_be_scoped(prefix);
}

static bool is_own(const struct config *config, const struct config_prefix *prefix)
{
	return prefix->length == address_bits(&prefix->address) &&
	       config_own_address(config, &prefix->address);
}

/* Rules for ports and for the appliance at once can match either way. */
static void look_at_rule(struct reader *r, const struct config_rule *rule)
{
	bool self = rule->to_count && memchr(rule->to, CONFIG_PORT_SELF, rule->to_count);
	char text[ADDRESS_TEXT_MAX];

	if (rule->to_count == 0 || (self && rule->to_count > 1))
		return;
	for (size_t i = 0; i < rule->destination_count; i++) {
		const struct config_prefix *prefix = &rule->destinations[i];

		if (self ? may_be_own(r->config, prefix) : !is_own(r->config, prefix))
			continue;
		prefix_format(prefix, text);
		if (self)
			diagnostics_warning(
			    r->d, rule->place,
			    "rule `%s` never matches %s: `to: self` is for the appliance's own addresses",
			    rule->name, text);
		else
			diagnostics_warning(
			    r->d, rule->place,
			    "rule `%s` never matches %s: it is the appliance's own address, `to: self`",
			    rule->name, text);
		diagnostics_hint(r->d, self ? "name a port in `to`, or leave `to` out"
					    : "write `to: self`, or the other station's address");
	}
}

void warn_of_unreachable_destinations(struct reader *r)
{
	for (size_t i = 0; i + 1 < r->config->rule_count; i++)
		look_at_rule(r, &r->config->rules[i]);
}
