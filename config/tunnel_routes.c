/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes into tunnels: those that allowed IPs stand for, as wg-quick makes them, and whether those that were
 * written lead to any peer.
 */
#include <stdlib.h>
#include <string.h>
#include "prefixes.h"
#include "stages.h"

/* Also where no port was read. */
static bool leads_into_tunnel(const struct config *config, const struct config_route *route)
{
	return route->kind == CONFIG_ROUTE_TUNNEL ||
	       (route->kind == CONFIG_ROUTE_GATEWAY && route->port < config->port_count &&
		port_is_tunnel(&config->ports[route->port]));
}

/* A route that was written, as prefixes.h searches it. */
struct written {
	struct config_prefix prefix;
	uint16_t port;
};

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static struct written *collect_written(const struct config *config, size_t *count)
{
	struct written *written = calloc(config->route_count + 1, sizeof(written[0]));

	if (!written)
		abort();
	*count = 0;
	for (size_t i = 0; i < config->route_count; i++)
		if (leads_into_tunnel(config, &config->routes[i]))
			written[(*count)++] =
			    (struct written){config->routes[i].prefix, config->routes[i].port};
	qsort(written, *count, sizeof(written[0]), by_prefix);
	return written;
}

/* Whether the tunnel's own networks have it. */
static bool is_connected(const struct config_port *port, const struct config_prefix *prefix)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (prefix_contains(&port->addresses[i].prefix, prefix))
			return true;
	return false;
}

void add_tunnel_routes(struct reader *r)
{
	struct config *config = r->config;
	size_t written_count;
	struct written *written = collect_written(config, &written_count);
	struct config_route *routes =
	    blocks_array(&config->blocks, config->route_count + config->allowed_count, sizeof(routes[0]));

	if (config->route_count)
		memcpy(routes, config->routes, config->route_count * sizeof(routes[0]));
	config->routes = routes;
	for (size_t i = 0; i < config->allowed_count; i++) {
		const struct config_allowed *allowed = &config->allowed[i];
		const struct config_tunnel *tunnel = &config->tunnels[allowed->tunnel];
		const struct written *same =
		    bsearch(&allowed->prefix, written, written_count, sizeof(written[0]), by_prefix);

		if (tunnel->routes && !is_connected(&config->ports[tunnel->port], &allowed->prefix) &&
		    !(same && same->port == tunnel->port))
			config->routes[config->route_count++] = (struct config_route){
			    .prefix = allowed->prefix,
			    .kind = CONFIG_ROUTE_TUNNEL,
			    .port = tunnel->port,
			    .implied = true,
			    .place = allowed->place,
			};
	}
	free(written);
}

/* The allowed IPs of the tunnel behind a port. */
static struct prefixes allowed_of(const struct config *config, uint16_t port)
{
	size_t first = 0, end;

	while (first < config->allowed_count && config->tunnels[config->allowed[first].tunnel].port != port)
		first++;
	for (end = first;
	     end < config->allowed_count && config->tunnels[config->allowed[end].tunnel].port == port;)
		end++;
	return (struct prefixes){config->allowed + first, end - first, sizeof(config->allowed[0])};
}

void warn_of_routes_to_nobody(struct reader *r)
{
	struct prefixes allowed[PORTS_LIMIT];
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < r->config->port_count; i++)
		allowed[i] = allowed_of(r->config, (uint16_t)i);
	for (size_t i = 0; i < r->config->route_count; i++) {
		const struct config_route *route = &r->config->routes[i];

		if (route->implied || !leads_into_tunnel(r->config, route) ||
		    prefixes_overlap(&allowed[route->port], &route->prefix))
			continue;
		diagnostics_warning(r->d, route->place, "no peer of `%s` is allowed an address of %s",
				    r->config->ports[route->port].name, prefix_format(&route->prefix, text));
		diagnostics_hint(r->d, "add it to the `allowed` of the peer that leads there");
	}
}
