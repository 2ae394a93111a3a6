/* SPDX-License-Identifier: Apache-2.0
 *
 * The section `vpn`: tunnels, which are ports to everything else. They come after the ports that have
 * devices.
 */
#include <string.h>
#include "stages.h"
#include "value.h"
#include "vpn.h"

static const char tunnel_example[] =
    "wg0: { addresses: [10.8.0.1/24], wireguard: { private-key: wg0.key, peers: { ... } } }";

static struct config_port *port_of(void *draft)
{
	return ((struct tunnel_draft *)draft)->port;
}

static void read_addresses(struct reader *r, void *draft, const struct node *value)
{
	read_port_addresses(r, port_of(draft), value);
}

void read_tunnel_mtu(struct reader *r, struct config_port *port, const struct node *value)
{
	uint32_t mtu;

	if (!value_number(r, value, "a tunnel's MTU", 68, CONFIG_TUNNEL_MTU_MAX, &mtu))
		return;
	port->mtu = (uint16_t)mtu;
	port->mtu_given = true;
}

static void read_mtu(struct reader *r, void *draft, const struct node *value)
{
	read_tunnel_mtu(r, port_of(draft), value);
}

static void read_mss(struct reader *r, void *draft, const struct node *value)
{
	read_port_mss(r, port_of(draft), value);
}

static void read_zone(struct reader *r, void *draft, const struct node *value)
{
	read_port_zone(r, port_of(draft), value);
}

static const struct mapping_key tunnel_keys[] = {
    {"addresses", read_addresses, NULL, KEEP_ONE_OR_LIST},
    {"mtu", read_mtu, NULL, NULL},
    {"mss", read_mss, NULL, NULL},
    {"zone", read_zone, NULL, NULL},
    {"wireguard", read_wireguard, "wireguard: { private-key: wg0.key, listen: 51820, peers: { ... } }", NULL},
};

static const struct foreign_key foreign_tunnel_keys[] = {
    {"address", "addresses", NULL},
    {"Address", "addresses", NULL},
    {"MTU", "mtu", NULL},
    {"wg", "wireguard", NULL},
    {"gateway", NULL, "a tunnel has no gateway: write `allowed: [0.0.0.0/0]` at the peer that leads on"},
    {"mac", NULL, "a tunnel has no MAC address: it carries IP packets without frames"},
    {"slot", NULL, "a tunnel has no network card: its datagrams leave by the routing table"},
    {"on", NULL, "a tunnel is on no port: its datagrams leave by the routing table"},
    {"vlan", NULL, "a tunnel carries IP packets without frames, so it has no VLANs"},
    {"neighbours", NULL, "a tunnel has peers instead, under `wireguard`"},
    {"peers", NULL, "peers are under `wireguard`: wireguard: { peers: { laptop: { ... } } }"},
    {"private-key", NULL, "keys are under `wireguard`: wireguard: { private-key: wg0.key }"},
    {"listen", NULL, "the port is under `wireguard`: wireguard: { listen: 51820 }"},
    {"ipsec", NULL, "tunnels are WireGuard's: write `wireguard`"},
    {"openvpn", NULL, "tunnels are WireGuard's: write `wireguard`"},
    {NULL, NULL, NULL},
};

static void read_tunnel(struct reader *r, const struct node *key, const struct node *node)
{
	struct config *config = r->config;
	struct config_tunnel *tunnel = &config->tunnels[config->tunnel_count];
	struct tunnel_draft draft = {.tunnel = tunnel, .node = node};
	char what[CONFIG_PORT_NAME_MAX + 16];
	const struct config_port *other;

	if (!expect_mapping(r, node, "a tunnel", tunnel_example))
		return;
	draft.port = begin_port(r, key);
	if (!draft.port)
		return;
	other = config_find_port(config, draft.port->name);
	if (other && !port_is_tunnel(other)) {
		diagnostics_error(r->d, key->place, "`%s` is the name of a port already (line %u)",
				  other->name, other->place.line);
		diagnostics_hint(r->d, "a tunnel is a port, too: give it a name of its own, like wg0");
	}
	if (other)
		return;
	draft.port->device = CONFIG_DEVICE_NONE;
	draft.port->mtu = CONFIG_TUNNEL_MTU;
	*tunnel = (struct config_tunnel){.port = (uint8_t)config->port_count,
					 .place = key->place,
					 .listen_place = key->place,
					 .listen = VPN_LISTEN_DEFAULT,
					 .routes = true,
					 .first_peer = config->peer_count};
	secrets_reserve(&config->secrets, config->tunnel_count + 1, config->peer_count);
	snprintf(what, sizeof(what), "tunnel `%s`", draft.port->name);
	mapping_read(r, node, what, tunnel_keys, sizeof(tunnel_keys) / sizeof(tunnel_keys[0]),
		     foreign_tunnel_keys, &draft);
	finish_port(r, draft.port, node);
	tunnel->peer_count = config->peer_count - tunnel->first_peer;
	config->tunnel_count++;
}

void read_vpn(struct reader *r, const struct node *node)
{
	struct config *config = r->config;
	size_t total = config->port_count + (node->kind == NODE_MAPPING ? node->count : 0);
	struct config_port *ports;

	if (!expect_mapping(r, node, "`vpn`", "vpn: { wg0: { wireguard: { conf: wg0.conf } } }"))
		return;
	report_repeated_keys(r, node, NULL, 0);
	if (node->count == 0 || total > PORTS_LIMIT) {
		diagnostics_error(
		    r->d, node->place,
		    "an appliance has up to %u ports, tunnels among them; here are %zu and %zu tunnels",
		    PORTS_LIMIT, config->port_count, node->count);
		diagnostics_hint(r->d, node->count ? "let peers share a tunnel: it takes thousands"
						   : "write one as `wg0: { wireguard: { conf: wg0.conf } }`");
		return;
	}
	ports = blocks_array(&config->blocks, total, sizeof(ports[0]));
	if (config->port_count)
		memcpy(ports, config->ports, config->port_count * sizeof(ports[0]));
	config->ports = ports;
	config->tunnels = blocks_array(&config->blocks, node->count, sizeof(config->tunnels[0]));
	for (size_t i = 0; i < node->count; i++)
		read_tunnel(r, node->items[2 * i], node->items[2 * i + 1]);
	config->has_secrets = r->reads_keys;
}
