/* SPDX-License-Identifier: Apache-2.0
 *
 * How the parts of the compiler report what is wrong. config.h has the face for callers.
 *
 * A reader pushes one located error for each fault and goes on, so that a person sees all faults in one run:
 *     diagnostics_error(d, node->place, "`%s` is not an IPv4 or IPv6 address", text);
 *     diagnostics_hint(d, "write it like 192.0.2.1 or 2001:db8::1");
 *
 * The line is shown, too. What looks like a key in it is made unreadable, unless it is called a public key.
 */
#ifndef CONFIG_DIAGNOSTICS_H
#define CONFIG_DIAGNOSTICS_H

#include "config.h"

enum {
	DIAGNOSTICS_MAX = 20, /* of errors, and of warnings; the rest is only counted */
	DIAGNOSTICS_FILES_MAX = 100,
};

/* Names the text that places refer to from now on. Borrows both until the next call. */
void diagnostics_source(struct diagnostics *d, const char *name, const char *text, size_t length);

/* Names a file that the text refers to, and returns its number in places; 0 if there are too many. Borrows
 * both until the next call of diagnostics_source. */
uint16_t diagnostics_file(struct diagnostics *d, const char *name, const char *text, size_t length);

__attribute__((format(printf, 3, 4))) void diagnostics_error(struct diagnostics *d, struct config_place place,
							     const char *format, ...);
__attribute__((format(printf, 3, 4))) void diagnostics_warning(struct diagnostics *d,
							       struct config_place place, const char *format,
							       ...);

/* Says what to write instead, about what was reported last. */
__attribute__((format(printf, 2, 3))) void diagnostics_hint(struct diagnostics *d, const char *format, ...);

#endif
