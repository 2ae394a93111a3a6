/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of the console on Xen, and its end; for xen.c. Writing is in xen.h.
 */
#ifndef RING0_XEN_CONSOLE_H
#define RING0_XEN_CONSOLE_H

/* Finds the ring. Without one, writes are lost. */
void xen_console_init(void);

/* Waits a little, at most a second, until all is read: a machine that has ended may be taken away at once. */
void xen_console_flush(void);

#endif
