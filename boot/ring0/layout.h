/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers that assembler and C share: selectors, control registers, vectors. Sources: Intel SDM volume 3,
 * sections 2.5 (control registers), 3.4 (segments), 6.3 (vectors).
 */
#ifndef RING0_LAYOUT_H
#define RING0_LAYOUT_H

#define SELECTOR_RING0_CODE 0x08
#define SELECTOR_RING0_DATA 0x10
#define SELECTOR_RING3_DATA 0x1b
#define SELECTOR_RING3_CODE 0x23
#define SELECTOR_TSS	    0x28

/* PG, AM, WP, NE, ET, MP, PE; caches on. */
#define CR0_VALUE      0x80050033
#define CR4_PAE	       (1 << 5)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_FSGSBASE   (1 << 16)
#define CR4_OSXSAVE    (1 << 18)

/* Multiboot2 2.0, sections 3.1.1 and 3.3 */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_MAGIC	0x36d76289

#define MSR_EFER   0xc0000080
#define EFER_VALUE 0x901 /* SCE, LME, NXE */

#define VECTOR_INVALID_OPCODE 6
#define VECTOR_EXCEPTIONS     32
#define VECTOR_TIMER	      32
#define VECTOR_DEVICE	      33
#define VECTOR_EVENT	      34 /* Xen's event channels */
#define VECTOR_SPURIOUS	      47 /* its low four bits must be ones on old APICs */
#define VECTORS		      48
#define VECTOR_STUB_BYTES     16

/* Registers of a local APIC: an MSR from here on, or 16 bytes each from the page on (Intel SDM volume 3,
 * table 11-6). */
#define MSR_X2APIC 0x800
#define APIC_PAGE  0xfee00000
#define APIC_EOI   0x0b

#define MSR_TSC_DEADLINE 0x6e0

/* On Xen: the shared info page (xen_memory.c), and in it the words that say which event channels are pending
 * (public/xen.h, struct vcpu_info). */
#define XEN_SHARED_INFO	     0xfe400000
#define XEN_PENDING_SELECTOR 8

/* Flags that ring 3 may have: CF, PF, AF, ZF, SF, DF, OF, AC, ID. Bit 1 is always set. */
#define RFLAGS_ALLOWED 0x240cd5
#define RFLAGS_FIXED   2

#define CALL_WAIT 0x5745 /* WEIR_CALL_WAIT */

/* Interrupt stack table: one stack for system calls (they arrive as invalid opcodes), one for faults (also
 * those inside a call), one for what may strike at any time. */
#define IST_CALL  1
#define IST_FAULT 2
#define IST_ABORT 3

#define STACK_BYTES 16384

/* offsetof(struct boot_progress, first_tsc), and calls */
#define PROGRESS_FIRST_TSC 8
#define PROGRESS_CALLS	   40

#endif
