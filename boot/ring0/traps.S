/* SPDX-License-Identifier: Apache-2.0
 *
 * Where exceptions and interrupts enter: a stub a vector, all alike in size so that cpu.c finds them by number. They leave
 * a struct frame (cpu.h) and call trap (trap.c). And the way into ring 3.
 */
#include "layout.h"

	.text
	.balign 1024 /* VECTORS * VECTOR_STUB_BYTES fit: cpu.c counts on it */
	.globl vector_stubs
vector_stubs:
	vector = 0
	.rept VECTORS
	.balign VECTOR_STUB_BYTES
	.if vector == VECTOR_TIMER || vector == VECTOR_DEVICE
	jmp end_sleep
	.elseif vector == VECTOR_EVENT
	jmp end_event
	.elseif vector == VECTOR_INVALID_OPCODE
	jmp invalid_opcode
	/* Those that push an error code themselves: Intel SDM volume 3, table 6-1. */
	.elseif vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
	.else
	pushq $0
	.endif
	pushq $vector
	jmp save
	vector = vector + 1
	.endr

/* Interrupts are let in by a hlt only, and to end it is all that they are for: so there is nothing to save but what
 * the two who have one do not give up (they do %rax, %rcx and %rdx).
 *
 * Xen makes no other upcall before two words of its are cleared. In this order: what comes in between makes another, and
 * whoever slept looks at all event channels afterwards. */
end_event:
	movl $XEN_SHARED_INFO, %eax
	movb $0, (%rax)
	xorl %ecx, %ecx
	xchgq %rcx, XEN_PENDING_SELECTOR(%rax)
end_sleep:
	xorl %eax, %eax
	cmpb $0, apic_is_x2
	je 1f
	movl $(MSR_X2APIC + APIC_EOI), %ecx
	xorl %edx, %edx
	wrmsr
	iretq
1:	movabsl %eax, APIC_PAGE + APIC_EOI * 16
	iretq

/* A system call, mostly. An idle appliance makes WEIR_CALL_WAIT all the time, and a ring 0 that is emulated takes a
 * microsecond an instruction: so that call is answered here, where the processor has the timer for it, as call_wait and
 * system_call (calls.c) do otherwise. */
invalid_opcode:
	cmpq $CALL_WAIT, %rax
	jne 1f
	cmpb $0, apic_has_deadline
	je 1f
	cmpq $system_call_trap, (%rsp)
	jne 1f
	incq boot_progress + PROGRESS_CALLS
	movq %rcx, (%rsp)
	movl $MSR_TSC_DEADLINE, %ecx
	movl %edi, %eax
	movq %rdi, %rdx
	shrq $32, %rdx
	wrmsr
	sti
	hlt
	cli
	movq $SELECTOR_RING3_CODE, 8(%rsp)
	andl $RFLAGS_ALLOWED, %r11d
	orl $RFLAGS_FIXED, %r11d
	movq %r11, 16(%rsp)
	movq $SELECTOR_RING3_DATA, 32(%rsp)
	xorl %eax, %eax
	iretq
1:	pushq $0
	pushq $VECTOR_INVALID_OPCODE

save:
	cld
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	call trap
	.globl restore
restore:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq

/* enter_ring3(rip, rsp, argument): does not return. Nothing else of ring 0 stays in a register. */
	.globl enter_ring3
enter_ring3:
	pushq $SELECTOR_RING3_DATA
	pushq %rsi
	pushq $2
	pushq $SELECTOR_RING3_CODE
	pushq %rdi
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movq %rax, %rbx
	movq %rax, %rcx
	movq %rax, %rsi
	movq %rdx, %rdi
	movq %rax, %rdx
	movq %rax, %rbp
	movq %rax, %r8
	movq %rax, %r9
	movq %rax, %r10
	movq %rax, %r11
	movq %rax, %r12
	movq %rax, %r13
	movq %rax, %r14
	movq %rax, %r15
	iretq

	.section .note.GNU-stack, "", @progbits
