/* SPDX-License-Identifier: Apache-2.0
 *
 * Processor set-up, once, by start.c: control registers, vector state, task state, interrupt descriptors, the
 * system call's MSRs, and the legacy interrupt controllers silenced. Sources: Intel SDM volume 3, chapters 2,
 * 6 and 13.
 */
#include "cpu.h"

enum {
	MSR_STAR = 0xc0000081,
	MSR_LSTAR = 0xc0000082,
	MSR_SYSCALL_MASK = 0xc0000084,
	CPUID1_ECX_XSAVE = 1 << 26,
	CPUID7_EBX_FSGSBASE = 1 << 0,
	XCR0_ALLOWED = 0xe7, /* x87, SSE, AVX, AVX-512; neither MPX nor AMX */
	GATE_INTERRUPT = 0x8e00,
	PIC1_DATA = 0x21,
	PIC2_DATA = 0xa1,
	/* TF, IF, DF, NT, AC: cleared on the way into a call */
	SYSCALL_MASK = 1 << 8 | 1 << 9 | 1 << 10 | 1 << 14 | 1 << 18,
};

struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[0] is stack number 1 */
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "Intel SDM volume 3, figure 8-11");

/* Intel SDM volume 3, figure 6-8: offset 15 .. 0, selector, stack and type, offset 31 .. 16; offset 63 .. 32.
 */
struct gate {
	uint64_t low, high;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern char call_stack_end[], fault_stack_end[], abort_stack_end[];
extern char vector_stubs[], system_call_gate[];
extern uint64_t descriptors[];

static struct gate gates[VECTORS];
static struct task_state task = {.io_map = sizeof(struct task_state)};

static uint8_t interrupt_stack(unsigned int vector)
{
	switch (vector) {
	case VECTOR_INVALID_OPCODE:
		return IST_CALL;
	case 2:	 /* NMI */
	case 8:	 /* double fault */
	case 18: /* machine check */
		return IST_ABORT;
	default:
		return vector < VECTOR_EXCEPTIONS ? IST_FAULT : 0;
	}
}

_Static_assert(VECTORS *VECTOR_STUB_BYTES <= 1024, "traps.S aligns them so");

/* The stubs lie in one block (traps.S), so that from one gate to the next only the lowest part changes. */
static void load_gates(void)
{
	struct table_pointer pointer = {.limit = sizeof(gates) - 1, .base = (uintptr_t)gates};
	uint64_t stub = (uintptr_t)vector_stubs, gate = (stub & 0xffff) | (stub >> 16) << 48;

	gate |= (uint64_t)SELECTOR_RING0_CODE << 16 | (uint64_t)GATE_INTERRUPT << 32;
	for (unsigned int i = 0; i < VECTORS; i++, gate += VECTOR_STUB_BYTES)
		gates[i].low = gate | (uint64_t)interrupt_stack(i) << 32;
	asm volatile("lidt %0" : : "m"(pointer));
}

static void load_task(void)
{
	uint64_t base = (uintptr_t)&task, limit = sizeof(task) - 1;

	task.rsp[0] = (uintptr_t)fault_stack_end;
	task.ist[IST_CALL - 1] = (uintptr_t)call_stack_end;
	task.ist[IST_FAULT - 1] = (uintptr_t)fault_stack_end;
	task.ist[IST_ABORT - 1] = (uintptr_t)abort_stack_end;
	descriptors[SELECTOR_TSS / 8] =
	    limit | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
	descriptors[SELECTOR_TSS / 8 + 1] = base >> 32;
	asm volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

static void enable_vector_state(void)
{
	uint64_t cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	uint32_t highest = cpuid(0, 0).eax;

	if (highest >= 7 && cpuid(7, 0).ebx & CPUID7_EBX_FSGSBASE)
		cr4 |= CR4_FSGSBASE;
	if (cpuid(1, 0).ecx & CPUID1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	asm volatile("movq %0, %%cr4" : : "r"(cr4));
	if (cr4 & CR4_OSXSAVE)
		asm volatile("xsetbv" : : "c"(0), "a"(cpuid(13, 0).eax & XCR0_ALLOWED), "d"(0));
}

bool cpu_is_new_enough(void)
{
	enum {
		SSE3 = 1 << 0,
		SSSE3 = 1 << 9,
		CX16 = 1 << 13,
		SSE4_1 = 1 << 19,
		SSE4_2 = 1 << 20,
		POPCNT = 1 << 23,
		ALL = SSE3 | SSSE3 | CX16 | SSE4_1 | SSE4_2 | POPCNT,
	};

	return (cpuid(1, 0).ecx & ALL) == ALL;
}

void cpu_init(void)
{
	load_gates();
	load_task();
	enable_vector_state();
	wrmsr(MSR_STAR, (uint64_t)SELECTOR_RING0_CODE << 32);
	wrmsr(MSR_LSTAR, (uintptr_t)system_call_gate);
	wrmsr(MSR_SYSCALL_MASK, SYSCALL_MASK);
	out8(PIC1_DATA, 0xff);
	out8(PIC2_DATA, 0xff);
}
