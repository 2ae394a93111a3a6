/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical text of a configuration: every key in one order, one line for each port, rule and route,
 * lists always in brackets. It compiles to the same model, and that prints as the same text.
 */
#include "address.h"
#include "print.h"
#include "stages.h"
#include "value.h"

const char *const config_action_names[] = {
    [CONFIG_ACCEPT] = "accept", [CONFIG_DROP] = "drop",	  [CONFIG_REJECT] = "reject",
    [CONFIG_LOG] = "log",	[CONFIG_COUNT] = "count", [CONFIG_LIMIT] = "limit",
};

static const char *separator(size_t index)
{
	return index ? ", " : "";
}

void print_mac(const uint8_t mac[6], FILE *out)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

void print_prefix(const struct config_prefix *prefix, bool quote, FILE *out)
{
	const char *mark = quote && prefix->address.ipv6 ? "\"" : "";
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "%s%s%s", mark, prefix_format(prefix, text), mark);
}

void print_address(const struct config_address *address, FILE *out)
{
	struct config_prefix prefix = {*address, (uint8_t)address_bits(address)};

	print_prefix(&prefix, true, out);
}

void print_prefixes(const struct config_prefix *prefixes, size_t count, bool quote, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		fputs(separator(i), out);
		print_prefix(&prefixes[i], quote, out);
	}
}

void print_port_names(const struct config *config, const uint8_t *ports, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", separator(i),
			ports[i] == CONFIG_PORT_SELF ? "self" : config->ports[ports[i]].name);
}

void print_protocols(const struct config_rule *rule, FILE *out)
{
	for (size_t i = 0; i < rule->protocol_count; i++) {
		const char *name = protocol_name(rule->protocols[i]);

		if (name)
			fprintf(out, "%s%s", separator(i), name);
		else
			fprintf(out, "%s%u", separator(i), rule->protocols[i]);
	}
}

void print_ranges(const struct config_range *ranges, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s%u", separator(i), ranges[i].low);
		if (ranges[i].high > ranges[i].low)
			fprintf(out, "-%u", ranges[i].high);
	}
}

void print_icmp(const struct config_range *types, size_t count, bool ipv6, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = icmp_name(types[i].low, types[i].high, ipv6);

		if (name)
			fprintf(out, "%s%s", separator(i), name);
		else
			fprintf(out, "%s%u", separator(i), types[i].low >> 8);
		if (types[i].low == types[i].high)
			fprintf(out, "/%u", types[i].low & 0xff);
	}
}

void print_flags(const struct config_rule *rule, bool quote, FILE *out)
{
	const char *mark = quote ? "\"" : "";
	size_t printed = 0;

	for (unsigned int bit = 0; bit < 8; bit++) {
		if (!(rule->tcp_flags_mask >> bit & 1))
			continue;
		fputs(separator(printed++), out);
		if (rule->tcp_flags >> bit & 1)
			fputs(tcp_flag_name(bit), out);
		else
			fprintf(out, "%s!%s%s", mark, tcp_flag_name(bit), mark);
	}
}

void print_whole_prefix(const struct config_prefix *prefix, FILE *out)
{
	const char *mark = prefix->address.ipv6 ? "\"" : "";
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "%s%s/%u%s", mark, address_format(&prefix->address, text), prefix->length, mark);
}

void print_states(uint8_t states, FILE *out)
{
	size_t printed = 0;

	if (!states)
		fputs("any", out);
	for (unsigned int bit = 0; state_name(bit); bit++)
		if (states >> bit & 1)
			fprintf(out, "%s%s", separator(printed++), state_name(bit));
}

void print_rate(const struct config_rate *rate, FILE *out)
{
	fprintf(out, "%u/%c", rate->events, rate->seconds == 1 ? 's' : rate->seconds == 60 ? 'm' : 'h');
}

void print_sets(const struct config *config, const uint16_t *sets, size_t count, bool quote, FILE *out)
{
	const char *mark = quote ? "\"" : "";

	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s@%s%s", separator(i), mark, config->sets[sets[i]].name, mark);
}

void print_dscps(const struct config_rule *rule, FILE *out)
{
	for (size_t i = 0; i < rule->dscp_count; i++) {
		const char *name = dscp_name(rule->dscps[i]);

		if (name)
			fprintf(out, "%s%s", separator(i), name);
		else
			fprintf(out, "%s%u", separator(i), rule->dscps[i]);
	}
}

