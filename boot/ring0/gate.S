/* SPDX-License-Identifier: Apache-2.0
 *
 * The few instructions of ring 0's that lie in ring 3's code, because ring 3 executes them.
 *
 * system_call_gate is where the `syscall` instruction leads. On ordinary hardware it arrives there in ring 0, on
 * hypervisors without hardware virtualisation still in ring 3; the invalid opcode leads both to the same
 * handler, on a stack of ring 0's own (calls.c).
 */
#include <asm/unistd_64.h>
#include <linux/errno.h>

#define RDRAND_TRIES 10 /* Intel SDM volume 1, section 7.3.17.1 */
#define RDSEED_TRIES 200

	.section .gate, "ax", @progbits
	.globl image_entry
/* No processor runs with a null code segment: valgrind says so, and runs a process. */
image_entry:
	movl %cs, %eax
	testl %eax, %eax
	jz 1f
	testb $3, %al
	jz linux64_entry
1:	jmp _start

/* Ring 3 starts here. %rdi: the 16 bytes of AT_RANDOM, weak ones, if the processor can make better ones. These
 * guard stacks: where RDRAND does not answer, weak ones must do. */
	.globl ring3_entry
ring3_entry:
	fninit
	movl $0x1f80, -8(%rsp)
	ldmxcsr -8(%rsp)
	testq %rdi, %rdi
	jz 3f
	movl $RDRAND_TRIES, %ecx
1:	rdrand %rax
	jc 2f
	loop 1b
2:	movl $RDRAND_TRIES, %ecx
4:	rdrand %rdx
	jc 5f
	loop 4b
5:	xorq %rax, (%rdi)
	xorq %rdx, 8(%rdi)
3:	xorl %edx, %edx /* no function for atexit */
	jmp _start

/* Answers a call in ring 3 whose answer is known: glibc makes these before main, and the way to ring 0 and back
 * can cost a tenth of a millisecond. In ring 0, where the instruction arrives on ordinary hardware, the way is
 * short, and the call goes on to the next line with its registers as they were, but for the flags, which %r11
 * has. */
	.macro answer number, result
	cmpq $\number, %rax
	jne 1f
	movl %cs, %eax
	testb $3, %al
	movl $\number, %eax
	jz 1f
	movq \result, %rax
	jmp *%rcx
1:
	.endm

	.globl system_call_gate, system_call_trap
system_call_gate:
	answer __NR_set_tid_address, $1
	answer __NR_set_robust_list, $0
	answer __NR_rseq, $-ENOSYS
	answer __NR_prlimit64, $-ENOSYS
	answer __NR_readlink, $-ENOENT
	testq %rdi, %rdi
	jnz system_call_trap
	answer __NR_brk, ring3_break /* brk(0) asks where the heap ends */
system_call_trap:
	ud2

/* A call that gives memory returns by way of here: filling is fast in ring 3, and very slow in a ring 0 that is
 * emulated. %rax: the call's result, which is the start of the memory, or for _below its end; %r11: bytes;
 * %rcx: where to go on. Spares the red zone. */
	.globl ring3_clear, ring3_clear_below
ring3_clear_below:
	leaq -128(%rsp), %rsp
	pushq %rdi
	movq %rax, %rdi
	subq %r11, %rdi
	jmp 1f
ring3_clear:
	leaq -128(%rsp), %rsp
	pushq %rdi
	movq %rax, %rdi
1:	pushq %rcx
	pushq %rax
	movq %r11, %rcx
	xorl %eax, %eax
	cld
	rep stosb
	popq %rax
	popq %rcx
	popq %rdi
	leaq 128(%rsp), %rsp
	jmp *%rcx

/* getrandom returns by way of here: the instructions are native in ring 3, and unknown to some hypervisors'
 * emulation of ring 0. %rax: bytes, and the call's result, or -EIO when the processor gives none for long;
 * %r11: where to; %rcx: where to go on. RDSEED may have to wait for its source, so it gets more tries (Intel SDM
 * volume 1, section 7.3.17), and then RDRAND has its own. Spares the red zone. */
	.globl ring3_random, ring3_random_seed
ring3_random_seed:
	leaq -128(%rsp), %rsp
	pushq %rdi
	movl $RDSEED_TRIES, %edi
	jmp 1f
ring3_random:
	leaq -128(%rsp), %rsp
	pushq %rdi
	xorl %edi, %edi
1:	pushq %rsi
	pushq %rdx
	pushq %rax
2:	subq $1, %rax
	jb 7f
	movl %edi, %esi
3:	subl $1, %esi
	jb 4f
	rdseed %rdx
	jc 6f
	pause
	jmp 3b
4:	movl $RDRAND_TRIES, %esi
5:	subl $1, %esi
	jb 8f
	rdrand %rdx
	jnc 5b
6:	movb %dl, (%r11,%rax)
	jmp 2b
7:	popq %rax
	jmp 9f
8:	popq %rax
	movq $-EIO, %rax
9:	popq %rdx
	popq %rsi
	popq %rdi
	leaq 128(%rsp), %rsp
	jmp *%rcx

/* Where the heap ends: written by ring 0, which has its own note of it, for the line above. */
	.section .gate.data, "aw", @progbits
	.balign 8
	.globl ring3_break
ring3_break:
	.quad 0

	.section .note.GNU-stack, "", @progbits
