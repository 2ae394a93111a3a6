/* SPDX-License-Identifier: Apache-2.0
 *
 * What tunnels look like: for a person in the words of `wg show`, and in lines for tables.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config/address.h"
#include "config/key.h"
#include "tunnel_list.h"

#define SECOND_NS UINT64_C(1000000000)

enum { AGO_TEXT_MAX = 96, BYTES_TEXT_MAX = 24, NAME_TEXT_MAX = 56, NAME_WIDTH = 20 };

const char *tunnel_endpoint_text(const struct wireguard_endpoint *endpoint, char text[TUNNEL_ENDPOINT_MAX])
{
	uint32_t ipv4 = htonl(endpoint->address.ipv4);
	char address[INET6_ADDRSTRLEN];

	if (endpoint->family == 0)
		return strcpy(text, "(none)");
	if (endpoint->family == 6)
		inet_ntop(AF_INET6, endpoint->address.ipv6, address, sizeof(address));
	else
		inet_ntop(AF_INET, &ipv4, address, sizeof(address));
	snprintf(text, TUNNEL_ENDPOINT_MAX, endpoint->family == 6 ? "[%s]:%u" : "%s:%u", address,
		 endpoint->port);
	return text;
}

/* "92 B", "1.23 KiB", "4.00 MiB" */
static const char *bytes_text(uint64_t bytes, char text[BYTES_TEXT_MAX])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	for (; value >= 1024 && unit < 3; unit++)
		value /= 1024;
	if (bytes < 1024)
		snprintf(text, BYTES_TEXT_MAX, "%u B", (unsigned int)bytes);
	else
		snprintf(text, BYTES_TEXT_MAX, "%.2f %s", value, units[unit]);
	return text;
}

/* "1 minute, 5 seconds ago": the largest units that aren't zero, `most` of them. */
static const char *ago_text(uint64_t seconds, int most, char text[AGO_TEXT_MAX])
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {{"year", 31536000}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
	int length = 0;

	if (seconds == 0)
		return strcpy(text, "Now");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && most > 0; i++) {
		unsigned long long count = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (count == 0)
			continue;
		length += snprintf(text + length, (size_t)(AGO_TEXT_MAX - length), "%s%llu %s%s",
				   length ? ", " : "", count, units[i].name, count == 1 ? "" : "s");
		most--;
	}
	strcpy(text + length, " ago");
	return text;
}

/* Of the last handshake. Without a wall clock the image knows only that there was one. */
static const char *handshake_text(const struct tunnel_list *list,
				  const struct wireguard_peer_stats *peer_stats, int most,
				  char text[AGO_TEXT_MAX])
{
	uint64_t then = peer_stats->last_handshake_ns / SECOND_NS, now = list->now_ns / SECOND_NS;

	if (then == 0)
		return strcpy(text, peer_stats->handshakes ? "(no clock)" : "(none)");
	if (then > now + 1)
		return strcpy(text, "(clocks disagree)");
	return ago_text(now > then ? now - then : 0, most, text);
}

/* "10.8.0.2/32, 2001:db8:8::2/128", or "(none)"; what has no room in `size` is dots. */
static const char *allowed_text(const struct config_peer *peer, char *text, size_t size)
{
	char address[ADDRESS_TEXT_MAX];
	size_t length = 0;

	strcpy(text, "(none)");
	for (size_t i = 0; i < peer->allowed_count; i++) {
		const struct config_prefix *prefix = &peer->allowed[i].prefix;

		if (size - length < 2 * ADDRESS_TEXT_MAX) {
			strcpy(text + length, ", ...");
			break;
		}
		length += (size_t)snprintf(text + length, size - length, "%s%s/%u", i ? ", " : "",
					   address_format(&prefix->address, address), prefix->length);
	}
	return text;
}

static void print_allowed(const struct config_peer *peer, FILE *out)
{
	char address[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < peer->allowed_count; i++) {
		const struct config_prefix *prefix = &peer->allowed[i].prefix;

		fprintf(out, "%s%s/%u", i ? ", " : "", address_format(&prefix->address, address),
			prefix->length);
	}
	fputs(peer->allowed_count ? "\n" : "(none)\n", out);
}

