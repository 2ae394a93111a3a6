/* SPDX-License-Identifier: Apache-2.0
 *
 * The section `router`: routes and limits. Whether routes fit together is checked in check_routes.c.
 */
#include <string.h>
#include "stages.h"
#include "value.h"

/* A route while it is read. */
struct route_draft {
	struct config_route route;
	bool has_to, has_via, has_kind, has_port, unknown_key;
	bool is_default; /* `to: default`, of the family of `via` */
};

static void read_to(struct reader *r, void *target, const struct node *value)
{
	struct route_draft *draft = target;

	draft->is_default = value->kind == NODE_SCALAR && strcmp(value->text, "default") == 0;
	draft->has_to = draft->is_default || value_destination(r, value, &draft->route.prefix);
}

static void read_via(struct reader *r, void *target, const struct node *value)
{
	struct route_draft *draft = target;

	draft->has_via = value_address(r, value, &draft->route.via);
	draft->route.via_place = value->place;
}

static void read_kind(struct reader *r, void *target, const struct node *value)
{
	static const char *const kinds[] = {"blackhole", "unreachable"};
	struct route_draft *draft = target;
	size_t which = 0;

	if (!value_word(r, value, "a kind of route", kinds, 2, &which))
		return;
	draft->has_kind = true;
	draft->route.kind = which ? CONFIG_ROUTE_UNREACHABLE : CONFIG_ROUTE_BLACKHOLE;
}

/* A tunnel, which needs no next hop: allowed IPs choose the peer. */
static void read_route_port(struct reader *r, void *target, const struct node *value)
{
	struct route_draft *draft = target;
	uint8_t port;

	if (!value_port(r, value, false, &port))
		return;
	draft->route.port = port;
	draft->route.kind = CONFIG_ROUTE_TUNNEL;
	draft->has_port = port_is_tunnel(&r->config->ports[port]);
	if (draft->has_port)
		return;
	diagnostics_error(r->d, value->place, "`%s` is no tunnel: the route needs a next hop", value->text);
	diagnostics_hint(r->d, "write `via: ADDRESS`, which says the port, too");
}

static const struct mapping_key route_keys[] = {
    {"to", read_to, "to: 10.1.0.0/16", NULL},
    {"via", read_via, NULL, NULL},
    {"kind", read_kind, NULL, NULL},
    {"port", read_route_port, NULL, NULL},
};

static const struct foreign_key foreign_route_keys[] = {
    {"gateway", "via", NULL},
    {"next-hop", "via", NULL},
    {"nexthop", "via", NULL},
    {"dev", "via", "did you mean `via`? the next hop's address says the port; a tunnel is a `port`"},
    {"interface", "via", "did you mean `via`? the next hop's address says the port; a tunnel is a `port`"},
    {"destination", "to", NULL},
    {"network", "to", NULL},
    {"prefix", "to", NULL},
    {"type", "kind", NULL},
    {"metric", NULL, "there is one route to each network: leave it out"},
    {NULL, NULL, NULL},
};

/* Decides which family `to: default` is of. */
static bool settle_default(struct reader *r, const struct node *node, struct route_draft *draft)
{
	if (!draft->is_default)
		return true;
	if (draft->has_via) {
		draft->route.prefix = (struct config_prefix){.address.ipv6 = draft->route.via.ipv6};
		return true;
	}
	diagnostics_error(r->d, mapping_find(node, "to")->place, "`default` of which family?");
	diagnostics_hint(r->d, "write 0.0.0.0/0 or \"::/0\", or a route for each");
	return false;
}

static bool has_good_way(struct reader *r, const struct node *node, struct route_draft *draft)
{
	bool via = mapping_find(node, "via"), kind = mapping_find(node, "kind"),
	     port = mapping_find(node, "port");

	if (via && kind) {
		diagnostics_error(r->d, node->place,
				  "a route has either `via` or `kind`, and this one has both");
		diagnostics_hint(r->d, "a route of a kind goes nowhere: remove `via`, or `kind`");
		return false;
	}
	if (port && (via || kind)) {
		diagnostics_error(r->d, node->place, "a route into a tunnel has `port`, and no `%s`",
				  via ? "via" : "kind");
		diagnostics_hint(r->d, "keep one of them");
		return false;
	}
	if (!via && !kind && !port && draft->unknown_key)
		return false;
	if (!via && !kind && !port) {
		diagnostics_error(r->d, node->place, "the route does not say where packets go");
		diagnostics_hint(r->d, "add `via: ADDRESS`, `kind: blackhole` or `kind: unreachable`");
		return false;
	}
	if (!draft->has_to || !(draft->has_via || draft->has_kind || draft->has_port) ||
	    !settle_default(r, node, draft))
		return false;
	if (draft->has_via && draft->route.via.ipv6 != draft->route.prefix.address.ipv6) {
		diagnostics_error(r->d, draft->route.via_place,
				  "an %s network can't be reached via an %s address",
				  draft->route.prefix.address.ipv6 ? "IPv6" : "IPv4",
				  draft->route.via.ipv6 ? "IPv6" : "IPv4");
		diagnostics_hint(r->d, "name a next hop of the network's own family");
		return false;
	}
	return true;
}

static void read_routes(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;

	if (!expect_sequence(r, value, "`routes`", "routes: [{ to: 10.1.0.0/16, via: 10.0.0.254 }]"))
		return;
	config->routes = blocks_array(&config->blocks, value->count, sizeof(config->routes[0]));
	for (size_t i = 0; i < value->count; i++) {
		const struct node *node = value->items[i];
		struct route_draft draft = {.route = {.place = node->place}};

		if (!expect_mapping(r, node, "a route", "{ to: 10.1.0.0/16, via: 10.0.0.254 }"))
			continue;
		draft.unknown_key =
		    !mapping_read(r, node, "the route", route_keys,
				  sizeof(route_keys) / sizeof(route_keys[0]), foreign_route_keys, &draft);
		if (has_good_way(r, node, &draft))
			config->routes[config->route_count++] = draft.route;
	}
}

static void read_neighbour_capacity(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;
	size_t fixed = 0;

	for (size_t i = 0; i < config->port_count; i++)
		fixed += config->ports[i].neighbour_count;
	if (!value_number(r, value, "a number of neighbours", 16, 1 << 20, &config->neighbour_capacity))
		return;
	if (config->neighbour_capacity > fixed)
		return;
	diagnostics_error(r->d, value->place, "room for %s neighbours, and %zu fixed ones are under `ports`",
			  value->text, fixed);
	diagnostics_hint(r->d, "write %zu or more, so that others can be learned", fixed + 16);
}

static void read_icmp_errors(struct reader *r, void *target, const struct node *value)
{
	struct config *config = target;

	value_rate(r, value, &config->icmp_error_rate);
}

static const struct mapping_key router_keys[] = {
    {"routes", read_routes, NULL, NULL},
    {"neighbours", read_neighbour_capacity, NULL, NULL},
    {"icmp-errors", read_icmp_errors, NULL, NULL},
};

void read_router(struct reader *r, const struct node *node)
{
	if (expect_mapping(r, node, "`router`", "router: { routes: [{ to: 10.1.0.0/16, via: 10.0.0.254 }] }"))
		mapping_read(r, node, "`router`", router_keys, sizeof(router_keys) / sizeof(router_keys[0]),
			     NULL, r->config);
}
