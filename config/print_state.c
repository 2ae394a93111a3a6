/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical text of what an appliance remembers: flows and translations.
 */
#include "address.h"
#include "print.h"
#include "value.h"

static void print_timeouts(const struct config *config, FILE *out)
{
	const char *before = ", timeouts: { ";

	for (enum flow_timeout i = FLOW_TIMEOUT_NONE + 1; i < FLOW_TIMEOUT_COUNT; i++) {
		if (config->timeouts[i] == timeout_default(i))
			continue;
		fprintf(out, "%s%s: %us", before, timeout_name(i), config->timeouts[i]);
		before = ", ";
	}
	if (*before == ',' && before[2] == '\0')
		fputs(" }", out);
}

void print_flows(const struct config *config, FILE *out)
{
	if (config->flows == 0)
		return;
	fprintf(out, "flows: { table: %u", config->flows);
	if (config->loose)
		fputs(", loose: true", out);
	print_timeouts(config, out);
	fputs(" }\n", out);
}

static void print_any_prefix(const char *key, const struct config_prefix *prefix, FILE *out)
{
	if (prefix->length == 0)
		return;
	fprintf(out, ", %s: ", key);
	print_prefix(prefix, true, out);
}

static void print_protocol(uint8_t protocol, FILE *out)
{
	const char *name = protocol_name(protocol);

	if (name)
		fputs(name, out);
	else
		fprintf(out, "%u", protocol);
}

void print_nat_source(const struct config *config, const struct config_nat_source *source, FILE *out)
{
	fprintf(out, "{ out: %s", config->ports[source->out_port].name);
	if (source->from_count) {
		print_list_start("from", out);
		print_port_names(config, source->from, source->from_count, out);
		fputc(']', out);
	}
	if (source->protocol) {
		fputs(", proto: ", out);
		print_protocol(source->protocol, out);
	}
	print_any_prefix("source", &source->source, out);
	print_any_prefix("destination", &source->destination, out);
	print_any_prefix("to", &source->to, out);
	if (source->arbitrary)
		fputs(", pooling: arbitrary", out);
	if (source->kind == CONFIG_NAT_MASQUERADE)
		fputs(", to: port", out);
	if (source->kind == CONFIG_NAT_KEEP) {
		fputs(", keep: true", out);
	} else {
		fputs(", ports: ", out);
		print_ranges(&source->ports, 1, out);
		fprintf(out, ", mapping: %s, filtering: %s", nat_mapping_name(source->mapping),
			nat_filtering_name(source->filtering));
	}
	if (source->name_given)
		fprintf(out, ", name: %s", source->name);
	fputs(" }", out);
}

void print_nat_forward(const struct config *config, const struct config_nat_forward *forward, FILE *out)
{
	const char *left = forward->ipv6 ? "[" : "", *right = forward->ipv6 ? "]" : "";
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "{ port: %s", config->ports[forward->port].name);
	print_list_start("proto", out);
	for (size_t i = 0; i < forward->protocol_count; i++) {
		fputs(i ? ", " : "", out);
		print_protocol(forward->protocols[i], out);
	}
	fputc(']', out);
	if (forward->listen.low != 0 || forward->listen.high != UINT16_MAX) {
		fputs(", listen: ", out);
		print_ranges(&forward->listen, 1, out);
	}
	if (!forward->any_address) {
		fputs(", address: ", out);
		print_address(&forward->address, out);
	}
	print_any_prefix("source", &forward->source, out);
	address_format(&forward->to, text);
	if (forward->to_port)
		fprintf(out, ", to: \"%s%s%s:%u\"", left, text, right, forward->to_port);
	else
		fprintf(out, ", to: \"%s\"", text);
	if (forward->name_given)
		fprintf(out, ", name: %s", forward->name);
	fputs(" }", out);
}

void print_nat_static(const struct config *config, const struct config_nat_static *rule, FILE *out)
{
	fprintf(out, "{ port: %s, external: ", config->ports[rule->port].name);
	print_prefix(&rule->external, true, out);
	fputs(", internal: ", out);
	print_prefix(&rule->internal, true, out);
	if (rule->name_given)
		fprintf(out, ", name: %s", rule->name);
	fputs(" }", out);
}

static void print_masquerades(const struct config *config, bool ipv6, FILE *out)
{
	const char *before = ipv6 ? "  masquerade6: [" : "  masquerade: [";
	bool any = false;

	for (size_t i = 0; i < config->nat_source_count; i++) {
		const struct config_nat_source *source = &config->nat_sources[i];

		if (!source->short_form || source->ipv6 != ipv6)
			continue;
		fprintf(out, "%s%s", before, config->ports[source->out_port].name);
		before = ", ";
		any = true;
	}
	fputs(any ? "]\n" : "", out);
}

static void print_sources(const struct config *config, FILE *out)
{
	const char *before = "  source:\n";

	for (size_t i = 0; i < config->nat_source_count; i++) {
		if (config->nat_sources[i].short_form)
			continue;
		fprintf(out, "%s    - ", before);
		print_nat_source(config, &config->nat_sources[i], out);
		fputc('\n', out);
		before = "";
	}
}

void print_nat(const struct config *config, FILE *out)
{
	fprintf(out, "nat:\n  mapping: %s\n  filtering: %s\n  hairpin: %s\n",
		nat_mapping_name(config->nat_mapping), nat_filtering_name(config->nat_filtering),
		config->nat_hairpin ? "true" : "false");
	print_sources(config, out);
	print_masquerades(config, false, out);
	print_masquerades(config, true, out);
	for (size_t i = 0; i < config->nat_forward_count; i++) {
		fputs(i ? "    - " : "  forward:\n    - ", out);
		print_nat_forward(config, &config->nat_forwards[i], out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < config->nat_static_count; i++) {
		fputs(i ? "    - " : "  one-to-one:\n    - ", out);
		print_nat_static(config, &config->nat_statics[i], out);
		fputc('\n', out);
	}
}
