/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of wg-quick's files share: read_conf.c a whole file, read_secrets.c its keys only.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "vpn.h"
#include "wg_quick.h"

/* Reports an entry of a section whose key is unknown, repeated, refused or without effect. */
void check_conf_entry(struct reader *r, const struct wg_quick_section *section, size_t index);

/* Take a secret, or report one that is none; a preshared key may be absent. `peer` is an index in
 * config.peers. */
void take_conf_private_key(struct reader *r, struct tunnel_draft *draft,
			   const struct wg_quick_section *section);
void take_preshared_key(struct reader *r, const struct wg_quick_section *section, size_t peer);

#endif
