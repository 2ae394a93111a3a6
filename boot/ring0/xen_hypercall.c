/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen_hypercall.h. Xen takes calls from ring 0 only. Sources: Xen, public/arch-x86/cpuid.h (where the
 * page is asked for), docs/guest-guide/x86/hypercall-abi.rst.
 */
#include "xen_hypercall.h"
#include "cpu.h"
#include "hypervisor.h"
#include "paging.h"

enum {
	LEAF_PAGES = 2, /* from the first leaf: number of pages, MSR that takes their addresses */
	ENTRY_BYTES = 32,
};

static char page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

bool xen_hypercall_init(void)
{
	struct cpuid leaf;

	if (hypervisor_highest_leaf() < hypervisor_leaf() + LEAF_PAGES)
		return false;
	leaf = cpuid(hypervisor_leaf() + LEAF_PAGES, 0);
	if (leaf.eax == 0 || leaf.ebx == 0)
		return false;
	wrmsr(leaf.ebx, (uintptr_t)page); /* number 0 in the lowest bits */
	paging_map_code((uintptr_t)page);
	return true;
}

int64_t xen_call(unsigned int number, unsigned int command, void *structure, unsigned int count)
{
	const char *entry = page + (size_t)number * ENTRY_BYTES;
	uint64_t first = command, second = (uintptr_t)structure, third = count;
	int64_t result;

	asm volatile("call *%[entry]"
		     : "=a"(result), "+D"(first), "+S"(second), "+d"(third)
		     : [entry] "r"(entry)
		     : "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

bool xen_param(uint32_t index, uint64_t *value)
{
	struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};

	if (xen_call(__HYPERVISOR_hvm_op, HVMOP_get_param, &param, 0) != 0)
		return false;
	*value = param.value;
	return true;
}

bool xen_set_param(uint32_t index, uint64_t value)
{
	struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index, .value = value};

	return xen_call(__HYPERVISOR_hvm_op, HVMOP_set_param, &param, 0) == 0;
}
