/* SPDX-License-Identifier: Apache-2.0
 *
 * A boot loader for test_boot: a PVH guest of its own that starts the image under test, which QEMU has put in memory
 * beside it, with boot information of the test's making at INFO.
 *
 *   LINUX64 defined: the 64-bit Linux boot protocol, TARGET is the ELF entry point, INFO are boot_params
 *   MAGIC defined:   Multiboot2, with this magic number; TARGET is the address in the image's header, INFO are tags
 *   else:            PVH, TARGET is the address in the image's note, INFO is hvm_start_info
 */
	.section .note.Xen, "a", @note
	.long 4, 8, 18
	.asciz "Xen"
	.quad start

	.text
	.code32
	.globl start
start:
	movl $TARGET, %edx
#ifdef MAGIC
	movl $MAGIC, %eax
#endif
#ifndef LINUX64
	movl $INFO, %ebx
	jmp *%edx
#else
	movl $0x20, %ecx
	movl %ecx, %cr4
	movl $level4, %ecx
	movl %ecx, %cr3
	movl $0xc0000080, %ecx
	movl $0x100, %eax
	xorl %edx, %edx
	wrmsr
	movl $0x80000011, %eax
	movl %eax, %cr0
	lgdt descriptors_pointer
	ljmp $0x10, $1f
	.code64
1:	movl $0x18, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $INFO, %esi
	movl $TARGET, %eax
	jmp *%rax

	.data
	.balign 8
descriptors: /* selectors 0x10 and 0x18, as the protocol wants */
	.quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
descriptors_pointer:
	.word 31
	.quad descriptors
	.balign 4096
level4:	.quad level3 + 3
	.balign 4096
level3:	.quad level2 + 3
	.balign 4096
level2: /* the first GiB */
	page = 0
	.rept 512
	.quad page | 0x83
	page = page + 0x200000
	.endr
#endif
	.section .note.GNU-stack, "", @progbits
