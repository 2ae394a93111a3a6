/* SPDX-License-Identifier: Apache-2.0
 *
 * The record by which KVM and Xen tell how their clock follows from the TSC. Sources: Linux,
 * Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW; Xen, public/xen.h, struct vcpu_time_info.
 */
#ifndef RING0_PVCLOCK_H
#define RING0_PVCLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "cpu.h"

/* Clock in nanoseconds = system_time + (tsc' - tsc) * 2^shift * mult / 2^32 */
struct pvclock {
	uint32_t version, reserved0;
	uint64_t tsc, system_time;
	uint32_t mult;
	int8_t shift;
	uint8_t flags, reserved1[2];
};
_Static_assert(sizeof(struct pvclock) == 32, "both documents");

enum { PVCLOCK_TRIES = 100 };

/* The host changes the record under us; an odd or changed version says so. False: it makes no sense. */
static inline bool pvclock_read(const volatile struct pvclock *shared, struct pvclock *out)
{
	for (int i = 0; i < PVCLOCK_TRIES; i++) {
		uint32_t version = shared->version;

		asm volatile("" ::: "memory"); /* version is read before the values */
		*out = *shared;
		asm volatile("" ::: "memory"); /* and again after them */
		if (version && !(version & 1) && version == shared->version)
			return out->mult && out->shift > -32 && out->shift < 32;
	}
	return false;
}

/* The clock when the TSC was, or will be, `tsc`. A record can be older than a guest's TSC, which began at 0
 * since: its own TSC is below 0 then. */
static inline uint64_t pvclock_at(const struct pvclock *time, uint64_t tsc)
{
	unsigned int shift = (unsigned int)(32 - time->shift);
	uint64_t since = tsc - time->tsc;

	if ((int64_t)since < 0)
		return time->system_time - scale(-since, time->mult, shift);
	return time->system_time + scale(since, time->mult, shift);
}

#endif
