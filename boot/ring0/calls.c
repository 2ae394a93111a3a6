/* SPDX-License-Identifier: Apache-2.0
 *
 * See calls.h; called by trap.c. Pointers that ring 3 passes are checked to be ring 3's before they are used:
 * a bad one is -EFAULT. Those about memory and time have files of their own. Numbers and structures: Linux,
 * x86-64 (asm/unistd_64.h, asm-generic). There is one thread.
 */
#include <asm/unistd_64.h>
#include <linux/errno.h>
#include <stddef.h>
#include "call.h"
#include "calls.h"
#include "boot/handover.h"
#include "console.h"
#include "crash.h"
#include "hypervisor.h"
#include "memory.h"
#include "string.h"
#include "xen.h"

enum {
	MSR_FS_BASE = 0xc0000100,
	ARCH_SET_FS = 0x1002,
	USER_ADDRESS_BITS = 47,
	RANDOM_MAX = 256, /* bytes that one getrandom gives, as Linux never interrupts these */
	IOVECTORS_MAX = 1024,
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_COMMAND = 0x7f,
	SIGNALS = 64,
	S_IFCHR_RW = 0020600,
	PID = 1,
};

struct iovector {
	uint64_t base, bytes;
};

extern char ring3_random[], ring3_random_seed[];

static char *random_helper; /* NULL: the processor has no random numbers */

void calls_init(bool rdrand, bool rdseed)
{
	if (rdrand)
		random_helper = rdseed ? ring3_random_seed : ring3_random;
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

/* Nothing else is mixed in here, and nothing weak is given: seeds of hash tables are content with one source,
 * and what keys are made of is ring 3's to gather (boot/ring3/entropy.h). */
static int64_t call_getrandom(struct frame *frame, uint64_t to, uint64_t bytes, uint64_t flags)
{
	(void)flags;
	if (bytes > RANDOM_MAX)
		bytes = RANDOM_MAX;
	if (!memory_is_ring3(to, bytes, true))
		return -EFAULT;
	if (!random_helper)
		return -ENOSYS;
	go_by(frame, random_helper, to);
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

static int64_t call_unsupported(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	return -ENOSYS;
}

/* Some are answered by gate.S already, where ring 3 gets there by itself. */
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
    [__NR_prlimit64] = call_unsupported,
    [__NR_getrandom] = call_getrandom,
    [__NR_rseq] = call_unsupported,
};

_Static_assert(CALL_WAIT == WEIR_CALL_WAIT, "traps.S answers it too");

static call *find_call(uint64_t number)
{
	if (number == WEIR_CALL_WAIT)
		return call_wait;
	if (number == WEIR_CALL_WALL_OFFSET)
		return call_wall_offset;
	return number < sizeof(calls) / sizeof(calls[0]) ? calls[number] : xen_find_call(number);
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
