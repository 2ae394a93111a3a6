/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages, and what DPDK asks about memory. Memory that devices see comes in 2 MiB pages, is mapped one to one
 * in a VM, and needs no translation: an address is its own IOVA.
 */
#include <errno.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include "boot/handover.h"
#include "eal.h"

/* AddressSanitizer's leak checker, present only where that is linked in: what these pages point to is in use.
 * It does not look into mapped pages by itself, and a mempool's headers are referenced from nowhere else. */
__attribute__((weak)) void __lsan_register_root_region(const void *address, size_t bytes);
__attribute__((weak)) void __lsan_unregister_root_region(const void *address, size_t bytes);

enum {
	PAGE_SMALL = 4096,
	PAGE_LARGE = 2 << 20,
	MAP_UNINITIALIZED_PAGES = 0x4000000, /* asm-generic/mman-common.h: need not be cleared */
};

static void *map(size_t bytes)
{
	void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_UNINITIALIZED_PAGES, -1, 0);

	return address == MAP_FAILED ? NULL : address;
}

/* What is left of the large page that was begun last. In a VM each mapping is a system call, and dear. */
static struct {
	uint8_t *start;
	size_t bytes;
} spare;

static void *take_spare(size_t bytes)
{
	void *address = spare.start;

	if (spare.bytes < bytes)
		return NULL;
	spare.start += bytes;
	spare.bytes -= bytes;
	return address;
}

/* Maps too much, and gives back what is before and behind the aligned part. */
static void *map_aligned(size_t bytes, size_t align)
{
	uint8_t *start = map(bytes + align), *aligned;

	if (start == NULL)
		return NULL;
	aligned = RTE_PTR_ALIGN_CEIL(start, align);
	if (aligned != start)
		munmap(start, aligned - start);
	if (aligned + bytes != start + bytes + align)
		munmap(aligned + bytes, start + align - aligned);
	return aligned;
}

/* On Linux, large pages are had by asking, and all at once, so that no packet waits for one. In a VM they are
 * what there is (boot/ring0/paging.c). */
static void prefer_large(void *address, size_t bytes)
{
	if (address && bytes >= PAGE_LARGE && getauxval(AT_WEIR_HANDOVER) == 0 &&
	    madvise(address, bytes, MADV_HUGEPAGE) == 0)
		madvise(address, bytes, MADV_POPULATE_WRITE);
}

static void *map_large(size_t bytes)
{
	void *address = map(bytes);

	if (address && (uintptr_t)address % PAGE_LARGE) {
		munmap(address, bytes);
		address = map_aligned(bytes, PAGE_LARGE);
	}
	prefer_large(address, bytes);
	return address;
}

/* `bytes` are whole pages. */
static void *take_pages(size_t bytes)
{
	size_t whole = RTE_ALIGN_CEIL(bytes, (size_t)PAGE_LARGE);
	uint8_t *address = bytes < PAGE_LARGE ? take_spare(bytes) : NULL;

	if (address != NULL)
		return address;
	address = map_large(whole);
	if (address == NULL)
		return bytes < PAGE_LARGE ? map(bytes) : map_large(bytes);
	if (whole - bytes > spare.bytes) {
		spare.start = address + bytes;
		spare.bytes = whole - bytes;
	}
	return address;
}

void *eal_pages_map(size_t bytes)
{
	void *address;

	if (bytes == 0 || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = RTE_ALIGN_CEIL(bytes, (size_t)PAGE_SMALL);
	address = take_pages(bytes);
	if (address != NULL && __lsan_register_root_region)
		__lsan_register_root_region(address, bytes);
	return address;
}

void eal_pages_unmap(void *address, size_t bytes)
{
	bytes = RTE_ALIGN_CEIL(bytes, (size_t)PAGE_SMALL);
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(address, bytes);
	munmap(address, bytes);
}

size_t rte_mem_page_size(void)
{
	return PAGE_SMALL;
}

rte_iova_t rte_mem_virt2iova(const void *address)
{
	return (rte_iova_t)(uintptr_t)address;
}

/* No page is under the EAL's own management. */
struct rte_memseg *rte_mem_virt2memseg(const void *address __rte_unused,
				       const struct rte_memseg_list *list __rte_unused)
{
	return NULL;
}

/* One list, for its page size: mempool takes the smallest there is as what an object may not cross. */
int rte_memseg_list_walk(rte_memseg_list_walk_t visit, void *context)
{
	const struct rte_memseg_list list = {.page_sz = PAGE_LARGE};

	return visit(&list, context);
}

int rte_eal_has_hugepages(void)
{
	return 1;
}

/* 0: not known; mempool then spreads objects over the usual number. */
unsigned int rte_memory_get_nchannel(void)
{
	return 0;
}

unsigned int rte_memory_get_nrank(void)
{
	return 0;
}

/* For rte_mempool_populate_anon, which nothing here needs: memzones serve every pool. */
void *rte_mem_map(void *wanted __rte_unused, size_t size __rte_unused, int protection __rte_unused,
		  int flags __rte_unused, int fd __rte_unused, uint64_t offset __rte_unused)
{
	rte_errno = ENOTSUP;
	return NULL;
}

int rte_mem_unmap(void *address __rte_unused, size_t size __rte_unused)
{
	rte_errno = ENOTSUP;
	return -1;
}

int rte_mem_lock(const void *address __rte_unused, size_t size __rte_unused)
{
	return 0;
}
