/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiled appliance as a picture in text: ports, the way of a packet, rules in their order (all of them:
 * a review needs each), routes.
 */
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "draw_nat.h"
#include "draw_table.h"
#include "draw_vpn.h"
#include "print.h"

enum { ROUTES_SHOWN = 100, STAGES_MAX = 8, DETAIL_MAX = 32 };

struct stage {
	const char *title;
	char detail[DETAIL_MAX];
};

/* Lines of a box, in UTF-8 and in ASCII. */
struct pen {
	const char *top_left, *top_right, *bottom_left, *bottom_right, *across, *down, *leave, *enter;
};

static const struct pen pens[2] = {
    {"+", "+", "+", "+", "-", "|", "|", "->"},
    {"┌", "┐", "└", "┘", "─", "│", "├", "─▶"},
};

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static size_t stage_width(const struct stage *stage)
{
	size_t title = strlen(stage->title), detail = strlen(stage->detail);

	return title > detail ? title : detail;
}

static void draw_edge(const struct stage *stages, size_t count, const char *left, const char *right,
		      const struct pen *pen, FILE *out)
{
	fputs("          ", out);
	for (size_t i = 0; i < count; i++) {
		fputs(left, out);
		for (size_t j = 0; j < stage_width(&stages[i]) + 2; j++)
			fputs(pen->across, out);
		fprintf(out, "%s%s", right, i + 1 < count ? "   " : "\n");
	}
}

static void draw_stages(const struct stage *stages, size_t count, bool utf8, FILE *out)
{
	const struct pen *pen = &pens[utf8];

	draw_edge(stages, count, pen->top_left, pen->top_right, pen, out);
	fprintf(out, "  ports %s", pen->enter);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s %-*s %s%s%s", pen->down, (int)stage_width(&stages[i]), stages[i].title,
			pen->leave, pen->across, pen->enter);
	fputs(" ports\n          ", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s %-*s %s%s", pen->down, (int)stage_width(&stages[i]), stages[i].detail,
			pen->down, i + 1 < count ? "   " : "\n");
	draw_edge(stages, count, pen->bottom_left, pen->bottom_right, pen, out);
}

static size_t count_routes(const struct config *config)
{
	size_t count = config->route_count;

	for (size_t i = 0; i < config->port_count; i++)
		count += config->ports[i].address_count + config->ports[i].gateway_count;
	return count;
}

static void add_stage(struct stage *stages, size_t *count, const char *title, size_t number, const char *of)
{
	struct stage *stage = &stages[(*count)++];

	stage->title = title;
	snprintf(stage->detail, DETAIL_MAX, "%zu %s%s", number, of, plural(number));
}

static void draw_chain(const struct config *config, bool utf8, FILE *out)
{
	struct stage stages[STAGES_MAX] = {{"input", "checks, ARP, ND"}};
	size_t count = 1, rules = config->rule_count - 1;
	size_t entries = config->nat_source_count + config->nat_forward_count + config->nat_static_count;

	if (config->has_vpn)
		add_stage(stages, &count, "open", config->tunnel_count, "tunnel");
	if (config->flows)
		add_stage(stages, &count, "flows", config->flows, "record");
	if (config->has_nat)
		add_stage(stages, &count, "NAT", entries, "rule");
	add_stage(stages, &count, "route lookup", count_routes(config), "route");
	if (config->has_firewall)
		add_stage(stages, &count, "firewall", rules, "rule");
	stages[count++] = (struct stage){"forward", "TTL, fragments"};
	if (config->has_vpn)
		add_stage(stages, &count, "seal", config->peer_count, "peer");
	draw_stages(stages, count, utf8, out);
	if (config->flows)
		fputs("  A packet whose flow has a record goes from there straight to forward.\n", out);
}

