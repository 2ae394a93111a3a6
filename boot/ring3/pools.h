/* SPDX-License-Identifier: Apache-2.0
 *
 * The packet pools of nf/host.h.
 */
#ifndef BOOT_RING3_POOLS_H
#define BOOT_RING3_POOLS_H

#include <stddef.h>
#include "boot/handover.h"

/* Creates both. On Xen, where backends copy to and from whole pages of ours, each packet buffer has a page of
 * its own, and the packet pool is what may be granted (pktio/xen/grants.h); there may be fewer buffers than
 * configured, as memory and the grant table have room. `handover` NULL: as a process. Returns 0, or -errno
 * after a line on the console. */
int pools_create(const struct handover *handover);

#endif
