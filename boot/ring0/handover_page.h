/* SPDX-License-Identifier: Apache-2.0
 *
 * The page by which ring 0 tells ring 3 what it found (boot/handover.h), strings included.
 */
#ifndef RING0_HANDOVER_PAGE_H
#define RING0_HANDOVER_PAGE_H

#include "boot/handover.h"
#include "bootinfo.h"

/* Everything but the devices; starts the clock on the way. After memory_init. */
void handover_fill(const struct boot_info *info);

/* Until it is published, ring 0 may write it. */
struct handover *handover_page(void);

/* From now on ring 3 reads it, and nobody writes. */
void handover_publish(void);

/* Once published: what a suspend changes, the clock and what Xen gives, is written anew. */
void handover_renew(void);

#endif