static void write_port(const struct config *config, const struct config_port *port, FILE *row)
{
	fprintf(row, "%s\t", port->name);
	if (port->device == CONFIG_DEVICE_NONE)
		write_tunnel_device(config, port, row);
	else if (port->vlan)
		fprintf(row, "VLAN %u on %s\t", port->vlan, config->ports[port->device].name);
	else if (port->mac_given)
		fputs("card by MAC\t", row);
	else
		fprintf(row, "card in slot %u\t", port->slot);
	if (port->device != CONFIG_DEVICE_NONE) {
		print_mac(port->mac, row);
		fputc('\t', row);
	}
	fprintf(row, "%u\t", port->mtu);
	for (size_t i = 0; i < port->address_count; i++) {
		const struct config_prefix *prefix = &port->addresses[i].prefix;
		char text[ADDRESS_TEXT_MAX];

		fprintf(row, "%s%s/%u", i ? ", " : "", address_format(&prefix->address, text),
			prefix->length);
	}
	fputs("\t\n", row);
}

/* DSCP and limits; `between` separates them from what stands before. */
static void write_conditions(const struct config_rule *rule, const char *between, FILE *row)
{
	if (rule->dscp_count) {
		fprintf(row, "%sDSCP ", between);
		print_dscps(rule, row);
		between = "; ";
	}
	if (rule->rate.events) {
		fprintf(row, "%sat most ", between);
		print_rate(&rule->rate, row);
		fputs(rule->rate.per_source ? " a source" : "", row);
		between = "; ";
	}
	if (rule->connections)
		fprintf(row, "%s%u connections a source", between, rule->connections);
}

/* What a rule looks at beyond protocol and addresses. */
static void write_details(const struct config_rule *rule, FILE *row)
{
	const char *between = "";

	if (rule->source_port_count) {
		fputs("from port ", row);
		print_ranges(rule->source_ports, rule->source_port_count, row);
		between = " ";
	}
	if (rule->destination_port_count) {
		fprintf(row, "%s%s", between, rule->source_port_count ? "to port " : "port ");
		print_ranges(rule->destination_ports, rule->destination_port_count, row);
		between = " ";
	}
	if (rule->tcp_flags_mask) {
		fputs(between, row);
		print_flags(rule, false, row);
		between = " ";
	}
	print_icmp(rule->icmp, rule->icmp_count, false, row);
	if (rule->icmp_count && rule->icmpv6_count)
		fputs(", v6: ", row);
	print_icmp(rule->icmpv6, rule->icmpv6_count, true, row);
	write_conditions(rule, rule->icmp_count || rule->icmpv6_count || *between ? "; " : "", row);
	fputc('\t', row);
}

static void write_rule(const struct config *config, const struct config_rule *rule, FILE *row)
{
	fprintf(row, "%s\t%s", rule->name, config_action_names[rule->action]);
	if (rule->states) {
		fputc(' ', row);
		print_states(rule->states, row);
	}
	fputs(rule->log && rule->action != CONFIG_LOG ? " + log\t" : "\t", row);
	print_port_names(config, rule->from, rule->from_count, row);
	fputs(rule->from_count ? "\t" : "any\t", row);
	print_port_names(config, rule->to, rule->to_count, row);
	fputs(rule->to_count ? "\t" : "any\t", row);
	print_protocols(rule, row);
	fputs(rule->protocol_count ? "\t" : "any\t", row);
	print_prefixes(rule->sources, rule->source_count, false, row);
	print_sets(config, rule->source_sets, rule->source_set_count, false, row);
	fputs(rule->source_count || rule->source_set_count ? "\t" : "any\t", row);
	print_prefixes(rule->destinations, rule->destination_count, false, row);
	print_sets(config, rule->destination_sets, rule->destination_set_count, false, row);
	fputs(rule->destination_count || rule->destination_set_count ? "\t" : "any\t", row);
	write_details(rule, row);
	fputc('\n', row);
}

static void write_port_routes(const struct config_port *port, FILE *row)
{
	char network[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < port->address_count; i++) {
		struct config_prefix prefix = prefix_network(&port->addresses[i].prefix);

		fprintf(row, "%s\tconnected\t%s\t\n", prefix_format(&prefix, network), port->name);
	}
	for (size_t i = 0; i < port->gateway_count; i++)
		fprintf(row, "default\tvia %s\t%s\t\n", prefix_format(&port->gateways[i].prefix, gateway),
			port->name);
}

