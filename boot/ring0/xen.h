/* SPDX-License-Identifier: Apache-2.0
 *
 * A guest of Xen's: what the rest of ring 0 asks for. Elsewhere than on Xen, nothing here does anything but
 * say so.
 */
#ifndef RING0_XEN_H
#define RING0_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "boot/handover.h"
#include "call.h"
#include "pvclock.h"

/* xen.c: calls, events and the console, once, when exceptions can be reported. What fails is said, and Xen is
 * left out. */
void xen_init(void);

/* The pages that are for ring 3. After xen_init and memory_init. */
void xen_find(const char *command_line);

/* Both again after a suspend. Does not return if that fails. */
void xen_resume(void);

/* Xen runs this machine, and answers. */
bool xen_is_here(void);

/* What ring 3 is told. */
void xen_describe(struct handover_xen *out);

/* Ends the machine, when the console has been read; a crash is told from every other end. */
_Noreturn void xen_exit(enum image_exit code);

/* Ends it, and asks for another start. */
_Noreturn void xen_reboot(void);

/* xen_calls.c: WEIR_CALL_XEN_*; NULL: there is no such call. */
call *xen_find_call(uint64_t number);

/* xen_memory.c: the memory map that the toolstack made, as the BIOS call 0xe820 gives it. Returns the
 * number of entries; 0: there is no map. */
unsigned int xen_memory_map(void *entries, unsigned int count_max);

/* xen_clock.c: a reading of Xen's clock, and the time of day (nanoseconds since 1970) when that clock was 0.
 */
bool xen_clock_read(struct pvclock *time, uint64_t *wall_at_zero);

/* xen_console.c: to the ring that xenconsoled reads. Never waits long: without a listener, text is lost. */
void xen_console_write(const char *text, size_t bytes);

#endif
