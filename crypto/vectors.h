/* SPDX-License-Identifier: Apache-2.0
 *
 * What the start-up tests need to read known answers, which are written in hexadecimal.
 */
#ifndef CRYPTO_VECTORS_H
#define CRYPTO_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns how many bytes: two digits each, nothing else. */
size_t vector_read(uint8_t *out, const char *text);

/* Whether memory is what text says. */
bool vector_is(const void *memory, const char *text);

#endif
