/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules to conjunctions. A rule with lists is the cross product of their elements: rule (from a, b; port 80,
 * 443) matches what any of (a, 80), (a, 443), (b, 80), (b, 443) matches. A rule without addresses is for both
 * families.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

static const struct config_range any_range[] = {{0, UINT16_MAX}};
static const uint8_t no_number[1];
static const struct config_prefix any_network[2] = {{.address.ipv6 = false}, {.address.ipv6 = true}};

/* Classes of the addresses that a list of sets has, of one family. */
struct classes {
	const struct config_range *ranges;
	size_t count;
};

/* The lists of a rule for one family and protocol, with "any" written out where one is empty. */
struct product {
	const uint8_t *from, *to;
	const struct config_prefix *sources, *destinations;
	const struct config_range *source_ports, *destination_ports;
	size_t from_count, to_count, source_count, destination_count, source_port_count,
	    destination_port_count;
	const uint8_t *dscps;
	size_t dscp_count;
	struct classes source_classes, destination_classes;
	struct config_match common; /* what no list varies */
};

/* Chooses what goes into the destination-port field: ports, ICMP types, or anything. */
static void set_types(struct product *p, const struct config_rule *rule, uint8_t protocol)
{
	p->destination_ports = rule->destination_ports;
	p->destination_port_count = rule->destination_port_count;
	if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
		p->destination_ports = protocol == PROTOCOL_ICMP ? rule->icmp : rule->icmpv6;
		p->destination_port_count = protocol == PROTOCOL_ICMP ? rule->icmp_count : rule->icmpv6_count;
	}
	p->common.needs_l4 = p->destination_port_count || rule->source_port_count || rule->tcp_flags_mask;
}

/* Without sets, any class. A set without addresses of the family has none: then nothing matches. */
static struct classes classes_of(struct config *config, const uint16_t *sets, size_t count, bool ipv6)
{
	struct classes classes = {any_range, 1};
	struct config_range *all, *some;

	if (count == 0)
		return classes;
	all =
	    blocks_array(&config->blocks, count * (config->classes[ipv6].number_count / 2 + 1), sizeof(*all));
	classes = (struct classes){all, 0};
	for (size_t i = 0; i < count; i++) {
		size_t found = ranges_of_set(config, sets[i], ipv6, &some);

		memcpy(all + classes.count, some, found * sizeof(*all));
		classes.count += found;
	}
	return classes;
}

static struct product make_product(struct config *config, const struct config_rule *rule, bool ipv6,
				   const uint8_t *protocol)
{
	struct product p = {
	    .from = rule->from_count ? rule->from : no_number,
	    .to = rule->to_count ? rule->to : no_number,
	    .from_count = rule->from_count ? rule->from_count : 1,
	    .to_count = rule->to_count ? rule->to_count : 1,
	    .sources = rule->source_count ? rule->sources : &any_network[ipv6],
	    .source_count = rule->source_count ? rule->source_count : 1,
	    .destinations = rule->destination_count ? rule->destinations : &any_network[ipv6],
	    .destination_count = rule->destination_count ? rule->destination_count : 1,
	    .source_ports = rule->source_port_count ? rule->source_ports : any_range,
	    .source_port_count = rule->source_port_count ? rule->source_port_count : 1,
	    .dscps = rule->dscp_count ? rule->dscps : no_number,
	    .dscp_count = rule->dscp_count ? rule->dscp_count : 1,
	    .source_classes = classes_of(config, rule->source_sets, rule->source_set_count, ipv6),
	    .destination_classes =
		classes_of(config, rule->destination_sets, rule->destination_set_count, ipv6),
	    .common =
		{
		    .ipv6 = ipv6,
		    .protocol = protocol ? *protocol : 0,
		    .protocol_mask = protocol ? 0xff : 0,
		    .in_port_mask = rule->from_count ? 0xff : 0,
		    .out_port_mask = rule->to_count ? 0xff : 0,
		    .tcp_flags = rule->tcp_flags,
		    .tcp_flags_mask = rule->tcp_flags_mask,
		    .states = rule->states,
		    .dscp_mask = rule->dscp_count ? 0x3f : 0,
		},
	};

	set_types(&p, rule, p.common.protocol);
	if (p.destination_port_count == 0) {
		p.destination_ports = any_range;
		p.destination_port_count = 1;
	}
	return p;
}

