/* SPDX-License-Identifier: Apache-2.0
 *
 * What tunnels and their peers must agree on. There may be very many peers, so equals are found by sorting.
 */
#include <stdlib.h>
#include <string.h>
#include "prefixes.h"
#include "stages.h"
#include "value.h"
#include "vpn.h"

static const char *tunnel_name(const struct config *config, const struct config_tunnel *tunnel)
{
	return config->ports[tunnel->port].name;
}

static void check_listening(struct reader *r, const struct config_tunnel *tunnel)
{
	const struct config *config = r->config;

	for (const struct config_tunnel *earlier = config->tunnels; earlier < tunnel; earlier++) {
		if (earlier->listen != tunnel->listen)
			continue;
		diagnostics_error(r->d, tunnel->listen_place, "`%s` listens on UDP port %u, as `%s` does",
				  tunnel_name(config, tunnel), tunnel->listen, tunnel_name(config, earlier));
		diagnostics_hint(r->d, "give one of them another port: `listen: %u`",
				 tunnel->listen < UINT16_MAX ? tunnel->listen + 1 : 1024);
		return;
	}
}

static int by_place(struct config_place a, struct config_place b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return (a.column > b.column) - (a.column < b.column);
}

static int by_key(const void *a, const void *b)
{
	const struct config_peer *left = *(struct config_peer *const *)a,
				 *right = *(struct config_peer *const *)b;
	int order = memcmp(left->public_key, right->public_key, CONFIG_KEY_BYTES);

	return order ? order : by_place(left->place, right->place);
}

static void check_own_key(struct reader *r, const struct config_tunnel *tunnel,
			  const struct config_peer *peer)
{
	if (memcmp(peer->public_key, tunnel->public_key, CONFIG_KEY_BYTES) != 0)
		return;
	diagnostics_error(r->d, peer->place, "the peer `%s` has the key of `%s` itself", peer->name,
			  tunnel_name(r->config, tunnel));
	diagnostics_hint(r->d, "write the public key of the other end");
}

static void check_keys(struct reader *r, const struct config_tunnel *tunnel)
{
	struct config_peer **peers = calloc(tunnel->peer_count + 1, sizeof(peers[0]));

	if (!peers)
		abort();
	for (size_t i = 0; i < tunnel->peer_count; i++) {
		peers[i] = &r->config->peers[tunnel->first_peer + i];
		if (!key_is_zero(peers[i]->public_key))
			check_own_key(r, tunnel, peers[i]);
	}
	qsort(peers, tunnel->peer_count, sizeof(peers[0]), by_key);
	for (size_t i = 1; i < tunnel->peer_count; i++) {
		if (key_is_zero(peers[i]->public_key) || /* reported when it was read */
		    memcmp(peers[i]->public_key, peers[i - 1]->public_key, CONFIG_KEY_BYTES) != 0)
			continue;
		diagnostics_error(r->d, peers[i]->place, "the peer `%s` has the public key of `%s` (line %u)",
				  peers[i]->name, peers[i - 1]->name, peers[i - 1]->place.line);
		diagnostics_hint(r->d, "a key is one peer: join them, or give each its own key");
	}
	free(peers);
}

static int by_prefix(const void *a, const void *b)
{
	const struct config_allowed *left = a, *right = b;
	int order = prefix_compare(&left->prefix, &right->prefix);

	if (left->tunnel != right->tunnel)
		return left->tunnel < right->tunnel ? -1 : 1;
	return order ? order : by_place(left->place, right->place);
}

static void collect_allowed(struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->peer_count; i++)
		count += config->peers[i].allowed_count;
	config->allowed = blocks_array(&config->blocks, count, sizeof(config->allowed[0]));
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct config_peer *peer = &config->peers[i];

		for (size_t j = 0; j < peer->allowed_count; j++)
			config->allowed[config->allowed_count++] = (struct config_allowed){
			    peer->allowed[j].prefix, peer->tunnel, (uint32_t)i, peer->allowed[j].place};
	}
	qsort(config->allowed, config->allowed_count, sizeof(config->allowed[0]), by_prefix);
}

