/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages that a guest shares with Xen and with dom0, for the files xen*.c.
 */
#ifndef RING0_XEN_PAGES_H
#define RING0_XEN_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"
#include "layout.h"
#include "xen_hypercall.h"

/* Where xen_map_shared_info put it. */
static inline volatile struct shared_info *xen_shared_info(void)
{
	return (volatile struct shared_info *)XEN_SHARED_INFO;
}

bool xen_map_shared_info(void);

/* All of the grant table, for ring 3, in version 1 unless `version` is 2 and Xen has that. Fills in what
 * handover_xen says of grants; without a table that is zeros. */
void xen_map_grants(unsigned int version, struct handover_xen *out);

/* A page that the toolstack made: HVM_PARAM_*_PFN. Returns its address; 0: there is none, or not where it may
 * be. */
uintptr_t xen_map_param(uint32_t index, bool for_ring3);

#endif
