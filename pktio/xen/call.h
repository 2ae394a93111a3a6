/* SPDX-License-Identifier: Apache-2.0
 *
 * The way to ring 0: the WEIR_CALLs of a guest of Xen. A test puts its own Xen behind this one function.
 */
#ifndef PKTIO_XEN_CALL_H
#define PKTIO_XEN_CALL_H

#include <stdint.h>
#include "boot/handover.h"

/* Returns what ring 0 says: a number, or -errno. A system call, and dear. */
long xen_call(enum weir_call number, uint64_t argument);

#endif
