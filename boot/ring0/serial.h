/* SPDX-License-Identifier: Apache-2.0
 *
 * COM1, a 16550A. Never waits long: without a listener, or without the port, text is lost.
 */
#ifndef RING0_SERIAL_H
#define RING0_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

bool serial_is_there(void);
void serial_init(void);
void serial_write(const char *text, size_t bytes);

#endif
