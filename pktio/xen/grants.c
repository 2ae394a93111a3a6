/* SPDX-License-Identifier: Apache-2.0
 *
 * See grants.h. Both versions of the table begin an entry alike; version 2 has wider frame numbers, and its
 * use flags elsewhere.
 */
#include <assert.h>
#include <rte_common.h>
#include "grants.h"
#include "public.h"

enum { RUNS_MAX = 8, PAIR_BYTES = 2 * XEN_PAGE_BYTES, IN_USE = GTF_reading | GTF_writing };

static struct {
	void *table;
	grant_status_t *status; /* version 2 */
	uint32_t version, entries;
	uint32_t singles; /* from GNTTAB_NR_RESERVED_ENTRIES on; runs follow */
	uint32_t given;
	uint8_t is_given[GRANT_SINGLES_MAX];
	uint32_t runs;
	struct {
		uint16_t domain;
		uint32_t first;
	} run[RUNS_MAX];
	uintptr_t start;
	uint32_t pairs;
} grants;

static uint32_t runs_begin(void)
{
	return GNTTAB_NR_RESERVED_ENTRIES + grants.singles;
}

void grants_resume(const volatile struct handover_xen *xen)
{
	grants.table = (void *)xen->grants;
	grants.status = (grant_status_t *)xen->grant_status;
	grants.version = xen->grant_version;
	grants.entries = xen->grant_entries;
	grants.runs = grants.given = 0;
	memset(grants.is_given, 0, sizeof(grants.is_given));
}

void grants_init(const volatile struct handover_xen *xen, uint32_t singles)
{
	grants.singles = RTE_MIN(singles, (uint32_t)GRANT_SINGLES_MAX);
	grants.start = 0;
	grants.pairs = 0;
	grants_resume(xen);
}

uint32_t grants_run_max(void)
{
	return grants.entries > runs_begin() ? grants.entries - runs_begin() : 0;
}

void grants_pool(const void *start, uint32_t pairs)
{
	assert((uintptr_t)start % XEN_PAGE_BYTES == 0);
	grants.start = (uintptr_t)start;
	grants.pairs = pairs;
}

uint32_t grants_page(const void *data)
{
	return (uint32_t)(((uintptr_t)data - grants.start) / PAIR_BYTES);
}

bool grants_cover(const void *data, uint32_t bytes)
{
	uintptr_t offset = (uintptr_t)data - grants.start;

	return offset < (uintptr_t)grants.pairs * PAIR_BYTES && offset % PAIR_BYTES >= XEN_PAGE_BYTES &&
	       offset % PAIR_BYTES + bytes <= PAIR_BYTES;
}

/* The entry must be complete before it is valid: Xen may look at it at any time. */
static void fill(uint32_t reference, uint16_t domain, uintptr_t page)
{
	uint64_t frame = page >> XEN_PAGE_BITS;
	grant_entry_header_t *header;

	if (grants.version == 2) {
		grant_entry_v2_t *entry = (grant_entry_v2_t *)grants.table + reference;

		entry->full_page.frame = frame;
		header = &entry->hdr;
	} else {
		grant_entry_v1_t *entry = (grant_entry_v1_t *)grants.table + reference;

		entry->frame = (uint32_t)frame;
		header = (grant_entry_header_t *)entry;
	}
	header->domid = domain;
	xen_wmb();
	*(volatile uint16_t *)&header->flags = GTF_permit_access;
}

/* Version 1: the flags of use are in the word that is cleared, and Xen sets them by compare-and-exchange. */
static bool end_v1(grant_entry_v1_t *entry)
{
	uint16_t flags = *(volatile uint16_t *)&entry->flags;

	do {
		if (flags & IN_USE)
			return false;
	} while (!__atomic_compare_exchange_n(&entry->flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return true;
}

/* Version 2: Xen clears the status when the last use ends, and after the flags are cleared none begins. */
static bool end_v2(uint32_t reference)
{
	grant_entry_v2_t *entry = (grant_entry_v2_t *)grants.table + reference;

	*(volatile uint16_t *)&entry->hdr.flags = 0;
	/* Orders our end of the grant before the look whether it is in use; pairs with Xen, which stores the
	 * status before it looks at the flags a last time. */
	xen_mb();
	return !(*(volatile grant_status_t *)&grants.status[reference] & IN_USE);
}

bool grants_take_back(uint32_t *reference)
{
	uint32_t single = *reference - GNTTAB_NR_RESERVED_ENTRIES;

	if (*reference == GRANT_NONE)
		return true;
	assert(single < grants.singles && grants.is_given[single]);
	if (!(grants.version == 2 ? end_v2(*reference)
				  : end_v1((grant_entry_v1_t *)grants.table + *reference)))
		return false;
	grants.is_given[single] = false;
	grants.given--;
	*reference = GRANT_NONE;
	return true;
}

uint32_t grants_give(uint16_t domain, const void *page)
{
	uint32_t end = RTE_MIN(
	    grants.singles, grants.entries - RTE_MIN(grants.entries, (uint32_t)GNTTAB_NR_RESERVED_ENTRIES));

	assert((uintptr_t)page % XEN_PAGE_BYTES == 0);
	for (uint32_t i = 0; i < end; i++) {
		if (grants.is_given[i])
			continue;
		grants.is_given[i] = true;
		grants.given++;
		fill(GNTTAB_NR_RESERVED_ENTRIES + i, domain, (uintptr_t)page);
		return GNTTAB_NR_RESERVED_ENTRIES + i;
	}
	return GRANT_NONE;
}

uint32_t grants_given(void)
{
	return grants.given;
}

uint32_t grants_run(uint16_t domain)
{
	uint32_t first = runs_begin() + grants.runs * grants.pairs;

	for (uint32_t i = 0; i < grants.runs; i++)
		if (grants.run[i].domain == domain)
			return grants.run[i].first;
	if (grants.runs == RUNS_MAX || first + grants.pairs > grants.entries)
		return GRANT_NONE;
	for (uint32_t i = 0; i < grants.pairs; i++)
		fill(first + i, domain, grants.start + (uintptr_t)i * PAIR_BYTES + XEN_PAGE_BYTES);
	grants.run[grants.runs].domain = domain;
	grants.run[grants.runs++].first = first;
	return first;
}
