/* SPDX-License-Identifier: Apache-2.0
 *
 * See vectors.h.
 */
#include "vectors.h"

static uint8_t digit(char c)
{
	return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

size_t vector_read(uint8_t *out, const char *text)
{
	size_t bytes = 0;

	for (; text[0] != '\0' && text[1] != '\0'; text += 2)
		out[bytes++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	return bytes;
}

bool vector_is(const void *memory, const char *text)
{
	const uint8_t *bytes = memory;
	bool same = true;

	for (; text[0] != '\0' && text[1] != '\0'; text += 2)
		same &= *bytes++ == (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	return same;
}