static uint64_t saturating_product(const struct product *p)
{
	const size_t factors[] = {p->from_count,
				  p->to_count,
				  p->source_count,
				  p->destination_count,
				  p->source_port_count,
				  p->destination_port_count,
				  p->dscp_count,
				  p->source_classes.count,
				  p->destination_classes.count};
	uint64_t product = 1;

	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		if (__builtin_mul_overflow(product, factors[i], &product))
			return UINT64_MAX;
	return product;
}

static bool fits_family(const struct config_rule *rule, bool ipv6, const uint8_t *protocol)
{
	if (rule->source_count && rule->sources[0].address.ipv6 != ipv6)
		return false;
	if (rule->destination_count && rule->destinations[0].address.ipv6 != ipv6)
		return false;
	return !protocol || *protocol != (ipv6 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

/* Writes the conjunctions of a product: all combinations, the last list varying fastest. */
static void write_product(struct config *config, const struct product *p, uint32_t rule)
{
	size_t count = saturating_product(p);

	for (size_t i = 0; i < count; i++) {
		struct config_match *match = &config->matches[config->match_count++];
		size_t rest = i;

		*match = p->common;
		match->rule = rule;
		match->destination_port = p->destination_ports[rest % p->destination_port_count];
		rest /= p->destination_port_count;
		match->source_port = p->source_ports[rest % p->source_port_count];
		rest /= p->source_port_count;
		match->destination = p->destinations[rest % p->destination_count];
		rest /= p->destination_count;
		match->source = p->sources[rest % p->source_count];
		rest /= p->source_count;
		match->source_class = p->source_classes.ranges[rest % p->source_classes.count];
		rest /= p->source_classes.count;
		match->destination_class = p->destination_classes.ranges[rest % p->destination_classes.count];
		rest /= p->destination_classes.count;
		match->dscp = p->dscps[rest % p->dscp_count];
		rest /= p->dscp_count;
		match->out_port = p->to[rest % p->to_count];
		match->in_port = p->from[rest / p->to_count];
	}
}

/* Counts the conjunctions of a rule, or writes them as well. */
static uint64_t expand_rule(struct config *config, uint32_t number, bool write)
{
	const struct config_rule *rule = &config->rules[number];
	size_t protocols = rule->protocol_count ? rule->protocol_count : 1;
	uint64_t count = 0;

	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		for (size_t i = 0; i < protocols; i++) {
			const uint8_t *protocol = rule->protocol_count ? &rule->protocols[i] : NULL;
			struct product p;

			if (!fits_family(rule, ipv6, protocol))
				continue;
			p = make_product(config, rule, ipv6, protocol);
			if (__builtin_add_overflow(count, saturating_product(&p), &count))
				return UINT64_MAX;
			if (write)
				write_product(config, &p, number);
		}
	}
	return count;
}

void expand_rules(struct reader *r)
{
	struct config *config = r->config;
	uint64_t total = 0;

	for (size_t i = 0; i + 1 < config->rule_count; i++) {
		uint64_t count = expand_rule(config, (uint32_t)i, false);

		if (count > MATCHES_LIMIT - total) {
			diagnostics_error(
			    r->d, config->rules[i].place,
			    "with rule `%s` the firewall has more than %u combinations of list elements",
			    config->rules[i].name, MATCHES_LIMIT);
			diagnostics_hint(r->d,
					 "every list multiplies the others: use ranges and wider prefixes");
			return;
		}
		total += count;
	}
	config->matches = blocks_array(&config->blocks, total, sizeof(config->matches[0]));
	for (size_t i = 0; i + 1 < config->rule_count; i++)
		expand_rule(config, (uint32_t)i, true);
}
