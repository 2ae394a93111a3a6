/* SPDX-License-Identifier: Apache-2.0
 *
 * First instructions, for each way in:
 *
 *   pvh_entry         32-bit protected mode, paging off, %ebx: hvm_start_info (Xen: docs/misc/pvh.pandoc)
 *   multiboot2_entry  the same, but for %eax: a magic number, %ebx: the loader's tags (Multiboot2 2.0, section 3.3)
 *   image_entry       the ELF entry point: 64-bit. In ring 3 it is a Linux process; in ring 0 it is the Linux boot
 *                     protocol, %rsi: boot_params (Linux: Documentation/arch/x86/boot.rst, "64-bit boot protocol")
 *
 * All note the time, load the image's own page tables and descriptors, and call ring0_main (start.c).
 */
#include "layout.h"

	.section .note.Xen, "a", @note
	.long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad pvh_entry

/* boot/weir.ld puts it within the file's first 32768 bytes (Multiboot2 2.0, section 3.1). Tags are 8 bytes or padded. */
	.section .multiboot2, "a", @progbits
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_HEADER_MAGIC, 0 /* i386 */, multiboot2_header_end - multiboot2_header
	.long -(MULTIBOOT2_HEADER_MAGIC + multiboot2_header_end - multiboot2_header)
	.word 3, 0 /* entry address (section 3.1.5): the ELF's is 64-bit */
	.long 12, multiboot2_entry, 0
	.word 0, 0 /* the end */
	.long 8
multiboot2_header_end:

	.text
	.code32
	.globl multiboot2_entry, pvh_entry
multiboot2_entry:
	movl $2, %edi /* BOOT_MULTIBOOT2 */
	cmpl $MULTIBOOT2_MAGIC, %eax
	je entry32
	xorl %ebx, %ebx /* no tags are there: refused where they are read */
	jmp entry32

pvh_entry:
	xorl %edi, %edi /* BOOT_PVH */
entry32:
	cli
	cld
	rdtsc
	movl $1, boot_progress /* PROGRESS_RING0 */
	movl %eax, boot_progress + PROGRESS_FIRST_TSC
	movl %edx, boot_progress + PROGRESS_FIRST_TSC + 4
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $page_map, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_VALUE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_VALUE, %eax
	movl %eax, %cr0
	lgdt descriptors_pointer
	movl %ebx, %esi
	ljmp $SELECTOR_RING0_CODE, $long_mode

	.code64
	.globl linux64_entry
linux64_entry:
	cli
	cld
	rdtsc
	movl $1, boot_progress
	movl %eax, boot_progress + PROGRESS_FIRST_TSC
	movl %edx, boot_progress + PROGRESS_FIRST_TSC + 4
	movl $CR4_PAE, %eax
	movq %rax, %cr4
	movl $MSR_EFER, %ecx
	movl $(EFER_VALUE | 1 << 10), %eax /* LMA is set already */
	xorl %edx, %edx
	wrmsr
	movl $page_map, %eax
	movq %rax, %cr3
	movl $CR0_VALUE, %eax
	movq %rax, %cr0
	lgdt descriptors_pointer
	movl $1, %edi /* BOOT_LINUX64 */
	movl $boot_stack_end, %esp
	pushq $SELECTOR_RING0_CODE
	pushq $long_mode
	lretq

long_mode:
	movl $SELECTOR_RING0_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $boot_stack_end, %esp
	xorl %ebp, %ebp
	call ring0_main
	ud2

	/* Accessed and busy bits are set beforehand or written by the processor: not read-only. */
	.data
	.balign 8
	.globl descriptors
descriptors:
	.quad 0
	.quad 0x00af9b000000ffff /* ring 0 code */
	.quad 0x00cf93000000ffff /* ring 0 data */
	.quad 0x00cff3000000ffff /* ring 3 data */
	.quad 0x00affb000000ffff /* ring 3 code */
	.quad 0, 0		 /* TSS */
descriptors_end:
descriptors_pointer:
	.word descriptors_end - descriptors - 1
	.quad descriptors

	.macro stack name
	.balign 4096
	.globl __guard_\name, \name\()_end
__guard_\name:
	.skip 4096
	.skip STACK_BYTES
\name\()_end:
	.endm

	.section .stacks, "aw", @nobits
	stack boot_stack
	stack call_stack
	stack fault_stack
	stack abort_stack

	.section .note.GNU-stack, "", @progbits
