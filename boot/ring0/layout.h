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

#define MSR_EFER   0xc0000080
#define EFER_VALUE 0x901 /* SCE, LME, NXE */

#define VECTOR_INVALID_OPCODE 6
#define VECTOR_EXCEPTIONS     32
#define VECTOR_TIMER	      32
#define VECTOR_DEVICE	      33
#define VECTOR_SPURIOUS	      47 /* its low four bits must be ones on old APICs */
#define VECTORS		      48
#define VECTOR_STUB_BYTES     16

/* Interrupt stack table: one stack for system calls (they arrive as invalid opcodes), one for faults (also
 * those inside a call), one for what may strike at any time. */
#define IST_CALL  1
#define IST_FAULT 2
#define IST_ABORT 3

#define STACK_BYTES 16384

#define PROGRESS_FIRST_TSC 8 /* offsetof(struct boot_progress, first_tsc) */

#endif
