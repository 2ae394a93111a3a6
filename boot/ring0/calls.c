/* SPDX-License-Identifier: Apache-2.0
 *
 * See calls.h; called by trap.c. Pointers that ring 3 passes are checked to be ring 3's before they are used:
 * a bad one is -EFAULT. Numbers and structures: Linux, x86-64 (asm/unistd_64.h, asm-generic). There is one
 * thread.
 */
#include <asm/unistd_64.h>
#include <linux/errno.h>
#include <stddef.h>
#include "calls.h"
#include "boot/handover.h"
#include "apic.h"
#include "clock.h"
#include "console.h"
#include "crash.h"
#include "hypervisor.h"
#include "memory.h"
#include "paging.h"
#include "string.h"

enum {
	MSR_FS_BASE = 0xc0000100,
	ARCH_SET_FS = 0x1002,
	USER_ADDRESS_BITS = 47,
	/* Flags that ring 3 may have: CF, PF, AF, ZF, SF, DF, OF, AC, ID. Bit 1 is always set. */
	RFLAGS_ALLOWED = 0x240cd5,
	RFLAGS_FIXED = 2,

	PROT_EXEC = 4,
	MAP_SHARED = 1,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_FIXED_NOREPLACE = 0x100000,
	RANDOM_MAX = 256, /* bytes that one getrandom gives, as Linux never interrupts these */
	IOVECTORS_MAX = 1024,
	CLOCK_REALTIME = 0,
	CLOCK_REALTIME_COARSE = 5,
	CLOCKS = 12,
	TIMER_ABSTIME = 1,
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_COMMAND = 0x7f,
	SIGNALS = 64,
	RLIMIT_STACK = 3,
	RLIMITS = 16,
	S_IFCHR_RW = 0020600,
	PID = 1,
};
#define NS_PER_SECOND 1000000000

struct timespec64 {
	int64_t seconds, nanoseconds;
};

struct iovector {
	uint64_t base, bytes;
};

typedef int64_t call(struct frame *frame, uint64_t a, uint64_t b, uint64_t c);

extern char ring3_clear[], ring3_clear_below[], ring3_random[];
extern char __ring3_stack[], __ring3_stack_end[];

static bool have_rdrand;

void calls_init(bool rdrand)
{
	have_rdrand = rdrand;
}

/* The call returns to ring 3 by way of one of the helpers in gate.S. */
static void go_by(struct frame *frame, char *helper, uint64_t operand)
{
	frame->rip = (uintptr_t)helper;
	frame->r11 = operand;
}

static bool is_console(uint64_t fd)
{
	return fd == 1 || fd == 2;
}

static int64_t call_write(struct frame *frame, uint64_t fd, uint64_t from, uint64_t bytes)
{
	(void)frame;
	if (!is_console(fd))
		return -EBADF;
	if (!memory_is_ring3(from, bytes, false))
		return -EFAULT;
	console_write((const char *)from, bytes);
	return (int64_t)bytes;
}

static int64_t call_writev(struct frame *frame, uint64_t fd, uint64_t vectors, uint64_t count)
{
	const struct iovector *v = (const struct iovector *)vectors;
	int64_t written = 0;

	if (count > IOVECTORS_MAX)
		return -EINVAL;
	if (!memory_is_ring3(vectors, count * sizeof(*v), false))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++) {
		int64_t result = call_write(frame, fd, v[i].base, v[i].bytes);

		if (result < 0)
			return written ? written : result;
		written += result;
	}
	return written;
}

static int64_t call_exit(struct frame *frame, uint64_t status, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	machine_exit((status & 0xff) <= IMAGE_EXIT_CRASHED ? (enum image_exit)(status & 0xff)
							   : IMAGE_EXIT_FAILED);
}

static int64_t call_brk(struct frame *frame, uint64_t wanted, uint64_t b, uint64_t c)
{
	uint64_t old = memory_break(0), new = memory_break(wanted);

	(void)b, (void)c;
	if (new > old)
		go_by(frame, ring3_clear_below, new - old);
	return (int64_t) new;
}

