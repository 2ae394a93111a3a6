/* SPDX-License-Identifier: Apache-2.0
 *
 * What wg-quick's file says, as a tunnel. Values go through the functions that read YAML's, with their
 * places in the file; which keys there are is conf_keys.c's.
 */
#include <stdlib.h>
#include <string.h>
#include "conf.h"
#include "stages.h"
#include "value.h"

/* A node as YAML would have it. */
static struct node make_node(struct reader *r, const char *text, size_t length, struct config_place place)
{
	char *copy = blocks_array(&r->config->blocks, length + 1, 1);

	memcpy(copy, text, length);
	return (struct node){.kind = NODE_SCALAR, .place = place, .text = copy, .weight = 1};
}

static struct node node_of(struct reader *r, const struct wg_quick_entry *entry)
{
	return make_node(r, entry->value, entry->length, entry->place);
}

static size_t count_commas(const struct wg_quick_entry *entry)
{
	size_t count = 0;

	for (size_t i = 0; i < entry->length; i++)
		count += entry->value[i] == ',';
	return count;
}

/* Appends the elements of one line to a list. */
static void split(struct reader *r, const struct wg_quick_entry *entry, struct node *list)
{
	const char *at = entry->value, *end = at + entry->length;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end,
			   *next = comma ? comma + 1 : end;
		struct config_place place = entry->place;
		struct node *item = blocks_array(&r->config->blocks, 1, sizeof(*item));

		for (; at < stop && strchr(" \t", *at); at++)
			;
		while (stop > at && strchr(" \t", stop[-1]))
			stop--;
		place.column += (uint32_t)(at - entry->value);
		*item = make_node(r, at, (size_t)(stop - at), place);
		list->items[list->count++] = item;
		at = next;
	}
}

/* All values of a key that may be there several times, as a list of YAML; an empty one is no error. */
static struct node list_of(struct reader *r, const struct wg_quick_section *section, const char *key)
{
	struct node list = {.kind = NODE_SEQUENCE, .place = section->place};
	size_t room = 0;

	for (size_t i = 0; i < section->entry_count; i++)
		if (strcasecmp(section->entries[i].key, key) == 0)
			room += count_commas(&section->entries[i]) + 1;
	list.items = blocks_array(&r->config->blocks, room, sizeof(list.items[0]));
	for (size_t i = 0; i < section->entry_count; i++)
		if (strcasecmp(section->entries[i].key, key) == 0)
			split(r, &section->entries[i], &list);
	return list;
}

static void report_not_a_key(struct reader *r, const struct wg_quick_entry *entry)
{
	diagnostics_error(r->d, entry->place, "`%s` is not a key", entry->key);
	if (entry->length == KEY_TEXT_LENGTH)
		diagnostics_hint(r->d,
				 "it has the length, but is not 32 bytes in base64, or zero; copy it again");
	else
		diagnostics_hint(r->d,
				 "a key is 44 characters of base64, as `wg genkey` and `wg genpsk` print "
				 "them; here are %zu",
				 entry->length);
}

void take_conf_private_key(struct reader *r, struct tunnel_draft *draft,
			   const struct wg_quick_section *section)
{
	const struct wg_quick_entry *entry = wg_quick_find(section, "PrivateKey");
	uint8_t key[CONFIG_KEY_BYTES] = {0};

	if (!entry) {
		diagnostics_error(r->d, section->place, "the interface has no `PrivateKey`");
		diagnostics_hint(r->d, "`wg genkey`, or `weir key FILE`, makes one");
	} else if (!key_parse(entry->value, entry->length, key) || key_is_zero(key)) {
		report_not_a_key(r, entry);
	} else {
		take_private_key(r, draft, entry->place, key);
	}
	key_wipe(key, sizeof(key));
}

/* What YAML says, too. */
static bool is_said_twice(struct reader *r, const struct tunnel_draft *draft, const char *key,
			  struct config_place place, const char *conf_key)
{
	const struct node *other = mapping_find(draft->node, key);

	if (!other)
		return false;
	diagnostics_error(r->d, other->place, "`%s` is here, and `%s` is in the wg-quick file in line %u",
			  key, conf_key, place.line);
	diagnostics_hint(r->d, "keep one of them");
	return true;
}

