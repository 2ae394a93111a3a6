/* SPDX-License-Identifier: Apache-2.0
 *
 * Running one tool of others, such as the compiler or grub-mkimage, to its end.
 */
#ifndef IMAGES_TOOL_H
#define IMAGES_TOOL_H

#include <stdbool.h>

#include "arguments.h"

/* Whether PATH leads to a program of that name. */
bool tool_is_here(const char *name);

/* Runs it in `folder` (NULL: here); what it says is shown only when it fails. `step` is what it does, for
 * people who wait. Status. */
int tool_run(const char *step, const char *folder, const struct arguments *arguments);

#endif