/* Anonymous memory, readable and writable whatever was asked, never executable: a hint is ignored. */
static int64_t call_mmap(struct frame *frame, uint64_t hint, uint64_t bytes, uint64_t protection)
{
	uint64_t flags = frame->r10, start;

	(void)hint;
	if (protection & PROT_EXEC)
		return -EACCES;
	if (!(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) || bytes == 0 || bytes > INT64_MAX)
		return -EINVAL;
	bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	start = memory_take(bytes);
	if (!start)
		return -ENOMEM;
	go_by(frame, ring3_clear, bytes);
	return (int64_t)start;
}

static int64_t call_munmap(struct frame *frame, uint64_t start, uint64_t bytes, uint64_t c)
{
	(void)frame, (void)c;
	if (start % PAGE_BYTES || bytes == 0 || bytes > INT64_MAX)
		return -EINVAL;
	return memory_give(start, (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1)) ? 0 : -EINVAL;
}

/* Shrinks; who wants more gets -ENOMEM, and copies faster than ring 0 can. */
static int64_t call_mremap(struct frame *frame, uint64_t start, uint64_t old_bytes, uint64_t new_bytes)
{
	uint64_t mask = PAGE_BYTES - 1, old_end, new_end;

	(void)frame;
	if (start % PAGE_BYTES || new_bytes == 0 || old_bytes > INT64_MAX || new_bytes > old_bytes)
		return new_bytes > old_bytes ? -ENOMEM : -EINVAL;
	old_end = (start + old_bytes + mask) & ~mask;
	new_end = (start + new_bytes + mask) & ~mask;
	if (new_end < old_end && !memory_give(new_end, old_end - new_end))
		return -EFAULT;
	return (int64_t)start;
}

/* Nothing ever becomes executable. What is more than that, read-only memory and guard pages, is not offered.
 */
static int64_t call_mprotect(struct frame *frame, uint64_t start, uint64_t bytes, uint64_t protection)
{
	(void)frame;
	if (protection & PROT_EXEC)
		return -EACCES;
	return memory_is_ring3(start, bytes, true) ? 0 : -ENOMEM;
}

static int64_t call_arch_prctl(struct frame *frame, uint64_t code, uint64_t address, uint64_t c)
{
	(void)frame, (void)c;
	if (code != ARCH_SET_FS)
		return -EINVAL;
	if (address >> USER_ADDRESS_BITS)
		return -EPERM;
	wrmsr(MSR_FS_BASE, address);
	return 0;
}

static int64_t call_pid(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return PID;
}

static int64_t call_nothing(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return 0;
}

static int64_t call_rt_sigaction(struct frame *frame, uint64_t signal, uint64_t new, uint64_t old)
{
	enum { SIGACTION_BYTES = 32 };

	(void)frame, (void)new;
	if (signal == 0 || signal > SIGNALS)
		return -EINVAL;
	if (old && !memory_is_ring3(old, SIGACTION_BYTES, true))
		return -EFAULT;
	if (old)
		memset((void *)old, 0, SIGACTION_BYTES);
	return 0;
}

static int64_t call_rt_sigprocmask(struct frame *frame, uint64_t how, uint64_t new, uint64_t old)
{
	(void)how, (void)new;
	if (old && (frame->r10 > SIGNALS / 8 || !memory_is_ring3(old, frame->r10, true)))
		return -EFAULT;
	if (old)
		memset((void *)old, 0, frame->r10);
	return 0;
}

static int64_t call_kill(struct frame *frame, uint64_t pid, uint64_t signal, uint64_t c)
{
	(void)pid, (void)c;
	if (signal == 0)
		return 0;
	crash_by_signal(frame, signal);
}

static int64_t call_tgkill(struct frame *frame, uint64_t pid, uint64_t thread, uint64_t signal)
{
	(void)thread;
	return call_kill(frame, pid, signal, 0);
}

/* With one thread, nobody would end the wait. */
static int64_t call_futex(struct frame *frame, uint64_t word, uint64_t operation, uint64_t value)
{
	(void)frame;
	if (!memory_is_ring3(word, 4, false) || word % 4)
		return -EFAULT;
	switch (operation & FUTEX_COMMAND) {
	case FUTEX_WAKE:
		return 0;
	case FUTEX_WAIT:
		return *(volatile uint32_t *)word != (uint32_t)value ? -EAGAIN : -EDEADLK;
	default:
		return -ENOSYS;
	}
}

