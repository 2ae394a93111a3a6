/* SPDX-License-Identifier: Apache-2.0
 *
 * A tunnel and its peers as YAML: the key `wireguard`.
 */
#include <string.h>
#include "stages.h"
#include "value.h"
#include "vpn.h"

static const char peer_example[] =
    "laptop: { public-key: \"...\", preshared-key: laptop.psk, allowed: [10.8.0.2/32] }";

/* What is reserved for peers comes before them, in their array. */
static struct config_peer *current_peer(struct reader *r)
{
	return &r->config->peers[r->config->peer_count];
}

static void read_public_key(struct reader *r, void *target, const struct node *value)
{
	value_public_key(r, value, ((struct config_peer *)target)->public_key);
}

static void read_preshared_key(struct reader *r, void *target, const struct node *value)
{
	struct config_peer *peer = target;

	if (read_key_file(r, value, "a preshared key",
			  r->config->secrets.preshared_keys[r->config->peer_count]))
		peer->preshared_file = keep_text(r, value->text);
}

/* `any`, as in other products. */
static bool means_everything(struct reader *r, const struct node *item)
{
	if (item->kind != NODE_SCALAR || (strcmp(item->text, "any") != 0 && strcmp(item->text, "all") != 0))
		return false;
	diagnostics_error(r->d, item->place, "`%s` is not a network", item->text);
	diagnostics_hint(r->d,
			 "for all addresses write [0.0.0.0/0, \"::/0\"]: all that has no other way then goes "
			 "to this peer");
	return true;
}

static void read_allowed(struct reader *r, void *target, const struct node *value)
{
	struct config_peer *peer = target;
	size_t count;
	const struct node *const *items = one_or_more(r, &value, &count);

	peer->allowed = blocks_array(&r->config->blocks, count, sizeof(peer->allowed[0]));
	for (size_t i = 0; i < count; i++) {
		peer->allowed[peer->allowed_count].place = items[i]->place;
		peer->allowed_count += !means_everything(r, items[i]) &&
				       value_network(r, items[i], &peer->allowed[peer->allowed_count].prefix);
	}
}

static void read_endpoint(struct reader *r, void *target, const struct node *value)
{
	struct config_peer *peer = target;

	peer->has_endpoint = value_endpoint(r, value, &peer->endpoint, &peer->endpoint_port);
	peer->endpoint_place = value->place;
}

static void read_keepalive(struct reader *r, void *target, const struct node *value)
{
	value_keepalive(r, value, &((struct config_peer *)target)->keepalive_s);
}

static const struct mapping_key peer_keys[] = {
    {"public-key", read_public_key, "public-key: \"...\"", NULL},
    {"preshared-key", read_preshared_key, NULL, NULL},
    {"allowed", read_allowed, NULL, KEEP_ONE_OR_LIST},
    {"endpoint", read_endpoint, NULL, NULL},
    {"keepalive", read_keepalive, NULL, NULL},
};

static const struct foreign_key foreign_peer_keys[] = {
    {"PublicKey", "public-key", NULL},
    {"key", "public-key", NULL},
    {"PresharedKey", "preshared-key", NULL},
    {"psk", "preshared-key", NULL},
    {"AllowedIPs", "allowed", NULL},
    {"allowed-ips", "allowed", NULL},
    {"address", "allowed", NULL},
    {"addresses", "allowed", NULL},
    {"routes", "allowed", NULL},
    {"Endpoint", "endpoint", NULL},
    {"PersistentKeepalive", "keepalive", NULL},
    {"persistent-keepalive", "keepalive", NULL},
    {"private-key", NULL, "the other end keeps its private key: write its `public-key`"},
    {NULL, NULL, NULL},
};

/* What peers without a name of their own are called: how their key begins. */
static bool is_start_of_key(const char *text, const struct config_peer *peer)
{
	char key[KEY_TEXT_LENGTH + 1];
	size_t length = strlen(text);

	key_format(peer->public_key, key);
	return length >= PEER_NAME_LETTERS && length <= CONFIG_NAME_MAX && strncmp(text, key, length) == 0;
}

static void read_peer(struct reader *r, const struct node *key, const struct node *node)
{
	struct config_peer *peer = current_peer(r);
	size_t before = diagnostics_errors(r->d);

	*peer = (struct config_peer){.place = key->place, .tunnel = (uint8_t)r->config->tunnel_count};
	if (!expect_mapping(r, node, "a peer", peer_example))
		return;
	mapping_read(r, node, "the peer", peer_keys, sizeof(peer_keys) / sizeof(peer_keys[0]),
		     foreign_peer_keys, peer);
	if (diagnostics_errors(r->d) == before && is_start_of_key(key->text, peer))
		strcpy(peer->name, key->text);
	else if (!value_name(r, key, "a peer's name", CONFIG_NAME_MAX, peer->name))
		return;
	r->config->peer_count++;
}

/* `peers:` with nothing behind it has none yet: `weir peer` makes lines that go there. */
static void read_peers(struct reader *r, void *target, const struct node *value)
{
	(void)target;
	if (value->kind == NODE_SCALAR && !*value->text)
		return;
	if (!expect_mapping(r, value, "`peers`", peer_example))
		return;
	report_repeated_keys(r, value, NULL, 0);
	if (!reserve_peers(r, value->count, value->place))
		return;
	for (size_t i = 0; i < value->count; i++)
		read_peer(r, value->items[2 * i], value->items[2 * i + 1]);
}

