/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that hold keys. A configuration names them and never has a private key itself: it is read by people,
 * and the image carries it.
 */
#include <stdlib.h>
#include <string.h>
#include "value.h"
#include "vpn.h"

char *path_beside(const struct reader *r, const char *path)
{
	const char *slash = strrchr(r->name, '/');
	int folder = slash ? (int)(slash - r->name) + 1 : 0;
	char *full = NULL;

	if (*path == '/')
		folder = 0;
	if (asprintf(&full, "%.*s%s", folder, r->name, path) < 0)
		abort();
	return full;
}

const char *keep_text(struct reader *r, const char *text)
{
	char *copy = blocks_array(&r->config->blocks, strlen(text) + 1, 1);

	return strcpy(copy, text);
}

static void warn_of_readers(struct reader *r, struct config_place place, const char *path)
{
	diagnostics_warning(r->d, place, "%s holds a secret, and everybody may read it", path);
	diagnostics_hint(r->d, "chmod 600 %s", path);
}

/* Takes the only word of a file. */
static bool take_key(struct reader *r, const struct node *value, const struct key_file *file,
		     const char *path, uint8_t key[CONFIG_KEY_BYTES])
{
	static const char blanks[] = " \t\r\n";
	const char *word = file->text + strspn(file->text, blanks);
	size_t length = strcspn(word, blanks);
	bool alone =
	    word[length + strspn(word + length, blanks)] == '\0' && strlen(file->text) == file->length;

	if (alone && key_parse(word, length, key) && !key_is_zero(key)) {
		if (file->open_to_others)
			warn_of_readers(r, value->place, path);
		return true;
	}
	key_wipe(key, CONFIG_KEY_BYTES);
	if (strstr(file->text, "PrivateKey")) {
		diagnostics_error(r->d, value->place, "%s is a wg-quick file, not a key alone", path);
		diagnostics_hint(r->d, "write `wireguard: { conf: %s }`", value->text);
	} else {
		diagnostics_error(r->d, value->place, "%s does not hold a key", path);
		diagnostics_hint(r->d, "a key is one line of 44 characters, as `wg genkey` writes it");
	}
	return false;
}

/* A key in the place of a file's name: then the configuration would be as secret as the key. */
static bool is_inline(struct reader *r, const struct node *value, const char *what)
{
	uint8_t key[CONFIG_KEY_BYTES];
	bool is_key = key_parse(value->text, strlen(value->text), key);

	key_wipe(key, sizeof(key));
	if (!is_key)
		return false;
	diagnostics_error(r->d, value->place,
			  "%s can't be written here: people read configurations, and images carry them",
			  what);
	diagnostics_hint(r->d, "put the key into a file that only you can read, and write the file's name");
	return true;
}

bool read_key_file(struct reader *r, const struct node *value, const char *what,
		   uint8_t key[CONFIG_KEY_BYTES])
{
	const char *name = value_text(r, value, "a file with a key", "wg0.key");
	struct key_file file;
	bool good = false;
	char *path;
	int error;

	if (!name || is_inline(r, value, what))
		return false;
	if (!r->reads_keys)
		return true;
	path = path_beside(r, name);
	error = key_file_read(&file, path);
	if (error) {
		diagnostics_error(r->d, value->place, "%s can't be read: %s", path, strerror(error));
		diagnostics_hint(r->d, "paths are relative to the configuration's folder; `weir key FILE` "
				       "makes a new key");
	} else {
		good = take_key(r, value, &file, path, key);
		key_file_free(&file);
	}
	free(path);
	return good;
}

bool take_private_key(struct reader *r, struct tunnel_draft *draft, struct config_place place,
		      const uint8_t key[CONFIG_KEY_BYTES])
{
	uint8_t public_key[CONFIG_KEY_BYTES];
	char text[KEY_TEXT_LENGTH + 1];

	if (!key_public(key, public_key)) {
		diagnostics_error(r->d, place, "libcrypto makes no public key of this private key");
		diagnostics_hint(r->d, "make a new one: weir key wg0.key");
		return false;
	}
	memcpy(r->config->secrets.private_keys[r->config->tunnel_count], key, CONFIG_KEY_BYTES);
	if (draft->public_given && memcmp(public_key, draft->tunnel->public_key, CONFIG_KEY_BYTES) != 0) {
		key_format(public_key, text);
		diagnostics_error(r->d, draft->public_place, "the private key belongs to another public key");
		diagnostics_hint(r->d, "write `public-key: \"%s\"`, or leave it out", text);
		return false;
	}
	memcpy(draft->tunnel->public_key, public_key, CONFIG_KEY_BYTES);
	return true;
}

const struct key_file *open_conf(struct reader *r, const struct node *value, uint16_t *number)
{
	const char *name = value_text(r, value, "a wg-quick file", "wg0.conf");
	struct opened_file *opened;
	int error;

	if (!name)
		return NULL;
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		abort();
	opened->path = path_beside(r, name);
	opened->next = r->opened;
	r->opened = opened;
	error = key_file_read(&opened->file, opened->path);
	if (error) {
		diagnostics_error(r->d, value->place, "%s can't be read: %s", opened->path, strerror(error));
		diagnostics_hint(r->d, "paths are relative to the configuration's folder");
		return NULL;
	}
	if (opened->file.open_to_others)
		warn_of_readers(r, value->place, opened->path);
	*number = diagnostics_file(r->d, opened->path, opened->file.text, opened->file.length);
	return &opened->file;
}

void close_opened(struct reader *r)
{
	while (r->opened) {
		struct opened_file *opened = r->opened;

		r->opened = opened->next;
		key_file_free(&opened->file);
		free(opened->path);
		free(opened);
	}
}

bool reserve_peers(struct reader *r, size_t count, struct config_place place)
{
	struct config *config = r->config;
	size_t total = config->peer_count + count;
	struct config_peer *wider;

	if (total > VPN_PEERS_MAX) {
		diagnostics_error(r->d, place, "more than %u peers: here would be %zu", VPN_PEERS_MAX, total);
		diagnostics_hint(r->d, "spread them over several appliances");
		return false;
	}
	wider = blocks_array(&config->blocks, total, sizeof(*wider));
	if (config->peer_count)
		memcpy(wider, config->peers, config->peer_count * sizeof(*wider));
	config->peers = wider;
	secrets_reserve(&config->secrets, config->tunnel_count + 1, total);
	return true;
}
