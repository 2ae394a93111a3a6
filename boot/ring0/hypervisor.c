/* SPDX-License-Identifier: Apache-2.0
 *
 * See hypervisor.h. Sources: Linux, Documentation/virt/kvm/x86/cpuid.rst; Xen, public/arch-x86/cpuid.h; QEMU,
 * hw/misc/debugexit.c for the meaning of a write; Intel 8042 for the reset line.
 */
#include "hypervisor.h"
#include "cpu.h"
#include "string.h"
#include "xen.h"

enum {
	CPUID1_ECX_HYPERVISOR = 1u << 31,
	NEXT_LEAVES = 0x100,
	KEYBOARD_COMMAND = 0x64,
	KEYBOARD_RESET = 0xfe,
};

static struct hypervisor_name name = {"none"};
static uint32_t first_leaf, highest_leaf; /* 0: there are none */

static void read_name(uint32_t at)
{
	struct cpuid leaf = cpuid(at, 0);

	first_leaf = at;
	/* Old KVM says 0 where it means 0x40000001. */
	highest_leaf = leaf.eax ? leaf.eax : at + 1;
	memcpy(name.text, &leaf.ebx, 4);
	memcpy(name.text + 4, &leaf.ecx, 4);
	memcpy(name.text + 8, &leaf.edx, 4);
}

static bool has_name(const char *text)
{
	return memcmp(name.text, text, sizeof(name.text)) == 0;
}

/* Xen can be told to look like Hyper-V first, and itself second. */
void hypervisor_init(void)
{
	if (!(cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR))
		return;
	read_name(HYPERVISOR_LEAF);
	if (!has_name("Microsoft Hv"))
		return;
	read_name(HYPERVISOR_LEAF + NEXT_LEAVES);
	if (!has_name("XenVMMXenVMM"))
		read_name(HYPERVISOR_LEAF);
}

uint32_t hypervisor_leaf(void)
{
	return first_leaf;
}

uint32_t hypervisor_highest_leaf(void)
{
	return highest_leaf;
}

struct hypervisor_name hypervisor_name(void)
{
	return name;
}

bool hypervisor_is_kvm(void)
{
	return has_name("KVMKVMKVM\0\0");
}

bool hypervisor_is_xen(void)
{
	return has_name("XenVMMXenVMM");
}

void machine_exit(enum image_exit code)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_gates;

	if (xen_is_here())
		xen_exit(code);
	out32(IMAGE_EXIT_PORT, IMAGE_EXIT_PORT_VALUE(code));
	out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	/* No gate for the exception, none for the double fault: the processor resets. */
	asm volatile("lidt %0; ud2" : : "m"(no_gates));
	__builtin_unreachable();
}
