/* SPDX-License-Identifier: Apache-2.0
 *
 * The model as C: what nf/appliance.h declares, rule_stats[], and the ELF note that carries the
 * configuration. The result is for people too: tables with comments, in the order of the configuration. Only
 * configured stages are called, so that link-time optimisation leaves the others out of the image.
 */
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "emit.h"
#include "nf/stats.h"
#include "print.h"

void emit_bytes(const uint8_t *bytes, size_t count, FILE *out)
{
	fputs("{ ", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s0x%02x", i ? ", " : "", bytes[i]);
	fputs(" }", out);
}

uint32_t host_order(const struct config_address *address)
{
	const uint8_t *bytes = address->bytes;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void emit_address(const struct config_address *address, FILE *out)
{
	if (address->ipv6)
		emit_bytes(address->bytes, 16, out);
	else
		fprintf(out, "0x%08x", host_order(address));
}

void emit_prefix(const struct config_prefix *prefix, FILE *out)
{
	fputs("{ ", out);
	emit_address(&prefix->address, out);
	fprintf(out, ", %u }", prefix->length);
}

static size_t emit_port_addresses(const struct config *config, size_t number, bool ipv6, FILE *out)
{
	const struct config_port *port = &config->ports[number];
	char text[ADDRESS_TEXT_MAX];
	size_t count = 0;

	fprintf(out, "static const struct %s_prefix port%zu_%s[] = {\n", ipv6 ? "ipv6" : "ipv4", number,
		ipv6 ? "ipv6" : "ipv4");
	for (size_t i = 0; i < port->address_count; i++) {
		const struct config_prefix *prefix = &port->addresses[i].prefix;

		if (prefix->address.ipv6 != ipv6)
			continue;
		fputc('\t', out);
		emit_prefix(prefix, out);
		fprintf(out, ", /* %s/%u */\n", address_format(&prefix->address, text), prefix->length);
		count++;
	}
	fputs("};\n", out);
	return count;
}

static void emit_ports(const struct config *config, FILE *out)
{
	size_t counts[256][2];

	fputs("/* Ports */\n\n", out);
	for (size_t i = 0; i < config->port_count; i++)
		for (int ipv6 = 0; ipv6 <= 1; ipv6++)
			counts[i][ipv6] = emit_port_addresses(config, i, ipv6, out);
	fputs("\nconst struct port_config port_configs[] = {\n", out);
	for (size_t i = 0; i < config->port_count; i++) {
		const struct config_port *port = &config->ports[i];

		fprintf(out, "\t[%zu] = {\n\t\t.name = \"%s\",\n\t\t.device = ", i, port->name);
		if (port->device == CONFIG_DEVICE_NONE)
			fputs("DEVICE_NONE", out);
		else
			fprintf(out, "%u", port->device);
		fprintf(out, ",\n\t\t.vlan = %u,\n", port->vlan);
		fprintf(out, "\t\t.mss = %u,\n\t\t.zone = %u,\n", port->mss, port->zone_number);
		fprintf(out, "\t\t.mtu = %u,\n\t\t.slot = %u,\n\t\t.mac_given = %s,\n\t\t.mac = ", port->mtu,
			port->slot, port->mac_given ? "true" : "false");
		emit_bytes(port->mac, 6, out);
		fprintf(out, ",\n\t\t.ipv4 = port%zu_ipv4,\n\t\t.ipv6 = port%zu_ipv6,\n", i, i);
		fprintf(out, "\t\t.ipv4_count = %zu,\n\t\t.ipv6_count = %zu,\n\t},\n", counts[i][0],
			counts[i][1]);
	}
	fprintf(out, "};\nconst uint16_t device_count = %zu, port_count = %zu;\n\n", config->device_count,
		config->port_count);
}

static void emit_neighbours(const struct config *config, FILE *out)
{
	size_t count = 0;

	fputs("const struct static_neighbour static_neighbours[] = {\n", out);
	for (size_t i = 0; i < config->port_count; i++) {
		for (size_t j = 0; j < config->ports[i].neighbour_count; j++, count++) {
			const struct config_neighbour *neighbour = &config->ports[i].neighbours[j];

			fprintf(out, "\t{ .port = %zu, .ipv6 = %s, .%s = ", i,
				neighbour->address.ipv6 ? "true" : "false",
				neighbour->address.ipv6 ? "ipv6_address" : "ipv4");
			emit_address(&neighbour->address, out);
			fputs(", .mac = ", out);
			emit_bytes(neighbour->mac, 6, out);
			fputs(" },\n", out);
		}
	}
	fprintf(out, "};\nconst uint32_t static_neighbour_count = %zu, neighbour_capacity = %u;\n\n", count,
		config->neighbour_capacity);
}

static void emit_route(const struct config_prefix *prefix, const struct config_address *gateway,
		       const char *kind, int port, FILE *out)
{
	char text[ADDRESS_TEXT_MAX];

	fputs("\t{ ", out);
	emit_prefix(prefix, out);
	fputs(", ", out);
	if (gateway)
		emit_address(gateway, out);
	else
		fputs(prefix->address.ipv6 ? "{ 0 }" : "0", out);
	fprintf(out, ", %s, ", kind);
	if (port < 0)
		fputs("PORT_NONE", out);
	else
		fprintf(out, "%d", port);
	fprintf(out, " }, /* %s */\n", prefix_format(prefix, text));
}

/* An address that is a network by itself has no neighbours, and the second address in a network adds no
 * route. */
static bool makes_route(const struct config_port *port, size_t index)
{
	struct config_prefix network = prefix_network(&port->addresses[index].prefix);

	for (size_t i = 0; i < index; i++) {
		struct config_prefix earlier = prefix_network(&port->addresses[i].prefix);

		if (prefix_compare(&earlier, &network) == 0)
			return false;
	}
	return network.length < address_bits(&network.address);
}

static size_t emit_port_routes(const struct config *config, bool ipv6, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < config->port_count; i++) {
		const struct config_port *port = &config->ports[i];

		for (size_t j = 0; j < port->address_count; j++) {
			struct config_prefix network = prefix_network(&port->addresses[j].prefix);

			if (network.address.ipv6 != ipv6 || !makes_route(port, j))
				continue;
			emit_route(&network, NULL, "ROUTE_CONNECTED", (int)i, out);
			count++;
		}
		for (size_t j = 0; j < port->gateway_count; j++) {
			const struct config_address *gateway = &port->gateways[j].prefix.address;
			struct config_prefix everything = {.address.ipv6 = ipv6};

			if (gateway->ipv6 != ipv6)
				continue;
			emit_route(&everything, gateway, "ROUTE_GATEWAY", (int)i, out);
			count++;
		}
	}
	return count;
}

static void emit_routes(const struct config *config, bool ipv6, FILE *out)
{
	static const char *const kinds[] = {
	    [CONFIG_ROUTE_GATEWAY] = "ROUTE_GATEWAY",
	    [CONFIG_ROUTE_BLACKHOLE] = "ROUTE_BLACKHOLE",
	    [CONFIG_ROUTE_UNREACHABLE] = "ROUTE_UNREACHABLE",
	    [CONFIG_ROUTE_TUNNEL] = "ROUTE_CONNECTED",
	};
	const char *family = ipv6 ? "ipv6" : "ipv4";
	size_t count;

	fprintf(out, "/* Prefix, gateway, kind, port */\nconst struct %s_route %s_routes[] = {\n", family,
		family);
	count = emit_port_routes(config, ipv6, out);
	for (size_t i = 0; i < config->route_count; i++) {
		const struct config_route *route = &config->routes[i];
		bool leads = route->kind == CONFIG_ROUTE_GATEWAY || route->kind == CONFIG_ROUTE_TUNNEL;
		bool tunnel = leads && config->ports[route->port].device == CONFIG_DEVICE_NONE;

		if (route->prefix.address.ipv6 != ipv6)
			continue;
		emit_route(&route->prefix, leads && !tunnel ? &route->via : NULL,
			   kinds[tunnel ? CONFIG_ROUTE_TUNNEL : route->kind], leads ? route->port : -1, out);
		count++;
	}
	fprintf(out, "};\nconst uint32_t %s_route_count = %zu;\n\n", family, count);
}

/* Whether the next packet of a flow may be judged otherwise. */
static bool looks_at_each(const struct config_rule *rule)
{
	return rule->action > CONFIG_REJECT || rule->tcp_flags_mask || rule->dscp_count || rule->rate.events;
}

static void emit_conditions(const struct config_rule *rule, FILE *out)
{
	if (rule->log)
		fputs(", .log = true", out);
	if (looks_at_each(rule))
		fputs(", .each = true", out);
	if (rule->rate.events)
		fprintf(out, ", .rate = { .interval_ns = %llu, .burst = %u, .per_source = %s }",
			rule->rate.seconds * 1000000000ull / rule->rate.events, rule->rate.burst,
			rule->rate.per_source ? "true" : "false");
	if (rule->connections)
		fprintf(out, ", .connections = %u", rule->connections);
}

static void emit_rules(const struct config *config, FILE *out)
{
	static const char *const actions[] = {
	    [CONFIG_ACCEPT] = "FIREWALL_ACCEPT", [CONFIG_DROP] = "FIREWALL_DROP",
	    [CONFIG_REJECT] = "FIREWALL_REJECT", [CONFIG_LOG] = "FIREWALL_LOG",
	    [CONFIG_COUNT] = "FIREWALL_COUNT",	 [CONFIG_LIMIT] = "FIREWALL_LIMIT",
	};

	fputs("/* Firewall rules; the last is the default */\n\nconst struct firewall_rule firewall_rules[] "
	      "= {\n",
	      out);
	for (size_t i = 0; i < config->rule_count; i++) {
		const struct config_rule *rule = &config->rules[i];

		if (rule->place.line) {
			fprintf(out, "\t/* line %u: ", rule->place.line);
			print_rule(config, rule, out);
			fputs(" */\n", out);
		}
		fprintf(out, "\t[%zu] = { .name = \"%s\", .action = %s", i, rule->name,
			actions[rule->action]);
		emit_conditions(rule, out);
		fputs(" },\n", out);
	}
	fprintf(out, "};\nconst uint32_t firewall_rule_count = %zu;\n", config->rule_count);
	fprintf(out, "__attribute__((section(\".weir.stats.rules\"))) struct rule_stats rule_stats[%zu];\n\n",
		config->rule_count);
}

/* A field with a mask, where it matters. */
static void emit_masked(const char *field, uint8_t value, uint8_t mask, FILE *out)
{
	if (mask)
		fprintf(out, ", .%s = 0x%02x, .%s_mask = 0x%02x", field, value, field, mask);
}

static void emit_range(const char *field, struct config_range range, FILE *out)
{
	fprintf(out, ", .%s_low = %u, .%s_high = %u", field, range.low, field, range.high);
}

static void emit_match(const struct config_match *match, FILE *out)
{
	fprintf(out, "\t{ { .rule = %u", match->rule);
	emit_masked("protocol", match->protocol, match->protocol_mask, out);
	emit_masked("in_port", match->in_port, match->in_port_mask, out);
	emit_masked("out_port", match->out_port, match->out_port_mask, out);
	emit_masked("tcp_flags", match->tcp_flags, match->tcp_flags_mask, out);
	emit_masked("dscp", match->dscp, match->dscp_mask, out);
	if (match->states)
		fprintf(out, ", .states = 0x%x", match->states);
	if (match->needs_l4)
		fputs(", .needs_l4 = true", out);
	emit_range("source_class", match->source_class, out);
	emit_range("destination_class", match->destination_class, out);
	emit_range("source_port", match->source_port, out);
	emit_range("destination_port", match->destination_port, out);
	fputs(" },\n\t  ", out);
	emit_prefix(&match->source, out);
	fputs(", ", out);
	emit_prefix(&match->destination, out);
	fputs(" },\n", out);
}

static void emit_matches(const struct config *config, bool ipv6, FILE *out)
{
	const char *family = ipv6 ? "ipv6" : "ipv4";
	size_t count = 0;

	fprintf(out, "/* What is looked at, source, destination */\nconst struct %s_match %s_matches[] = {\n",
		family, family);
	for (size_t i = 0; i < config->match_count; i++) {
		if (config->matches[i].ipv6 != ipv6)
			continue;
		emit_match(&config->matches[i], out);
		count++;
	}
	fprintf(out, "};\nconst uint32_t %s_match_count = %zu;\n\n", family, count);
}

/* Writes text as lines of an assembler directive within a C string: what has a meaning to either is escaped
 * twice. */
static void emit_note_text(const char *text, size_t length, FILE *out)
{
	bool at_start = true;

	for (size_t i = 0; i < length; i++) {
		if (at_start)
			fputs("\t\"\t.ascii \\\"", out);
		at_start = text[i] == '\n';
		if (text[i] == '"' || text[i] == '\\')
			fprintf(out, "\\\\\\%c", text[i]);
		else if (!at_start)
			fputc(text[i], out);
		if (at_start)
			fputs("\\\\n\\\"\\n\"\n", out);
	}
}

/* The note: sizes of name and body, type, name, body (System V ABI, "Note Section"), each padded to 4 bytes.
 */
static void emit_note(const struct config *config, FILE *out)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);

	if (!memory)
		abort();
	config_print(config, memory);
	fclose(memory);
	fprintf(
	    out,
	    "\n/* The configuration, for who looks into the image */\n\n"
	    "__asm__(\n\t\"\t.pushsection .note.weir.config, \\\"\\\", @note\\n\"\n\t\"\t.balign 4\\n\"\n");
	fprintf(out, "\t\"\t.long %zu, %zu, %d\\n\"\n", sizeof(WEIR_NOTE_NAME), length + 1, CONFIG_NOTE_TYPE);
	fprintf(out, "\t\"\t.asciz \\\"%s\\\"\\n\"\n\t\"\t.balign 4\\n\"\n", WEIR_NOTE_NAME);
	emit_note_text(text, length, out);
	fputs("\t\"\t.byte 0\\n\"\n\t\"\t.balign 4\\n\"\n\t\"\t.popsection\\n\");\n", out);
	free(text);
}

int config_emit_c(const struct config *config, FILE *out)
{
	fprintf(out, "/* The appliance %s, as weir compiled it from its configuration. */\n", config->name);
	emit_includes(out);
	fprintf(out, "const char appliance_name[] = \"%s\";\nconst uint32_t packet_buffers = %u;\n",
		config->name, config->buffers);
	fprintf(out, "const uint16_t log_lines_per_second = %u, icmp_errors_per_second = %u;\n\n",
		config->log_rate, config->icmp_error_rate);
	emit_flows(config, out);
	emit_nat(config, out);
	emit_ports(config, out);
	emit_neighbours(config, out);
	fputs("/* Routes */\n\n", out);
	emit_routes(config, false, out);
	emit_routes(config, true, out);
	emit_rules(config, out);
	emit_classes(config, out);
	emit_matches(config, false, out);
	emit_matches(config, true, out);
	emit_wireguard(config, out);
	emit_chain(config, out);
	emit_note(config, out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
