/* SPDX-License-Identifier: Apache-2.0
 *
 * What ports must agree on: addresses and networks that do not collide, cards and VLANs used once, gateways
 * and neighbours within reach. Ports and addresses are few (stages.h bounds them), so all pairs are compared.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

const struct config_port *config_find_port(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->port_count; i++)
		if (strcmp(config->ports[i].name, name) == 0)
			return &config->ports[i];
	return NULL;
}

static const struct config_interface_address *network_of(const struct config_port *port,
							 const struct config_address *address)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (prefix_contains_address(&port->addresses[i].prefix, address))
			return &port->addresses[i];
	return NULL;
}

const struct config_port *config_connected_port(const struct config *config,
						const struct config_address *address)
{
	for (size_t i = 0; i < config->port_count; i++)
		if (network_of(&config->ports[i], address))
			return &config->ports[i];
	return NULL;
}

const struct config_port *config_own_address(const struct config *config,
					     const struct config_address *address)
{
	for (size_t i = 0; i < config->port_count; i++)
		for (size_t j = 0; j < config->ports[i].address_count; j++)
			if (address_compare(&config->ports[i].addresses[j].prefix.address, address) == 0)
				return &config->ports[i];
	return NULL;
}

static bool is_edge(const struct config_prefix *prefix, const struct config_address *address)
{
	struct config_prefix network = prefix_network(prefix);
	struct config_address last = prefix_last(prefix);

	return !prefix->address.ipv6 && prefix->length < 31 &&
	       (address_compare(&network.address, address) == 0 || address_compare(&last, address) == 0);
}

bool config_is_network_or_broadcast(const struct config *config, const struct config_address *address)
{
	for (size_t i = 0; i < config->port_count; i++)
		for (size_t j = 0; j < config->ports[i].address_count; j++)
			if (is_edge(&config->ports[i].addresses[j].prefix, address))
				return true;
	return false;
}

bool value_port(struct reader *r, const struct node *node, bool self_too, uint8_t *out)
{
	const char *text = value_text(r, node, "a port's name", "lan"), *words[PORTS_LIMIT + 1], *meant;
	size_t count = 0;

	if (!text)
		return false;
	for (size_t i = 0; i < r->config->port_count; i++) {
		if (strcmp(r->config->ports[i].name, text) == 0) {
			*out = (uint8_t)i;
			return true;
		}
		words[count++] = r->config->ports[i].name;
	}
	if (self_too) {
		*out = CONFIG_PORT_SELF;
		if (strcmp(text, "self") == 0)
			return true;
		words[count++] = "self";
	}
	meant = closest_word(text, words, count);
	diagnostics_error(r->d, node->place, "there is no port `%.40s`", text);
	if (meant)
		diagnostics_hint(r->d, "did you mean `%s`?", meant);
	else
		diagnostics_hint(r->d, "name one that is under `ports`%s",
				 self_too ? ", or `self` for the appliance itself" : "");
	return false;
}

static void check_address(struct reader *r, const struct config_interface_address *address)
{
	char text[ADDRESS_TEXT_MAX];

	address_format(&address->prefix.address, text);
	if (address_is_no_station(&address->prefix.address)) {
		diagnostics_error(r->d, address->place, "%s is not an address that a port can have", text);
		diagnostics_hint(r->d, "use a unicast address, like 10.0.0.1/24 or \"fd00:1::1/64\"");
	} else if (address_is_link_local(&address->prefix.address)) {
		diagnostics_error(r->d, address->place, "%s is link-local, and every port makes its own",
				  text);
		diagnostics_hint(r->d,
				 "remove it, or use a global or unique local address, like \"fd00:1::1/64\"");
	} else if (is_edge(&address->prefix, &address->prefix.address)) {
		diagnostics_error(r->d, address->place,
				  "%s is the network or the broadcast address of its /%u", text,
				  address->prefix.length);
		diagnostics_hint(r->d, "use one of the addresses between them");
	} else if (address->prefix.length == 0) {
		diagnostics_error(r->d, address->place, "a network of /0 would take in every address");
		diagnostics_hint(r->d,
				 "write the length of the port's own network; the rest goes to `gateway`");
	}
}

/* Compares an address with one that was written on an earlier port, or earlier on the same one. */
static bool collides(struct reader *r, const struct config_port *earlier_port,
		     const struct config_prefix *earlier, const struct config_port *port,
		     const struct config_interface_address *address)
{
	char text[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];
	struct config_prefix network = prefix_network(&address->prefix),
			     earlier_network = prefix_network(earlier);

	if (address_compare(&earlier->address, &address->prefix.address) == 0) {
		diagnostics_error(r->d, address->place, "%s is already an address of port `%s`",
				  address_format(&earlier->address, text), earlier_port->name);
		diagnostics_hint(r->d, "give each port an address of its own");
		return true;
	}
	if (earlier_port == port ||
	    !(prefix_contains(earlier, &address->prefix) || prefix_contains(&address->prefix, earlier)))
		return false;
	diagnostics_error(r->d, address->place, "the network %s overlaps %s of port `%s`",
			  prefix_format(&network, text), prefix_format(&earlier_network, other),
			  earlier_port->name);
	diagnostics_hint(r->d, "give each port a network of its own, or a longer prefix");
	return true;
}

