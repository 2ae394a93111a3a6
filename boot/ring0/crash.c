/* SPDX-License-Identifier: Apache-2.0
 *
 * Crash reports. Called by trap.c and calls.c. Whatever is wrong with ring 3's memory, a report must not
 * fault: every read of a stack is checked first. If it faults all the same, the second report is one line.
 */
#include "crash.h"
#include "boot/handover.h"
#include "console.h"
#include "hypervisor.h"
#include "memory.h"
#include "symbols.h"

enum { BACKTRACE_MAX = 24 };

static const char *const vector_names[VECTOR_EXCEPTIONS] = {
    [0] = "division error",
    [1] = "debug exception",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid opcode",
    [7] = "device not available",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack segment fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "x87 floating-point error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD floating-point error",
    [21] = "control protection exception",
};

extern char __guard_ring3_stack[], __ring3_stack[], __ring0_data_start[], __symbols_start[];

static void begin(void)
{
	static bool begun;

	if (begun) {
		console_print("\nweir: crashed again while reporting\n");
		machine_exit(IMAGE_EXIT_CRASHED);
	}
	begun = true;
	boot_progress.state = PROGRESS_CRASHED;
	console_print("\n*** Weir crashed: ");
}

static void print_place(const char *label, uint64_t address)
{
	struct symbol symbol;

	console_print("%s%X", label, address);
	if (symbol_find(address, &symbol))
		console_print(" %s+0x%x", symbol.name, symbol.offset);
	console_print("\n");
}

static void print_registers(const struct frame *f)
{
	print_place("  rip ", f->rip);
	console_print("  rsp %X  rbp %X  rflags %x  cs %x  ss %x\n", f->rsp, f->rbp, f->rflags, f->cs, f->ss);
	console_print("  rax %X  rbx %X  rcx %X  rdx %X\n", f->rax, f->rbx, f->rcx, f->rdx);
	console_print("  rsi %X  rdi %X  r8  %X  r9  %X\n", f->rsi, f->rdi, f->r8, f->r9);
	console_print("  r10 %X  r11 %X  r12 %X  r13 %X\n", f->r10, f->r11, f->r12, f->r13);
	console_print("  r14 %X  r15 %X\n", f->r14, f->r15);
}

/* A frame record {caller's rbp, return address} that the interrupted ring may have; ring 0's stacks have
 * guard pages that are no records, so the record must also lie in the direction that stacks grow from. */
static bool is_record(uint64_t rbp, uint64_t below, bool ring3)
{
	if (rbp % 8 || rbp < below)
		return false;
	if (ring3)
		return memory_is_ring3(rbp, 16, true);
	return rbp >= (uintptr_t)__ring0_data_start && rbp + 16 <= (uintptr_t)__symbols_start &&
	       rbp < below + STACK_BYTES && below;
}

static void print_backtrace(const struct frame *f)
{
	bool ring3 = (f->cs & 3) == 3;
	uint64_t rbp = f->rbp, below = f->rsp;
	struct symbol symbol;

	console_print("  called from\n");
	/* A function without a record of its own has its return address on top of the stack, if it pushed
	 * nothing. */
	if (ring3 && is_record(f->rsp, f->rsp, true) && symbol_find(*(const uint64_t *)f->rsp, &symbol))
		print_place("    ? ", *(const uint64_t *)f->rsp);
	for (int i = 0; i < BACKTRACE_MAX && is_record(rbp, below, ring3); i++) {
		const uint64_t *record = (const uint64_t *)rbp;

		if (!record[1])
			break;
		print_place("      ", record[1]);
		below = rbp + 16;
		rbp = record[0];
	}
}

static _Noreturn void finish(const struct frame *frame)
{
	if (boot_progress.burst_port >= 0)
		console_print("  while a burst of device %u was in the chain\n",
			      (uint64_t)boot_progress.burst_port);
	print_registers(frame);
	print_backtrace(frame);
	machine_exit(IMAGE_EXIT_CRASHED);
}

static void print_page_fault(const struct frame *frame, uint64_t address)
{
	const char *access = frame->error & 16 ? "execution" : frame->error & 2 ? "write" : "read";

	console_print(", %s of %X (%s)", access, address, frame->error & 1 ? "forbidden" : "not mapped");
	if (address < 4096)
		console_print(", a null pointer");
	if (address >= (uintptr_t)__guard_ring3_stack && address < (uintptr_t)__ring3_stack)
		console_print(", stack overflow");
}

void crash(const struct frame *frame)
{
	uint64_t address = fault_address();
	const char *name = frame->vector < VECTOR_EXCEPTIONS ? vector_names[frame->vector] : NULL;

	begin();
	console_print("%s (vector %u) in ring %u, error code %x", name ? name : "exception", frame->vector,
		      frame->cs & 3, frame->error);
	if (frame->vector == 14)
		print_page_fault(frame, address);
	console_print("\n  cr2 %X\n", address);
	finish(frame);
}

void crash_by_signal(const struct frame *frame, uint64_t signal)
{
	begin();
	if (signal == 6)
		console_print("aborted (signal 6)\n");
	else
		console_print("signal %u to itself\n", signal);
	finish(frame);
}

void refuse(const char *why)
{
	boot_progress.state = PROGRESS_FAILED;
	console_print("weir: cannot start: %s\n", why);
	machine_exit(IMAGE_EXIT_FAILED);
}
