/* SPDX-License-Identifier: Apache-2.0
 *
 * Minisign's files: public keys, secret keys, signatures. Ed25519 of a file's BLAKE2b-512 ("ED"), or of the
 * file itself (the legacy "Ed"), and a second signature over the first and a trusted comment. All are text
 * from outside.
 *
 *     untrusted comment: ...      |  untrusted comment: ...         |  untrusted comment: ...
 *     base64 of a public key      |  base64 of a signature          |  base64 of a secret key
 *                                 |  trusted comment: ...           |
 *                                 |  base64 of the global signature |
 *
 * Source: jedisct1.github.io/minisign, "Signature format", "Public key format", "Secret key format".
 */
#ifndef IMAGES_MINISIGN_H
#define IMAGES_MINISIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	MINISIGN_ID_BYTES = 8,
	MINISIGN_KEY_BYTES = 32,
	MINISIGN_SIGNATURE_BYTES = 64,
	MINISIGN_COMMENT_MAX = 8192,
	MINISIGN_FILE_MAX = 4 * MINISIGN_COMMENT_MAX,
};

struct minisign_public {
	uint8_t id[MINISIGN_ID_BYTES], key[MINISIGN_KEY_BYTES];
};

struct minisign_signature {
	bool hashed; /* of the file's BLAKE2b-512 */
	uint8_t id[MINISIGN_ID_BYTES], bytes[MINISIGN_SIGNATURE_BYTES], global[MINISIGN_SIGNATURE_BYTES];
	char comment[MINISIGN_COMMENT_MAX + 1]; /* the trusted one */
};

/* A secret key. Its owner wipes it (key_wipe). */
struct minisign_secret {
	uint8_t id[MINISIGN_ID_BYTES], seed[MINISIGN_KEY_BYTES], public_key[MINISIGN_KEY_BYTES];
};

/* Bytes of a secret key's file. */
enum { SEALED_KEY_BYTES = MINISIGN_ID_BYTES + 2 * MINISIGN_KEY_BYTES + 32 };
struct __attribute__((packed)) minisign_sealed {
	uint8_t algorithm[2], kdf[2], checksum_algorithm[2], salt[32];
	uint64_t operations, memory;   /* limits for scrypt, little-endian */
	uint8_t key[SEALED_KEY_BYTES]; /* id, seed, public key, checksum; XOR scrypt's output */
};

/* Each returns NULL, or what is wrong. A public key may be without its comment. */
const char *minisign_parse_public(const char *text, size_t length, struct minisign_public *key);
const char *minisign_parse_signature(const char *text, size_t length, struct minisign_signature *signature);
const char *minisign_parse_secret(const char *text, size_t length, struct minisign_sealed *sealed);

void minisign_print_public(const struct minisign_public *key, FILE *out);
void minisign_print_signature(const struct minisign_signature *signature, FILE *out);

/* Writes a secret key without a password. `out` holds it afterwards. */
void minisign_print_secret(const struct minisign_secret *secret, FILE *out);

bool minisign_is_sealed(const struct minisign_sealed *sealed);

/* Takes the key out of what a file held; `password` NULL: it is not sealed. Returns NULL, or what is wrong;
 * then the key is wiped. */
const char *minisign_open_secret(struct minisign_sealed *sealed, const char *password,
				 struct minisign_secret *secret);

/* A new key. False: no good random numbers. */
bool minisign_make(struct minisign_secret *secret);

/* Signs a file's bytes and signature->comment; fills in the rest. False: libcrypto can't. */
bool minisign_sign(const struct minisign_secret *secret, const uint8_t *bytes, size_t size,
		   struct minisign_signature *signature);

/* Returns NULL if it is the signature of these bytes and its comment is the signer's, or what is wrong. */
const char *minisign_verify(const struct minisign_public *key, const struct minisign_signature *signature,
			    const uint8_t *bytes, size_t size);

/* A key's number as minisign writes it: 16 digits and a NUL. */
enum { MINISIGN_ID_TEXT = 16 };
const char *minisign_id_text(const uint8_t id[MINISIGN_ID_BYTES], char text[MINISIGN_ID_TEXT + 1]);

/* Whether a comment can be shown and stands on one line. */
bool minisign_is_comment(const char *text, size_t length);

#endif
