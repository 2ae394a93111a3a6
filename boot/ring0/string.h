/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of the C library that ring 0 and its compiler need: ring 3's own are not ring 0's to run.
 */
#ifndef RING0_STRING_H
#define RING0_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);

/* After the prefix, or NULL when `s` does not start with it. */
const char *after_prefix(const char *s, const char *prefix);

#endif
