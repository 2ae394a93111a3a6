/* SPDX-License-Identifier: Apache-2.0
 *
 * What NAT's entries must agree on with the ports and with each other.
 */
#include <string.h>
#include "address.h"
#include "value.h"
#include "stages.h"

static bool has_family(const struct config_port *port, bool ipv6)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].prefix.address.ipv6 == ipv6)
			return true;
	return false;
}

static void check_source(struct reader *r, const struct config_nat_source *source)
{
	const struct config_port *port = &r->config->ports[source->out_port];
	char text[ADDRESS_TEXT_MAX];

	if (source->kind == CONFIG_NAT_MASQUERADE && !has_family(port, source->ipv6)) {
		diagnostics_error(r->d, source->place, "`%s` has no %s address to translate to", port->name,
				  source->ipv6 ? "IPv6" : "IPv4");
		diagnostics_hint(r->d, "give the port one, or write `to: 192.0.2.64/28`");
	}
	if (source->kind == CONFIG_NAT_POOL && address_is_no_station(&source->to.address)) {
		diagnostics_error(r->d, source->place, "%s is no address that packets can come from",
				  prefix_format(&source->to, text));
		diagnostics_hint(r->d, "write addresses that are routed to this appliance");
	}
	if (source->arbitrary && source->kind != CONFIG_NAT_POOL) {
		diagnostics_error(r->d, source->place, "`pooling` without a pool");
		diagnostics_hint(r->d, "write `to: 192.0.2.64/28`, or leave `pooling` out");
	}
	if (source->kind != CONFIG_NAT_KEEP && source->ports.low == 0) {
		diagnostics_error(r->d, source->place, "port 0 can't be given to a flow");
		diagnostics_hint(r->d, "write `ports: 1024-65535`");
	}
	if (source->kind != CONFIG_NAT_KEEP && source->mapping != CONFIG_MAPPING_ENDPOINT_INDEPENDENT &&
	    source->filtering != CONFIG_FILTERING_ADDRESS_AND_PORT_DEPENDENT) {
		diagnostics_warning(r->d, source->place,
				    "`filtering: %s` lets nobody in where each flow has a mapping of its own",
				    nat_filtering_name(source->filtering));
		diagnostics_hint(r->d, "write `mapping: endpoint-independent`, or leave `filtering` out");
	}
}

/* Whether `earlier` takes all packets that `later` would. */
static bool source_covers(const struct config_nat_source *earlier, const struct config_nat_source *later)
{
	if (earlier->ipv6 != later->ipv6 || earlier->out_port != later->out_port ||
	    (earlier->protocol && earlier->protocol != later->protocol))
		return false;
	for (size_t i = 0; earlier->from_count && i < later->from_count; i++)
		if (!memchr(earlier->from, later->from[i], earlier->from_count))
			return false;
	if (earlier->from_count && !later->from_count)
		return false;
	return (!earlier->source.length || prefix_contains(&earlier->source, &later->source)) &&
	       (!earlier->destination.length || prefix_contains(&earlier->destination, &later->destination));
}

static void warn_of_covered_sources(struct reader *r)
{
	const struct config_nat_source *sources = r->config->nat_sources;

	for (size_t i = 1; i < r->config->nat_source_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!source_covers(&sources[j], &sources[i]))
				continue;
			diagnostics_warning(r->d, sources[i].place,
					    "`%s` is never reached: `%s` (line %u) takes all of it",
					    sources[i].name, sources[j].name, sources[j].place.line);
			diagnostics_hint(r->d, "move it before `%s`, or remove it", sources[j].name);
			break;
		}
	}
}

static void check_target(struct reader *r, const struct config_nat_forward *forward)
{
	char text[ADDRESS_TEXT_MAX];

	address_format(&forward->to, text);
	if (config_own_address(r->config, &forward->to)) {
		diagnostics_error(r->d, forward->place,
				  "%s is the appliance's own address, where nothing listens", text);
		diagnostics_hint(r->d, "name the station that offers the service");
	} else if (address_is_no_station(&forward->to)) {
		diagnostics_error(r->d, forward->place, "%s is no station's address", text);
		diagnostics_hint(r->d, "name the station that offers the service");
	}
	if (forward->any_address && !has_family(&r->config->ports[forward->port], forward->ipv6)) {
		diagnostics_error(r->d, forward->place, "`%s` has no %s address to listen on",
				  r->config->ports[forward->port].name, forward->ipv6 ? "IPv6" : "IPv4");
		diagnostics_hint(r->d, "say the address that packets come to: `address: 192.0.2.3`");
	}
}

static bool share_protocol(const struct config_nat_forward *a, const struct config_nat_forward *b)
{
	for (size_t i = 0; i < a->protocol_count; i++)
		if (memchr(b->protocols, a->protocols[i], b->protocol_count))
			return true;
	return false;
}

/* Whether some packet would meet both; the first takes it. */
static bool forwards_overlap(const struct config_nat_forward *a, const struct config_nat_forward *b)
{
	return a->ipv6 == b->ipv6 && a->port == b->port && share_protocol(a, b) && !a->source.length &&
	       a->listen.low <= b->listen.high && b->listen.low <= a->listen.high &&
	       (a->any_address || (!b->any_address && address_compare(&a->address, &b->address) == 0));
}

static void check_overlaps(struct reader *r)
{
	const struct config_nat_forward *forwards = r->config->nat_forwards;

	for (size_t i = 1; i < r->config->nat_forward_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!forwards_overlap(&forwards[j], &forwards[i]))
				continue;
			diagnostics_error(r->d, forwards[i].place, "the same ports are forwarded in line %u",
					  forwards[j].place.line);
			diagnostics_hint(r->d, "listen on other ports, or remove one of them");
			break;
		}
	}
}

