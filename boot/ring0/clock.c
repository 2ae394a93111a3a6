/* SPDX-License-Identifier: Apache-2.0
 *
 * The clock is the TSC; what is found out here, once, is how fast it runs and what the time of day is. In
 * this order: the hypervisor's clock (KVM's: Linux, Documentation/virt/kvm/x86/msr.rst; Xen's: xen_clock.c),
 * CPUID leaves 0x15, 0x16 (Intel SDM volume 2) and 0x40000010 (the hypervisors' convention), and a
 * measurement against the PIT (Intel 8254 data sheet).
 */
#include <stdbool.h>
#include "clock.h"
#include "cpu.h"
#include "hypervisor.h"
#include "pvclock.h"
#include "rtc.h"
#include "xen.h"

enum {
	MSR_KVM_WALL_CLOCK = 0x4b564d00,
	MSR_KVM_SYSTEM_TIME = 0x4b564d01,
	KVM_FEATURE_CLOCKSOURCE2 = 1 << 3,
	KVM_CLOCK_ENABLE = 1,

	PIT_HZ = 1193182,
	PIT_CHANNEL0 = 0x40,
	PIT_COMMAND = 0x43,
	PIT_CHANNEL0_MODE0 = 0x30, /* low byte then high, output rises on terminal count */
	PIT_READ_STATUS = 0xe2,	   /* of channel 0 */
	PIT_STATUS_OUTPUT = 1 << 7,
	PIT_TICKS = PIT_HZ / 100,
	PIT_PATIENCE = 1000000,
	FALLBACK_HZ = 1000000000,
};
#define NS_PER_SECOND UINT64_C(1000000000)

struct kvm_wall_clock {
	uint32_t version, seconds, nanoseconds;
};

static volatile struct pvclock kvm_time __attribute__((aligned(64)));
static volatile struct kvm_wall_clock kvm_wall_clock __attribute__((aligned(64)));
static struct handover_clock the_clock;

/* Where the hypervisor has a clock: reads it, and what time of day it was (nanoseconds since 1970) when that
 * was at 0. */
static bool (*read_pvclock)(struct pvclock *time, uint64_t *wall_at_zero);

/* The host writes the time of day each time it is asked. */
static bool kvm_clock_read(struct pvclock *time, uint64_t *wall_at_zero)
{
	if (!pvclock_read(&kvm_time, time))
		return false;
	wrmsr(MSR_KVM_WALL_CLOCK, (uintptr_t)&kvm_wall_clock);
	*wall_at_zero = kvm_wall_clock.seconds * NS_PER_SECOND + kvm_wall_clock.nanoseconds;
	return true;
}

/* The host's reading of its clock is older or younger than our base, as it likes. */
static uint64_t pv_wall_offset(const struct pvclock *time, uint64_t wall_at_zero)
{
	return wall_at_zero + pvclock_at(time, the_clock.base_tsc) - the_clock.base_ns;
}

static bool from_pvclock(void)
{
	struct pvclock time;
	uint64_t wall_at_zero;

	if (!read_pvclock(&time, &wall_at_zero))
		return false;
	the_clock.mult = time.mult;
	the_clock.shift = 32 - time.shift;
	the_clock.tsc_hz = muldiv(NS_PER_SECOND, UINT64_C(1) << the_clock.shift, time.mult);
	the_clock.wall_offset_ns = pv_wall_offset(&time, wall_at_zero);
	return true;
}

/* Returns the name of the hypervisor's clock; NULL: it has none. */
static const char *find_pvclock(void)
{
	const char *source = NULL;

	if (hypervisor_is_kvm() && cpuid(HYPERVISOR_LEAF + 1, 0).eax & KVM_FEATURE_CLOCKSOURCE2) {
		wrmsr(MSR_KVM_SYSTEM_TIME, (uintptr_t)&kvm_time | KVM_CLOCK_ENABLE);
		read_pvclock = kvm_clock_read;
		source = "kvmclock";
	} else if (xen_is_here()) {
		read_pvclock = xen_clock_read;
		source = "xen";
	}
	if (source && from_pvclock())
		return source;
	read_pvclock = NULL;
	return NULL;
}

