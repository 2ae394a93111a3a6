/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of any length as chains of mbufs, for the drivers that copy frames from and to the kernel.
 */
#ifndef PKTIO_LINUX_CHAIN_H
#define PKTIO_LINUX_CHAIN_H

#include <stdint.h>
#include <rte_mbuf.h>

enum { FRAME_MAX = 65536 }; /* bytes of one frame: a super-frame and its Ethernet header fit */

/* A packet of `length` bytes whose content is still to be written, in as many mbufs as it takes. NULL: the
 * pool is empty. */
struct rte_mbuf *chain_alloc(struct rte_mempool *pool, uint32_t length);

#endif