void print_list_start(const char *key, FILE *out)
{
	fprintf(out, ", %s: [", key);
}

static void print_rule_addresses(const struct config *config, const struct config_rule *rule, FILE *out)
{
	if (rule->source_count || rule->source_set_count) {
		print_list_start("source", out);
		print_prefixes(rule->sources, rule->source_count, true, out);
		print_sets(config, rule->source_sets, rule->source_set_count, true, out);
		fputc(']', out);
	}
	if (rule->destination_count || rule->destination_set_count) {
		print_list_start("destination", out);
		print_prefixes(rule->destinations, rule->destination_count, true, out);
		print_sets(config, rule->destination_sets, rule->destination_set_count, true, out);
		fputc(']', out);
	}
}

/* A rule that limits has its rate beside it, any other one under `limit`. */
static void print_rule_limits(const struct config_rule *rule, FILE *out)
{
	const struct config_rate *rate = &rule->rate;
	bool apart = rule->action == CONFIG_LIMIT;

	if (rate->events) {
		fputs(apart ? ", rate: " : ", limit: { rate: ", out);
		print_rate(rate, out);
		fprintf(out, ", burst: %u, per: %s%s", rate->burst, rate->per_source ? "source" : "rule",
			apart ? "" : " }");
	}
	if (rule->connections)
		fprintf(out, ", connections: %u", rule->connections);
}

static void print_rule_transport(const struct config_rule *rule, FILE *out)
{
	if (rule->destination_port_count) {
		print_list_start("port", out);
		print_ranges(rule->destination_ports, rule->destination_port_count, out);
		fputc(']', out);
	}
	if (rule->source_port_count) {
		print_list_start("source-port", out);
		print_ranges(rule->source_ports, rule->source_port_count, out);
		fputc(']', out);
	}
	if (rule->icmp_count) {
		print_list_start("icmp", out);
		print_icmp(rule->icmp, rule->icmp_count, false, out);
		fputc(']', out);
	}
	if (rule->icmpv6_count) {
		print_list_start("icmpv6", out);
		print_icmp(rule->icmpv6, rule->icmpv6_count, true, out);
		fputc(']', out);
	}
	if (rule->tcp_flags_mask) {
		print_list_start("flags", out);
		print_flags(rule, true, out);
		fputc(']', out);
	}
	if (rule->dscp_count) {
		print_list_start("dscp", out);
		print_dscps(rule, out);
		fputc(']', out);
	}
}

void print_rule(const struct config *config, const struct config_rule *rule, FILE *out)
{
	fprintf(out, rule->states ? "{ %s: [" : "{ %s: ", config_action_names[rule->action]);
	print_states(rule->states, out);
	fputs(rule->states ? "]" : "", out);
	if (rule->from_count) {
		print_list_start("from", out);
		print_port_names(config, rule->from, rule->from_count, out);
		fputc(']', out);
	}
	if (rule->to_count) {
		print_list_start("to", out);
		print_port_names(config, rule->to, rule->to_count, out);
		fputc(']', out);
	}
	if (rule->protocol_count) {
		print_list_start("proto", out);
		print_protocols(rule, out);
		fputc(']', out);
	}
	print_rule_addresses(config, rule, out);
	print_rule_transport(rule, out);
	print_rule_limits(rule, out);
	if (rule->log && rule->action != CONFIG_LOG)
		fputs(", log: true", out);
	if (rule->name_given)
		fprintf(out, ", name: %s", rule->name);
	fputs(" }", out);
}

static void print_neighbours(const struct config_port *port, FILE *out)
{
	if (port->neighbour_count == 0)
		return;
	fputs(", neighbours: { ", out);
	for (size_t i = 0; i < port->neighbour_count; i++) {
		fputs(separator(i), out);
		print_address(&port->neighbours[i].address, out);
		fputs(": \"", out);
		print_mac(port->neighbours[i].mac, out);
		fputc('"', out);
	}
	fputs(" }", out);
}

static void print_gateways(const struct config_port *port, FILE *out)
{
	if (port->gateway_count == 0)
		return;
	print_list_start("gateway", out);
	for (size_t i = 0; i < port->gateway_count; i++) {
		fputs(separator(i), out);
		print_address(&port->gateways[i].prefix.address, out);
	}
	fputc(']', out);
}

