/* SPDX-License-Identifier: Apache-2.0
 *
 * All ways; see ways.h.
 */
#include <stdlib.h>
#include "ways.h"

static int by_prefix(const void *a, const void *b)
{
	const struct way *left = a, *right = b;
	int order = prefix_compare(&left->prefix, &right->prefix);

	if (order)
		return order;
	if (left->origin != right->origin)
		return left->origin < right->origin ? -1 : 1;
	if (left->place.file != right->place.file)
		return left->place.file < right->place.file ? -1 : 1;
	if (left->place.line != right->place.line)
		return left->place.line < right->place.line ? -1 : 1;
	return (left->place.column > right->place.column) - (left->place.column < right->place.column);
}

/* NULL where it leads nowhere, or no port was read. */
static const struct config_port *port_of(const struct config *config, const struct config_route *route)
{
	bool leads = route->kind == CONFIG_ROUTE_GATEWAY || route->kind == CONFIG_ROUTE_TUNNEL;

	return leads && route->port < config->port_count ? &config->ports[route->port] : NULL;
}

static size_t add_port(const struct config_port *port, struct way *ways)
{
	size_t count = 0;

	for (size_t i = 0; i < port->address_count; i++)
		ways[count++] = (struct way){prefix_network(&port->addresses[i].prefix), FROM_NETWORK, port,
					     NULL, port->addresses[i].place};
	for (size_t i = 0; i < port->gateway_count; i++)
		ways[count++] = (struct way){{.address.ipv6 = port->gateways[i].prefix.address.ipv6},
					     FROM_GATEWAY,
					     port,
					     NULL,
					     port->gateways[i].place};
	return count;
}

struct way *ways_collect(const struct config *config, size_t *count)
{
	size_t room = config->route_count;
	struct way *ways;

	for (size_t i = 0; i < config->port_count; i++)
		room += config->ports[i].address_count + config->ports[i].gateway_count;
	ways = calloc(room + 1, sizeof(ways[0]));
	if (!ways)
		abort();
	*count = 0;
	for (size_t i = 0; i < config->port_count; i++)
		*count += add_port(&config->ports[i], ways + *count);
	for (size_t i = 0; i < config->route_count; i++) {
		const struct config_route *route = &config->routes[i];

		ways[(*count)++] =
		    (struct way){route->prefix, FROM_ROUTE, port_of(config, route), route, route->place};
	}
	qsort(ways, *count, sizeof(ways[0]), by_prefix);
	return ways;
}
