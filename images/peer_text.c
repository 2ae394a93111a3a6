/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts for new peers; see peer_text.h.
 */
#include "peer_text.h"

#include "config/address.h"
#include "config/key.h"

static void print_key_line(const char *name, const uint8_t key[CONFIG_KEY_BYTES], FILE *out)
{
	char text[KEY_TEXT_LENGTH + 1];

	key_format(key, text);
	fprintf(out, "%s = %s\n", name, text);
	key_wipe(text, sizeof(text));
}

/* ADDRESS[, ADDRESS] with their lengths */
static void print_list(const char *name, const struct config_network *networks, size_t count, FILE *out)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "%s = ", name);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s/%u", i ? ", " : "", address_format(&networks[i].prefix.address, text),
			networks[i].prefix.length);
	fputc('\n', out);
}

/* What the other end may reach through the tunnel: what was asked for, or everything of its families. */
static void print_allowed(const struct new_peer *new, FILE *out)
{
	const struct peer_wishes *wishes = new->wishes;

	if (wishes->allowed_count) {
		print_list("AllowedIPs", wishes->allowed, wishes->allowed_count, out);
		return;
	}
	fputs("AllowedIPs = ", out);
	for (size_t i = 0; i < new->peer.allowed_count; i++)
		fprintf(out, "%s%s", i ? ", " : "",
			new->addresses[i].prefix.address.ipv6 ? "::/0" : "0.0.0.0/0");
	fputc('\n', out);
}

const struct config_address *own_outside_address(const struct config *config)
{
	const struct config_address *any = NULL;

	for (size_t i = 0; i < config->port_count - config->tunnel_count; i++) {
		const struct config_port *port = &config->ports[i];

		if (port->address_count && port->gateway_count)
			return &port->addresses[0].prefix.address;
		if (port->address_count && !any)
			any = &port->addresses[0].prefix.address;
	}
	return any;
}

static void print_own_endpoint(const struct new_peer *new, FILE *out)
{
	const struct config_address *address = own_outside_address(new->config);
	char text[ADDRESS_TEXT_MAX];

	if (new->wishes->endpoint)
		fprintf(out, "Endpoint = %s\n", new->wishes->endpoint);
	else if (address)
		fprintf(out, address->ipv6 ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n",
			address_format(address, text), new->tunnel->listen);
}

enum { KEEPALIVE_SECONDS = 25 /* below what NATs and firewalls on the way forget a flow after */ };

void print_conf(const struct new_peer *new, FILE *out)
{
	fputs("[Interface]\n", out);
	print_key_line("PrivateKey", new->private_key, out);
	print_list("Address", new->addresses, new->peer.allowed_count, out);
	if (new->wishes->dns)
		fprintf(out, "DNS = %s\n", new->wishes->dns);
	if (new->port->mtu != CONFIG_TUNNEL_MTU)
		fprintf(out, "MTU = %u\n", new->port->mtu);
	fputs("\n[Peer]\n", out);
	print_key_line("PublicKey", new->tunnel->public_key, out);
	print_key_line("PresharedKey", new->preshared_key, out);
	print_own_endpoint(new, out);
	print_allowed(new, out);
	fprintf(out, "PersistentKeepalive = %u\n", KEEPALIVE_SECONDS);
}

void print_section(const struct new_peer *new, FILE *out)
{
	fprintf(out, "\n[Peer] # %s\n", new->peer.name);
	print_key_line("PublicKey", new->peer.public_key, out);
	print_key_line("PresharedKey", new->preshared_key, out);
	print_list("AllowedIPs", new->addresses, new->peer.allowed_count, out);
}

void print_preshared_key(const struct new_peer *new, FILE *out)
{
	char text[KEY_TEXT_LENGTH + 1];

	key_format(new->preshared_key, text);
	fprintf(out, "%s\n", text);
	key_wipe(text, sizeof(text));
}
