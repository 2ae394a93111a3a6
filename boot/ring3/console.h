/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines for a person: on the serial port in a VM, on standard output as a process.
 */
#ifndef BOOT_RING3_CONSOLE_H
#define BOOT_RING3_CONSOLE_H

/* Writes one line, without its newline in `format`, by one write: a system call is dear. Cut at 511 bytes. */
__attribute__((format(printf, 1, 2))) void console_line(const char *format, ...);

#endif
