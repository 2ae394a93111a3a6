/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that the host reads along with the counters; implements host_shared_memory of nf/host.h. In a VM the
 * host sees all memory anyway; a process that shares its counters takes the memory from the same file.
 */
#include <rte_common.h>
#include "boot/eal/eal.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "share.h"

enum { PAGE = 4096 };

static void note_region(const void *memory, size_t bytes)
{
	for (int i = 0; i < SHARED_REGIONS_MAX; i++) {
		if (stats.shared[i].bytes)
			continue;
		stats.shared[i] = (struct shared_region){(uintptr_t)memory, bytes};
		return;
	}
}

void *host_shared_memory(size_t bytes)
{
	void *memory;

	bytes = RTE_ALIGN_CEIL(bytes, (size_t)PAGE);
	memory = share_more(bytes);
	if (memory == NULL)
		memory = eal_pages_map(bytes);
	if (memory)
		note_region(memory, bytes);
	return memory;
}
