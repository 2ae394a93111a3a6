/* SPDX-License-Identifier: Apache-2.0
 *
 * Memzones: named memory that lives as long as the image, with anything in it at first. Mempools take their
 * objects from them. Small ones come from the C heap, since each page range costs system calls.
 * The table owns the memory; a free entry has len 0.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <rte_common.h>
#include <rte_errno.h>
#include <rte_memzone.h>
#include <rte_string_fns.h>
#include "eal.h"

enum { ZONES_MAX = 128, ZONE_PAGE = 4096, ZONE_ALIGN_MAX = 2 << 20, ZONE_SMALL = 4096 };

static struct rte_memzone zones[ZONES_MAX];

static struct rte_memzone *zone_find(const char *name)
{
	for (unsigned int i = 0; i < ZONES_MAX; i++)
		if (zones[i].len != 0 && strcmp(zones[i].name, name) == 0)
			return &zones[i];
	return NULL;
}

static struct rte_memzone *zone_free_entry(void)
{
	for (unsigned int i = 0; i < ZONES_MAX; i++)
		if (zones[i].len == 0)
			return &zones[i];
	return NULL;
}

/* 0 or the errno that says what is wrong with the wish. */
static int zone_refusal(const char *name, size_t len, unsigned int align)
{
	if (len == 0 || !rte_is_power_of_2(align) || align > ZONE_ALIGN_MAX)
		return EINVAL;
	if (strlen(name) >= RTE_MEMZONE_NAMESIZE)
		return ENAMETOOLONG;
	return zone_find(name) == NULL ? 0 : EEXIST;
}

static bool zone_in_heap(size_t len)
{
	return len < ZONE_SMALL;
}

static void *zone_memory(size_t len, size_t align)
{
	void *address = NULL;

	if (!zone_in_heap(len))
		return eal_pages_map(len);
	return posix_memalign(&address, RTE_MAX(align, (size_t)RTE_CACHE_LINE_SIZE), len) == 0 ? address
											       : NULL;
}

const struct rte_memzone *rte_memzone_lookup(const char *name)
{
	return zone_find(name);
}

const struct rte_memzone *rte_memzone_reserve_aligned(const char *name, size_t len, int socket,
						      unsigned int flags, unsigned int align)
{
	struct rte_memzone *zone = zone_free_entry();

	rte_errno = zone == NULL ? ENOSPC : zone_refusal(name, len, align == 0 ? 1 : align);
	if (rte_errno != 0)
		return NULL;
	if (align > ZONE_PAGE)
		len = RTE_MAX(len, (size_t)align);
	zone->addr = zone_memory(len, align);
	if (zone->addr == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	rte_strscpy(zone->name, name, sizeof(zone->name));
	zone->iova = (rte_iova_t)(uintptr_t)zone->addr;
	zone->len = len;
	zone->hugepage_sz = ZONE_ALIGN_MAX;
	zone->socket_id = socket;
	zone->flags = flags;
	return zone;
}

const struct rte_memzone *rte_memzone_reserve(const char *name, size_t len, int socket, unsigned int flags)
{
	return rte_memzone_reserve_aligned(name, len, socket, flags, RTE_CACHE_LINE_SIZE);
}

int rte_memzone_free(const struct rte_memzone *borrowed)
{
	if (borrowed == NULL || borrowed < zones || borrowed >= zones + ZONES_MAX || borrowed->len == 0)
		return -EINVAL;
	if (zone_in_heap(borrowed->len))
		free(borrowed->addr);
	else
		eal_pages_unmap(borrowed->addr, borrowed->len);
	zones[borrowed - zones] = (struct rte_memzone){0};
	return 0;
}
