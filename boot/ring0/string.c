/* SPDX-License-Identifier: Apache-2.0
 *
 * See string.h. String instructions, because a hypervisor that emulates ring 0 pays by the instruction.
 */
#include <stdint.h>
#include "string.h"

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *start = to;
	size_t words = bytes / 8, rest = bytes % 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f)
		return memcpy(to, from, bytes);
	while (bytes--)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *start = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < bytes; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	const char *end = s;
	size_t left = SIZE_MAX;

	asm volatile("repne scasb" : "+D"(end), "+c"(left) : "a"(0) : "memory", "cc");
	return (size_t)(end - s) - 1;
}

const char *after_prefix(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}
