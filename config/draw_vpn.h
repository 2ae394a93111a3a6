/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels and peers as rows of tables, for draw.c.
 */
#ifndef CONFIG_DRAW_VPN_H
#define CONFIG_DRAW_VPN_H

#include "config.h"

void write_tunnels(const struct config *config, FILE *rows);
void write_peers(const struct config *config, FILE *rows);

/* What stands in the place of a device: how the tunnel listens. */
void write_tunnel_device(const struct config *config, const struct config_port *port, FILE *row);

#endif