static uint64_t hz_from_cpuid(void)
{
	uint32_t highest = cpuid(0, 0).eax;
	struct cpuid leaf;

	if (highest >= 0x15) {
		leaf = cpuid(0x15, 0);
		if (leaf.eax && leaf.ebx && leaf.ecx)
			return muldiv(leaf.ecx, leaf.ebx, leaf.eax);
	}
	if (hypervisor_highest_leaf() >= HYPERVISOR_LEAF + 0x10) {
		leaf = cpuid(HYPERVISOR_LEAF + 0x10, 0);
		if (leaf.eax)
			return leaf.eax * UINT64_C(1000);
	}
	if (highest >= 0x16)
		return (cpuid(0x16, 0).eax & 0xffff) * UINT64_C(1000000);
	return 0;
}

/* Counts to `ticks`, once. Channel 0, because that one needs no gate: microvm has no port 0x61. */
static void pit_count(uint16_t ticks)
{
	out8(PIT_COMMAND, PIT_CHANNEL0_MODE0);
	out8(PIT_CHANNEL0, ticks & 0xff);
	out8(PIT_CHANNEL0, ticks >> 8); /* counting starts here */
}

static bool pit_output(void)
{
	out8(PIT_COMMAND, PIT_READ_STATUS);
	return in8(PIT_CHANNEL0) & PIT_STATUS_OUTPUT;
}

static uint64_t hz_from_pit(void)
{
	unsigned int patience = PIT_PATIENCE;
	uint64_t start;

	pit_count(PIT_TICKS);
	start = rdtsc();
	if (pit_output())
		return FALLBACK_HZ; /* there is no PIT */
	while (!pit_output() && --patience)
		;
	return patience == 0 ? FALLBACK_HZ : muldiv(rdtsc() - start, PIT_HZ, PIT_TICKS);
}

/* The largest shift at which the factor still has 32 bits: 2^32 / hz * 10^9 rounded down loses least. */
static void set_rate(uint64_t hz)
{
	unsigned int shift = 32;

	while (shift > 1 && muldiv(NS_PER_SECOND, UINT64_C(1) << shift, hz) > UINT32_MAX)
		shift--;
	the_clock.tsc_hz = hz;
	the_clock.shift = shift;
	the_clock.mult = (uint32_t)muldiv(NS_PER_SECOND, UINT64_C(1) << shift, hz);
}

static uint64_t rtc_wall_offset(void)
{
	uint64_t seconds = rtc_seconds();

	return seconds ? seconds * NS_PER_SECOND - clock_now() : 0;
}

/* A PIT ticks 18 times a second from power-on, unheard. Who emulates it wakes up for that. */
static void pit_stop(void)
{
	pit_count(1);
}

const char *clock_init(uint64_t first_tsc)
{
	const char *source;
	uint64_t hz;

	the_clock.base_tsc = first_tsc;
	pit_stop();
	source = find_pvclock();
	if (source)
		return source;
	hz = hz_from_cpuid();
	source = hz ? "cpuid" : "pit";
	set_rate(hz ? hz : hz_from_pit());
	the_clock.wall_offset_ns = rtc_wall_offset();
	return source;
}

void clock_resume(uint64_t ns)
{
	the_clock.base_tsc = rdtsc();
	the_clock.base_ns = ns;
	if (!read_pvclock || !from_pvclock())
		the_clock.wall_offset_ns = clock_wall_offset();
}

uint64_t clock_wall_offset(void)
{
	struct pvclock time;
	uint64_t wall_at_zero;

	if (!read_pvclock) /* a clock that was not there at first is not waited for again */
		return the_clock.wall_offset_ns ? rtc_wall_offset() : 0;
	return read_pvclock(&time, &wall_at_zero) ? pv_wall_offset(&time, wall_at_zero) : 0;
}

const struct handover_clock *clock_get(void)
{
	return &the_clock;
}

uint64_t clock_now(void)
{
	return the_clock.base_ns + scale(rdtsc() - the_clock.base_tsc, the_clock.mult, the_clock.shift);
}

uint64_t clock_tsc_at(uint64_t ns)
{
	uint64_t ticks = muldiv(ns - the_clock.base_ns, UINT64_C(1) << the_clock.shift, the_clock.mult);

	return ticks > UINT64_MAX - the_clock.base_tsc ? UINT64_MAX : the_clock.base_tsc + ticks;
}
