/* SPDX-License-Identifier: Apache-2.0
 *
 * BLAKE2b of a short message, with any length of digest: minisign's checksum of a secret key is BLAKE2b-256,
 * and OpenSSL 3.0 has BLAKE2b-512 only.
 *
 * Source: RFC 7693.
 */
#ifndef IMAGES_BLAKE2B_H
#define IMAGES_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

enum { BLAKE2B_BYTES_MAX = 64 };

/* Writes a digest of `bytes` bytes, 1 to BLAKE2B_BYTES_MAX. Leaves nothing of the message on the stack. */
void blake2b(const void *message, size_t length, uint8_t *digest, size_t bytes);

#endif