static void print_port(const struct config *config, const struct config_port *port, FILE *out)
{
	fprintf(out, "  %s: { ", port->name);
	if (port->vlan)
		fprintf(out, "on: %s, vlan: %u, ", config->ports[port->device].name, port->vlan);
	else if (!port->mac_given)
		fprintf(out, "slot: %u, ", port->slot);
	if (port->mac_given) {
		fputs("mac: \"", out);
		print_mac(port->mac, out);
		fputs("\", ", out);
	}
	fprintf(out, "mtu: %u", port->mtu);
	if (port->mss)
		fprintf(out, ", mss: %u", port->mss);
	if (*port->zone)
		fprintf(out, ", zone: %s", port->zone);
	if (port->address_count)
		print_list_start("addresses", out);
	for (size_t i = 0; i < port->address_count; i++) {
		fputs(separator(i), out);
		print_whole_prefix(&port->addresses[i].prefix, out);
	}
	if (port->address_count)
		fputc(']', out);
	print_gateways(port, out);
	print_neighbours(port, out);
	fputs(" }\n", out);
}

static void print_route(const struct config *config, const struct config_route *route, FILE *out)
{
	if (route->implied)
		return;
	fputs("    - { to: ", out);
	print_whole_prefix(&route->prefix, out);
	if (route->kind == CONFIG_ROUTE_GATEWAY) {
		fputs(", via: ", out);
		print_address(&route->via, out);
	} else if (route->kind == CONFIG_ROUTE_TUNNEL) {
		fprintf(out, ", port: %s", config->ports[route->port].name);
	} else {
		fprintf(out, ", kind: %s",
			route->kind == CONFIG_ROUTE_BLACKHOLE ? "blackhole" : "unreachable");
	}
	fputs(" }\n", out);
}

static void print_set_definitions(const struct config *config, FILE *out)
{
	if (config->set_count)
		fputs("  sets:\n", out);
	for (size_t i = 0; i < config->set_count; i++) {
		const struct config_set *set = &config->sets[i];

		fprintf(out, "    %s: [", set->name);
		print_prefixes(set->prefixes, set->prefix_count, true, out);
		fputs("]\n", out);
	}
}

static void print_firewall(const struct config *config, FILE *out)
{
	size_t rules = config->rule_count - 1;

	fprintf(out, "firewall:\n  default: %s\n", config_action_names[config->rules[rules].action]);
	if (config->sources != DEFAULT_SOURCES)
		fprintf(out, "  sources: %u\n", config->sources);
	print_set_definitions(config, out);
	if (rules)
		fputs("  rules:\n", out);
	for (size_t i = 0; i < rules; i++) {
		fputs("    - ", out);
		print_rule(config, &config->rules[i], out);
		fputc('\n', out);
	}
}

static bool has_written_routes(const struct config *config)
{
	for (size_t i = 0; i < config->route_count; i++)
		if (!config->routes[i].implied)
			return true;
	return false;
}

void config_print(const struct config *config, FILE *out)
{
	fprintf(out, "name: %s\n", config->name);
	if (config->memory_given)
		fprintf(out, "memory: %lluM\n", (unsigned long long)(config->memory >> 20));
	fprintf(out, "buffers: %u\nlog: %u/s\nports:\n", config->buffers, config->log_rate);
	for (size_t i = 0; i < config->port_count - config->tunnel_count; i++)
		print_port(config, &config->ports[i], out);
	print_flows(config, out);
	fprintf(out, "chain: [%s%srouter%s]\n", config->has_firewall ? "firewall, " : "",
		config->has_nat ? "nat, " : "", config->has_vpn ? ", vpn" : "");
	if (config->has_firewall)
		print_firewall(config, out);
	if (config->has_nat)
		print_nat(config, out);
	if (config->has_vpn)
		print_vpn(config, out);
	fprintf(out, "router:\n  neighbours: %u\n  icmp-errors: %u/s\n", config->neighbour_capacity,
		config->icmp_error_rate);
	if (has_written_routes(config))
		fputs("  routes:\n", out);
	for (size_t i = 0; i < config->route_count; i++)
		print_route(config, &config->routes[i], out);
}
