/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir inspect` says to a person; see inspect.h.
 */
#include <string.h>

#include "command.h"
#include "config/address.h"
#include "config/print.h"
#include "inspect.h"

static void print_title(const char *title, FILE *out)
{
	fprintf(out, "\n%s%s%s\n", colour(out, COLOUR_BOLD), title, colour(out, COLOUR_PLAIN));
}

static void print_ways(const struct anatomy *anatomy, FILE *out)
{
	fputs("  starts by      ", out);
	if (anatomy->pvh)
		fputs("PVH, ", out);
	if (anatomy->multiboot2)
		fputs("multiboot2, ", out);
	fputs(anatomy->linux64 ? "64-bit Linux entry, as a process\n" : "nothing that is known\n", out);
}

static void print_functions(const struct config *config, FILE *out)
{
	const char *names[FUNCTIONS_MAX];
	size_t count = inspect_functions(config, names);

	fputs("  chain          ", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? " > " : "", names[i]);
	if (config->has_firewall)
		fprintf(out, "; %zu rules", config->rule_count);
	if (config->flows)
		fprintf(out, "; %u flows", config->flows);
	fprintf(out, "; %zu routes\n", config->route_count);
}

static void print_facts(const struct inspection *inspection, FILE *out)
{
	const struct config *config = inspection->image->config;

	fprintf(out, "%s%s%s\n", colour(out, COLOUR_BOLD), config->name, colour(out, COLOUR_PLAIN));
	fprintf(out, "  file           %s, %zu bytes\n", inspection->image->path, inspection->image->size);
	fprintf(out, "  SHA-256        %s\n", inspection->hash);
	fprintf(out, "  configuration  %s\n", inspection->configuration);
	fprintf(out, "  Weir's sources %s\n",
		*inspection->origin.sources ? inspection->origin.sources : "not said");
	print_ways(&inspection->anatomy, out);
	fprintf(out, "  memory         %llu MiB, %.1f of them the image itself; %u packet buffers\n",
		(unsigned long long)(config->memory >> 20), (double)inspection->anatomy.memory / (1 << 20),
		config->buffers);
	print_functions(config, out);
}

static void print_place(const struct config *config, const struct config_port *port, FILE *out)
{
	if (port->device == CONFIG_DEVICE_NONE) {
		fprintf(out, "%-18s", "tunnel");
	} else if (port->vlan) {
		fprintf(out, "VLAN %-4u on %-6s", port->vlan, config->ports[port->device].name);
	} else if (port->mac_given) {
		print_mac(port->mac, out);
		fputc(' ', out);
	} else {
		fprintf(out, "card %-13u", port->slot);
	}
}

static void print_ports(const struct config *config, FILE *out)
{
	print_title("Ports", out);
	for (size_t i = 0; i < config->port_count; i++) {
		const struct config_port *port = &config->ports[i];

		fprintf(out, "  %-15s ", port->name);
		print_place(config, port, out);
		fprintf(out, " MTU %-5u", port->mtu);
		for (size_t j = 0; j < port->address_count; j++) {
			char text[ADDRESS_TEXT_MAX];

			fprintf(out, " %s/%u", address_format(&port->addresses[j].prefix.address, text),
				port->addresses[j].prefix.length);
		}
		fputc('\n', out);
	}
}

static void print_sizes(const struct inspection *inspection, FILE *out)
{
	print_title("Bytes of the file", out);
	for (enum image_part part = 0; part < PARTS; part++)
		fprintf(out, "  %-15s %10llu\n", image_part_names[part],
			(unsigned long long)inspection->anatomy.bytes[part]);
}

static const char *or_unknown(const char *text)
{
	return text && strcmp(text, "NOASSERTION") != 0 ? text : "unknown";
}

static void print_packages(const struct origin *origin, enum origin_role role, FILE *out)
{
	for (size_t i = 0; i < origin->package_count; i++) {
		const struct origin_package *package = &origin->packages[i];

		if (package->role != role)
			continue;
		fprintf(out, "  %-26s %-24.24s ", package->name, or_unknown(package->version));
		if (role == ORIGIN_LINKED)
			fprintf(out, "%10llu  ", (unsigned long long)package->bytes);
		fprintf(out, "%s\n", or_unknown(package->licence));
	}
}

static void print_origin(const struct origin *origin, FILE *out)
{
	if (!origin->sbom) {
		fputs("\nIt carries no SBOM.\n", out);
		return;
	}
	print_title("Linked in: package, version, bytes, licence", out);
	print_packages(origin, ORIGIN_LINKED, out);
	print_title("Built with", out);
	print_packages(origin, ORIGIN_TOOL, out);
}

void inspect_print(const struct inspection *inspection, FILE *out)
{
	print_facts(inspection, out);
	print_ports(inspection->image->config, out);
	print_sizes(inspection, out);
	print_origin(&inspection->origin, out);
}
