/* SPDX-License-Identifier: Apache-2.0
 *
 * The traffic generator (bench/generator) as a program that the command starts: words in, results out. Its
 * README.md says which. It lies beside the command.
 */
#ifndef IMAGES_GENERATOR_H
#define IMAGES_GENERATOR_H

#include <stdbool.h>
#include <jansson.h>

#include "arguments.h"
#include "child.h"
#include "console.h"

enum { GENERATOR_SIDES = 2, GENERATOR_LINE_MAX = 16384, GENERATOR_SOCKET_MAX = 108 };

struct generator {
	struct child child;
	struct console complaints;
	int words, results; /* pipes */
	char line[GENERATOR_LINE_MAX];
	size_t filled;
};

/* Whether there is one, with what to do if not. Status. */
int generator_check(void);

/* Starts it and waits until it listens. `words`: those of its command line, taken; `files->keep` are
 * inherited. Status.
 */
int generator_start(struct generator *generator, struct arguments *words, struct child_files *files);

/* Has it begin a trial. Status. */
int generator_send(struct generator *generator, const char *words);

/* Takes what it has written. Returns 1 and a result, a new reference; 0: none yet; -1: it has ended, or makes
 * no sense (said). */
int generator_receive(struct generator *generator, json_t **result);

void generator_end(struct generator *generator);

#endif
