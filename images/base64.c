/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64; see base64.h.
 */
#include "base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_parse(const char *text, size_t length, uint8_t *to, size_t bytes)
{
	size_t filled = 0, padding = (3 - bytes % 3) % 3;
	uint32_t bits = 0;
	int held = 0;

	if (length != BASE64_LENGTH(bytes) || memcmp(text + length - padding, "==", padding) != 0)
		return false;
	for (size_t i = 0; i < length - padding; i++) {
		const char *letter = text[i] ? strchr(letters, text[i]) : NULL;

		if (!letter)
			return false;
		bits = (bits << 6 | (uint32_t)(letter - letters)) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		to[filled++] = (uint8_t)(bits >> held);
	}
	return (bits & ((1u << held) - 1)) == 0;
}

void base64_format(const uint8_t *from, size_t bytes, char *text)
{
	for (size_t i = 0; i < bytes; i += 3) {
		size_t left = bytes - i;
		uint32_t bits = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
				(left > 2 ? from[i + 2] : 0);

		*text++ = letters[bits >> 18];
		*text++ = letters[bits >> 12 & 63];
		*text++ = left > 1 ? letters[bits >> 6 & 63] : '=';
		*text++ = left > 2 ? letters[bits & 63] : '=';
	}
	*text = '\0';
}
