/* SPDX-License-Identifier: Apache-2.0
 *
 * The tunnels of an image and their peers, in the words of wg(8): what is configured, beside what its memory
 * says of each peer. That memory is outside input, and changes while it is read: each record is copied, and
 * an endpoint that makes no sense reads as none.
 */
#ifndef IMAGES_TUNNEL_LIST_H
#define IMAGES_TUNNEL_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#include "config/config.h"
#include "counters.h"
#include "nf/wireguard/stats.h"

struct tunnel_entry {
	const struct config_peer *peer;
	struct wireguard_peer_stats stats; /* endpoint.family is 0, 4 or 6 */
};

/* Peers, those first whose last handshake was last; those without one in the order of the configuration. */
struct tunnel_list {
	struct tunnel_entry *entries;
	size_t count;
	uint64_t now_ns; /* Unix time that "ago" is counted from */
};

/* Collects all peers, or those of one tunnel. Returns false where the image's table makes no sense; true with
 * an empty list where it has no peers. The list keeps pointers into `config`, the image's own. */
bool tunnel_list_read(struct tunnel_list *list, const struct counters_memory *memory,
		      const struct stats_page *page, const struct config *config,
		      const struct config_tunnel *only, uint64_t now_ns);
void tunnel_list_free(struct tunnel_list *list);

/* The configured tunnel of this name, or NULL. */
const struct config_tunnel *tunnel_find(const struct config *config, const char *name);
const char *tunnel_name(const struct config *config, const struct config_tunnel *tunnel);

/* Whether a peer is of that tunnel. */
bool tunnel_has(const struct tunnel_entry *entry, const struct config *config,
		const struct config_tunnel *tunnel);

/* Time of this machine's clock, for now_ns. */
uint64_t tunnel_wall_ns(void);

/* As `wg show` has it: a block of lines for each tunnel that is not left out by `only`, and for each peer. */
void tunnel_list_print(const struct tunnel_list *list, const struct config *config,
		       const struct config_tunnel *only, FILE *out);

/* "203.0.113.7:51820", "[2001:db8::7]:51820", or "(none)": writes to `text` and returns it. */
enum { TUNNEL_ENDPOINT_MAX = 56 };
const char *tunnel_endpoint_text(const struct wireguard_endpoint *endpoint, char text[TUNNEL_ENDPOINT_MAX]);

/* A line each, for tables: of a tunnel, and of its peers under a heading. With several tunnels a peer is
 * called TUNNEL/NAME. Texts have room for TUNNEL_TEXT_MAX. */
enum { TUNNEL_TEXT_MAX = 400 };
struct tunnel_widths {
	int name, endpoint;
};
struct tunnel_widths tunnel_widths(const struct tunnel_list *list, const struct config *config, size_t count);
const char *tunnel_text(const struct config *config, const struct config_tunnel *tunnel, char *text);
const char *tunnel_peer_head(const struct tunnel_widths *widths, char *text);
const char *tunnel_peer_text(const struct tunnel_list *list, size_t index, const struct config *config,
			     const struct tunnel_widths *widths, char *text);

/* As JSON, in new references. Times are Unix seconds, 0: never; an endpoint that nobody knows is null. */
json_t *tunnel_list_json(const struct tunnel_list *list, const struct config *config,
			 const struct config_tunnel *only);
json_t *tunnel_stats_json(const struct stats_page *page);

#endif
