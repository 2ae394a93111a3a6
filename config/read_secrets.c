/* SPDX-License-Identifier: Apache-2.0
 *
 * `secrets`: a wg-quick file of which only the keys are taken. The canonical text of a tunnel that is such a
 * file says everything else.
 */
#include <stdlib.h>
#include <string.h>
#include "conf.h"
#include "value.h"

/* A peer's section in a file of secrets. */
struct secret_of_peer {
	uint8_t public_key[CONFIG_KEY_BYTES];
	const struct wg_quick_section *section;
};

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, CONFIG_KEY_BYTES);
}

static void take_preshared_keys(struct reader *r, const struct tunnel_draft *draft,
				const struct wg_quick *conf)
{
	struct secret_of_peer *secrets = calloc(conf->peer_count + 1, sizeof(secrets[0])), *found;
	struct config *config = r->config;
	size_t count = 0;

	if (!secrets)
		abort();
	for (size_t i = 0; i < conf->section_count; i++) {
		const struct wg_quick_section *section = &conf->sections[i];
		const struct wg_quick_entry *key = section->peer ? wg_quick_find(section, "PublicKey") : NULL;

		secrets[count].section = section;
		count += key && key_parse(key->value, key->length, secrets[count].public_key);
	}
	qsort(secrets, count, sizeof(secrets[0]), by_key);
	for (size_t i = draft->tunnel->first_peer; i < config->peer_count; i++) {
		found = bsearch(config->peers[i].public_key, secrets, count, sizeof(secrets[0]), by_key);
		if (found && !config->peers[i].preshared_file)
			take_preshared_key(r, found->section, i);
	}
	free(secrets);
}

void read_secrets_file(struct reader *r, struct tunnel_draft *draft, const struct node *value)
{
	const char *name = value_text(r, value, "a wg-quick file", "wg0.conf");
	const struct key_file *file = NULL;
	struct wg_quick conf = {0};
	uint16_t number = 0;

	if (!name)
		return;
	draft->tunnel->secrets_file = keep_text(r, name);
	if (r->reads_keys)
		file = open_conf(r, value, &number);
	if (!file)
		return;
	if (wg_quick_parse(&conf, file->text, file->length, number, r->d)) {
		for (size_t i = 0; i < conf.section_count; i++)
			if (!conf.sections[i].peer)
				take_conf_private_key(r, draft, &conf.sections[i]);
		take_preshared_keys(r, draft, &conf);
	}
	wg_quick_free(&conf);
}
