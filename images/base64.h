/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 of so many bytes, with its padding (RFC 4648, section 4).
 */
#ifndef IMAGES_BASE64_H
#define IMAGES_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that `bytes` bytes take, without a NUL. */
#define BASE64_LENGTH(bytes) (((size_t)(bytes) + 2) / 3 * 4)

/* True if the text is exactly `bytes` bytes, written in the one way that there is: bits left over are zero.
 */
bool base64_parse(const char *text, size_t length, uint8_t *to, size_t bytes);

/* Writes BASE64_LENGTH(bytes) characters and a NUL. */
void base64_format(const uint8_t *from, size_t bytes, char *text);

#endif
