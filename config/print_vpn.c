/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical text of tunnels. Keys stay in their files: it has only these files' names.
 */
#include <string.h>
#include "address.h"
#include "key.h"
#include "print.h"

/* In quotes, with what has a meaning there escaped. */
static void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_key(const char *name, const uint8_t key[CONFIG_KEY_BYTES], FILE *out)
{
	char text[KEY_TEXT_LENGTH + 1];

	key_format(key, text);
	fprintf(out, "%s: \"%s\"", name, text);
}

void print_endpoint(const struct config_peer *peer, FILE *out)
{
	char text[ADDRESS_TEXT_MAX];

	address_format(&peer->endpoint, text);
	fprintf(out, peer->endpoint.ipv6 ? "[%s]:%u" : "%s:%u", text, peer->endpoint_port);
}

static bool is_plain(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

void print_peer(const struct config_peer *peer, FILE *out)
{
	fprintf(out, is_plain(peer->name) ? "%s: { " : "\"%s\": { ", peer->name);
	print_key("public-key", peer->public_key, out);
	if (peer->preshared_file) {
		fputs(", preshared-key: ", out);
		print_quoted(peer->preshared_file, out);
	}
	if (peer->allowed_count)
		print_list_start("allowed", out);
	for (size_t i = 0; i < peer->allowed_count; i++) {
		fputs(i ? ", " : "", out);
		print_whole_prefix(&peer->allowed[i].prefix, out);
	}
	if (peer->allowed_count)
		fputc(']', out);
	if (peer->has_endpoint) {
		fputs(", endpoint: \"", out);
		print_endpoint(peer, out);
		fputc('"', out);
	}
	if (peer->keepalive_s)
		fprintf(out, ", keepalive: %u", peer->keepalive_s);
	fputs(" }", out);
}

static void print_wireguard(const struct config *config, const struct config_tunnel *tunnel, FILE *out)
{
	fputs(tunnel->secrets_file ? "    wireguard:\n      secrets: "
				   : "    wireguard:\n      private-key: ",
	      out);
	print_quoted(tunnel->secrets_file ? tunnel->secrets_file : tunnel->key_file, out);
	print_key("\n      public-key", tunnel->public_key, out);
	fprintf(out, "\n      listen: %u\n", tunnel->listen);
	if (!tunnel->routes)
		fputs("      routes: false\n", out);
	if (tunnel->peer_count)
		fputs("      peers:\n", out);
	for (size_t i = 0; i < tunnel->peer_count; i++) {
		fputs("        ", out);
		print_peer(&config->peers[tunnel->first_peer + i], out);
		fputc('\n', out);
	}
}

void print_vpn(const struct config *config, FILE *out)
{
	fputs("vpn:\n", out);
	for (size_t i = 0; i < config->tunnel_count; i++) {
		const struct config_port *port = &config->ports[config->tunnels[i].port];

		fprintf(out, "  %s:\n    mtu: %u\n", port->name, port->mtu);
		if (port->mss)
			fprintf(out, "    mss: %u\n", port->mss);
		if (*port->zone)
			fprintf(out, "    zone: %s\n", port->zone);
		for (size_t j = 0; j < port->address_count; j++) {
			fputs(j ? ", " : "    addresses: [", out);
			print_whole_prefix(&port->addresses[j].prefix, out);
		}
		fputs(port->address_count ? "]\n" : "", out);
		print_wireguard(config, &config->tunnels[i], out);
	}
}
