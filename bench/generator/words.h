/* SPDX-License-Identifier: Apache-2.0
 *
 * Words `key=value`, of the command line and of a trial's line, into a struct spec; README.md lists them.
 */
#ifndef GENERATOR_WORDS_H
#define GENERATOR_WORDS_H

#include "generator.h"

void words_defaults(struct spec *spec);

/* Returns 0, or -1 with what is wrong in `error`. `start`: words of the command line only are right, too. */
int words_take(struct spec *spec, char *word, bool start, char *error, size_t room);

/* All words of a line, which is changed. */
int words_take_line(struct spec *spec, char *line, char *error, size_t room);

#endif
