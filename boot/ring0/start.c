/* SPDX-License-Identifier: Apache-2.0
 *
 * Ring 0 from its first C to ring 3's first instruction: entry.S calls ring0_main. What ring 3 finds on its
 * stack is what a process finds on Linux (System V ABI, AMD64 supplement, section 3.4.1), with one entry
 * more.
 */
#include <elf.h>
#include <stddef.h>
#include "apic.h"
#include "bootinfo.h"
#include "calls.h"
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "crash.h"
#include "devices.h"
#include "handover_page.h"
#include "hypervisor.h"
#include "memory.h"
#include "paging.h"
#include "string.h"
#include "xen.h"

enum {
	ARGUMENTS_MAX = 128,
	RANDOM_BYTES = 16, /* AT_RANDOM */
};

_Static_assert(offsetof(struct boot_progress, first_tsc) == PROGRESS_FIRST_TSC, "entry.S writes it");
_Static_assert(offsetof(struct boot_progress, calls) == PROGRESS_CALLS, "traps.S counts them");

extern char ring3_entry[], __ring3_stack_end[];
extern const Elf64_Ehdr __image_start;

_Noreturn void enter_ring3(uintptr_t rip, uintptr_t rsp, uintptr_t argument);
_Noreturn void ring0_main(enum boot_protocol protocol, uint64_t boot_address);

static struct boot_info boot_info;

/* Splits a line at its blanks, in place. Words beyond ARGUMENTS_MAX are left out. */
static unsigned int split_words(char *line, const char **words)
{
	unsigned int count = 0;

	while (count < ARGUMENTS_MAX) {
		while (*line == ' ' || *line == '\t' || *line == '\n')
			*line++ = '\0';
		if (!*line)
			break;
		words[count++] = line;
		while (*line && *line != ' ' && *line != '\t' && *line != '\n')
			line++;
	}
	return count;
}

static void *reserve(uintptr_t *top, size_t bytes)
{
	*top = (*top - bytes) & ~(uintptr_t)15;
	return (void *)*top;
}

static void push_auxiliary(uint64_t **at, uint64_t type, uint64_t value)
{
	*(*at)++ = type;
	*(*at)++ = value;
}

static uint64_t *push_auxiliary_vector(uint64_t *at, uintptr_t random, const char *name)
{
	push_auxiliary(&at, AT_WEIR_HANDOVER, (uintptr_t)handover_page());
	push_auxiliary(&at, AT_PHDR, (uintptr_t)&__image_start + __image_start.e_phoff);
	push_auxiliary(&at, AT_PHENT, sizeof(Elf64_Phdr));
	push_auxiliary(&at, AT_PHNUM, __image_start.e_phnum);
	push_auxiliary(&at, AT_PAGESZ, PAGE_BYTES);
	push_auxiliary(&at, AT_ENTRY, __image_start.e_entry);
	push_auxiliary(&at, AT_HWCAP, cpuid(1, 0).edx);
	push_auxiliary(&at, AT_CLKTCK, 100);
	push_auxiliary(&at, AT_SECURE, 0);
	push_auxiliary(&at, AT_UID, 0);
	push_auxiliary(&at, AT_EUID, 0);
	push_auxiliary(&at, AT_GID, 0);
	push_auxiliary(&at, AT_EGID, 0);
	push_auxiliary(&at, AT_RANDOM, random);
	push_auxiliary(&at, AT_EXECFN, (uintptr_t)name);
	push_auxiliary(&at, AT_NULL, 0);
	return at;
}

static uint64_t *push_arguments(uint64_t *at, const char *name, char *line)
{
	const char *words[ARGUMENTS_MAX];
	unsigned int count = split_words(line, words);

	*at++ = count + 1;
	*at++ = (uintptr_t)name;
	for (unsigned int i = 0; i < count; i++)
		*at++ = (uintptr_t)words[i];
	*at++ = 0; /* end of argv */
	*at++ = 0; /* end of an empty environment */
	return at;
}

static uint64_t weak_seed(void)
{
	return (rdtsc() ^ clock_get()->wall_offset_ns) * UINT64_C(0x9e3779b97f4a7c15);
}

static _Noreturn void start_ring3(void)
{
	enum { POINTERS = ARGUMENTS_MAX + 4 + 2 * 20 };
	uintptr_t top = (uintptr_t)__ring3_stack_end;
	char *line = reserve(&top, strlen(boot_info.command_line) + 1);
	char *name = reserve(&top, sizeof("weir"));
	uint64_t *random = reserve(&top, RANDOM_BYTES);
	uint64_t *stack = reserve(&top, POINTERS * sizeof(uint64_t));
	bool weak = !handover_page()->rdrand;

	memcpy(line, boot_info.command_line, strlen(boot_info.command_line) + 1);
	memcpy(name, "weir", sizeof("weir"));
	random[0] = weak_seed();
	random[1] = weak_seed();
	push_auxiliary_vector(push_arguments(stack, name, line), (uintptr_t)random, name);
	handover_publish();
	boot_progress.ring3_tsc = rdtsc();
	enter_ring3((uintptr_t)ring3_entry, (uintptr_t)stack, weak ? 0 : (uintptr_t)random);
}

void ring0_main(enum boot_protocol protocol, uint64_t boot_address)
{
	const char *why;

	boot_progress.burst_port = -1;
	hypervisor_init();
	console_init();
	cpu_init();
	xen_init();
	if (!cpu_is_new_enough())
		refuse("the processor is no x86-64-v2 (SSE4.2, POPCNT); give the VM a newer model, such as "
		       "-cpu max");
	why = bootinfo_read(protocol, boot_address, &boot_info);
	if (!why)
		why = memory_init(&boot_info);
	if (why)
		refuse(why);
	xen_find(boot_info.command_line);
	handover_fill(&boot_info);
	boot_progress.tsc_hz = clock_get()->tsc_hz;
	apic_init();
	virtio_mmio_find(boot_info.command_line, handover_page());
	virtio_pci_find(handover_page());
	calls_init(handover_page()->rdrand, handover_page()->rdseed);
	start_ring3();
}
