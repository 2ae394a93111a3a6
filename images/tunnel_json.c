/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels and their peers as JSON; see tunnel_list.h.
 */
#include "config/address.h"
#include "config/key.h"
#include "tunnel_list.h"

#define SECOND_NS UINT64_C(1000000000)

static json_t *allowed_json(const struct config_peer *peer)
{
	char address[ADDRESS_TEXT_MAX];
	json_t *array = json_array();

	for (size_t i = 0; i < peer->allowed_count; i++) {
		const struct config_prefix *prefix = &peer->allowed[i].prefix;

		json_array_append_new(
		    array, json_sprintf("%s/%u", address_format(&prefix->address, address), prefix->length));
	}
	return array;
}

static json_t *entry_json(const struct tunnel_entry *entry)
{
	const struct wireguard_peer_stats *peer_stats = &entry->stats;
	char key[KEY_TEXT_LENGTH + 1], endpoint[TUNNEL_ENDPOINT_MAX];

	key_format(entry->peer->public_key, key);
	tunnel_endpoint_text(&peer_stats->endpoint, endpoint);
	return json_pack(
	    "{s:s, s:s, s:s?, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "name", entry->peer->name,
	    "public_key", key, "endpoint", peer_stats->endpoint.family ? endpoint : NULL, "allowed_ips",
	    allowed_json(entry->peer), "last_handshake",
	    (json_int_t)(peer_stats->last_handshake_ns / SECOND_NS), "handshakes",
	    (json_int_t)peer_stats->handshakes, "rx_bytes", (json_int_t)peer_stats->rx_bytes, "tx_bytes",
	    (json_int_t)peer_stats->tx_bytes, "rx_packets", (json_int_t)peer_stats->rx_packets, "tx_packets",
	    (json_int_t)peer_stats->tx_packets, "persistent_keepalive", entry->peer->keepalive_s);
}

static json_t *tunnel_json(const struct tunnel_list *list, const struct config *config,
			   const struct config_tunnel *tunnel)
{
	char key[KEY_TEXT_LENGTH + 1];
	json_t *peers = json_array();

	key_format(tunnel->public_key, key);
	for (size_t i = 0; i < list->count; i++)
		if (tunnel_has(&list->entries[i], config, tunnel))
			json_array_append_new(peers, entry_json(&list->entries[i]));
	return json_pack("{s:s, s:s, s:i, s:o}", "name", tunnel_name(config, tunnel), "public_key", key,
			 "listen_port", tunnel->listen, "peers", peers);
}

json_t *tunnel_list_json(const struct tunnel_list *list, const struct config *config,
			 const struct config_tunnel *only)
{
	json_t *array = json_array();

	for (size_t i = 0; i < config->tunnel_count; i++)
		if (!only || only == &config->tunnels[i])
			json_array_append_new(array, tunnel_json(list, config, &config->tunnels[i]));
	return array;
}

json_t *tunnel_stats_json(const struct stats_page *page)
{
	const struct tunnel_stats *tunnel = &page->tunnel;

	return json_pack(
	    "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "initiations_received",
	    (json_int_t)tunnel->initiations_taken, "initiations_sent", (json_int_t)tunnel->initiations_sent,
	    "responses_received", (json_int_t)tunnel->responses_taken, "responses_sent",
	    (json_int_t)tunnel->responses_sent, "cookies_received", (json_int_t)tunnel->cookies_taken,
	    "cookies_sent", (json_int_t)tunnel->cookies_sent, "keepalives_sent",
	    (json_int_t)tunnel->keepalives_sent, "datagrams_lost", (json_int_t)tunnel->datagrams_lost);
}
