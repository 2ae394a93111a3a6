/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels as C: what nf/wireguard/config.h declares. Keys that are secret have a text of their own.
 */
#include <string.h>
#include "address.h"
#include "emit.h"
#include "key.h"

static void emit_tunnels(const struct config *config, FILE *out)
{
	fputs("/* Tunnels: port, UDP port, first peer, peers */\n\n"
	      "const struct wireguard_tunnel_config wireguard_tunnels[] = {\n",
	      out);
	for (size_t i = 0; i < config->tunnel_count; i++) {
		const struct config_tunnel *tunnel = &config->tunnels[i];

		fprintf(out, "\t{ %u, %u, %zu, %zu }, /* %s */\n", tunnel->port, tunnel->listen,
			tunnel->first_peer, tunnel->peer_count, config->ports[tunnel->port].name);
	}
	fprintf(out, "};\nconst uint32_t wireguard_tunnel_count = %zu, wireguard_peer_count = %zu;\n\n",
		config->tunnel_count, config->peer_count);
}

static void emit_peer(const struct config_peer *peer, FILE *out)
{
	fprintf(out, "\t{ .name = \"%s\", .tunnel = %u, .keepalive_s = %u", peer->name, peer->tunnel,
		peer->keepalive_s);
	if (peer->has_endpoint) {
		fprintf(out, ",\n\t  .endpoint_family = %u, .endpoint_port = %u, .endpoint.%s = ",
			peer->endpoint.ipv6 ? 6 : 4, peer->endpoint_port,
			peer->endpoint.ipv6 ? "ipv6" : "ipv4");
		emit_address(&peer->endpoint, out);
	}
	fputs(",\n\t  .public_key = ", out);
	emit_bytes(peer->public_key, CONFIG_KEY_BYTES, out);
	fputs(" },\n", out);
}

static void emit_allowed(const struct config *config, bool ipv6, FILE *out)
{
	const char *family = ipv6 ? "ipv6" : "ipv4";
	char text[ADDRESS_TEXT_MAX];
	size_t count = 0;

	fprintf(out, "/* Prefix, peer */\nconst struct wireguard_allowed_%s wireguard_allowed_%s[] = {\n",
		family, family);
	for (size_t i = 0; i < config->allowed_count; i++) {
		const struct config_allowed *allowed = &config->allowed[i];

		if (allowed->prefix.address.ipv6 != ipv6)
			continue;
		fputs("\t{ ", out);
		emit_prefix(&allowed->prefix, out);
		fprintf(out, ", %u }, /* %s */\n", allowed->peer, prefix_format(&allowed->prefix, text));
		count++;
	}
	fprintf(out, "};\nconst uint32_t wireguard_allowed_%s_count = %zu;\n\n", family, count);
}

static void emit_keys(const char *name, uint8_t (*keys)[CONFIG_KEY_BYTES], size_t count, FILE *out)
{
	fprintf(out, "const uint8_t %s[][WIREGUARD_KEY_BYTES] = {\n", name);
	for (size_t i = 0; i < count; i++) {
		fputc('\t', out);
		emit_bytes(keys[i], CONFIG_KEY_BYTES, out);
		fputs(",\n", out);
	}
	fputs("};\n", out);
}

static void emit_both_keys(const struct config *config, FILE *out)
{
	emit_keys("wireguard_private_keys", config->secrets.private_keys, config->tunnel_count, out);
	emit_keys("wireguard_preshared_keys", config->secrets.preshared_keys, config->peer_count, out);
}

void emit_wireguard(const struct config *config, FILE *out)
{
	emit_tunnels(config, out);
	fputs("const struct wireguard_peer_config wireguard_peers[] = {\n", out);
	for (size_t i = 0; i < config->peer_count; i++)
		emit_peer(&config->peers[i], out);
	fputs("};\n\n", out);
	emit_allowed(config, false, out);
	emit_allowed(config, true, out);
	if (config->tunnel_count == 0)
		emit_both_keys(config, out);
}

int config_emit_secrets(const struct config *config, FILE *out)
{
	if (!config->has_secrets)
		return -1;
	fputs("#include \"nf/wireguard/config.h\"\n\n", out);
	emit_both_keys(config, out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
