/* SPDX-License-Identifier: Apache-2.0
 *
 * The console. Never waits long: without a listener, text is lost.
 */
#ifndef RING0_CONSOLE_H
#define RING0_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* After hypervisor_init. */
void console_init(void);
void console_write(const char *text, size_t bytes);

/* A string; %s string, %u unsigned 64-bit decimal, %x 64-bit hexadecimal, %X the same with 16 digits. Nothing
 * else. */
void console_print(const char *format, ...);

#endif
