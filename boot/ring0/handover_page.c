/* SPDX-License-Identifier: Apache-2.0
 *
 * See handover_page.h; called by start.c, and by xen_calls.c after a suspend.
 */
#include "handover_page.h"
#include "clock.h"
#include "cpu.h"
#include "generation.h"
#include "hypervisor.h"
#include "memory.h"
#include "paging.h"
#include "string.h"
#include "xen.h"

enum {
	CPUID1_ECX_RDRAND = 1 << 30,
	CPUID7_EBX_RDSEED = 1 << 18,
};

static struct page {
	struct handover handover;
	struct handover_xen xen;
	struct hypervisor_name hypervisor;
	char clock_source[16], protocol[16];
} __attribute__((aligned(PAGE_BYTES))) page;
_Static_assert(sizeof(page) == PAGE_BYTES, "published as one page");

static const char *store_text(char *to, const char *from, size_t bytes)
{
	size_t length = strlen(from);

	memcpy(to, from, length < bytes ? length + 1 : bytes - 1);
	return to;
}

static void set_clock(void)
{
	page.handover.clock = *clock_get();
	page.handover.clock.source = page.clock_source;
}

void handover_fill(const struct boot_info *info)
{
	struct handover *h = &page.handover;

	h->version = HANDOVER_VERSION;
	h->memory_bytes = memory_bytes();
	h->first_tsc = boot_progress.first_tsc;
	h->rdrand = cpuid(1, 0).ecx & CPUID1_ECX_RDRAND;
	h->rdseed = h->rdrand && cpuid(0, 0).eax >= 7 && cpuid(7, 0).ebx & CPUID7_EBX_RDSEED;
	h->generation = generation_find(info->rsdp);
	page.hypervisor = hypervisor_name();
	h->hypervisor = page.hypervisor.text;
	h->boot_protocol = store_text(page.protocol, info->protocol, sizeof(page.protocol));
	store_text(page.clock_source, clock_init(h->first_tsc), sizeof(page.clock_source));
	set_clock();
	if (xen_is_here()) {
		xen_describe(&page.xen);
		h->xen = &page.xen;
	}
}

struct handover *handover_page(void)
{
	return &page.handover;
}

void handover_publish(void)
{
	paging_publish((uintptr_t)&page);
}

void handover_renew(void)
{
	paging_unpublish((uintptr_t)&page);
	set_clock();
	xen_describe(&page.xen);
	paging_publish((uintptr_t)&page);
}
