/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets, flows and translations as C; see emit.h.
 */
#include "address.h"
#include "emit.h"
#include "stages.h"

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void emit_classes_of(const struct config_classes *classes, bool ipv6, FILE *out)
{
	const char *family = ipv6 ? "ipv6" : "ipv4";

	fprintf(out, "const struct %s_class %s_classes[] = {\n", family, family);
	for (size_t i = 0; i < classes->class_count; i++) {
		fputs("\t{ ", out);
		emit_address(&classes->classes[i].first, out);
		fprintf(out, ", %u },\n", classes->classes[i].number);
	}
	fprintf(out, "};\nconst uint32_t %s_class_count = %zu;\n\n", family, classes->class_count);
}

static bool judges_invalid(const struct config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (config->rules[i].states & CONFIG_INVALID)
			return true;
	return false;
}

void emit_classes(const struct config *config, FILE *out)
{
	if (config->set_count)
		fputs("/* Named sets: which class of addresses begins where */\n\n", out);
	emit_classes_of(&config->classes[0], false, out);
	emit_classes_of(&config->classes[1], true, out);
	fprintf(out, "const bool firewall_judges_invalid = %s;\nconst uint32_t firewall_sources = %u;\n\n",
		truth(judges_invalid(config)), limits_sources(config) ? config->sources : 0);
}

void emit_flows(const struct config *config, FILE *out)
{
	fprintf(out, "/* Flows */\n\nconst uint32_t flow_capacity = %u;\nconst bool flow_loose = %s;\n",
		config->flows, truth(config->loose));
	fputs("const uint32_t flow_timeouts_s[] = { ", out);
	for (int i = 0; i < FLOW_TIMEOUT_COUNT; i++)
		fprintf(out, "%s%u", i ? ", " : "", config->timeouts[i]);
	fputs(" };\n\n", out);
}

/* A union nat_address. */
static void emit_union(const struct config_address *address, FILE *out)
{
	fprintf(out, "{ .%s = ", address->ipv6 ? "ipv6" : "ipv4");
	emit_address(address, out);
	fputs(" }", out);
}

static void emit_nat_prefix(const char *field, const struct config_prefix *prefix, FILE *out)
{
	if (prefix->length == 0)
		return;
	fprintf(out, ", .%s = { ", field);
	emit_union(&prefix->address, out);
	fprintf(out, ", %u }", prefix->length);
}

/* The field of an address that may be left out. */
static void emit_nat_address(const char *field, const struct config_address *address, FILE *out)
{
	fprintf(out, ", .%s = ", field);
	emit_union(address, out);
}

static const char *const kinds[] = {
    [CONFIG_NAT_KEEP] = "NAT_SOURCE_KEEP",
    [CONFIG_NAT_MASQUERADE] = "NAT_SOURCE_MASQUERADE",
    [CONFIG_NAT_POOL] = "NAT_SOURCE_POOL",
};

static void emit_source(const struct config_nat_source *source, int in_port, FILE *out)
{
	struct config_address last = prefix_last(&source->to);

	fprintf(out, "\t{ .name = \"%s\", .kind = %s, .ipv6 = %s, .out_port = %u", source->name,
		kinds[source->kind], truth(source->ipv6), source->out_port);
	if (in_port < 0)
		fputs(", .in_port = PORT_NONE", out);
	else
		fprintf(out, ", .in_port = %d", in_port);
	fprintf(out, ", .protocol = %u", source->protocol);
	emit_nat_prefix("source", &source->source, out);
	emit_nat_prefix("destination", &source->destination, out);
	if (source->kind == CONFIG_NAT_POOL) {
		emit_nat_address("first", &source->to.address, out);
		emit_nat_address("last", &last, out);
		fprintf(out, ", .arbitrary = %s", truth(source->arbitrary));
	}
	fprintf(out, ", .port_low = %u, .port_high = %u, .mapping = %d, .filtering = %d },\n",
		source->ports.low, source->ports.high, source->mapping, source->filtering);
}

/* One for each port of arrival that the entry names. */
static size_t emit_sources(const struct config *config, FILE *out)
{
	size_t count = 0;

	fputs("const struct nat_source_rule nat_source_rules[] = {\n", out);
	for (size_t i = 0; i < config->nat_source_count; i++) {
		const struct config_nat_source *source = &config->nat_sources[i];

		if (source->from_count == 0)
			emit_source(source, -1, out);
		for (size_t j = 0; j < source->from_count; j++)
			emit_source(source, source->from[j], out);
		count += source->from_count ? source->from_count : 1;
	}
	fputs("};\n", out);
	return count;
}

static void emit_forward(const struct config_nat_forward *forward, uint8_t protocol, FILE *out)
{
	fprintf(out, "\t{ .name = \"%s\", .ipv6 = %s, .in_port = %u, .protocol = %u, .any_address = %s",
		forward->name, truth(forward->ipv6), forward->port, protocol, truth(forward->any_address));
	if (!forward->any_address)
		emit_nat_address("address", &forward->address, out);
	emit_nat_prefix("source", &forward->source, out);
	fprintf(out, ", .port_low = %u, .port_high = %u", forward->listen.low, forward->listen.high);
	emit_nat_address("to", &forward->to, out);
	fprintf(out, ", .to_port = %u },\n", forward->to_port);
}

static size_t emit_forwards(const struct config *config, FILE *out)
{
	size_t count = 0;

	fputs("const struct nat_destination_rule nat_destination_rules[] = {\n", out);
	for (size_t i = 0; i < config->nat_forward_count; i++)
		for (size_t j = 0; j < config->nat_forwards[i].protocol_count; j++, count++)
			emit_forward(&config->nat_forwards[i], config->nat_forwards[i].protocols[j], out);
	fputs("};\n", out);
	return count;
}

static void emit_statics(const struct config *config, FILE *out)
{
	fputs("const struct nat_static_rule nat_static_rules[] = {\n", out);
	for (size_t i = 0; i < config->nat_static_count; i++) {
		const struct config_nat_static *rule = &config->nat_statics[i];

		fprintf(out, "\t{ .name = \"%s\", .ipv6 = %s, .port = %u", rule->name,
			truth(rule->external.address.ipv6), rule->port);
		emit_nat_prefix("external", &rule->external, out);
		emit_nat_prefix("internal", &rule->internal, out);
		fputs(" },\n", out);
	}
	fputs("};\n", out);
}

void emit_nat(const struct config *config, FILE *out)
{
	size_t sources, forwards;

	fprintf(out, "/* Translation */\n\nconst bool nat_configured = %s, nat_hairpin = %s;\n",
		truth(config->has_nat), truth(config->nat_hairpin));
	sources = emit_sources(config, out);
	forwards = emit_forwards(config, out);
	emit_statics(config, out);
	fprintf(out,
		"const uint32_t nat_source_rule_count = %zu, nat_destination_rule_count = %zu, "
		"nat_static_rule_count = %zu;\n\n",
		sources, forwards, config->nat_static_count);
}
