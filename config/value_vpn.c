/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of tunnels, of YAML and of wg-quick's files alike; see value.h for the habit.
 */
#include <string.h>
#include "value.h"
#include "vpn.h"

bool value_public_key(struct reader *r, const struct node *node, uint8_t key[CONFIG_KEY_BYTES])
{
	const char *text = value_text(r, node, "a public key", "`wg pubkey` prints it");

	if (!text)
		return false;
	if (!key_parse(text, strlen(text), key)) {
		diagnostics_error(r->d, node->place, "this is not a public key");
		diagnostics_hint(r->d,
				 strlen(text) == KEY_TEXT_LENGTH
				     ? "it has the length, but is not 32 bytes in base64; copy it again"
				     : "a key is 44 characters of base64, as `wg pubkey` prints them, and "
				       "here are %zu",
				 strlen(text));
		return false;
	}
	if (!key_is_zero(key))
		return true;
	diagnostics_error(r->d, node->place, "the key of zeros is nobody's");
	diagnostics_hint(r->d, "copy what `wg pubkey` prints at the other end");
	return false;
}

/* Splits HOST:PORT or [HOST]:PORT at the end; `host` has room for ADDRESS_TEXT_MAX. Returns the port's text,
 * or NULL. */
static const char *split_endpoint(const char *text, char *host)
{
	bool brackets = *text == '[';
	const char *end = brackets ? strchr(text, ']') : strrchr(text, ':');
	size_t length;

	if (!end || (brackets && end[1] != ':'))
		return NULL;
	text += brackets;
	length = (size_t)(end - text);
	if (length >= ADDRESS_TEXT_MAX)
		length = ADDRESS_TEXT_MAX - 1;
	memcpy(host, text, length);
	host[length] = '\0';
	return end + 1 + brackets;
}

static bool looks_like_name(const char *host)
{
	return host[strspn(host, "0123456789.")] != '\0' && !strchr(host, ':');
}

static bool report_host(struct reader *r, const struct node *node, const char *host, const char *port)
{
	if (looks_like_name(host)) {
		diagnostics_error(r->d, node->place, "`%.60s` is a name, and an appliance asks no DNS", host);
		diagnostics_hint(r->d, "write its address: \"203.0.113.5:%.10s\"", port);
	} else {
		diagnostics_error(r->d, node->place, "`%.60s` is not an address of an endpoint", host);
		diagnostics_hint(r->d, "write \"203.0.113.5:51820\" or \"[2001:db8::5]:51820\"");
	}
	return false;
}

bool value_endpoint(struct reader *r, const struct node *node, struct config_address *address, uint16_t *port)
{
	const char *text = value_text(r, node, "an endpoint", "\"203.0.113.5:51820\""), *digits;
	char host[ADDRESS_TEXT_MAX];
	struct config_address whole;
	uint32_t number;

	if (!text)
		return false;
	digits = split_endpoint(text, host);
	if (!digits || address_parse(text, &whole)) {
		diagnostics_error(r->d, node->place, "the endpoint `%.60s` has no port", text);
		diagnostics_hint(r->d, strchr(text, ':') ? "write it like \"[2001:db8::5]:51820\""
							 : "write it like \"203.0.113.5:51820\"");
		return false;
	}
	if (!parse_digits(digits, digits + strlen(digits), &number) || number == 0 || number > UINT16_MAX) {
		diagnostics_error(r->d, node->place, "`%.20s` is not the port of an endpoint", digits);
		diagnostics_hint(r->d, "write a number from 1 to 65535");
		return false;
	}
	*port = (uint16_t)number;
	if (!address_parse(host, address) || (*text == '[') != address->ipv6)
		return report_host(r, node, host, digits);
	if (!address_is_no_station(address) && !address_is_link_local(address))
		return true;
	diagnostics_error(r->d, node->place, "%.60s is no address that packets can be sent to", host);
	diagnostics_hint(r->d, "write the peer's global address, or that in a network of yours");
	return false;
}

bool value_keepalive(struct reader *r, const struct node *node, uint16_t *seconds)
{
	uint32_t number;

	*seconds = 0;
	if (node->kind == NODE_SCALAR && strcmp(node->text, "off") == 0)
		return true;
	if (!value_number(r, node, "a keepalive interval in seconds, or off", 0, UINT16_MAX, &number))
		return false;
	*seconds = (uint16_t)number;
	return true;
}

bool value_listen(struct reader *r, const struct node *node, uint16_t *port)
{
	uint32_t number;

	if (node->kind == NODE_SCALAR && strcmp(node->text, "0") == 0) {
		diagnostics_error(r->d, node->place,
				  "port 0 means any port, and an appliance's is always the same");
		diagnostics_hint(r->d, "write the port, or leave it out, which is %u", VPN_LISTEN_DEFAULT);
		return false;
	}
	if (!value_number(r, node, "a UDP port to listen on", 1, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

void name_after_key(struct config_peer *peer, size_t length)
{
	char text[KEY_TEXT_LENGTH + 1];

	key_format(peer->public_key, text);
	memcpy(peer->name, text, length);
	peer->name[length] = '\0';
}