static int64_t call_clock_gettime(struct frame *frame, uint64_t clock, uint64_t to, uint64_t c)
{
	uint64_t ns = clock_now();

	(void)frame, (void)c;
	if (clock >= CLOCKS)
		return -EINVAL;
	if (!memory_is_ring3(to, sizeof(struct timespec64), true))
		return -EFAULT;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		ns += clock_get()->wall_offset_ns;
	*(struct timespec64 *)to = (struct timespec64){ns / NS_PER_SECOND, ns % NS_PER_SECOND};
	return 0;
}

static int64_t sleep_until(uint64_t deadline_ns)
{
	while (clock_now() < deadline_ns)
		apic_wait(deadline_ns);
	return 0;
}

static int64_t call_clock_nanosleep(struct frame *frame, uint64_t clock, uint64_t flags, uint64_t request)
{
	const struct timespec64 *t = (const struct timespec64 *)request;
	uint64_t now = clock_now(), ns;

	(void)frame;
	if (!memory_is_ring3(request, sizeof(*t), false))
		return -EFAULT;
	if (clock >= CLOCKS || t->seconds < 0 || t->seconds > UINT32_MAX ||
	    (uint64_t)t->nanoseconds >= NS_PER_SECOND)
		return -EINVAL;
	ns = (uint64_t)t->seconds * NS_PER_SECOND + (uint64_t)t->nanoseconds;
	if (!(flags & TIMER_ABSTIME))
		return sleep_until(now + ns);
	if (clock != CLOCK_REALTIME)
		return sleep_until(ns);
	return ns > clock_get()->wall_offset_ns ? sleep_until(ns - clock_get()->wall_offset_ns) : 0;
}

static int64_t call_nanosleep(struct frame *frame, uint64_t request, uint64_t remaining, uint64_t c)
{
	(void)remaining, (void)c;
	return call_clock_nanosleep(frame, 1, 0, request);
}

static int64_t weak_random(uint8_t *to, uint64_t bytes)
{
	uint64_t state = rdtsc();

	for (uint64_t i = 0; i < bytes; i++) {
		state = (state ^ rdtsc()) *
			UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio: spreads bits upwards */
		to[i] = (uint8_t)(state >> 56);
	}
	return (int64_t)bytes;
}

static int64_t call_getrandom(struct frame *frame, uint64_t to, uint64_t bytes, uint64_t flags)
{
	(void)flags;
	if (bytes > RANDOM_MAX)
		bytes = RANDOM_MAX;
	if (!memory_is_ring3(to, bytes, true))
		return -EFAULT;
	if (!have_rdrand)
		return weak_random((uint8_t *)to, bytes);
	go_by(frame, ring3_random, to);
	return (int64_t)bytes;
}

static int64_t call_uname(struct frame *frame, uint64_t to, uint64_t b, uint64_t c)
{
	enum { FIELD = 65, FIELDS = 6 };
	/* glibc refuses to start on a kernel older than it was built for: the release is of that kind. */
	static const char *const names[FIELDS] = {"Weir", "weir", "5.10.0", "ring 0", "x86_64", ""};

	(void)frame, (void)b, (void)c;
	if (!memory_is_ring3(to, FIELD * FIELDS, true))
		return -EFAULT;
	memset((void *)to, 0, FIELD * FIELDS);
	for (unsigned int i = 0; i < FIELDS; i++)
		memcpy((char *)to + i * FIELD, names[i], strlen(names[i]));
	return 0;
}

/* A character device, which stdio takes for line buffering. */
static int64_t stat_console(uint64_t fd, uint64_t to)
{
	enum { STAT_BYTES = 144, STAT_MODE = 24 };

	if (fd > 2)
		return -EBADF;
	if (!memory_is_ring3(to, STAT_BYTES, true))
		return -EFAULT;
	memset((void *)to, 0, STAT_BYTES);
	*(uint32_t *)(to + STAT_MODE) = S_IFCHR_RW;
	return 0;
}

static int64_t call_fstat(struct frame *frame, uint64_t fd, uint64_t to, uint64_t c)
{
	(void)frame, (void)c;
	return stat_console(fd, to);
}

