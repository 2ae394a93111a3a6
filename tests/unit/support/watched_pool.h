/* SPDX-License-Identifier: Apache-2.0
 *
 * A packet pool for tests that hands out mbufs last in, first out, and poisons each mbuf while it is free: a
 * touch after the free is an AddressSanitizer report, and a second free an assertion.
 */
#ifndef TESTS_WATCHED_POOL_H
#define TESTS_WATCHED_POOL_H

#include <stdint.h>
#include <rte_mbuf.h>

/* `room` is the data room without headroom; 0: mbufs that only point into others. */
struct rte_mempool *watched_pool(const char *name, uint32_t mbufs, uint16_t room);

/* The same with a page of data for each, as on Xen: as eal_page_pool of boot/eal/eal.h. */
struct rte_mempool *watched_page_pool(const char *name, uint32_t mbufs, void **start);

#endif
