/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir peer` writes: the texts of its files, in wg-quick's format.
 */
#ifndef IMAGES_PEER_TEXT_H
#define IMAGES_PEER_TEXT_H

#include <stdio.h>

#include "peer.h"

/* A new peer and what is said to it. */
struct new_peer {
	const struct peer_wishes *wishes;
	const struct config *config;
	const struct config_tunnel *tunnel;
	const struct config_port *port;
	struct config_peer peer;
	struct config_network addresses[2]; /* of the peer, full-length: at most one of each family */
	uint8_t private_key[CONFIG_KEY_BYTES], preshared_key[CONFIG_KEY_BYTES];
	char *conf_path, *preshared_path, *section_path;
	int folder; /* letters of the configuration's folder, slash included */
};

/* The file for the other end. */
void print_conf(const struct new_peer *new, FILE *out);

/* What a tunnel's own wg-quick file gets. */
void print_section(const struct new_peer *new, FILE *out);

void print_preshared_key(const struct new_peer *new, FILE *out);

/* The address of a port with a gateway, or of any device: where the appliance is found. NULL: nowhere. */
const struct config_address *own_outside_address(const struct config *config);

#endif
