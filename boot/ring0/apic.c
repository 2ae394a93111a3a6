/* SPDX-License-Identifier: Apache-2.0
 *
 * Local APIC (as x2APIC where there is one) with its timer, and the I/O APICs. Called by start.c, the device
 * finders and calls.c; traps.S ends interrupts. Sources: Intel SDM volume 3, chapter 10; Intel 82093AA data
 * sheet for the I/O APIC.
 */
#include "apic.h"
#include "clock.h"
#include "cpu.h"
#include "layout.h"
#include "paging.h"

enum {
	MSR_APIC_BASE = 0x1b,
	APIC_BASE_ENABLE = 1 << 11,
	APIC_BASE_X2APIC = 1 << 10,
	CPUID1_ECX_X2APIC = 1 << 21,
	CPUID1_ECX_TSC_DEADLINE = 1 << 24,

	/* Registers: MSR 0x800 + number, or number * 16 bytes from the base. */
	APIC_ID = 0x02,
	APIC_TASK_PRIORITY = 0x08,
	APIC_SPURIOUS = 0x0f,
	APIC_SPURIOUS_ENABLE = 1 << 8,
	APIC_LVT_TIMER = 0x32,
	APIC_LVT_LINT0 = 0x35,
	APIC_LVT_MASKED = 1 << 16,
	APIC_LVT_TSC_DEADLINE = 2 << 17,
	APIC_TIMER_INITIAL = 0x38,
	APIC_TIMER_CURRENT = 0x39,
	APIC_TIMER_DIVIDE = 0x3e,
	APIC_TIMER_DIVIDE_BY_1 = 0xb,
	CALIBRATION_NS = 1000000,

	IOAPIC_SELECT = 0x00,
	IOAPIC_WINDOW = 0x10,
	IOAPIC_VERSION = 1,
	IOAPIC_REDIRECTION = 0x10,
};

/* Where QEMU's machines and Firecracker have them; the second exists on microvm. */
static const uint32_t ioapics[] = {0xfec00000, 0xfec10000};
enum { IOAPIC_LINES = 24 };

bool apic_is_x2, apic_has_deadline;
static uint64_t timer_hz; /* without TSC deadlines */

static uint32_t apic_read(unsigned int reg)
{
	return apic_is_x2 ? (uint32_t)rdmsr(MSR_X2APIC + reg)
			  : *(volatile uint32_t *)((uintptr_t)APIC_PAGE + reg * 16);
}

static void apic_write(unsigned int reg, uint32_t value)
{
	if (apic_is_x2)
		wrmsr(MSR_X2APIC + reg, value);
	else
		*(volatile uint32_t *)((uintptr_t)APIC_PAGE + reg * 16) = value;
}

static void calibrate_timer(void)
{
	uint64_t end;

	apic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
	end = clock_tsc_at(clock_now() + CALIBRATION_NS);
	uint64_t start = rdtsc();
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
	while (rdtsc() < end)
		;
	uint32_t ticks = UINT32_MAX - apic_read(APIC_TIMER_CURRENT);
	timer_hz = muldiv(ticks, clock_get()->tsc_hz, rdtsc() - start);
	apic_write(APIC_TIMER_INITIAL, 0);
}

void apic_init(void)
{
	uint32_t features = cpuid(1, 0).ecx;

	apic_is_x2 = features & CPUID1_ECX_X2APIC;
	apic_has_deadline = features & CPUID1_ECX_TSC_DEADLINE;
	wrmsr(MSR_APIC_BASE, APIC_PAGE | (rdmsr(MSR_APIC_BASE) & 0x100) | APIC_BASE_ENABLE);
	if (apic_is_x2)
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	else
		paging_map_device(APIC_PAGE, false);
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	if (apic_has_deadline)
		apic_write(APIC_LVT_TIMER, APIC_LVT_TSC_DEADLINE | VECTOR_TIMER);
}

static uint32_t apic_id(void)
{
	return apic_is_x2 ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

static void ioapic_write(uint32_t base, uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)(base + IOAPIC_SELECT) = reg;
	*(volatile uint32_t *)(uintptr_t)(base + IOAPIC_WINDOW) = value;
}

bool apic_route(uint32_t line)
{
	uint32_t index = line / IOAPIC_LINES, entry = line % IOAPIC_LINES;

	if (index >= sizeof(ioapics) / sizeof(ioapics[0]) || !paging_map_device(ioapics[index], false))
		return false;
	*(volatile uint32_t *)(uintptr_t)(ioapics[index] + IOAPIC_SELECT) = IOAPIC_VERSION;
	uint32_t version = *(volatile uint32_t *)(uintptr_t)(ioapics[index] + IOAPIC_WINDOW);
	if (version == UINT32_MAX || (version >> 16 & 0xff) < entry)
		return false;
	ioapic_write(ioapics[index], IOAPIC_REDIRECTION + 2 * entry + 1, apic_id() << 24);
	ioapic_write(ioapics[index], IOAPIC_REDIRECTION + 2 * entry, VECTOR_DEVICE); /* edge, high, fixed */
	return true;
}

struct msi_message apic_msi(void)
{
	return (struct msi_message){APIC_PAGE | (uint64_t)(apic_id() & 0xff) << 12, VECTOR_DEVICE};
}

static void arm_timer(uint64_t deadline_tsc)
{
	if (apic_has_deadline) {
		wrmsr(MSR_TSC_DEADLINE, deadline_tsc);
		return;
	}
	if (!timer_hz)
		calibrate_timer();
	uint64_t now = rdtsc();
	uint64_t ticks =
	    deadline_tsc > now ? muldiv(deadline_tsc - now, timer_hz, clock_get()->tsc_hz) + 1 : 1;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}

void apic_wait(uint64_t deadline_tsc)
{
	if (deadline_tsc != 0)
		arm_timer(deadline_tsc);
	/* Interrupts open only together with hlt: one that is pending, or comes now, ends it (end_sleep in
	 * traps.S). */
	asm volatile("sti; hlt; cli" : : : "memory", "rax", "rcx", "rdx");
}
