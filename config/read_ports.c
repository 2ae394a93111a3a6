/* SPDX-License-Identifier: Apache-2.0
 *
 * The section `ports`: devices first, in their order, then the VLAN ports on them. What several ports must
 * agree on is checked in check_ports.c.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

static const char port_example[] = "lan: { addresses: [10.0.0.1/24] }";

void read_port_addresses(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	if (count > ADDRESSES_LIMIT) {
		diagnostics_error(r->d, value->place, "more than %u addresses on one port", ADDRESSES_LIMIT);
		diagnostics_hint(r->d, "one address for each network is enough");
		return;
	}
	port->addresses = blocks_array(&r->config->blocks, count, sizeof(port->addresses[0]));
	for (size_t i = 0; i < count; i++) {
		struct config_interface_address *address = &port->addresses[port->address_count];

		address->place = items[i]->place;
		port->address_count += value_interface_address(r, items[i], &address->prefix);
	}
}

static void read_mac(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;

	port->mac_given = value_mac(r, value, port->mac);
}

static void read_mtu(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	uint32_t mtu;

	if (!value_number(r, value, "an MTU", 68, 9000, &mtu))
		return;
	port->mtu = (uint16_t)mtu;
	port->mtu_given = true;
}

static void read_slot(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	uint32_t slot;

	if (!value_number(r, value, "a slot", 0, PORTS_LIMIT - 1, &slot))
		return;
	port->slot = (uint16_t)slot;
	port->slot_given = true;
}

static void read_vlan(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	uint32_t vlan;

	if (value_number(r, value, "a VLAN", 1, 4094, &vlan))
		port->vlan = (uint16_t)vlan;
}

/* The gateway of one family that the port has already, or NULL. */
static const struct config_address *gateway_of(const struct config_port *port, bool ipv6)
{
	for (size_t i = 0; i < port->gateway_count; i++)
		if (port->gateways[i].prefix.address.ipv6 == ipv6)
			return &port->gateways[i].prefix.address;
	return NULL;
}

static void read_gateway(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);
	const struct config_address *other;

	for (size_t i = 0; i < count; i++) {
		struct config_interface_address gateway = {.place = items[i]->place};

		if (!value_address(r, items[i], &gateway.prefix.address))
			continue;
		gateway.prefix.length = (uint8_t)address_bits(&gateway.prefix.address);
		other = gateway_of(port, gateway.prefix.address.ipv6);
		if (other) {
			diagnostics_error(r->d, gateway.place, "a second %s gateway on the port, besides %s",
					  other->ipv6 ? "IPv6" : "IPv4",
					  address_format(other, (char[ADDRESS_TEXT_MAX]){0}));
			diagnostics_hint(
			    r->d, "give one of each family; other ways are routes: { to: ..., via: ... }");
			return;
		}
		port->gateways[port->gateway_count++] = gateway;
	}
}

static void read_neighbours(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;

	if (!expect_mapping(r, value, "`neighbours`", "neighbours: { 10.0.0.10: \"02:00:00:00:00:10\" }"))
		return;
	report_repeated_keys(r, value, NULL, 0);
	port->neighbours = blocks_array(&r->config->blocks, value->count, sizeof(port->neighbours[0]));
	for (size_t i = 0; i < value->count; i++) {
		struct config_neighbour *neighbour = &port->neighbours[port->neighbour_count];
		bool good = value_address(r, value->items[2 * i], &neighbour->address);

		neighbour->place = value->items[2 * i]->place;
		port->neighbour_count += value_mac(r, value->items[2 * i + 1], neighbour->mac) && good;
	}
}

/* A largest segment, or `auto`: what fits the MTU (RFC 9293, section 3.7.1); settled when that is known. */
void read_port_mss(struct reader *r, void *target, const struct node *value)
{
	struct config_port *port = target;
	uint32_t mss;

	port->mss_auto = value->kind == NODE_SCALAR && strcmp(value->text, "auto") == 0;
	if (!port->mss_auto && value_number(r, value, "a segment size, or auto", 216, 8960, &mss))
		port->mss = (uint16_t)mss;
}

void read_port_zone(struct reader *r, void *target, const struct node *value)
{
	value_name(r, value, "a zone's name", CONFIG_PORT_NAME_MAX, ((struct config_port *)target)->zone);
}

