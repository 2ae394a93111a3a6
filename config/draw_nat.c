/* SPDX-License-Identifier: Apache-2.0
 *
 * Translations in words; see draw_nat.h.
 */
#include "address.h"
#include "draw_nat.h"
#include "print.h"
#include "value.h"

static void write_source_match(const struct config *config, const struct config_nat_source *source, FILE *row)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(row, "%s%s",
		source->protocol ? protocol_name(source->protocol) ? protocol_name(source->protocol) : "?"
				 : "",
		source->protocol ? " " : "");
	fprintf(row, "from %s",
		source->source.length ? prefix_format(&source->source, text)
		: source->ipv6	      ? "any IPv6 address"
				      : "any IPv4 address");
	if (source->from_count) {
		fputs(" on ", row);
		print_port_names(config, source->from, source->from_count, row);
	}
	fprintf(row, " out of %s", config->ports[source->out_port].name);
	if (source->destination.length)
		fprintf(row, " to %s", prefix_format(&source->destination, text));
}

void draw_source(const struct config *config, const struct config_nat_source *source, FILE *row)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(row, "%s\t", source->name);
	write_source_match(config, source, row);
	if (source->kind == CONFIG_NAT_KEEP) {
		fputs(" keeps its source\t\n", row);
		return;
	}
	fprintf(row, " gets the source %s%s, ports ",
		source->kind == CONFIG_NAT_MASQUERADE ? "of that port" : prefix_format(&source->to, text),
		source->arbitrary ? ", pooling arbitrary" : "");
	print_ranges(&source->ports, 1, row);
	fprintf(row, ", mapping %s, filtering %s\t\n", nat_mapping_name(source->mapping),
		nat_filtering_name(source->filtering));
}

static void write_protocols(const struct config_nat_forward *forward, FILE *row)
{
	for (size_t i = 0; i < forward->protocol_count; i++) {
		const char *name = protocol_name(forward->protocols[i]);

		if (name)
			fprintf(row, "%s%s", i ? ", " : "", name);
		else
			fprintf(row, "%sprotocol %u", i ? ", " : "", forward->protocols[i]);
	}
}

void draw_forward(const struct config *config, const struct config_nat_forward *forward, FILE *row)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(row, "%s\t", forward->name);
	write_protocols(forward, row);
	if (forward->any_address)
		fprintf(row, " to %s", config->ports[forward->port].name);
	else
		fprintf(row, " to %s", address_format(&forward->address, text));
	if (forward->listen.low != 0 || forward->listen.high != UINT16_MAX) {
		fputs(" port ", row);
		print_ranges(&forward->listen, 1, row);
	}
	if (forward->source.length)
		fprintf(row, " from %s", prefix_format(&forward->source, text));
	fprintf(row, " goes to %s", address_format(&forward->to, text));
	if (forward->to_port)
		fprintf(row, " port %u", forward->to_port);
	fputs("\t\n", row);
}

void draw_static(const struct config *config, const struct config_nat_static *rule, FILE *row)
{
	char external[ADDRESS_TEXT_MAX], internal[ADDRESS_TEXT_MAX];

	fprintf(row, "%s\t%s on %s stands for %s\t\n", rule->name, prefix_format(&rule->external, external),
		config->ports[rule->port].name, prefix_format(&rule->internal, internal));
}
