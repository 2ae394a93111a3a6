/* SPDX-License-Identifier: Apache-2.0
 *
 * Xen's public headers (Debian's libxen-dev), and what they ask of who includes them: which version of the
 * interface is meant, and barriers. On x86 only a load after a store to another place needs an instruction.
 */
#ifndef PKTIO_XEN_PUBLIC_H
#define PKTIO_XEN_PUBLIC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <rte_atomic.h>

#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#define xen_mb()		  rte_smp_mb()
#define xen_rmb()		  rte_smp_rmb()
#define xen_wmb()		  rte_smp_wmb()

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>

enum { XEN_PAGE_BYTES = 4096, XEN_PAGE_BITS = 12 };

#endif
