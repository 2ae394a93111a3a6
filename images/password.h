/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking a person for a password.
 */
#ifndef IMAGES_PASSWORD_H
#define IMAGES_PASSWORD_H

#include <stddef.h>

enum { PASSWORD_MAX = 1023 };

/* Reads a line from standard input: on a terminal after `prompt`, and without showing it. Its owner wipes it.
 * Status. */
int read_password(const char *prompt, char password[PASSWORD_MAX + 1]);

#endif
