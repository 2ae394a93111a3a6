/* SPDX-License-Identifier: Apache-2.0
 *
 * The mini-EAL: what DPDK's libraries (mbuf, mempool, ring, lpm, fib, hash, acl, ip_frag, gso, ...) need of
 * an environment, for one core, without threads, files or hugepage mounts. Virtual addresses are device
 * addresses.
 *
 * The functions that it defines are declared in DPDK's own headers; a theme is a file. This header has what
 * boot/ring3 tells the mini-EAL.
 */
#ifndef BOOT_EAL_EAL_H
#define BOOT_EAL_EAL_H

#include <stddef.h>
#include <stdint.h>

struct rte_mempool;

/* What rte_get_tsc_hz() says; until it is set, a guess of 1 GHz. */
extern uint64_t eal_tsc_hz;

/* A pool of mbufs with `room` bytes each, on a stack (stack_pool.c). NULL: rte_errno says why. */
struct rte_mempool *eal_stack_pool(const char *name, uint32_t count, uint16_t room);

/* The same with a page of data for each mbuf, of which others may be told: from *start on, every second page,
 * beginning with the second, is data and nothing else. The mbuf, and the headroom in front of the data, are
 * at the end of the page before. */
struct rte_mempool *eal_page_pool(const char *name, uint32_t count, void **start);

/* Memory of its own pages, aligned to 4 KiB, or to 2 MiB where it is that large, with anything in it. NULL:
 * none left. */
void *eal_pages_map(size_t bytes);
void eal_pages_unmap(void *address, size_t bytes);

/* Called by the libraries, declared in headers that DPDK does not install. */
struct tb_mem_pool;
void *__wrap_tb_alloc(struct tb_mem_pool *pool, size_t size);
void __wrap_tb_free_pool(struct tb_mem_pool *pool);
void *__real_tb_alloc(struct tb_mem_pool *pool, size_t size);
void __real_tb_free_pool(struct tb_mem_pool *pool);
size_t rte_mem_page_size(void);
void *rte_mem_map(void *wanted, size_t size, int protection, int flags, int fd, uint64_t offset);
int rte_mem_unmap(void *address, size_t size);
int rte_mem_lock(const void *address, size_t size);

#endif
