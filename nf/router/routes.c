/* SPDX-License-Identifier: Apache-2.0
 *
 * Routing tables in rte_fib and rte_fib6; see routes.h. Small tables are walked as a tree, which takes a few
 * kilobytes. Large ones get the flat tables, whose lookup is one or two loads, and which take tens of
 * megabytes: an appliance that small does not have to have them.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include "nf/host.h"
#include "nf/ports.h"
#include "routes.h"

enum {
	LARGE_TABLE = 1000,	/* routes from which flat tables are worth their memory */
	NEXT_HOPS_MAX = 0x7fff, /* what two bytes in a flat table can say */
	TABLE8_MAX = 0x7fff,
	IPV6_TABLES_PER_ROUTE = 13, /* a 128-bit prefix below the first 24 bits */
};

struct next_hop *next_hops;
static uint32_t next_hop_count;
static struct rte_fib *fib4;
static struct rte_fib6 *fib6;

void routes_lookup_ipv4(uint32_t *addresses, uint64_t *hops, uint16_t count)
{
	rte_fib_lookup_bulk(fib4, addresses, hops, count);
}

void routes_lookup_ipv6(uint8_t (*addresses)[16], uint64_t *hops, uint16_t count)
{
	rte_fib6_lookup_bulk(fib6, addresses, hops, count);
}

static uint32_t add_next_hop(struct next_hop hop)
{
	next_hops[next_hop_count] = hop;
	return next_hop_count++;
}

/* Routes through the same gateway share its next hop. -ENOSPC: the neighbour table is full. */
static int gateway(uint8_t port, const struct neighbour_key *key, uint32_t *index)
{
	struct neighbour *neighbour = neighbour_pin(key);

	if (!neighbour)
		return -ENOSPC;
	if (neighbour->next_hop == 0)
		neighbour->next_hop = add_next_hop(
		    (struct next_hop){.kind = NEXT_HOP_GATEWAY, .port = port, .neighbour = neighbour});
	*index = neighbour->next_hop;
	return 0;
}

/* A gateway behind a tunnel is nobody's neighbour. */
static bool has_gateway(enum route_kind kind, uint8_t port)
{
	return kind == ROUTE_GATEWAY && !port_is_tunnel(port);
}

/* Index of a route that names no gateway. Each port has one for what is connected, right after the fixed
 * ones. */
static uint32_t plain_next_hop(enum route_kind kind, uint8_t port)
{
	if (kind == ROUTE_BLACKHOLE)
		return NEXT_HOP_BLACKHOLE;
	return kind == ROUTE_UNREACHABLE ? NEXT_HOP_UNREACHABLE : NEXT_HOP_FIXED + (uint32_t)port;
}

static int add_route4(const struct ipv4_route *route)
{
	uint32_t index = plain_next_hop(route->kind, route->port);
	int error = 0;

	if (has_gateway(route->kind, route->port)) {
		struct neighbour_key key = neighbour_key_ipv4(route->port, route->gateway);

		error = gateway(route->port, &key, &index);
	}
	return error ? error : rte_fib_add(fib4, route->prefix.address, route->prefix.length, index);
}

static int add_route6(const struct ipv6_route *route)
{
	uint32_t index = plain_next_hop(route->kind, route->port);
	int error = 0;

	if (has_gateway(route->kind, route->port)) {
		struct neighbour_key key = neighbour_key_ipv6(route->port, route->gateway);

		error = gateway(route->port, &key, &index);
	}
	return error ? error : rte_fib6_add(fib6, route->prefix.address, route->prefix.length, index);
}

/* An interface's own address, and the broadcast addresses of its subnet, the one of zeros (RFC 1812,
 * section 5.3.5.1) too. */
static int add_own4(const struct ipv4_prefix *prefix)
{
	uint32_t mask = prefix_mask(prefix->length);
	int error = 0;

	if (prefix->length <= 30)
		error = rte_fib_add(fib4, prefix->address & mask, 32, NEXT_HOP_BROADCAST);
	if (!error && prefix->length <= 30)
		error = rte_fib_add(fib4, prefix->address | ~mask, 32, NEXT_HOP_BROADCAST);
	return error ? error : rte_fib_add(fib4, prefix->address, 32, NEXT_HOP_SELF);
}

/* An interface's own address, and the subnet-router anycast address. */
static int add_own6(const struct ipv6_prefix *prefix)
{
	uint8_t anycast[16];
	int error = 0;

	if (ipv6_anycast(prefix, anycast))
		error = rte_fib6_add(fib6, anycast, 128, NEXT_HOP_SELF);
	return error ? error : rte_fib6_add(fib6, prefix->address, 128, NEXT_HOP_SELF);
}