/* An address alone is a network by itself to wg-quick. */
static void add_length(struct reader *r, struct node *item)
{
	struct config_address address;
	char *text;

	if (!address_parse(item->text, &address))
		return;
	text = blocks_array(&r->config->blocks, strlen(item->text) + 5, 1);
	sprintf(text, "%s/%u", item->text, address_bits(&address));
	item->text = text;
}

static void take_addresses(struct reader *r, struct tunnel_draft *draft,
			   const struct wg_quick_section *section)
{
	struct node list = list_of(r, section, "Address");

	if (list.count == 0 || is_said_twice(r, draft, "addresses", list.items[0]->place, "Address"))
		return;
	for (size_t i = 0; i < list.count; i++)
		add_length(r, list.items[i]);
	read_port_addresses(r, draft->port, &list);
}

static void take_table(struct reader *r, struct tunnel_draft *draft, const struct wg_quick_entry *entry)
{
	static const char *const words[] = {"off", "auto", "main"};
	struct node node = node_of(r, entry);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(node.text, words[i]) != 0)
			continue;
		draft->tunnel->routes = i > 0;
		return;
	}
	diagnostics_error(r->d, entry->place, "`Table`: an appliance has one routing table");
	diagnostics_hint(r->d, "write `auto`, or `off` and the routes in YAML: { to: 10.9.0.0/16, port: %s }",
			 draft->port->name);
}

static void take_interface(struct reader *r, struct tunnel_draft *draft,
			   const struct wg_quick_section *section)
{
	const struct wg_quick_entry *listen = wg_quick_find(section, "ListenPort"),
				    *mtu = wg_quick_find(section, "MTU"),
				    *table = wg_quick_find(section, "Table");
	struct node node;

	take_conf_private_key(r, draft, section);
	take_addresses(r, draft, section);
	if (listen) {
		node = node_of(r, listen);
		value_listen(r, &node, &draft->tunnel->listen);
		draft->tunnel->listen_place = node.place;
	}
	if (mtu && !is_said_twice(r, draft, "mtu", mtu->place, "MTU")) {
		node = node_of(r, mtu);
		read_tunnel_mtu(r, draft->port, &node);
	}
	if (table)
		take_table(r, draft, table);
}

/* wg(8) takes a network with host bits for the network. */
static bool take_loosely(struct reader *r, const struct node *item, struct config_prefix *prefix)
{
	const char *slash = strchr(item->text, '/');
	char text[ADDRESS_TEXT_MAX] = "";
	struct config_prefix network;
	uint32_t length;

	if (!slash || slash - item->text >= ADDRESS_TEXT_MAX)
		return false;
	memcpy(text, item->text, (size_t)(slash - item->text));
	if (!address_parse(text, &prefix->address) ||
	    !parse_digits(slash + 1, slash + strlen(slash), &length) ||
	    length > address_bits(&prefix->address))
		return false;
	prefix->length = (uint8_t)length;
	network = prefix_network(prefix);
	if (prefix_compare(&network, prefix) == 0)
		return true;
	*prefix = network;
	diagnostics_warning(r->d, item->place, "%.50s has bits set beyond its prefix: it means %s",
			    item->text, prefix_format(&network, text));
	diagnostics_hint(r->d, "write what it means, or the address alone");
	return true;
}

static void take_allowed(struct reader *r, struct config_peer *peer, const struct wg_quick_section *section)
{
	struct node list = list_of(r, section, "AllowedIPs");

	peer->allowed = blocks_array(&r->config->blocks, list.count, sizeof(peer->allowed[0]));
	for (size_t i = 0; i < list.count; i++) {
		struct config_network *allowed = &peer->allowed[peer->allowed_count];

		allowed->place = list.items[i]->place;
		peer->allowed_count += take_loosely(r, list.items[i], &allowed->prefix) ||
				       value_network(r, list.items[i], &allowed->prefix);
	}
}

void take_preshared_key(struct reader *r, const struct wg_quick_section *section, size_t peer)
{
	const struct wg_quick_entry *entry = wg_quick_find(section, "PresharedKey");

	if (entry && !key_parse(entry->value, entry->length, r->config->secrets.preshared_keys[peer]))
		report_not_a_key(r, entry);
}