static void report_shared(struct reader *r, const struct config_allowed *first,
			  const struct config_allowed *second)
{
	const struct config_peer *peers = r->config->peers;
	char text[ADDRESS_TEXT_MAX];

	prefix_format(&second->prefix, text);
	if (first->peer == second->peer) {
		diagnostics_warning(r->d, second->place, "%s is here twice", text);
		diagnostics_hint(r->d, "keep one of them");
		return;
	}
	diagnostics_error(r->d, second->place, "%s is allowed to `%s` (line %u) already", text,
			  peers[first->peer].name, first->place.line);
	diagnostics_hint(r->d, "an address belongs to one peer: keep it where it is; a longer prefix inside "
			       "of another is fine");
}

/* Leaves each prefix of a tunnel once. */
static void check_allowed(struct reader *r)
{
	struct config *config = r->config;
	size_t kept = 0;

	collect_allowed(config);
	for (size_t i = 0; i < config->allowed_count; i++) {
		const struct config_allowed *allowed = &config->allowed[i],
					    *last = kept ? &config->allowed[kept - 1] : NULL;

		if (last && last->tunnel == allowed->tunnel &&
		    prefix_compare(&last->prefix, &allowed->prefix) == 0)
			report_shared(r, last, allowed);
		else
			config->allowed[kept++] = *allowed;
	}
	config->allowed_count = kept;
}

static void check_own_addresses(struct reader *r)
{
	const struct config *config = r->config;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < config->allowed_count; i++) {
		const struct config_allowed *allowed = &config->allowed[i];
		const struct config_port *port;

		if (allowed->prefix.length < address_bits(&allowed->prefix.address))
			continue;
		port = config_own_address(config, &allowed->prefix.address);
		if (!port)
			continue;
		diagnostics_error(r->d, allowed->place, "%s is this appliance's own address, on `%s`",
				  prefix_format(&allowed->prefix, text), port->name);
		diagnostics_hint(r->d, "allow the addresses that the peer has and those behind it");
	}
}

static void warn_of_idle_peers(struct reader *r)
{
	for (size_t i = 0; i < r->config->peer_count && reader_is_content(r); i++) {
		const struct config_peer *peer = &r->config->peers[i];

		if (peer->allowed_count)
			continue;
		diagnostics_warning(r->d, peer->place, "the peer `%s` may send and get nothing", peer->name);
		diagnostics_hint(r->d, "add `allowed: [10.8.0.2/32]`, the addresses that it has");
	}
}

void check_vpn(struct reader *r)
{
	for (size_t i = 0; i < r->config->tunnel_count && reader_is_content(r); i++)
		check_listening(r, &r->config->tunnels[i]);
	for (size_t i = 0; i < r->config->tunnel_count; i++)
		check_keys(r, &r->config->tunnels[i]);
	check_allowed(r);
	check_own_addresses(r);
	warn_of_idle_peers(r);
}

/* Whether a datagram for the tunnel would meet the rule: tunnels take them first. */
static bool is_for_tunnel(const struct config *config, const struct config_nat_forward *forward,
			  const struct config_tunnel *tunnel)
{
	return memchr(forward->protocols, PROTOCOL_UDP, forward->protocol_count) &&
	       forward->listen.low <= tunnel->listen && tunnel->listen <= forward->listen.high &&
	       (forward->any_address || config_own_address(config, &forward->address));
}

void check_tunnels_and_nat(struct reader *r)
{
	const struct config *config = r->config;

	for (size_t i = 0; i < config->nat_forward_count; i++) {
		for (size_t j = 0; j < config->tunnel_count; j++) {
			const struct config_tunnel *tunnel = &config->tunnels[j];

			if (!is_for_tunnel(config, &config->nat_forwards[i], tunnel))
				continue;
			diagnostics_error(r->d, config->nat_forwards[i].place,
					  "UDP port %u is where `%s` listens: it is never forwarded",
					  tunnel->listen, tunnel_name(config, tunnel));
			diagnostics_hint(r->d, "forward other ports, or let `%s` listen on another one",
					 tunnel_name(config, tunnel));
			break;
		}
	}
}
