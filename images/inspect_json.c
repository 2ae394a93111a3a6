/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir inspect --json` says; see inspect.h. What is not known is null.
 */
#include <string.h>

#include "config/address.h"
#include "inspect.h"

static json_t *addresses_json(const struct config_port *port)
{
	char text[ADDRESS_TEXT_MAX];
	json_t *array = json_array();

	for (size_t i = 0; i < port->address_count; i++) {
		const struct config_prefix *prefix = &port->addresses[i].prefix;

		json_array_append_new(
		    array, json_sprintf("%s/%u", address_format(&prefix->address, text), prefix->length));
	}
	return array;
}

/* A device has `mac` or `slot`, by which it is found; a VLAN has `on` and `vlan`. */
static json_t *port_json(const struct config *config, const struct config_port *port)
{
	json_t *object = json_pack("{s:s, s:i, s:o}", "name", port->name, "mtu", port->mtu, "addresses",
				   addresses_json(port));

	if (port->device == CONFIG_DEVICE_NONE) {
		json_object_set_new(object, "tunnel", json_true());
	} else if (port->vlan) {
		json_object_set_new(object, "on", json_string(config->ports[port->device].name));
		json_object_set_new(object, "vlan", json_integer(port->vlan));
	} else if (port->mac_given) {
		const uint8_t *mac = port->mac;

		json_object_set_new(object, "mac",
				    json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
						 mac[3], mac[4], mac[5]));
	} else {
		json_object_set_new(object, "slot", json_integer(port->slot));
	}
	return object;
}

static json_t *ports_json(const struct config *config)
{
	json_t *array = json_array();

	for (size_t i = 0; i < config->port_count; i++)
		json_array_append_new(array, port_json(config, &config->ports[i]));
	return array;
}

static json_t *chain_json(const struct config *config)
{
	const char *names[FUNCTIONS_MAX];
	size_t count = inspect_functions(config, names);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(names[i]));
	return array;
}

static json_t *ways_json(const struct anatomy *anatomy)
{
	return json_pack("{s:b, s:b, s:b}", "pvh", anatomy->pvh, "linux64", anatomy->linux64, "multiboot2",
			 anatomy->multiboot2);
}

static json_t *parts_json(const struct anatomy *anatomy)
{
	json_t *object = json_object();

	for (enum image_part part = 0; part < PARTS; part++)
		json_object_set_new(object, image_part_names[part],
				    json_integer((json_int_t)anatomy->bytes[part]));
	return object;
}

static const char *known(const char *text)
{
	return text && *text && strcmp(text, "NOASSERTION") != 0 ? text : NULL;
}

static json_t *packages_json(const struct origin *origin, enum origin_role role)
{
	json_t *array = json_array(), *object;

	for (size_t i = 0; i < origin->package_count; i++) {
		const struct origin_package *package = &origin->packages[i];

		if (package->role != role)
			continue;
		object = json_pack("{s:s, s:s?, s:s?, s:s?}", "name", package->name, "version",
				   known(package->version), "licence", known(package->licence), "purl",
				   package->purl);
		if (role == ORIGIN_LINKED)
			json_object_set_new(object, "bytes", json_integer((json_int_t)package->bytes));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *inspect_json(const struct inspection *inspection)
{
	const struct config *config = inspection->image->config;
	const struct origin *origin = &inspection->origin;

	return json_pack("{s:s, s:I, s:s, s:s, s:s?, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
			 "name", config->name, "bytes", (json_int_t)inspection->image->size, "sha256",
			 inspection->hash, "configuration_sha256", inspection->configuration,
			 "sources_sha256", known(origin->sources), "starts_by",
			 ways_json(&inspection->anatomy), "memory", (json_int_t)config->memory,
			 "image_memory", (json_int_t)inspection->anatomy.memory, "chain", chain_json(config),
			 "rules", (json_int_t)config->rule_count, "flows", (json_int_t)config->flows,
			 "routes", (json_int_t)config->route_count, "ports", ports_json(config), "parts",
			 parts_json(&inspection->anatomy), "linked", packages_json(origin, ORIGIN_LINKED),
			 "built_with", packages_json(origin, ORIGIN_TOOL));
}