/* Resolved when all devices are known. */
static void read_on(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	value_text(r, value, "a port's name", "lan");
}

static const struct mapping_key port_keys[] = {
    {"addresses", read_port_addresses, NULL, KEEP_ONE_OR_LIST},
    {"gateway", read_gateway, NULL, KEEP_ONE_OR_LIST},
    {"mac", read_mac, NULL, NULL},
    {"mtu", read_mtu, NULL, NULL},
    {"slot", read_slot, NULL, NULL},
    {"on", read_on, NULL, NULL},
    {"vlan", read_vlan, NULL, NULL},
    {"neighbours", read_neighbours, NULL, NULL},
    {"mss", read_port_mss, NULL, NULL},
    {"zone", read_port_zone, NULL, NULL},
};

static const struct foreign_key foreign_port_keys[] = {
    {"address", "addresses", NULL},
    {"ip", "addresses", NULL},
    {"ips", "addresses", NULL},
    {"via", "gateway", NULL},
    {"dhcp", "addresses", "there are only static addresses: write `addresses: [10.0.0.1/24]`"},
    {"dhcp4", "addresses", "there are only static addresses: write `addresses: [10.0.0.1/24]`"},
    {"macaddress", "mac", NULL},
    {"neighbors", "neighbours", NULL},
    {NULL, NULL, NULL},
};

/* FNV-1a, 64 bits, over both names with their NULs: a port keeps its address when others come and go. */
static void derive_mac(const struct config *config, struct config_port *port)
{
	const char *names[] = {config->name, port->name};
	uint64_t hash = 0xcbf29ce484222325;

	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j <= strlen(names[i]); j++)
			hash = (hash ^ (uint8_t)names[i][j]) * 0x100000001b3;
	port->mac[0] = 0x02; /* locally administered, a station's */
	for (int i = 1; i < 6; i++)
		port->mac[i] = (uint8_t)(hash >> 8 * i);
}

static void forbid(struct reader *r, const struct node *node, const char *key, const char *port,
		   const char *hint)
{
	const struct node *value = mapping_find(node, key);

	if (!value)
		return;
	diagnostics_error(r->d, value->place, "`%s` has no meaning on `%s`", key, port);
	diagnostics_hint(r->d, "%s", hint);
}

static void finish_device(struct reader *r, struct config_port *port, const struct node *node)
{
	port->device = (uint16_t)(port - r->config->ports);
	if (!port->slot_given)
		port->slot = port->device;
	if (!port->mac_given)
		derive_mac(r->config, port);
	forbid(r, node, "vlan", port->name, "a VLAN port also says which device it is on: `on: lan`");
	if (port->mac_given && port->slot_given) {
		diagnostics_error(r->d, mapping_find(node, "slot")->place,
				  "`mac` and `slot` both say which network card `%s` is", port->name);
		diagnostics_hint(r->d, "keep one of them");
	}
}

static void finish_vlan(struct reader *r, struct config_port *port, const struct node *node)
{
	const struct node *on = mapping_find(node, "on");
	const struct config_port *device =
	    on->kind == NODE_SCALAR ? config_find_port(r->config, on->text) : NULL;

	forbid(r, node, "mac", port->name, "a VLAN port has the address of its device");
	forbid(r, node, "slot", port->name, "a VLAN port is where its device is");
	if (!mapping_find(node, "vlan")) {
		diagnostics_error(r->d, port->place, "`%s` is on another port, but has no VLAN", port->name);
		diagnostics_hint(r->d, "add `vlan: 20`, or remove `on`");
	}
	if (!device || device - r->config->ports >= (ptrdiff_t)r->config->device_count) {
		uint8_t number;

		if (value_port(r, on, false, &number)) {
			diagnostics_error(r->d, on->place, "`%s` is itself a VLAN port", on->text);
			diagnostics_hint(r->d, "name the device that `%s` is on", on->text);
		}
		port->vlan = 0;
		return;
	}
	port->device = device->device;
	memcpy(port->mac, device->mac, sizeof(port->mac));
	if (!port->mtu_given) {
		port->mtu = device->mtu;
	} else if (port->mtu > device->mtu) {
		diagnostics_error(r->d, mapping_find(node, "mtu")->place,
				  "MTU %u is more than the %u of its device `%s`", port->mtu, device->mtu,
				  device->name);
		diagnostics_hint(r->d, "write `mtu: %u` on `%s`, or less here", port->mtu, device->name);
	}
}

