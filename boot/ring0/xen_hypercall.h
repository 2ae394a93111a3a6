/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of Xen's, for the files xen*.c. Numbers, commands and structures are those of Xen's public headers.
 */
#ifndef RING0_XEN_HYPERCALL_H
#define RING0_XEN_HYPERCALL_H

#include <stdbool.h>
#include <stdint.h>
#include "xen_abi.h"

/* Has Xen fill the page through which it is called. False: it has none. */
bool xen_hypercall_init(void);

/* __HYPERVISOR_*_op: the command and its structure, which Xen reads and writes; `count`: of structures, where
 * there may be several. Returns what Xen does: mostly 0, or -errno in Linux's numbers. */
int64_t xen_call(unsigned int number, unsigned int command, void *structure, unsigned int count);

/* HVM_PARAM_*. */
bool xen_param(uint32_t index, uint64_t *value);
bool xen_set_param(uint32_t index, uint64_t value);

#endif
