/* SPDX-License-Identifier: Apache-2.0
 *
 * Which instructions the libraries may use: what CPUID offers, less what XCR0 keeps from being saved. A
 * hypervisor's CPUID may promise AVX-512 where XCR0 lacks it, and the first use would be an exception.
 * Source: Intel SDM, volume 1, sections 13.2 and 15.2; volume 2, CPUID and XGETBV.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <rte_common.h>
#include <rte_cpuflags.h>
#include <rte_spinlock.h>
#include <rte_vect.h>

enum xcr0_need {
	NEED_NOTHING = 0,
	NEED_AVX = 0x6,	    /* XMM and YMM state */
	NEED_AVX512 = 0xe6, /* and opmask, upper ZMM, ZMM16 .. 31 */
};

enum cpuid_register { EAX, EBX, ECX, EDX };

struct cpu_flag {
	uint32_t leaf;
	uint8_t which; /* enum cpuid_register */
	uint8_t bit;
	uint8_t xcr0; /* enum xcr0_need */
};

static const struct cpu_flag flags[RTE_CPUFLAG_NUMFLAGS] = {
    [RTE_CPUFLAG_SSE3] = {1, ECX, 0, NEED_NOTHING},
    [RTE_CPUFLAG_PCLMULQDQ] = {1, ECX, 1, NEED_NOTHING},
    [RTE_CPUFLAG_SSSE3] = {1, ECX, 9, NEED_NOTHING},
    [RTE_CPUFLAG_FMA] = {1, ECX, 12, NEED_AVX},
    [RTE_CPUFLAG_CMPXCHG16B] = {1, ECX, 13, NEED_NOTHING},
    [RTE_CPUFLAG_SSE4_1] = {1, ECX, 19, NEED_NOTHING},
    [RTE_CPUFLAG_SSE4_2] = {1, ECX, 20, NEED_NOTHING},
    [RTE_CPUFLAG_MOVBE] = {1, ECX, 22, NEED_NOTHING},
    [RTE_CPUFLAG_POPCNT] = {1, ECX, 23, NEED_NOTHING},
    [RTE_CPUFLAG_AES] = {1, ECX, 25, NEED_NOTHING},
    [RTE_CPUFLAG_OSXSAVE] = {1, ECX, 27, NEED_NOTHING},
    [RTE_CPUFLAG_AVX] = {1, ECX, 28, NEED_AVX},
    [RTE_CPUFLAG_F16C] = {1, ECX, 29, NEED_AVX},
    [RTE_CPUFLAG_RDRAND] = {1, ECX, 30, NEED_NOTHING},
    [RTE_CPUFLAG_HYPERVISOR] = {1, ECX, 31, NEED_NOTHING},
    [RTE_CPUFLAG_SSE] = {1, EDX, 25, NEED_NOTHING},
    [RTE_CPUFLAG_SSE2] = {1, EDX, 26, NEED_NOTHING},
    [RTE_CPUFLAG_BMI1] = {7, EBX, 3, NEED_NOTHING},
    [RTE_CPUFLAG_AVX2] = {7, EBX, 5, NEED_AVX},
    [RTE_CPUFLAG_BMI2] = {7, EBX, 8, NEED_NOTHING},
    [RTE_CPUFLAG_ERMS] = {7, EBX, 9, NEED_NOTHING},
    [RTE_CPUFLAG_AVX512F] = {7, EBX, 16, NEED_AVX512},
    [RTE_CPUFLAG_AVX512DQ] = {7, EBX, 17, NEED_AVX512},
    [RTE_CPUFLAG_RDSEED] = {7, EBX, 18, NEED_NOTHING},
    [RTE_CPUFLAG_AVX512IFMA] = {7, EBX, 21, NEED_AVX512},
    [RTE_CPUFLAG_AVX512CD] = {7, EBX, 28, NEED_AVX512},
    [RTE_CPUFLAG_AVX512BW] = {7, EBX, 30, NEED_AVX512},
    [RTE_CPUFLAG_AVX512VL] = {7, EBX, 31, NEED_AVX512},
    [RTE_CPUFLAG_AVX512VBMI] = {7, ECX, 1, NEED_AVX512},
    [RTE_CPUFLAG_AVX512VBMI2] = {7, ECX, 6, NEED_AVX512},
    [RTE_CPUFLAG_GFNI] = {7, ECX, 8, NEED_NOTHING},
    [RTE_CPUFLAG_VAES] = {7, ECX, 9, NEED_AVX},
    [RTE_CPUFLAG_VPCLMULQDQ] = {7, ECX, 10, NEED_AVX},
    [RTE_CPUFLAG_AVX512VNNI] = {7, ECX, 11, NEED_AVX512},
    [RTE_CPUFLAG_AVX512BITALG] = {7, ECX, 12, NEED_AVX512},
    [RTE_CPUFLAG_AVX512VPOPCNTDQ] = {7, ECX, 14, NEED_AVX512},
    [RTE_CPUFLAG_LZCNT] = {0x80000001, ECX, 5, NEED_NOTHING},
    [RTE_CPUFLAG_EM64T] = {0x80000001, EDX, 29, NEED_NOTHING},
};

/* No transactional memory: rte_spinlock's elided locks stay plain. */
uint8_t rte_rtm_supported;

static bool cpuid_bit(uint32_t leaf, uint8_t which, uint8_t bit)
{
	uint32_t registers[4];

	if (!__get_cpuid_count(leaf, 0, &registers[EAX], &registers[EBX], &registers[ECX], &registers[EDX]))
		return false;
	return registers[which] >> bit & 1;
}

static uint64_t xcr0(void)
{
	uint32_t low, high;

	if (!cpuid_bit(1, ECX, 27)) /* OSXSAVE: XGETBV may be used */
		return 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

int rte_cpu_get_flag_enabled(enum rte_cpu_flag_t feature)
{
	const struct cpu_flag *flag;

	if ((unsigned int)feature >= RTE_CPUFLAG_NUMFLAGS)
		return -ENOENT;
	flag = &flags[feature];
	if (flag->leaf == 0 || !cpuid_bit(flag->leaf, flag->which, flag->bit))
		return 0;
	return (xcr0() & flag->xcr0) == flag->xcr0;
}

uint16_t rte_vect_get_max_simd_bitwidth(void)
{
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) == 1)
		return RTE_VECT_SIMD_512;
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) == 1 ? RTE_VECT_SIMD_256 : RTE_VECT_SIMD_128;
}