static void check_static(struct reader *r, const struct config_nat_static *rule)
{
	const struct config *config = r->config;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < config->port_count; i++) {
		for (size_t j = 0; j < config->ports[i].address_count; j++) {
			const struct config_address *own = &config->ports[i].addresses[j].prefix.address;

			if (!prefix_contains_address(&rule->external, own))
				continue;
			diagnostics_error(r->d, rule->place, "%s is an address of the appliance itself",
					  address_format(own, text));
			diagnostics_hint(r->d,
					 "leave it out of `external`, or use `forward` for single ports");
			return;
		}
	}
}

/* Of two entries for one address the first takes all packets to it. */
static void check_statics_overlap(struct reader *r)
{
	const struct config_nat_static *statics = r->config->nat_statics;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 1; i < r->config->nat_static_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (statics[i].port != statics[j].port ||
			    !(prefix_contains(&statics[j].external, &statics[i].external) ||
			      prefix_contains(&statics[i].external, &statics[j].external)))
				continue;
			diagnostics_error(r->d, statics[i].place, "`external` overlaps %s in line %u",
					  prefix_format(&statics[j].external, text), statics[j].place.line);
			diagnostics_hint(
			    r->d, "an external address stands for one internal one: divide the prefixes");
			break;
		}
	}
}

/* 1:1 is asked before forwarding. */
static void warn_of_covered_forwards(struct reader *r)
{
	const struct config *config = r->config;

	for (size_t i = 0; i < config->nat_forward_count; i++) {
		const struct config_nat_forward *forward = &config->nat_forwards[i];

		for (size_t j = 0; !forward->any_address && j < config->nat_static_count; j++) {
			const struct config_nat_static *rule = &config->nat_statics[j];

			if (rule->port != forward->port ||
			    !prefix_contains_address(&rule->external, &forward->address))
				continue;
			diagnostics_warning(
			    r->d, forward->place,
			    "this is never reached: `one-to-one` in line %u takes all packets to its address",
			    rule->place.line);
			diagnostics_hint(r->d, "leave the address out of `external`, or remove the entry");
			break;
		}
	}
}

static bool has_destination(const struct config_rule *rule, const struct config_address *to)
{
	if (rule->destination_set_count || !rule->destination_count)
		return true; /* as to a set: perhaps */
	for (size_t i = 0; i < rule->destination_count; i++)
		if (prefix_contains_address(&rule->destinations[i], to))
			return true;
	return false;
}

/* Whether a rule is for some of the ports that packets are sent to. */
static bool has_port(const struct config_rule *rule, const struct config_nat_forward *forward)
{
	uint32_t low = forward->to_port ? forward->to_port : forward->listen.low;
	uint32_t high = low + forward->listen.high - forward->listen.low;

	for (size_t i = 0; i < rule->destination_port_count; i++)
		if (low <= rule->destination_ports[i].high && rule->destination_ports[i].low <= high)
			return true;
	return rule->destination_port_count == 0;
}

static bool has_protocol(const struct config_rule *rule, const struct config_nat_forward *forward)
{
	for (size_t i = 0; rule->protocol_count && i < forward->protocol_count; i++)
		if (memchr(rule->protocols, forward->protocols[i], rule->protocol_count))
			return true;
	return rule->protocol_count == 0;
}

/* Whether a rule could accept new flows that are forwarded. */
static bool may_accept(const struct config_rule *rule, const struct config_nat_forward *forward)
{
	bool self_only = rule->to_count == 1 && rule->to[0] == CONFIG_PORT_SELF;

	return rule->action == CONFIG_ACCEPT && (!rule->states || rule->states & CONFIG_NEW) && !self_only &&
	       (!rule->from_count || memchr(rule->from, forward->port, rule->from_count)) &&
	       has_protocol(rule, forward) && has_destination(rule, &forward->to) && has_port(rule, forward);
}

/* NAT only says where packets go; whether they may, the firewall says. */
static void warn_of_refused_forwards(struct reader *r)
{
	const struct config *config = r->config;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; config->has_firewall && i < config->nat_forward_count; i++) {
		const struct config_nat_forward *forward = &config->nat_forwards[i];
		bool accepted = false;

		for (size_t j = 0; j < config->rule_count; j++)
			accepted |= may_accept(&config->rules[j], forward);
		if (accepted)
			continue;
		address_format(&forward->to, text);
		diagnostics_warning(r->d, forward->place,
				    "no rule of the firewall accepts what is forwarded to %s", text);
		diagnostics_hint(r->d,
				 "add `{ accept: new, from: %s, destination: %s%s%s, ... }`: rules see the "
				 "destination as translated",
				 config->ports[forward->port].name, forward->ipv6 ? "\"" : "", text,
				 forward->ipv6 ? "\"" : "");
	}
}

void check_nat(struct reader *r)
{
	const struct config *config = r->config;

	for (size_t i = 0; i < config->nat_source_count; i++)
		check_source(r, &config->nat_sources[i]);
	for (size_t i = 0; i < config->nat_forward_count; i++)
		check_target(r, &config->nat_forwards[i]);
	for (size_t i = 0; i < config->nat_static_count; i++)
		check_static(r, &config->nat_statics[i]);
	check_overlaps(r);
	check_statics_overlap(r);
	warn_of_covered_forwards(r);
	warn_of_refused_forwards(r);
	warn_of_covered_sources(r);
}
