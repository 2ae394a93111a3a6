/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels and peers; see draw_vpn.h. Private keys are nowhere in it.
 */
#include "draw_vpn.h"
#include "key.h"
#include "print.h"

enum { PEERS_SHOWN = 100 };

static void write_key(const uint8_t key[CONFIG_KEY_BYTES], FILE *row)
{
	char text[KEY_TEXT_LENGTH + 1];

	key_format(key, text);
	fprintf(row, "%s\t", text);
}

void write_tunnels(const struct config *config, FILE *rows)
{
	fputs("tunnel\tpublic key\tpeers\troutes\t\n", rows);
	for (size_t i = 0; i < config->tunnel_count; i++) {
		const struct config_tunnel *tunnel = &config->tunnels[i];

		fprintf(rows, "%s\t", config->ports[tunnel->port].name);
		write_key(tunnel->public_key, rows);
		fprintf(rows, "%zu\t%s\t\n", tunnel->peer_count,
			tunnel->routes ? "to allowed IPs" : "as written");
	}
}

static void write_peer(const struct config *config, size_t index, FILE *row)
{
	const struct config_peer *peer = &config->peers[index];
	bool preshared = peer->preshared_file ||
			 (config->has_secrets && !key_is_zero(config->secrets.preshared_keys[index]));

	fprintf(row, "%s\t%s\t", peer->name, config->ports[config->tunnels[peer->tunnel].port].name);
	write_key(peer->public_key, row);
	for (size_t i = 0; i < peer->allowed_count; i++) {
		fputs(i ? ", " : "", row);
		print_prefix(&peer->allowed[i].prefix, false, row);
	}
	fputc('\t', row);
	if (peer->has_endpoint)
		print_endpoint(peer, row);
	else
		fputs("where it calls from", row);
	fprintf(row, "\t%s", preshared ? "preshared key" : "");
	if (peer->keepalive_s)
		fprintf(row, "%skeepalive %u s", preshared ? "; " : "", peer->keepalive_s);
	fputs("\t\n", row);
}

void write_peers(const struct config *config, FILE *rows)
{
	fputs("peer\ttunnel\tpublic key\tallowed\tendpoint\tmore\t\n", rows);
	for (size_t i = 0; i < config->peer_count && i < PEERS_SHOWN; i++)
		write_peer(config, i, rows);
	if (config->peer_count > PEERS_SHOWN)
		fprintf(rows, "... %zu more\t\n", config->peer_count - PEERS_SHOWN);
}

void write_tunnel_device(const struct config *config, const struct config_port *port, FILE *row)
{
	for (size_t i = 0; i < config->tunnel_count; i++)
		if (&config->ports[config->tunnels[i].port] == port)
			fprintf(row, "WireGuard on UDP %u", config->tunnels[i].listen);
	fputs("\t\t", row);
}
