/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's errors in words of ours.
 */
#ifndef IMAGES_QEMU_ERRORS_H
#define IMAGES_QEMU_ERRORS_H

#include <stdbool.h>

struct console;

/* Whether what QEMU said has nothing to do with the accelerator, so that another would fail likewise. */
bool qemu_error_is_ours(const struct console *complaints);

/* Says in one line why QEMU did not start the image, and what to do. Returns STATUS_FAILED. */
int qemu_explain(const struct console *complaints);

#endif
