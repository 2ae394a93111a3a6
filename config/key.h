/* SPDX-License-Identifier: Apache-2.0
 *
 * WireGuard's keys on the host: their text, files that hold them, and making them. libcrypto does the work.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include "config.h"

enum { KEY_TEXT_LENGTH = 44 /* base64 of 32 bytes */, KEY_FILE_BYTES_MAX = 64 << 20 };

/* Base64 with its padding (RFC 4648, section 4), canonical: the bits beyond the 32 bytes are zero. */
bool key_parse(const char *text, size_t length, uint8_t key[CONFIG_KEY_BYTES]);

/* Writes KEY_TEXT_LENGTH characters and a NUL. */
void key_format(const uint8_t key[CONFIG_KEY_BYTES], char *text);

bool key_is_zero(const uint8_t key[CONFIG_KEY_BYTES]);

/* The public key of a private one (RFC 7748). False: libcrypto can't. */
bool key_public(const uint8_t private_key[CONFIG_KEY_BYTES], uint8_t public_key[CONFIG_KEY_BYTES]);

/* Unpredictable bytes. False: there is no good source. */
bool key_random(uint8_t key[CONFIG_KEY_BYTES]);

/* A private key made of random bytes, with the bits set that RFC 7748, section 5, sets. */
bool key_make_private(uint8_t key[CONFIG_KEY_BYTES]);

void key_wipe(void *memory, size_t bytes);

/* What a file holds that may be secret. */
struct key_file {
	char *text; /* NUL-terminated; free with key_file_free, which wipes it */
	size_t length;
	bool open_to_others; /* people beyond owner and group may read it */
};

/* Returns 0 or an errno; EFBIG when there is too much. */
int key_file_read(struct key_file *file, const char *path);
void key_file_free(struct key_file *file);

/* Makes a file that only its owner can read, with `text` in it. Returns 0 or an errno: EEXIST where there is
 * one already, which stays as it is. */
int key_file_write(const char *path, const char *text, size_t length);

/* Makes room for one secret more or for many; what was moved is wiped where it was. */
void secrets_reserve(struct config_secrets *secrets, size_t tunnels, size_t peers);
void secrets_free(struct config_secrets *secrets);

#endif