/* These are read first, or last: read_tunnel_keys. */
static void read_in_order(struct reader *r, void *target, const struct node *value)
{
	(void)r;
	(void)target;
	(void)value;
}

static void read_own_public_key(struct reader *r, struct tunnel_draft *draft, const struct node *value)
{
	draft->public_given = value_public_key(r, value, draft->tunnel->public_key);
	draft->public_place = value->place;
}

static void read_private_key(struct reader *r, struct tunnel_draft *draft, const struct node *value)
{
	uint8_t key[CONFIG_KEY_BYTES] = {0};

	if (!read_key_file(r, value, "a private key", key))
		return;
	draft->tunnel->key_file = keep_text(r, value->text);
	if (r->reads_keys)
		take_private_key(r, draft, value->place, key);
	key_wipe(key, sizeof(key));
}

static void read_listen(struct reader *r, void *target, const struct node *value)
{
	struct tunnel_draft *draft = target;

	value_listen(r, value, &draft->tunnel->listen);
	draft->tunnel->listen_place = value->place;
}

static void read_routes(struct reader *r, void *target, const struct node *value)
{
	value_truth(r, value, &((struct tunnel_draft *)target)->tunnel->routes);
}

static const struct mapping_key wireguard_keys[] = {
    {"conf", read_in_order, NULL, NULL},    {"private-key", read_in_order, NULL, NULL},
    {"secrets", read_in_order, NULL, NULL}, {"public-key", read_in_order, NULL, NULL},
    {"listen", read_listen, NULL, NULL},    {"routes", read_routes, NULL, NULL},
    {"peers", read_peers, NULL, KEEP_ONE},
};

static const struct foreign_key foreign_wireguard_keys[] = {
    {"PrivateKey", "private-key", NULL},
    {"key", "private-key", NULL},
    {"file", "conf", NULL},
    {"config", "conf", NULL},
    {"listen-port", "listen", NULL},
    {"ListenPort", "listen", NULL},
    {"port", "listen", NULL},
    {"Table", "routes", "did you mean `routes`? `routes: false` is what wg-quick calls `Table = off`"},
    {"table", "routes", "did you mean `routes`? `routes: false` is what wg-quick calls `Table = off`"},
    {"addresses", NULL, "addresses are the tunnel's, beside `wireguard`"},
    {"Address", NULL, "write `addresses` beside `wireguard`"},
    {"mtu", NULL, "the MTU is the tunnel's, beside `wireguard`"},
    {"MTU", NULL, "write `mtu` beside `wireguard`"},
    {"fwmark", NULL, "there are no marks: the endpoints' routes decide where datagrams go"},
    {NULL, NULL, NULL},
};

/* The file says all of it: whatever is beside it would be said twice. */
static void read_conf_alone(struct reader *r, struct tunnel_draft *draft, const struct node *node,
			    const struct node *conf)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct node *key = node->items[2 * i];

		if (strcmp(key->text, "conf") == 0)
			continue;
		diagnostics_error(r->d, key->place, "`%.40s` beside `conf`, which says all of that",
				  key->text);
		diagnostics_hint(r->d, "write it into the file, or write all of the tunnel here");
		return;
	}
	report_repeated_keys(r, node, wireguard_keys, 0);
	read_conf(r, draft, conf);
}

/* Own keys before peers, whose secrets come last. */
static void read_tunnel_keys(struct reader *r, struct tunnel_draft *draft, const struct node *node)
{
	const struct node *private_key = mapping_find(node, "private-key"),
			  *secrets = mapping_find(node, "secrets"),
			  *public_key = mapping_find(node, "public-key");

	if (public_key)
		read_own_public_key(r, draft, public_key);
	if (private_key && secrets) {
		diagnostics_error(r->d, private_key->place, "`private-key` and `secrets` both say the key");
		diagnostics_hint(r->d, "keep one of them");
	} else if (private_key) {
		read_private_key(r, draft, private_key);
	} else if (!secrets) {
		diagnostics_error(r->d, node->place, "the tunnel has no private key");
		diagnostics_hint(r->d, "add `private-key: wg0.key`; `weir key wg0.key` makes one");
	}
	mapping_read(r, node, "`wireguard`", wireguard_keys,
		     sizeof(wireguard_keys) / sizeof(wireguard_keys[0]), foreign_wireguard_keys, draft);
	if (secrets && !private_key)
		read_secrets_file(r, draft, secrets);
	if (r->reads_keys || public_key)
		return;
	diagnostics_error(r->d, node->place, "the tunnel's own key is not known: here no files are read");
	diagnostics_hint(r->d, "add its `public-key`");
}

void read_wireguard(struct reader *r, void *target, const struct node *value)
{
	const struct node *conf;

	if (!expect_mapping(r, value, "`wireguard`", "wireguard: { conf: wg0.conf }"))
		return;
	conf = mapping_find(value, "conf");
	if (conf)
		read_conf_alone(r, target, value, conf);
	else
		read_tunnel_keys(r, target, value);
}