static bool is_reserved(const char *name)
{
	static const char *const reserved[] = {"self", "any", "seed", "stats", "replay"};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(name, reserved[i]) == 0)
			return true;
	return false;
}

enum { TCP_IPV4_HEADERS = 40 };

static void finish_mss(struct reader *r, struct config_port *port, const struct node *node)
{
	uint16_t most = port->mtu > TCP_IPV4_HEADERS ? port->mtu - TCP_IPV4_HEADERS : 0;

	if (port->mss_auto)
		port->mss = most;
	if (port->mss <= most)
		return;
	diagnostics_error(r->d, mapping_find(node, "mss")->place, "segments of %u do not fit the MTU of %u",
			  port->mss, port->mtu);
	diagnostics_hint(r->d, "write `mss: %u`, which leaves room for both headers, or `mss: auto`", most);
}

/* Ports of one zone have one number, that of the first of them. */
static void number_zone(struct config *config, struct config_port *port)
{
	port->zone_number = (uint8_t)config->port_count;
	for (size_t i = 0; *port->zone && i < config->port_count; i++)
		if (strcmp(config->ports[i].zone, port->zone) == 0) {
			port->zone_number = config->ports[i].zone_number;
			return;
		}
}

bool port_is_tunnel(const struct config_port *port)
{
	return port->device == CONFIG_DEVICE_NONE;
}

struct config_port *begin_port(struct reader *r, const struct node *key)
{
	struct config_port *port = &r->config->ports[r->config->port_count];

	*port = (struct config_port){.place = key->place, .mtu = CONFIG_DEFAULT_MTU};
	if (!value_name(r, key, "a port's name", CONFIG_PORT_NAME_MAX, port->name))
		return NULL;
	if (is_reserved(port->name)) {
		diagnostics_error(r->d, key->place,
				  "`%s` can't be a port's name: it has a meaning of its own", port->name);
		diagnostics_hint(r->d, "call it %s-0", port->name);
	}
	return port;
}

void finish_port(struct reader *r, struct config_port *port, const struct node *node)
{
	finish_mss(r, port, node);
	number_zone(r->config, port);
	r->config->port_count++;
}

static void read_port(struct reader *r, const struct node *key, const struct node *node, bool is_device)
{
	struct config_port *port = begin_port(r, key);
	char what[CONFIG_PORT_NAME_MAX + 16];

	if (!port || config_find_port(r->config, port->name))
		return; /* the second was reported as a repeated key */
	snprintf(what, sizeof(what), "port `%s`", port->name);
	mapping_read(r, node, what, port_keys, sizeof(port_keys) / sizeof(port_keys[0]), foreign_port_keys,
		     port);
	if (is_device)
		finish_device(r, port, node);
	else
		finish_vlan(r, port, node);
	finish_port(r, port, node);
}

void read_ports(struct reader *r, const struct node *node)
{
	struct config *config = r->config;

	if (!expect_mapping(r, node, "`ports`", port_example))
		return;
	report_repeated_keys(r, node, NULL, 0);
	if (node->count == 0 || node->count > PORTS_LIMIT) {
		diagnostics_error(r->d, node->place, "an appliance has 1 to %u ports, and here are %zu",
				  PORTS_LIMIT, node->count);
		diagnostics_hint(r->d, "write one as `%s`", port_example);
		return;
	}
	config->ports = blocks_array(&config->blocks, node->count, sizeof(config->ports[0]));
	for (int vlan = 0; vlan <= 1; vlan++) {
		for (size_t i = 0; i < node->count; i++) {
			const struct node *key = node->items[2 * i], *value = node->items[2 * i + 1];

			if (vlan == 0 && !expect_mapping(r, value, "a port", port_example))
				continue;
			if (value->kind == NODE_MAPPING && !mapping_find(value, "on") == !vlan)
				read_port(r, key, value, !vlan);
		}
		if (!vlan)
			config->device_count = config->port_count;
	}
}