static void field(FILE *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void field(FILE *out, const char *name, const char *format, ...)
{
	va_list values;

	fprintf(out, "  %s%s:%s ", colour(out, COLOUR_BOLD), name, colour(out, COLOUR_PLAIN));
	va_start(values, format);
	vfprintf(out, format, values);
	va_end(values);
	fputc('\n', out);
}

static void print_tunnel(const struct config *config, const struct config_tunnel *tunnel, FILE *out)
{
	char key[KEY_TEXT_LENGTH + 1];

	key_format(tunnel->public_key, key);
	fprintf(out, "%sinterface%s: %s%s%s\n", colour(out, COLOUR_GREEN), colour(out, COLOUR_PLAIN),
		colour(out, COLOUR_GREEN), tunnel_name(config, tunnel), colour(out, COLOUR_PLAIN));
	field(out, "public key", "%s", key);
	field(out, "private key", "(hidden)");
	field(out, "listening port", "%u", tunnel->listen);
}

static void print_peer_block(const struct tunnel_list *list, const struct tunnel_entry *entry, FILE *out)
{
	const struct wireguard_peer_stats *peer_stats = &entry->stats;
	char key[KEY_TEXT_LENGTH + 1], endpoint[TUNNEL_ENDPOINT_MAX], ago[AGO_TEXT_MAX];
	char received[BYTES_TEXT_MAX], sent[BYTES_TEXT_MAX];

	key_format(entry->peer->public_key, key);
	fprintf(out, "\n%speer%s: %s%s%s\n", colour(out, COLOUR_YELLOW), colour(out, COLOUR_PLAIN),
		colour(out, COLOUR_YELLOW), key, colour(out, COLOUR_PLAIN));
	field(out, "name", "%s", entry->peer->name);
	if (entry->peer->preshared_file)
		field(out, "preshared key", "(hidden)");
	if (peer_stats->endpoint.family)
		field(out, "endpoint", "%s", tunnel_endpoint_text(&peer_stats->endpoint, endpoint));
	fprintf(out, "  %sallowed ips:%s ", colour(out, COLOUR_BOLD), colour(out, COLOUR_PLAIN));
	print_allowed(entry->peer, out);
	if (peer_stats->handshakes || peer_stats->last_handshake_ns)
		field(out, "latest handshake", "%s", handshake_text(list, peer_stats, 5, ago));
	if (peer_stats->rx_bytes || peer_stats->tx_bytes)
		field(out, "transfer", "%s received, %s sent", bytes_text(peer_stats->rx_bytes, received),
		      bytes_text(peer_stats->tx_bytes, sent));
	if (entry->peer->keepalive_s)
		field(out, "persistent keepalive", "every %u second%s", entry->peer->keepalive_s,
		      entry->peer->keepalive_s == 1 ? "" : "s");
}

void tunnel_list_print(const struct tunnel_list *list, const struct config *config,
		       const struct config_tunnel *only, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < config->tunnel_count; i++) {
		const struct config_tunnel *tunnel = &config->tunnels[i];

		if (only && tunnel != only)
			continue;
		fputs(first ? "" : "\n", out);
		first = false;
		print_tunnel(config, tunnel, out);
		for (size_t j = 0; j < list->count; j++)
			if (tunnel_has(&list->entries[j], config, tunnel))
				print_peer_block(list, &list->entries[j], out);
	}
}

/* Tables */

static const char *name_text(const struct config *config, const struct config_peer *peer, char *text)
{
	const char *tunnel = tunnel_name(config, &config->tunnels[peer->tunnel]);

	if (config->tunnel_count == 1)
		snprintf(text, NAME_TEXT_MAX, "%s", peer->name);
	else
		snprintf(text, NAME_TEXT_MAX, "%s/%s", tunnel, peer->name);
	return text;
}

static int at_least(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

/* As wide as what is in the first `count` lines; names not more than NAME_WIDTH. */
struct tunnel_widths tunnel_widths(const struct tunnel_list *list, const struct config *config, size_t count)
{
	struct tunnel_widths widths = {(int)strlen("peer"), (int)strlen("endpoint")};
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; i < count && i < list->count; i++) {
		widths.name = at_least(widths.name, name_text(config, list->entries[i].peer, text));
		widths.endpoint =
		    at_least(widths.endpoint, tunnel_endpoint_text(&list->entries[i].stats.endpoint, text));
	}
	if (widths.name > NAME_WIDTH)
		widths.name = NAME_WIDTH;
	return widths;
}

const char *tunnel_text(const struct config *config, const struct config_tunnel *tunnel, char *text)
{
	char key[KEY_TEXT_LENGTH + 1];

	key_format(tunnel->public_key, key);
	snprintf(text, TUNNEL_TEXT_MAX, "%s, listening port %u, public key %s", tunnel_name(config, tunnel),
		 tunnel->listen, key);
	return text;
}

#define PEER_COLUMNS "%-*.*s  %-*s  %-26s %11s %11s %9s  %s"

const char *tunnel_peer_head(const struct tunnel_widths *widths, char *text)
{
	snprintf(text, TUNNEL_TEXT_MAX, PEER_COLUMNS, widths->name, widths->name, "peer", widths->endpoint,
		 "endpoint", "latest handshake", "received", "sent", "keepalive", "allowed ips");
	return text;
}

const char *tunnel_peer_text(const struct tunnel_list *list, size_t index, const struct config *config,
			     const struct tunnel_widths *widths, char *text)
{
	const struct tunnel_entry *entry = &list->entries[index];
	char name[NAME_TEXT_MAX], endpoint[TUNNEL_ENDPOINT_MAX], ago[AGO_TEXT_MAX], keepalive[16] = "off";
	char received[BYTES_TEXT_MAX], sent[BYTES_TEXT_MAX], allowed[TUNNEL_TEXT_MAX - 160];

	if (entry->peer->keepalive_s)
		snprintf(keepalive, sizeof(keepalive), "%u s", entry->peer->keepalive_s);
	snprintf(text, TUNNEL_TEXT_MAX, PEER_COLUMNS, widths->name, widths->name,
		 name_text(config, entry->peer, name), widths->endpoint,
		 tunnel_endpoint_text(&entry->stats.endpoint, endpoint),
		 handshake_text(list, &entry->stats, 2, ago), bytes_text(entry->stats.rx_bytes, received),
		 bytes_text(entry->stats.tx_bytes, sent), keepalive,
		 allowed_text(entry->peer, allowed, sizeof(allowed)));
	return text;
}
