/* SPDX-License-Identifier: Apache-2.0
 *
 * An argument vector that grows: for starting QEMU, the compiler, or an image as a process.
 */
#ifndef IMAGES_ARGUMENTS_H
#define IMAGES_ARGUMENTS_H

#include <stddef.h>

struct arguments {
	char **words; /* NULL after the last, as execvp wants it */
	size_t count;
};

/* Adds one word. Running out of memory ends the program. */
void arguments_add(struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds each word of a text that is separated by blanks. */
void arguments_split(struct arguments *arguments, const char *text);

void arguments_free(struct arguments *arguments);

#endif
