/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of tunnels share: read_vpn.c has the section, read_wireguard.c a tunnel in YAML,
 * read_conf.c one in wg-quick's file.
 */
#ifndef CONFIG_VPN_H
#define CONFIG_VPN_H

#include "key.h"
#include "mapping.h"

enum {
	VPN_PEERS_MAX = 65535,
	VPN_LISTEN_DEFAULT = 51820,
	PEER_NAME_LETTERS = 8, /* of a peer's key, where it has no other name */
};

/* A wg-quick file of which messages show lines. */
struct opened_file {
	char *path;
	struct key_file file;
	struct opened_file *next;
};

/* A tunnel while it is read. */
struct tunnel_draft {
	struct config_port *port;
	struct config_tunnel *tunnel;
	const struct node *node; /* what is said of it in YAML */
	bool public_given;	 /* public-key */
	struct config_place public_place;
};

/* read_vpn.c */
void read_tunnel_mtu(struct reader *r, struct config_port *port, const struct node *value);

/* read_wireguard.c */
void read_wireguard(struct reader *r, void *draft, const struct node *value);

/* read_conf.c: `conf`; read_secrets.c: `secrets`, once the peers are known */
void read_conf(struct reader *r, struct tunnel_draft *draft, const struct node *value);
void read_secrets_file(struct reader *r, struct tunnel_draft *draft, const struct node *value);

/* read_keys.c: a file with a key. Reports what is wrong with the file; where none is read (struct reader),
 * the key stays zero. */
bool read_key_file(struct reader *r, const struct node *value, const char *what,
		   uint8_t key[CONFIG_KEY_BYTES]);

/* Takes a tunnel's private key, and reports one that can't be. */
bool take_private_key(struct reader *r, struct tunnel_draft *draft, struct config_place place,
		      const uint8_t key[CONFIG_KEY_BYTES]);

/* Opens a wg-quick file, which messages can show from then on; its text lives until the reader ends. Reports
 * what goes wrong. */
const struct key_file *open_conf(struct reader *r, const struct node *value, uint16_t *number);
void close_opened(struct reader *r);

/* Room for `count` peers more; returns false, with an error, where they are too many. */
bool reserve_peers(struct reader *r, size_t count, struct config_place place);

/* A copy that lives as long as the configuration. */
const char *keep_text(struct reader *r, const char *text);

/* The path as the configuration has it, relative to its folder; the caller frees it. */
char *path_beside(const struct reader *r, const char *path);

/* value_vpn.c */
bool value_public_key(struct reader *r, const struct node *node, uint8_t key[CONFIG_KEY_BYTES]);
bool value_endpoint(struct reader *r, const struct node *node, struct config_address *address,
		    uint16_t *port);
bool value_keepalive(struct reader *r, const struct node *node, uint16_t *seconds);
bool value_listen(struct reader *r, const struct node *node, uint16_t *port);

/* The first letters of a public key, up to `length`, as a peer's name. */
void name_after_key(struct config_peer *peer, size_t length);

#endif
