/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether routes fit together: next hops within reach, no destination with two ways. There may be very many
 * routes, so equal ones are found by sorting.
 */
#include <stdlib.h>
#include "stages.h"
#include "value.h"

enum origin { FROM_NETWORK, FROM_GATEWAY, FROM_ROUTE };

/* Any way that the appliance will know, whatever wrote it. */
struct way {
	struct config_prefix prefix;
	enum origin origin;
	const struct config_port *port; /* FROM_NETWORK, FROM_GATEWAY */
	struct config_place place;
};

static void check_next_hop(struct reader *r, struct config_route *route)
{
	const struct config_port *port = config_connected_port(r->config, &route->via);
	char text[ADDRESS_TEXT_MAX];

	address_format(&route->via, text);
	if (config_own_address(r->config, &route->via)) {
		diagnostics_error(r->d, route->via_place, "next hop %s is the appliance's own address", text);
		diagnostics_hint(r->d, "name the neighbouring router; what is connected needs no route");
	} else if (address_is_link_local(&route->via)) {
		diagnostics_error(r->d, route->via_place,
				  "next hop %s is link-local, which does not say the port", text);
		diagnostics_hint(r->d, "use the router's global or unique local address");
	} else if (!port) {
		diagnostics_error(r->d, route->via_place, "next hop %s is not on a network of any port",
				  text);
		diagnostics_hint(r->d, "name a router that is on one, or give a port an address next to it");
	} else if (config_is_network_or_broadcast(r->config, &route->via)) {
		diagnostics_error(r->d, route->via_place, "next hop %s is a network or broadcast address",
				  text);
		diagnostics_hint(r->d, "name the router's own address");
	} else {
		route->port = (uint16_t)(port - r->config->ports);
	}
}

/* The router makes an entry of its own for each address of the appliance. */
static void check_destination(struct reader *r, const struct config_route *route)
{
	const struct config_port *port = config_own_address(r->config, &route->prefix.address);
	char text[ADDRESS_TEXT_MAX];

	if (!port || route->prefix.length < address_bits(&route->prefix.address))
		return;
	diagnostics_error(r->d, route->place, "%s is the appliance's own address, on port `%s`",
			  address_format(&route->prefix.address, text), port->name);
	diagnostics_hint(r->d,
			 "what is for the appliance needs no route; to refuse it, write a rule `to: self`");
}

static int by_prefix(const void *a, const void *b)
{
	const struct way *left = a, *right = b;
	int order = prefix_compare(&left->prefix, &right->prefix);

	if (order)
		return order;
	if (left->origin != right->origin)
		return left->origin < right->origin ? -1 : 1;
	if (left->place.line != right->place.line)
		return left->place.line < right->place.line ? -1 : 1;
	return (left->place.column > right->place.column) - (left->place.column < right->place.column);
}

static size_t collect(const struct config *config, struct way *ways)
{
	size_t count = 0;

	for (size_t number = 0; number < config->port_count; number++) {
		const struct config_port *port = &config->ports[number];

		for (size_t i = 0; i < port->address_count; i++)
			ways[count++] = (struct way){prefix_network(&port->addresses[i].prefix), FROM_NETWORK,
						     port, port->addresses[i].place};
		for (size_t i = 0; i < port->gateway_count; i++)
			ways[count++] = (struct way){{.address.ipv6 = port->gateways[i].prefix.address.ipv6},
						     FROM_GATEWAY,
						     port,
						     port->gateways[i].place};
	}
	for (size_t i = 0; i < config->route_count; i++)
		ways[count++] =
		    (struct way){config->routes[i].prefix, FROM_ROUTE, NULL, config->routes[i].place};
	return count;
}

static void report_second_way(struct reader *r, const struct way *first, const struct way *second)
{
	char text[ADDRESS_TEXT_MAX];

	prefix_format(&second->prefix, text);
	if (first->origin == FROM_NETWORK && second->origin == FROM_NETWORK)
		return; /* two addresses in one network; that of another port was reported as an overlap */
	if (first->origin == FROM_NETWORK) {
		diagnostics_error(r->d, second->place, "%s is the network of port `%s` (line %u) already",
				  text, first->port->name, first->place.line);
		diagnostics_hint(r->d, "what is connected needs no route: remove it");
	} else if (first->origin == FROM_GATEWAY) {
		diagnostics_error(r->d, second->place,
				  "a second default route; the gateway of port `%s` (line %u) is one",
				  first->port->name, first->place.line);
		diagnostics_hint(r->d, "keep one of them");
	} else {
		diagnostics_error(r->d, second->place, "a second route to %s (first in line %u)", text,
				  first->place.line);
		diagnostics_hint(r->d, "keep one of them");
	}
}

void check_routes(struct reader *r)
{
	const struct config *config = r->config;
	size_t count = config->route_count;
	struct way *ways;

	for (size_t i = 0; i < config->route_count; i++) {
		check_destination(r, &config->routes[i]);
		if (config->routes[i].kind == CONFIG_ROUTE_GATEWAY)
			check_next_hop(r, &config->routes[i]);
	}
	for (size_t i = 0; i < config->port_count; i++)
		count += config->ports[i].address_count + config->ports[i].gateway_count;
	ways = calloc(count + 1, sizeof(ways[0]));
	if (!ways)
		abort();
	count = collect(config, ways);
	qsort(ways, count, sizeof(ways[0]), by_prefix);
	for (size_t i = 1; i < count; i++)
		if (prefix_compare(&ways[i - 1].prefix, &ways[i].prefix) == 0)
			report_second_way(r, &ways[i - 1], &ways[i]);
	free(ways);
}
