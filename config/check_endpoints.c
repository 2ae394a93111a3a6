/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether there is a way to each peer's endpoint that is not a tunnel itself, and whether what is sealed
 * fits.
 */
#include <stdlib.h>
#include "stages.h"
#include "ways.h"

/* IP and UDP headers, and WireGuard's header, counter and tag: 20 or 40 + 8 + 32. */
enum { OUTER_IPV4_BYTES = 60, OUTER_IPV6_BYTES = 80 };

static void report_tunnel(struct reader *r, const struct config_peer *peer, const struct way *way)
{
	char text[ADDRESS_TEXT_MAX], prefix[ADDRESS_TEXT_MAX];

	address_format(&peer->endpoint, text);
	diagnostics_error(r->d, peer->endpoint_place,
			  "the endpoint %s would be reached through the tunnel `%s` (%s)", text,
			  way->port->name, prefix_format(&way->prefix, prefix));
	diagnostics_hint(r->d, "add a route of its own: { to: %s%s/%u%s, via: GATEWAY }",
			 peer->endpoint.ipv6 ? "\"" : "", text, address_bits(&peer->endpoint),
			 peer->endpoint.ipv6 ? "\"" : "");
}

static void check_endpoint(struct reader *r, const struct prefixes *ways, const struct config_peer *peer)
{
	const struct way *way = prefixes_find(ways, &peer->endpoint);
	char text[ADDRESS_TEXT_MAX];

	address_format(&peer->endpoint, text);
	if (config_own_address(r->config, &peer->endpoint)) {
		diagnostics_error(r->d, peer->endpoint_place, "the endpoint %s is this appliance itself",
				  text);
		diagnostics_hint(r->d, "write the other end's address");
	} else if (!way || !way->port) {
		diagnostics_error(r->d, peer->endpoint_place, "there is no way to the endpoint %s", text);
		diagnostics_hint(r->d, "give the port that leads there a `gateway`, or add a route: { to: "
				       "..., via: ... }");
	} else if (port_is_tunnel(way->port)) {
		report_tunnel(r, peer, way);
	}
}

/* Larger packets are sealed, and go in fragments; IPv6 datagrams are lost. Once for each tunnel. */
static bool warn_of_mtu(struct reader *r, const struct prefixes *ways, const struct config_peer *peer)
{
	const struct way *way = prefixes_find(ways, &peer->endpoint);
	const struct config_port *port = &r->config->ports[r->config->tunnels[peer->tunnel].port];
	unsigned int outer = peer->endpoint.ipv6 ? OUTER_IPV6_BYTES : OUTER_IPV4_BYTES;

	if (port->mtu + outer <= way->port->mtu)
		return false;
	diagnostics_warning(r->d, port->place,
			    "packets of %u bytes in `%s` become %u, more than the MTU of `%s`, which is %u",
			    port->mtu, port->name, port->mtu + outer, way->port->name, way->port->mtu);
	diagnostics_hint(r->d, "write `mtu: %u` for the tunnel, so that nothing is %s",
			 way->port->mtu - outer, peer->endpoint.ipv6 ? "lost" : "fragmented");
	return true;
}

void check_endpoints(struct reader *r)
{
	const struct config *config = r->config;
	size_t count;
	struct way *ways = ways_collect(config, &count);
	const struct prefixes all = {ways, count, sizeof(ways[0])};

	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].has_endpoint)
			check_endpoint(r, &all, &config->peers[i]);
	for (size_t i = 0; i < config->tunnel_count && reader_is_content(r); i++) {
		const struct config_tunnel *tunnel = &config->tunnels[i];
		bool warned = false;

		for (size_t j = 0; j < tunnel->peer_count && !warned; j++) {
			const struct config_peer *peer = &config->peers[tunnel->first_peer + j];

			warned = peer->has_endpoint && warn_of_mtu(r, &all, peer);
		}
	}
	free(ways);
}