static void take_peer(struct reader *r, const struct wg_quick_section *section)
{
	struct config *config = r->config;
	struct config_peer *peer = &config->peers[config->peer_count];
	const struct wg_quick_entry *key = wg_quick_find(section, "PublicKey"),
				    *endpoint = wg_quick_find(section, "Endpoint"),
				    *keepalive = wg_quick_find(section, "PersistentKeepalive");
	struct node node;

	*peer = (struct config_peer){.place = section->place, .tunnel = (uint8_t)config->tunnel_count};
	if (!key) {
		diagnostics_error(r->d, section->place, "the peer has no `PublicKey`");
		diagnostics_hint(r->d, "write what `wg pubkey` prints at the other end");
		return;
	}
	node = node_of(r, key);
	if (!value_public_key(r, &node, peer->public_key))
		return;
	name_after_key(peer, PEER_NAME_LETTERS);
	take_preshared_key(r, section, config->peer_count);
	take_allowed(r, peer, section);
	if (endpoint) {
		node = node_of(r, endpoint);
		peer->has_endpoint = value_endpoint(r, &node, &peer->endpoint, &peer->endpoint_port);
		peer->endpoint_place = node.place;
	}
	if (keepalive) {
		node = node_of(r, keepalive);
		value_keepalive(r, &node, &peer->keepalive_s);
	}
	config->peer_count++;
}

static void take_sections(struct reader *r, struct tunnel_draft *draft, const struct wg_quick *conf,
			  struct config_place place)
{
	const struct wg_quick_section *first = NULL;

	for (size_t i = 0; i < conf->section_count; i++) {
		const struct wg_quick_section *section = &conf->sections[i];

		for (size_t j = 0; j < section->entry_count; j++)
			check_conf_entry(r, section, j);
		if (section->peer) {
			take_peer(r, section);
		} else if (first) {
			diagnostics_error(r->d, section->place, "a second [Interface] (first in line %u)",
					  first->place.line);
			diagnostics_hint(r->d,
					 "a file is one tunnel: put the other one into a file of its own");
		} else {
			first = section;
			take_interface(r, draft, section);
		}
	}
	if (first)
		return;
	diagnostics_error(r->d, place, "the file has no [Interface]");
	diagnostics_hint(r->d, "a wg-quick file begins with [Interface] and its PrivateKey");
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct config_peer *const *)a)->name, (*(struct config_peer *const *)b)->name);
}

/* Keys that begin alike give longer names. */
static void make_names_differ(struct config *config, size_t first)
{
	size_t count = config->peer_count - first;
	struct config_peer **peers = calloc(count + 1, sizeof(peers[0]));

	if (!peers)
		abort();
	for (size_t i = 0; i < count; i++)
		peers[i] = &config->peers[first + i];
	qsort(peers, count, sizeof(peers[0]), by_name);
	for (size_t i = 1, run = 0; i < count; i++) {
		run = strncmp(peers[i]->name, peers[run]->name, PEER_NAME_LETTERS) == 0 ? run : i;
		if (run == i)
			continue;
		name_after_key(peers[run], CONFIG_NAME_MAX);
		name_after_key(peers[i], CONFIG_NAME_MAX);
	}
	free(peers);
}

void read_conf(struct reader *r, struct tunnel_draft *draft, const struct node *value)
{
	const struct key_file *file;
	struct wg_quick conf = {0};
	uint16_t number = 0;

	if (!r->reads_keys) {
		diagnostics_error(r->d, value->place, "no file can be named here");
		diagnostics_hint(r->d, "write what `weir check` understood of it");
		return;
	}
	file = open_conf(r, value, &number);
	if (!file)
		return;
	draft->tunnel->secrets_file = keep_text(r, value->text);
	draft->tunnel->from_conf = true;
	if (wg_quick_parse(&conf, file->text, file->length, number, r->d) &&
	    reserve_peers(r, conf.peer_count, value->place))
		take_sections(r, draft, &conf, value->place);
	make_names_differ(r->config, draft->tunnel->first_peer);
	wg_quick_free(&conf);
}
