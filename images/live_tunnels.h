/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels in the live view: each with its key and port, and of the peers those with the latest handshakes.
 */
#ifndef IMAGES_LIVE_TUNNELS_H
#define IMAGES_LIVE_TUNNELS_H

#include "screen.h"
#include "tunnel_list.h"

/* How many lines all of it takes. */
int live_tunnels_lines(const struct tunnel_list *list, const struct config *config);

/* Draws what fits in that many. */
void live_tunnels_draw(struct screen *screen, const struct tunnel_list *list, const struct config *config,
		       int lines);

#endif
