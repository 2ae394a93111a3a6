/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring-3 program for test_boot: runs the checks that its arguments name, in order. A check prints `ok NAME`
 * or `not ok NAME: why`; those that end in a crash are at the bottom. Other words are passed over, as an
 * appliance does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include "boot/handover.h"

volatile struct boot_progress boot_progress __attribute__((section(".weir.stats"), aligned(4096))) = {
    .burst_port = -1,
};

extern char __ring0_data_start[], __ring0_text_start[], __text_start[];

static const struct handover *handover;
static uintptr_t gate; /* where the syscall instruction leads: the argument gate= */

static const char *check_hello(void)
{
	if (handover)
		printf("handover: %s %s %s %u devices, %lu bytes\n", handover->boot_protocol,
		       handover->hypervisor, handover->clock.source, handover->devices,
		       handover->memory_bytes);
	return handover && handover->version != HANDOVER_VERSION ? "handover version" : NULL;
}

static const char *check_memory(void)
{
	enum { BLOCKS = 5, BYTES = 4 << 20 };
	unsigned char *block[BLOCKS];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < BLOCKS; i++) {
			block[i] = calloc(1, BYTES);
			if (!block[i])
				return "20 MiB are not to be had";
			for (size_t at = 0; at < BYTES; at += 512)
				if (block[i][at])
					return "fresh memory is not zero";
			memset(block[i], 0xa5, BYTES);
		}
		for (int i = 0; i < BLOCKS; i++)
			free(block[i]);
	}
	if (malloc(SIZE_MAX / 4))
		return "absurd malloc succeeded";
	return NULL;
}

static const char *check_heap(void)
{
	char *small[100];

	for (int i = 0; i < 100; i++) {
		small[i] = malloc(10000);
		memset(small[i], i, 10000);
	}
	for (int i = 0; i < 100; i++) {
		if (small[i][9999] != i)
			return "blocks overlap";
		free(small[i]);
	}
	return NULL;
}

__attribute__((target("avx"))) static const char *use_avx(void)
{
	double out[4];

	_mm256_storeu_pd(out, _mm256_add_pd(_mm256_set1_pd(1.5), _mm256_set1_pd(2.5)));
	return out[3] == 4.0 ? NULL : "AVX adds wrongly";
}

__attribute__((target("avx512f"))) static const char *use_avx512(void)
{
	double out[8];

	_mm512_storeu_pd(out, _mm512_add_pd(_mm512_set1_pd(1.5), _mm512_set1_pd(2.5)));
	return out[7] == 4.0 ? NULL : "AVX-512 adds wrongly";
}