/* Only with an empty path, as glibc's fstat calls it: there are no files. */
static int64_t call_newfstatat(struct frame *frame, uint64_t fd, uint64_t path, uint64_t to)
{
	(void)frame;
	if (!memory_is_ring3(path, 1, false))
		return -EFAULT;
	return *(const char *)path ? -ENOENT : stat_console(fd, to);
}

/* A terminal, as far as isatty asks: so stdio writes line by line, and a crash loses none. */
static int64_t call_ioctl(struct frame *frame, uint64_t fd, uint64_t request, uint64_t to)
{
	enum { TCGETS = 0x5401, TERMIOS_BYTES = 36 };

	(void)frame;
	if (fd > 2)
		return -EBADF;
	if (request != TCGETS)
		return -ENOTTY;
	if (!memory_is_ring3(to, TERMIOS_BYTES, true))
		return -EFAULT;
	memset((void *)to, 0, TERMIOS_BYTES);
	return 0;
}

static int64_t call_no_file(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return -ENOENT;
}

static int64_t call_prlimit64(struct frame *frame, uint64_t pid, uint64_t resource, uint64_t new)
{
	uint64_t to = frame->r10;

	(void)pid;
	if (new)
		return -EPERM;
	if (resource >= RLIMITS)
		return -EINVAL;
	if (to && !memory_is_ring3(to, 16, true))
		return -EFAULT;
	if (to) {
		uint64_t limit =
		    resource == RLIMIT_STACK ? (uint64_t)(__ring3_stack_end - __ring3_stack) : UINT64_MAX;

		((uint64_t *)to)[0] = ((uint64_t *)to)[1] = limit;
	}
	return 0;
}

static int64_t call_unsupported(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return -ENOSYS;
}

static int64_t call_wait(struct frame *frame, uint64_t deadline_ns, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	apic_wait(deadline_ns);
	return 0;
}

static call *const calls[] = {
    [__NR_write] = call_write,
    [__NR_fstat] = call_fstat,
    [__NR_mmap] = call_mmap,
    [__NR_mprotect] = call_mprotect,
    [__NR_munmap] = call_munmap,
    [__NR_brk] = call_brk,
    [__NR_rt_sigaction] = call_rt_sigaction,
    [__NR_rt_sigprocmask] = call_rt_sigprocmask,
    [__NR_ioctl] = call_ioctl,
    [__NR_writev] = call_writev,
    [__NR_sched_yield] = call_nothing,
    [__NR_mremap] = call_mremap,
    [__NR_nanosleep] = call_nanosleep,
    [__NR_getpid] = call_pid,
    [__NR_exit] = call_exit,
    [__NR_kill] = call_kill,
    [__NR_uname] = call_uname,
    [__NR_readlink] = call_no_file,
    [__NR_gettid] = call_pid,
    [__NR_tkill] = call_kill,
    [__NR_arch_prctl] = call_arch_prctl,
    [__NR_futex] = call_futex,
    [__NR_set_tid_address] = call_pid,
    [__NR_clock_gettime] = call_clock_gettime,
    [__NR_clock_nanosleep] = call_clock_nanosleep,
    [__NR_exit_group] = call_exit,
    [__NR_tgkill] = call_tgkill,
    [__NR_openat] = call_no_file,
    [__NR_newfstatat] = call_newfstatat,
    [__NR_readlinkat] = call_no_file,
    [__NR_set_robust_list] = call_nothing,
    [__NR_prlimit64] = call_prlimit64,
    [__NR_getrandom] = call_getrandom,
    [__NR_rseq] = call_unsupported,
};

static call *find_call(uint64_t number)
{
	if (number == WEIR_CALL_WAIT)
		return call_wait;
	return number < sizeof(calls) / sizeof(calls[0]) ? calls[number] : NULL;
}

void system_call(struct frame *frame)
{
	call *function = find_call(frame->rax);

	boot_progress.calls++;
	if (!function)
		boot_progress.unknown_calls++;
	frame->cs = SELECTOR_RING3_CODE;
	frame->ss = SELECTOR_RING3_DATA;
	frame->rip = frame->rcx;
	frame->rflags = (frame->r11 & RFLAGS_ALLOWED) | RFLAGS_FIXED;
	frame->rax = (uint64_t)(function ? function(frame, frame->rdi, frame->rsi, frame->rdx) : -ENOSYS);
}
