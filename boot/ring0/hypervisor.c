/* SPDX-License-Identifier: Apache-2.0
 *
 * See hypervisor.h. Sources: Linux, Documentation/virt/kvm/x86/cpuid.rst; QEMU, hw/misc/debugexit.c for the
 * meaning of a write; Intel 8042 for the reset line.
 */
#include "hypervisor.h"
#include "cpu.h"
#include "string.h"

enum {
	CPUID1_ECX_HYPERVISOR = 1u << 31,
	KEYBOARD_COMMAND = 0x64,
	KEYBOARD_RESET = 0xfe,
};

uint32_t hypervisor_highest_leaf(void)
{
	if (!(cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR))
		return 0;
	struct cpuid leaf = cpuid(HYPERVISOR_LEAF, 0);
	/* Old KVM says 0 where it means 0x40000001. */
	return leaf.eax ? leaf.eax : HYPERVISOR_LEAF + 1;
}

struct hypervisor_name hypervisor_name(void)
{
	struct hypervisor_name name = {"none"};

	if (hypervisor_highest_leaf()) {
		struct cpuid leaf = cpuid(HYPERVISOR_LEAF, 0);

		memcpy(name.text, &leaf.ebx, 4);
		memcpy(name.text + 4, &leaf.ecx, 4);
		memcpy(name.text + 8, &leaf.edx, 4);
	}
	return name;
}

bool hypervisor_is_kvm(void)
{
	struct hypervisor_name name = hypervisor_name();

	return memcmp(name.text, "KVMKVMKVM", 10) == 0;
}

void machine_exit(enum image_exit code)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_gates;

	out32(IMAGE_EXIT_PORT, IMAGE_EXIT_PORT_VALUE(code));
	out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	/* No gate for the exception, none for the double fault: the processor resets. */
	asm volatile("lidt %0; ud2" : : "m"(no_gates));
	__builtin_unreachable();
}