/* Shorter prefixes come first: where one that reaches to the end of all addresses is added behind a longer
 * one that does too, rte_fib 22.11 writes it over the whole flat table. Own addresses come last: they replace
 * a route to the same single address. */
static int fill4(void)
{
	int error = 0;

	for (uint8_t length = 0; length <= 32; length++)
		for (uint32_t i = 0; i < ipv4_route_count && !error; i++)
			if (ipv4_routes[i].prefix.length == length)
				error = add_route4(&ipv4_routes[i]);
	for (uint16_t port = 0; port < port_count && !error; port++)
		for (uint16_t i = 0; i < port_configs[port].ipv4_count && !error; i++)
			error = add_own4(&port_configs[port].ipv4[i]);
	return error;
}

static int fill6(void)
{
	int error = 0;

	for (uint8_t length = 0; length <= 128; length++)
		for (uint32_t i = 0; i < ipv6_route_count && !error; i++)
			if (ipv6_routes[i].prefix.length == length)
				error = add_route6(&ipv6_routes[i]);
	for (uint16_t port = 0; port < port_count && !error; port++)
		for (uint16_t i = 0; i < port_configs[port].ipv6_count && !error; i++)
			error = add_own6(&port_configs[port].ipv6[i]);
	return error;
}

/* Entries of the tables: routes, and up to three for each own address. */
static uint32_t entries4(void)
{
	uint32_t count = ipv4_route_count;

	for (uint16_t port = 0; port < port_count; port++)
		count += 3 * port_configs[port].ipv4_count;
	return count;
}

static uint32_t entries6(void)
{
	uint32_t count = ipv6_route_count;

	for (uint16_t port = 0; port < port_count; port++)
		count += 2 * port_configs[port].ipv6_count;
	return count;
}

static int create4(void)
{
	uint32_t entries = entries4();
	struct rte_fib_conf conf = {
	    .type = RTE_FIB_DUMMY, .default_nh = NEXT_HOP_NONE, .max_routes = 2 * entries + 1};

	if (entries > LARGE_TABLE) {
		conf.type = RTE_FIB_DIR24_8;
		conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
		conf.dir24_8.num_tbl8 = RTE_MIN(entries + 1, (uint32_t)TABLE8_MAX);
	}
	rte_fib_free(fib4);
	fib4 = rte_fib_create("routes", SOCKET_ID_ANY, &conf);
	return fib4 ? 0 : -rte_errno;
}

static int create6(void)
{
	uint32_t entries = entries6();
	struct rte_fib6_conf conf = {
	    .type = RTE_FIB6_DUMMY, .default_nh = NEXT_HOP_NONE, .max_routes = 2 * entries + 1};

	if (entries > LARGE_TABLE) {
		conf.type = RTE_FIB6_TRIE;
		conf.trie.nh_sz = RTE_FIB6_TRIE_2B;
		conf.trie.num_tbl8 = RTE_MIN(IPV6_TABLES_PER_ROUTE * entries, (uint32_t)TABLE8_MAX);
	}
	rte_fib6_free(fib6);
	fib6 = rte_fib6_create("routes6", SOCKET_ID_ANY, &conf);
	return fib6 ? 0 : -rte_errno;
}

static int make_next_hops(void)
{
	uint32_t room = NEXT_HOP_FIXED + port_count + neighbour_capacity;

	free(next_hops);
	next_hops = calloc(room, sizeof(*next_hops));
	if (!next_hops)
		return -ENOMEM;
	next_hop_count = 0;
	for (uint8_t kind = 0; kind < NEXT_HOP_FIXED; kind++)
		add_next_hop((struct next_hop){.kind = kind});
	for (uint8_t port = 0; port < port_count; port++)
		add_next_hop((struct next_hop){
		    .kind = port_is_tunnel(port) ? NEXT_HOP_TUNNEL : NEXT_HOP_CONNECTED, .port = port});
	return 0;
}

int routes_init(void)
{
	int error = make_next_hops();

	if (!error)
		error = create4();
	if (!error)
		error = create6();
	if (!error)
		error = fill4();
	if (!error)
		error = fill6();
	if (!error && next_hop_count > NEXT_HOPS_MAX)
		error = -ENOSPC;
	if (error) {
		char line[96];

		snprintf(line, sizeof(line), "router: the routing tables could not be made: %s",
			 strerror(-error));
		host_log(line);
	}
	return error;
}
