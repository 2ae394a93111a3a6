/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys; see key.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "key.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 43 letters have 258 bits: the last two are none of the key's. */
bool key_parse(const char *text, size_t length, uint8_t key[CONFIG_KEY_BYTES])
{
	uint32_t bits = 0;
	int held = 0;
	size_t filled = 0;

	if (length != KEY_TEXT_LENGTH || text[KEY_TEXT_LENGTH - 1] != '=')
		return false;
	for (size_t i = 0; i < KEY_TEXT_LENGTH - 1; i++) {
		const char *letter = text[i] ? strchr(letters, text[i]) : NULL;

		if (!letter)
			return false;
		bits = bits << 6 | (uint32_t)(letter - letters);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		key[filled++] = (uint8_t)(bits >> held);
	}
	return (bits & 3) == 0;
}

void key_format(const uint8_t key[CONFIG_KEY_BYTES], char *text)
{
	uint32_t bits = 0;
	int held = 0;

	for (size_t i = 0; i < CONFIG_KEY_BYTES; i++) {
		bits = bits << 8 | key[i];
		for (held += 8; held >= 6; held -= 6)
			*text++ = letters[bits >> (held - 6) & 63];
	}
	*text++ = letters[bits << (6 - held) & 63];
	*text++ = '=';
	*text = '\0';
}

bool key_is_zero(const uint8_t key[CONFIG_KEY_BYTES])
{
	uint8_t any = 0;

	for (size_t i = 0; i < CONFIG_KEY_BYTES; i++)
		any |= key[i];
	return !any;
}

bool key_public(const uint8_t private_key[CONFIG_KEY_BYTES], uint8_t public_key[CONFIG_KEY_BYTES])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, CONFIG_KEY_BYTES);
	size_t length = CONFIG_KEY_BYTES;
	bool done = pair && EVP_PKEY_get_raw_public_key(pair, public_key, &length) == 1;

	EVP_PKEY_free(pair);
	return done;
}

bool key_random(uint8_t key[CONFIG_KEY_BYTES])
{
	return RAND_priv_bytes(key, CONFIG_KEY_BYTES) == 1;
}

bool key_make_private(uint8_t key[CONFIG_KEY_BYTES])
{
	if (!key_random(key))
		return false;
	key[0] &= 248;
	key[31] = (key[31] & 127) | 64;
	return true;
}

void key_wipe(void *memory, size_t bytes)
{
	OPENSSL_cleanse(memory, bytes);
}

/* Grows without leaving a copy behind. */
static bool make_room(struct key_file *file, size_t *room)
{
	char *wider = *room < KEY_FILE_BYTES_MAX ? malloc(*room * 2) : NULL;

	if (!wider)
		return false;
	memcpy(wider, file->text, file->length);
	key_wipe(file->text, file->length);
	free(file->text);
	file->text = wider;
	*room *= 2;
	return true;
}

/* No stdio, whose buffers would keep a copy. */
static int read_all(struct key_file *file, int descriptor)
{
	size_t room = 4096;
	ssize_t got;

	file->text = malloc(room);
	if (!file->text)
		return ENOMEM;
	while ((got = read(descriptor, file->text + file->length, room - 1 - file->length)) > 0) {
		file->length += (size_t)got;
		if (file->length == room - 1 && !make_room(file, &room))
			return EFBIG;
	}
	file->text[file->length] = '\0';
	return got < 0 ? errno : 0;
}

int key_file_read(struct key_file *file, const char *path)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC), error = errno;
	struct stat about;

	*file = (struct key_file){0};
	if (descriptor < 0)
		return error;
	file->open_to_others = fstat(descriptor, &about) == 0 && about.st_mode & S_IROTH;
	error = read_all(file, descriptor);
	close(descriptor);
	if (error)
		key_file_free(file);
	return error;
}

void key_file_free(struct key_file *file)
{
	if (file->text)
		key_wipe(file->text, file->length);
	free(file->text);
	*file = (struct key_file){0};
}

int key_file_write(const char *path, const char *text, size_t length)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR),
	    error = errno;
	ssize_t written;

	if (descriptor < 0)
		return error;
	written = write(descriptor, text, length);
	error = written < 0 ? errno : (size_t)written < length ? ENOSPC : 0;
	if (close(descriptor) != 0 && !error)
		error = errno;
	if (error)
		unlink(path);
	return error;
}

static void widen(uint8_t (**keys)[CONFIG_KEY_BYTES], size_t *room, size_t wanted)
{
	uint8_t(*wider)[CONFIG_KEY_BYTES];

	if (wanted <= *room)
		return;
	wanted = wanted < 2 * *room ? 2 * *room : wanted;
	wider = calloc(wanted, sizeof(*wider));
	if (!wider)
		abort();
	if (*room) {
		memcpy(wider, *keys, *room * sizeof(*wider));
		key_wipe(*keys, *room * sizeof(*wider));
	}
	free(*keys);
	*keys = wider;
	*room = wanted;
}

void secrets_reserve(struct config_secrets *secrets, size_t tunnels, size_t peers)
{
	widen(&secrets->private_keys, &secrets->tunnel_room, tunnels);
	widen(&secrets->preshared_keys, &secrets->peer_room, peers);
}

void secrets_free(struct config_secrets *secrets)
{
	if (secrets->private_keys)
		key_wipe(secrets->private_keys, secrets->tunnel_room * sizeof(*secrets->private_keys));
	if (secrets->preshared_keys)
		key_wipe(secrets->preshared_keys, secrets->peer_room * sizeof(*secrets->preshared_keys));
	free(secrets->private_keys);
	free(secrets->preshared_keys);
	*secrets = (struct config_secrets){0};
}