static const char *check_vectors(void)
{
	__builtin_cpu_init();
	printf("vectors: avx %d avx512f %d\n", !!__builtin_cpu_supports("avx"),
	       !!__builtin_cpu_supports("avx512f"));
	if (__builtin_cpu_supports("avx") && use_avx())
		return use_avx();
	return __builtin_cpu_supports("avx512f") ? use_avx512() : NULL;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static const char *check_clock(void)
{
	const struct handover_clock *c = &handover->clock;
	int64_t start = now_ns(CLOCK_MONOTONIC), wall = now_ns(CLOCK_REALTIME) / 1000000000, slept;
	uint64_t tsc = __rdtsc();
	struct timespec ms20 = {.tv_nsec = 20000000};

	printf("wall: %ld\n", (long)wall);
	nanosleep(&ms20, NULL);
	slept = now_ns(CLOCK_MONOTONIC) - start;
	tsc = __rdtsc() - tsc; /* read once: the host may pause between two readings */
	double by_rate = (double)tsc * 1e9 / (double)c->tsc_hz;
	double by_page = (double)(((unsigned __int128)tsc * c->mult) >> c->shift);
	printf("slept: %ld ns, by rate %.0f, by page %.0f\n", (long)slept, by_rate, by_page);
	if (slept < 20000000)
		return "woke too early";
	if (by_rate < 0.9 * (double)slept - 5e6 || by_rate > 1.1 * (double)slept + 50e6)
		return "tsc_hz does not fit the clock";
	return by_page < 0.99 * by_rate || by_page > 1.01 * by_rate ? "mult and shift do not fit tsc_hz"
								    : NULL;
}

/* Sleeps most of a second and a half, as an idle appliance does; the test looks at what that cost the host.
 */
static const char *check_idle(void)
{
	int64_t start = now_ns(CLOCK_MONOTONIC), end = start + 1500000000, now = start;
	int waits = 0;

	for (; now < end; waits++) {
		syscall(WEIR_CALL_WAIT, __rdtsc() + handover->clock.tsc_hz / 10);
		now = now_ns(CLOCK_MONOTONIC);
	}
	printf("idle: %d waits\n", waits);
	return waits > 200 ? "waits do not wait" : NULL;
}

static const char *check_unknown(void)
{
	uint64_t calls = boot_progress.calls, unknown = boot_progress.unknown_calls;

	if (syscall(999) != -1 || errno != ENOSYS || syscall(-1L) != -1 || errno != ENOSYS)
		return "did not fail with ENOSYS";
	if (boot_progress.unknown_calls - unknown != 2 || boot_progress.calls - calls < 2)
		return "was not counted";
	return NULL;
}

static const char *check_pointers(void)
{
	static const struct {
		long call, a, b, c;
		int error;
	} bad[] = {
	    {SYS_write, 1, (long)__ring0_data_start, 16, EFAULT},
	    {SYS_write, 1, 0, 16, EFAULT},
	    {SYS_write, 1, (long)__text_start, -1, EFAULT},
	    {SYS_write, 1, (long)__ring0_text_start - 8, 16, EFAULT},
	    {SYS_write, 1, -8, 16, EFAULT},
	    {SYS_write, 7, (long)__text_start, 1, EBADF},
	    {SYS_writev, 1, (long)__ring0_data_start, 1, EFAULT},
	    {SYS_writev, 1, (long)__text_start, 1L << 60, EINVAL},
	    {SYS_clock_gettime, CLOCK_MONOTONIC, (long)__text_start, 0, EFAULT},
	    {SYS_clock_gettime, CLOCK_MONOTONIC, (long)__ring0_data_start, 0, EFAULT},
	    {SYS_clock_gettime, 99, 0, 0, EINVAL},
	    {SYS_getrandom, (long)__ring0_data_start, 8, 0, EFAULT},
	    {SYS_uname, (long)__text_start, 0, 0, EFAULT},
	    {SYS_munmap, (long)__text_start, 4096, 0, EINVAL},
	    {SYS_munmap, (long)__ring0_data_start, 4096, 0, EINVAL},
	    {SYS_munmap, 0, -4096, 0, EINVAL},
	    {SYS_munmap, 0x1000000, 4096, 0, EINVAL}, /* free already */
	    {SYS_mprotect, (long)__text_start, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, EACCES},
	    {SYS_mprotect, (long)__ring0_data_start, 4096, PROT_READ | PROT_WRITE, ENOMEM},
	    {SYS_arch_prctl, 0x1002, 1L << 62, 0, EPERM},
	    {SYS_futex, (long)__ring0_data_start, 0, 0, EFAULT},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (syscall(bad[i].call, bad[i].a, bad[i].b, bad[i].c) != -1 || errno != bad[i].error) {
			printf("row %zu: errno %d\n", i, errno);
			return "a bad pointer was not refused";
		}
	}
	return NULL;
}

static const char *check_mapping(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, flags, -1, 0) != MAP_FAILED || errno != EACCES)
		return "executable memory was given";
	if (mmap(__ring0_data_start, 4096, PROT_READ, flags | MAP_FIXED, -1, 0) != MAP_FAILED)
		return "MAP_FIXED was obeyed";
	if (p == MAP_FAILED)
		return "no pages";
	memset(p, 1, 5 * 4096);
	if (mremap(p, 5 * 4096, 4096, 0) != p || munmap(p + 4096, 4096) == 0 || p[4095] != 1)
		return "mremap does not shrink";
	return munmap(p, 4096) ? "munmap" : NULL;
}

static const char *check_random(void)
{
	unsigned char a[32], b[32];

	/* Rather none than some that can be guessed. */
	if (handover && !handover->rdrand)
		return getrandom(a, sizeof(a), 0) != -1 || errno != ENOSYS ? "weak bytes were given" : NULL;
	if (getrandom(a, sizeof(a), 0) != sizeof(a) || getrandom(b, sizeof(b), 0) != sizeof(b))
		return "getrandom gives too little";
	return memcmp(a, b, sizeof(a)) == 0 ? "the same bytes twice" : NULL;
}

static const char *check_floating(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3Lf", 2.0L / 3.0L);
	return strcmp(text, "0.667") ? "x87 or SSE state" : NULL;
}

static const char *check_devices(void)
{
	for (uint32_t i = 0; i < handover->devices; i++) {
		const struct handover_device *d = &handover->device[i];

		printf("device %u: id %u transport %u interrupt %u at %x\n", i, d->virtio_id, d->transport,
		       d->interrupt, d->location);
		if (d->transport == TRANSPORT_VIRTIO_MMIO &&
		    *(volatile uint32_t *)d->mmio.registers != 0x74726976)
			return "no magic in its registers";
		if (d->transport == TRANSPORT_VIRTIO_PCI && *(volatile uint16_t *)(d->pci.common + 18) == 0)
			return "no queues in its common configuration"; /* num_queues, virtio 1.2, 4.1.4.3 */
	}
	return NULL;
}

