/* SPDX-License-Identifier: Apache-2.0
 *
 * How the parts of the compiler report what is wrong. config.h has the face for callers.
 *
 * A reader pushes one located error for each fault and goes on, so that a person sees all faults in one run:
 *     diagnostics_error(d, node->place, "`%s` is not an IPv4 or IPv6 address", text);
 *     diagnostics_hint(d, "write it like 192.0.2.1 or 2001:db8::1");
 */
#ifndef CONFIG_DIAGNOSTICS_H
#define CONFIG_DIAGNOSTICS_H

#include "config.h"

enum { DIAGNOSTICS_MAX = 20 /* of errors, and of warnings; the rest is only counted */ };

/* Names the text that places refer to from now on. Borrows both until the next call. */
void diagnostics_source(struct diagnostics *d, const char *name, const char *text, size_t length);

__attribute__((format(printf, 3, 4))) void diagnostics_error(struct diagnostics *d, struct config_place place,
							     const char *format, ...);
__attribute__((format(printf, 3, 4))) void diagnostics_warning(struct diagnostics *d,
							       struct config_place place, const char *format,
							       ...);

/* Says what to write instead, about what was reported last. */
__attribute__((format(printf, 2, 3))) void diagnostics_hint(struct diagnostics *d, const char *format, ...);

#endif