static void write_route(const struct config *config, const struct config_route *route, FILE *row)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(row, "%s\t", prefix_format(&route->prefix, text));
	if (route->kind == CONFIG_ROUTE_GATEWAY)
		fprintf(row, "via %s\t%s\t\n", address_format(&route->via, text),
			config->ports[route->port].name);
	else if (route->kind == CONFIG_ROUTE_TUNNEL)
		fprintf(row, "%s\t%s\t\n", route->implied ? "allowed IPs" : "tunnel",
			config->ports[route->port].name);
	else
		fprintf(row, "%s\t\t\n", route->kind == CONFIG_ROUTE_BLACKHOLE ? "blackhole" : "unreachable");
}

static void write_ports(const struct config *config, FILE *rows)
{
	fputs("port\tdevice\tMAC address\tMTU\taddresses\t\n", rows);
	for (size_t i = 0; i < config->port_count; i++)
		write_port(config, &config->ports[i], rows);
}

static void write_rules(const struct config *config, FILE *rows)
{
	fputs("rule\taction\tfrom\tto\tprotocol\tsource\tdestination\tmore\t\n", rows);
	for (size_t i = 0; i < config->rule_count; i++)
		write_rule(config, &config->rules[i], rows);
}

static void write_routes(const struct config *config, FILE *rows)
{
	fputs("network\tway\tport\t\n", rows);
	for (size_t i = 0; i < config->port_count; i++)
		write_port_routes(&config->ports[i], rows);
	for (size_t i = 0; i < config->route_count && i < ROUTES_SHOWN; i++)
		write_route(config, &config->routes[i], rows);
	if (config->route_count > ROUTES_SHOWN)
		fprintf(rows, "... %zu more\t\n", config->route_count - ROUTES_SHOWN);
}

static void write_sets(const struct config *config, FILE *rows)
{
	fputs("set\tprefixes\t\n", rows);
	for (size_t i = 0; i < config->set_count; i++)
		fprintf(rows, "@%s\t%zu\t\n", config->sets[i].name, config->sets[i].prefix_count);
}

/* Each entry as it is written, without its brackets. */
static void write_translations(const struct config *config, FILE *rows)
{
	fputs("translation\twhat becomes of packets\t\n", rows);
	for (size_t i = 0; i < config->nat_static_count; i++)
		draw_static(config, &config->nat_statics[i], rows);
	for (size_t i = 0; i < config->nat_forward_count; i++)
		draw_forward(config, &config->nat_forwards[i], rows);
	for (size_t i = 0; i < config->nat_source_count; i++)
		draw_source(config, &config->nat_sources[i], rows);
}

static void draw_rows(const struct config *config, void (*write)(const struct config *, FILE *), bool utf8,
		      FILE *out)
{
	char *text = NULL;
	size_t length = 0;
	FILE *rows = open_memstream(&text, &length);

	if (!rows)
		abort();
	write(config, rows);
	fclose(rows);
	fputc('\n', out);
	draw_table(text, out, utf8);
	free(text);
}

void config_draw(const struct config *config, FILE *out, bool utf8)
{
	fprintf(out, "%s: %zu port%s, %llu MiB of memory%s, %u packet buffers\n\n", config->name,
		config->port_count, plural(config->port_count), (unsigned long long)(config->memory >> 20),
		config->memory_given ? "" : " (computed)", config->buffers);
	draw_chain(config, utf8, out);
	draw_rows(config, write_ports, utf8, out);
	if (config->set_count)
		draw_rows(config, write_sets, utf8, out);
	if (config->has_firewall)
		draw_rows(config, write_rules, utf8, out);
	if (config->has_nat)
		draw_rows(config, write_translations, utf8, out);
	if (config->has_vpn) {
		draw_rows(config, write_tunnels, utf8, out);
		if (config->peer_count)
			draw_rows(config, write_peers, utf8, out);
	}
	draw_rows(config, write_routes, utf8, out);
}
