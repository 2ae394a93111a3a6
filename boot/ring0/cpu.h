/* SPDX-License-Identifier: Apache-2.0
 *
 * Instructions that C has no words for, and the set-up of the processor (cpu.c).
 */
#ifndef RING0_CPU_H
#define RING0_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include "layout.h"

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* What vectors leave on the stack, lowest address first (traps.S). */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid c;
	asm volatile("cpuid" : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx) : "a"(leaf), "c"(subleaf));
	return c;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;
	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;
	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void invalidate_page(uintptr_t address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint64_t fault_address(void)
{
	uint64_t cr2;
	asm volatile("movq %%cr2, %0" : "=r"(cr2));
	return cr2;
}

/* value * factor / 2^shift, without losing high bits on the way. shift <= 64. */
static inline uint64_t scale(uint64_t value, uint32_t factor, unsigned int shift)
{
	return (uint64_t)(((unsigned __int128)value * factor) >> shift);
}

/* a * b / divisor, saturated: the compiler's 128-bit division would be a library call. */
static inline uint64_t muldiv(uint64_t a, uint64_t b, uint64_t divisor)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64), quotient;

	if (high >= divisor)
		return UINT64_MAX;
	asm("divq %3" : "=a"(quotient), "+d"(high) : "a"(low), "r"(divisor) : "cc");
	return quotient;
}

void cpu_init(void);

/* Whether the processor has what the image is compiled for: x86-64-v2 (System V ABI, AMD64 supplement,
 * section 3.1.1). */
bool cpu_is_new_enough(void);

#endif