static const char *check_generation(void)
{
	printf("generation:");
	for (int i = 0; handover->generation && i < 16; i++)
		printf(" %02x", handover->generation[i]);
	printf("\n");
	return NULL;
}

/* From here on nobody comes back. */

static const char *crash_null(void)
{
	asm volatile("movb $1, 8" : : : "memory");
	return "survived";
}

static const char *crash_low(void)
{
	return *(volatile char *)0x100000 ? "survived" : "survived too";
}

static const char *crash_text(void)
{
	*(volatile char *)__text_start = 0;
	return "survived";
}

static const char *crash_constants(void)
{
	*(volatile uint32_t *)&handover->version = 7;
	return "survived";
}

static const char *crash_execute(void)
{
	static unsigned char code[] = {0xc3};

	((void (*)(void))(uintptr_t)code)();
	return "survived";
}

static const char *crash_ring0_read(void)
{
	return *(volatile char *)__ring0_data_start ? "survived" : "survived too";
}

static const char *crash_ring0_execute(void)
{
	((void (*)(void))(uintptr_t)__ring0_text_start)();
	return "survived";
}

__attribute__((noinline)) static int recurse(volatile int depth)
{
	volatile char space[1000];

	space[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + space[0];
}

static const char *crash_overflow(void)
{
	return recurse(1) ? "survived" : "survived too";
}

static const char *crash_divide(void)
{
	asm volatile("xorl %%edx, %%edx\n\tdivl %%edx" : : : "eax", "edx");
	return "survived";
}

static const char *crash_abort(void)
{
	boot_progress.burst_port = 3;
	abort();
}

static const char *crash_privileged(void)
{
	asm volatile("cli; hlt");
	return "survived";
}

static const char *crash_port(void)
{
	asm volatile("outb %b0, %w1" : : "a"(0), "d"(0xf4));
	return "survived";
}

static const char *crash_interrupt(void)
{
	asm volatile("int $32");
	return "survived";
}

static const char *crash_opcode(void)
{
	asm volatile("ud2");
	return "survived";
}

/* The call returns to an address that is none: iretq faults, in ring 0, on ring 3's behalf. */
static const char *crash_return(void)
{
	asm volatile("movl $39, %%eax\n\tmovabsq $0x8000000000000000, %%rcx\n\tjmp *%%rdx"
		     :
		     : "d"(gate)
		     : "rax", "rcx", "memory");
	return "survived";
}

__attribute__((noinline)) static const char *crash_frames(void)
{
	asm volatile("movq $-16, %%rbp\n\tmovb $0, 0" : : : "memory");
	return "survived";
}

static const struct {
	const char *name;
	const char *(*run)(void);
} checks[] = {
    {"hello", check_hello},
    {"memory", check_memory},
    {"heap", check_heap},
    {"vectors", check_vectors},
    {"clock", check_clock},
    {"idle", check_idle},
    {"unknown", check_unknown},
    {"pointers", check_pointers},
    {"mapping", check_mapping},
    {"random", check_random},
    {"floating", check_floating},
    {"devices", check_devices},
    {"generation", check_generation},
    {"null", crash_null},
    {"low", crash_low},
    {"text", crash_text},
    {"constants", crash_constants},
    {"execute", crash_execute},
    {"ring0-read", crash_ring0_read},
    {"overflow", crash_overflow},
    {"divide", crash_divide},
    {"abort", crash_abort},
    {"privileged", crash_privileged},
    {"port", crash_port},
    {"interrupt", crash_interrupt},
    {"opcode", crash_opcode},
    {"ring0-execute", crash_ring0_execute},
    {"frames", crash_frames},
    {"return", crash_return},
};

static void run(const char *word)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(word, checks[i].name) == 0) {
			const char *why = checks[i].run();

			printf(why ? "not ok %s: %s\n" : "ok %s\n", word, why);
		}
	}
}

int main(int argc, char **argv)
{
	handover = (const struct handover *)getauxval(AT_WEIR_HANDOVER);
	boot_progress.state = PROGRESS_RING3;
	printf("%s: %d words, last %.20s\n", argv[0], argc, argv[argc - 1]);
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "exit=", 5) == 0)
			exit(atoi(argv[i] + 5));
		if (strncmp(argv[i], "gate=", 5) == 0)
			gate = strtoul(argv[i] + 5, NULL, 16);
		run(argv[i]);
	}
	return 0;
}
