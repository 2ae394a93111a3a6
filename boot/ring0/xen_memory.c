/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen_pages.h; called by xen.c at start and after a suspend. Xen's own pages appear where a guest asks
 * for them: in the hole below 4 GiB, that memory.c takes for no RAM whatever the map says, between what the
 * toolstacks put there (firmware and ACPI tables from 0xfc000000, I/O APICs from 0xfec00000, their own
 * special pages from 0xfeff8000). Sources: Xen, public/memory.h, public/grant_table.h.
 */
#include "xen_pages.h"
#include <stddef.h>
#include "console.h"
#include "memory.h"
#include "paging.h"
#include "xen.h"

enum {
	GRANT_FRAMES_MAX = 256,
	ENTRIES_V1 = PAGE_BYTES / sizeof(struct grant_entry_v1),
	ENTRIES_V2 = PAGE_BYTES / sizeof(union grant_entry_v2),
	STATUSES = PAGE_BYTES / sizeof(grant_status_t),
};
#define GRANTS	     (XEN_SHARED_INFO + PAGE_BYTES)
#define GRANT_STATUS (GRANTS + GRANT_FRAMES_MAX * PAGE_BYTES)

static bool map(unsigned int space, uint64_t index, uint64_t page)
{
	struct xen_add_to_physmap place = {
	    .domid = DOMID_SELF, .space = space, .idx = index, .gpfn = page / PAGE_BYTES};

	return xen_call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &place, 0) == 0 &&
	       paging_map_shared(page, true);
}

bool xen_map_shared_info(void)
{
	return map(XENMAPSPACE_shared_info, 0, XEN_SHARED_INFO);
}

/* Pages of one kind, up to the first that Xen refuses. Returns how many there are. */
static uint32_t map_frames(uint64_t first_index, uint64_t page, uint32_t count)
{
	uint32_t i = 0;

	while (i < count && map(XENMAPSPACE_grant_table, first_index + i, page + (uint64_t)i * PAGE_BYTES))
		i++;
	return i;
}

static uint32_t grant_frames(void)
{
	struct gnttab_query_size size = {.dom = DOMID_SELF};

	if (xen_call(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, &size, 1) != 0 ||
	    size.status != GNTST_okay)
		return 0;
	return size.max_nr_frames < GRANT_FRAMES_MAX ? size.max_nr_frames : GRANT_FRAMES_MAX;
}

/* An administrator may have forbidden version 2, and very old Xen knows only version 1. */
static uint32_t set_grant_version(uint32_t wanted)
{
	struct gnttab_set_version set = {.version = wanted};

	if (xen_call(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, &set, 1) == 0)
		return wanted;
	if (wanted != 1)
		console_print("weir: Xen refuses grant tables of version %u\n", (uint64_t)wanted);
	return 1;
}

void xen_map_grants(unsigned int version, struct handover_xen *out)
{
	uint32_t frames = grant_frames(), statuses;

	out->grant_version = set_grant_version(version);
	frames = map_frames(0, GRANTS, frames);
	out->grants = frames ? GRANTS : 0;
	out->grant_status = 0;
	out->grant_entries = frames * ENTRIES_V1;
	if (out->grant_version != 2)
		return;
	out->grant_entries = frames * ENTRIES_V2;
	statuses = (out->grant_entries + STATUSES - 1) / STATUSES;
	statuses = map_frames(XENMAPIDX_grant_table_status, GRANT_STATUS, statuses);
	out->grant_status = statuses ? GRANT_STATUS : 0;
	if (out->grant_entries > statuses * STATUSES)
		out->grant_entries = statuses * STATUSES;
}

uintptr_t xen_map_param(uint32_t index, bool for_ring3)
{
	uint64_t frame, page;

	if (!xen_param(index, &frame) || frame == 0 || frame > UINT32_MAX)
		return 0;
	page = frame * PAGE_BYTES;
	if (!memory_is_never_ram(page, page + PAGE_BYTES) || !paging_map_shared(page, for_ring3)) {
		console_print("weir: Xen's page at %x cannot be used\n", page);
		return 0;
	}
	return page;
}

unsigned int xen_memory_map(void *entries, unsigned int count_max)
{
	struct xen_memory_map request = {.nr_entries = count_max};

	if (!xen_is_here())
		return 0;
	set_xen_guest_handle(request.buffer, entries);
	if (xen_call(__HYPERVISOR_memory_op, XENMEM_memory_map, &request, 0) != 0)
		return 0;
	return request.nr_entries < count_max ? request.nr_entries : count_max;
}
