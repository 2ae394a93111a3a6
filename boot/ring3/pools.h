/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet pools of nf/host.h.
 */
#ifndef BOOT_RING3_POOLS_H
#define BOOT_RING3_POOLS_H

/* Creates both. Returns 0, or -errno after a line on the console. */
int pools_create(void);

#endif
