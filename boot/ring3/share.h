/* SPDX-License-Identifier: Apache-2.0
 *
 * The counters' pages of a process, shared with the host command.
 */
#ifndef BOOT_RING3_SHARE_H
#define BOOT_RING3_SHARE_H

#include <stddef.h>

/* Puts the file `path` under section .weir.stats, with what the section holds now. Returns 0, or -errno after
 * a line on the console. */
int share_counters(const char *path);

/* Makes the file longer by so many bytes, a multiple of a page, and maps them. NULL: there is no such file,
 * or no memory. */
void *share_more(size_t bytes);

#endif