/* Reports the first collision: the others often have the same cause. */
static void check_against_earlier(struct reader *r, const struct config_port *port,
				  const struct config_interface_address *address)
{
	for (const struct config_port *earlier = r->config->ports; earlier <= port; earlier++)
		for (size_t i = 0; i < earlier->address_count && &earlier->addresses[i] != address; i++)
			if (collides(r, earlier, &earlier->addresses[i].prefix, port, address))
				return;
}

/* What two ports must not have in common, or NULL where they have nothing. */
static const char *common_identity(const struct config *config, const struct config_port *a,
				   const struct config_port *b)
{
	const struct config_port *vlans = config->ports + config->device_count;

	if (a >= vlans || b >= vlans)
		return a >= vlans && b >= vlans && a->vlan && a->vlan == b->vlan && a->device == b->device
			   ? "VLAN"
			   : NULL;
	if (memcmp(a->mac, b->mac, sizeof(a->mac)) == 0)
		return "MAC address";
	return !a->mac_given && !b->mac_given && a->slot == b->slot ? "slot" : NULL;
}

static void check_card(struct reader *r, const struct config_port *port)
{
	for (const struct config_port *earlier = r->config->ports; earlier < port; earlier++) {
		const char *what = common_identity(r->config, earlier, port);

		if (!what)
			continue;
		diagnostics_error(r->d, port->place, "`%s` has the same %s as `%s`", port->name, what,
				  earlier->name);
		diagnostics_hint(r->d, "give one of them another %s", what);
		return;
	}
}

/* A gateway or a static neighbour must be another station on one of the port's networks. */
static void check_station(struct reader *r, const struct config_port *port,
			  const struct config_address *address, struct config_place place, const char *what)
{
	const struct config_interface_address *network = network_of(port, address);
	char text[ADDRESS_TEXT_MAX];

	address_format(address, text);
	if (config_own_address(r->config, address)) {
		diagnostics_error(r->d, place, "%s %s is the appliance's own address", what, text);
		diagnostics_hint(r->d, "name the other station");
	} else if (address_is_link_local(address)) {
		return;
	} else if (!network) {
		diagnostics_error(r->d, place, "%s %s is not on a network of `%s`", what, text, port->name);
		diagnostics_hint(r->d,
				 "use an address of one of its networks, or add the network to `addresses`");
	} else if (is_edge(&network->prefix, address) || address_is_no_station(address)) {
		diagnostics_error(r->d, place, "%s %s is no station's address", what, text);
		diagnostics_hint(r->d, "network, broadcast and group addresses can't answer; name a station");
	}
}

static void check_mtu(struct reader *r, const struct config_port *port)
{
	bool ipv6 = false;

	for (size_t i = 0; i < port->address_count; i++)
		ipv6 |= port->addresses[i].prefix.address.ipv6;
	if (!ipv6 || port->mtu >= 1280)
		return;
	diagnostics_error(r->d, port->place, "`%s` has IPv6 addresses, but its MTU of %u is below 1280",
			  port->name, port->mtu);
	diagnostics_hint(r->d, "IPv6 needs `mtu: 1280` at least (RFC 8200, section 5)");
}

static void warn_if_unused(struct reader *r, const struct config_port *port)
{
	for (size_t i = r->config->device_count; i < r->config->port_count; i++)
		if (r->config->ports[i].device == port->device && !port->vlan)
			return;
	if (port->address_count > 0 || port_is_tunnel(port))
		return;
	diagnostics_warning(r->d, port->place, "port `%s` has no address, so nothing is routed through it",
			    port->name);
	diagnostics_hint(r->d, "add `addresses: [...]`, or remove the port");
}

/* A card that the machines of `weir run` and `weir replay` have no place for; others may have one. */
static void warn_of_high_slot(struct reader *r, const struct config_port *port)
{
	const struct config *config = r->config;
	bool device = port < config->ports + config->device_count;
	size_t slot = port->mac_given ? (size_t)(port - config->ports) : port->slot;

	if (!device || slot < MACHINE_CARDS_MAX)
		return;
	diagnostics_warning(r->d, port->place,
			    "`%s` needs card number %zu, and a virtual machine has %d at most (q35)",
			    port->name, slot + 1, MACHINE_CARDS_MAX);
	diagnostics_hint(r->d, "put several networks on one card, as VLANs: { on: %s, vlan: 20 }",
			 config->ports[0].name);
}

void check_ports(struct reader *r)
{
	for (size_t i = 0; i < r->config->port_count; i++) {
		const struct config_port *port = &r->config->ports[i];

		check_card(r, port);
		check_mtu(r, port);
		for (size_t j = 0; j < port->address_count; j++) {
			check_address(r, &port->addresses[j]);
			check_against_earlier(r, port, &port->addresses[j]);
		}
		for (size_t j = 0; j < port->gateway_count; j++)
			check_station(r, port, &port->gateways[j].prefix.address, port->gateways[j].place,
				      "gateway");
		for (size_t j = 0; j < port->neighbour_count; j++)
			check_station(r, port, &port->neighbours[j].address, port->neighbours[j].place,
				      "neighbour");
	}
	for (size_t i = 0; i < r->config->port_count && reader_is_content(r); i++)
		warn_if_unused(r, &r->config->ports[i]);
	for (size_t i = 0; i < r->config->port_count && reader_is_content(r); i++)
		warn_of_high_slot(r, &r->config->ports[i]);
}
