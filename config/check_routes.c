/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether routes fit together: next hops within reach, no destination with two ways. There may be very many
 * routes, so equal ones are found by sorting.
 */
#include <stdlib.h>
#include "stages.h"
#include "value.h"
#include "ways.h"

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

/* Allowed IPs that can't become a route. */
static void report_implied(struct reader *r, const struct way *first, const struct way *second)
{
	const char *name = second->port->name;
	char text[ADDRESS_TEXT_MAX];

	prefix_format(&second->prefix, text);
	if (first->origin == FROM_GATEWAY) {
		diagnostics_error(r->d, second->place,
				  "%s makes `%s` the default route, and the gateway of `%s` (line %u) is one",
				  text, name, first->port->name, first->place.line);
		diagnostics_hint(r->d,
				 "remove that gateway and give the endpoint a route of its own via it, or "
				 "write `routes: false` in the tunnel (`Table = off`) and routes of yours");
		return;
	}
	diagnostics_error(r->d, second->place, "%s can't be routed into `%s`: %s (line %u) has it", text,
			  name,
			  first->origin == FROM_NETWORK ? "the network of another port"
			  : first->route->implied	? "a peer of another tunnel"
							: "a route",
			  first->place.line);
	diagnostics_hint(r->d, "keep one of them, or write `routes: false` in the tunnel (`Table = off`)");
}

static void report_second_way(struct reader *r, const struct way *first, const struct way *second)
{
	char text[ADDRESS_TEXT_MAX];

	prefix_format(&second->prefix, text);
	if (first->origin == FROM_ROUTE && first->route->implied && !second->route->implied) {
		report_implied(r, second, first);
		return;
	}
	if (second->origin == FROM_ROUTE && second->route->implied) {
		report_implied(r, first, second);
		return;
	}
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
	size_t count;
	struct way *ways;

	for (size_t i = 0; i < r->config->route_count; i++) {
		check_destination(r, &r->config->routes[i]);
		if (r->config->routes[i].kind == CONFIG_ROUTE_GATEWAY)
			check_next_hop(r, &r->config->routes[i]);
	}
	add_tunnel_routes(r);
	ways = ways_collect(r->config, &count);
	for (size_t i = 1; i < count; i++)
		if (prefix_compare(&ways[i - 1].prefix, &ways[i].prefix) == 0)
			report_second_way(r, &ways[i - 1], &ways[i]);
	free(ways);
	if (reader_is_content(r))
		warn_of_routes_to_nobody(r);
}
