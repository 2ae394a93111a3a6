/* SPDX-License-Identifier: Apache-2.0
 *
 * A new peer of a tunnel, and what is written for it: peer.c; its command line is command_peer.c's.
 */
#ifndef IMAGES_PEER_H
#define IMAGES_PEER_H

#include "config/config.h"

enum { PEER_ALLOWED_MAX = 64 };

struct peer_wishes {
	const char *path, *tunnel, *name; /* of the configuration; the peer's name was checked */
	const char *endpoint;		  /* HOST:PORT that the peer calls, or NULL: a port's address */
	const char *dns;		  /* or NULL */
	struct config_network allowed[PEER_ALLOWED_MAX]; /* what the peer may reach; none: everything */
	size_t allowed_count;
	bool code; /* draw a QR code */
};

/* Makes it, or says what is wrong (status). */
int peer_make(const struct config *config, const struct peer_wishes *wishes);

#endif
