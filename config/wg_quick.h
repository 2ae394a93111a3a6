/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a wg-quick file as sections with entries that know where they were written; what the keys mean
 * is read_conf.c's. Sources: wg(8), "Configuration File Format", and wg-quick(8).
 *
 *     [Interface]
 *     PrivateKey = ...        # a comment
 *
 *     [Peer]
 *     AllowedIPs = 10.8.0.2/32, fd00:8::2/128
 *
 * Names of sections and keys may be written in any case.
 */
#ifndef CONFIG_WG_QUICK_H
#define CONFIG_WG_QUICK_H

#include "diagnostics.h"
#include "yaml.h"

enum { WG_QUICK_KEY_MAX = 24 };

/* A value may be a secret: it is never copied, and `value` points into the text. */
struct wg_quick_entry {
	char key[WG_QUICK_KEY_MAX + 1];
	struct config_place key_place, place;
	const char *value;
	size_t length;
};

struct wg_quick_section {
	bool peer; /* else Interface */
	struct config_place place;
	struct wg_quick_entry *entries;
	size_t entry_count;
};

struct wg_quick {
	struct wg_quick_section *sections;
	size_t section_count, peer_count;
	struct config_block *blocks;
};

/* Reads a text that is file number `file` of `d`. Returns false after errors; then, too, the result has to be
 * freed. It borrows the text. */
bool wg_quick_parse(struct wg_quick *conf, const char *text, size_t length, uint16_t file,
		    struct diagnostics *d);
void wg_quick_free(struct wg_quick *conf);

/* The entry of this name, or NULL. */
const struct wg_quick_entry *wg_quick_find(const struct wg_quick_section *section, const char *key);

#endif
