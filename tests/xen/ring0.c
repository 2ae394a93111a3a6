/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring-3 program for test_ring0: what the monitor gives a guest of Xen. Runs the checks that its arguments
 * name, in order, and prints `ok NAME` or `not ok NAME: why` for each; those at the bottom end the machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#define __XEN_INTERFACE_VERSION__ 0x00040700
#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/io/xs_wire.h>
#include "boot/handover.h"

volatile struct boot_progress boot_progress __attribute__((section(".weir.stats"), aligned(4096))) = {
    .burst_port = -1,
};

enum { SECONDS_MAX = 60, REPLY_BYTES = 256 };

static const volatile struct handover_xen *xen;
static const struct handover *handover;
static char reply[REPLY_BYTES];

static uint64_t deadline(void)
{
	return __rdtsc() + SECONDS_MAX * handover->clock.tsc_hz;
}

static uint64_t now_ns(void)
{
	const volatile struct handover_clock *c = &handover->clock;

	return c->base_ns + (uint64_t)(((unsigned __int128)(__rdtsc() - c->base_tsc) * c->mult) >> c->shift);
}

/* Event channels */

static volatile struct shared_info *shared(void)
{
	return (volatile struct shared_info *)xen->shared_info;
}

static bool bit(const volatile xen_ulong_t *words, uint32_t port)
{
	return words[port / 64] >> port % 64 & 1;
}

static void clear(volatile xen_ulong_t *words, uint32_t port)
{
	__atomic_fetch_and(&words[port / 64], ~(UINT64_C(1) << port % 64), __ATOMIC_SEQ_CST);
}

static void listen(uint32_t port)
{
	clear(shared()->evtchn_pending, port);
	clear(shared()->evtchn_mask, port);
}

/* xenstore: one request at a time, no watch. */

static volatile struct xenstore_domain_interface *store(void)
{
	return (volatile struct xenstore_domain_interface *)xen->store;
}

static void put(const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		store()->req[MASK_XENSTORE_IDX(store()->req_prod + i)] = ((const char *)from)[i];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	store()->req_prod += bytes;
}

static void ask(uint32_t type, const char *path, const char *value)
{
	uint32_t bytes = strlen(path) + 1 + (value ? strlen(value) : 0);
	struct xsd_sockmsg head = {.type = type, .len = bytes};

	put(&head, sizeof(head));
	put(path, strlen(path) + 1);
	if (value)
		put(value, strlen(value));
	syscall(WEIR_CALL_XEN_EVENT_SEND, xen->store_port);
}

static bool answered(size_t bytes)
{
	return store()->rsp_prod - store()->rsp_cons >= bytes;
}

/* Waits, the way an appliance does, until so many bytes are there. No timer helps: without events, this is
 * for ever. */
static void wait_for(size_t bytes)
{
	for (;;) {
		clear(shared()->evtchn_pending, xen->store_port);
		if (answered(bytes))
			return;
		syscall(WEIR_CALL_WAIT, 0);
	}
}

static void get(char *to, size_t bytes)
{
	wait_for(bytes);
	for (size_t i = 0; i < bytes; i++)
		to[i] = store()->rsp[MASK_XENSTORE_IDX(store()->rsp_cons + i)];
	store()->rsp_cons += bytes;
	syscall(WEIR_CALL_XEN_EVENT_SEND, xen->store_port);
}

/* False: it is none that makes sense, or it says that the request has failed. */
static bool take_answer(void)
{
	struct xsd_sockmsg head;

	get((char *)&head, sizeof(head));
	if (head.len >= sizeof(reply))
		return false;
	get(reply, head.len);
	reply[head.len] = '\0';
	return head.type != XS_ERROR;
}

static bool request(uint32_t type, const char *path, const char *value)
{
	ask(type, path, value);
	return take_answer();
}

/* Checks */

static const char *check_fields(void)
{
	static bool seen;

	if (!xen)
		return "no handover_xen";
	printf("xen: store port %u, grants %u of version %u\n", xen->store_port, xen->grant_entries,
	       xen->grant_version);
	if (strcmp(handover->hypervisor, "XenVMMXenVMM") != 0 || strcmp(handover->clock.source, "xen") != 0)
		return "not its name, or not its clock";
	for (uint32_t port = 0; !seen && port < EVTCHN_2L_NR_CHANNELS; port++)
		if (!bit(shared()->evtchn_mask, port))
			return "a channel is not masked at first";
	seen = true;
	return xen->store && xen->store_port ? NULL : "no store";
}

static const char *check_grants(void)
{
	volatile struct grant_entry_v1 *v1 = (volatile struct grant_entry_v1 *)xen->grants;
	volatile union grant_entry_v2 *v2 = (volatile union grant_entry_v2 *)xen->grants;
	uint32_t last = xen->grant_entries - 1;
	uint64_t frame;

	if (xen->grant_entries < 1000)
		return "hardly any grants";
	if (xen->grant_version == 1) {
		v1[last] = (struct grant_entry_v1){.domid = 7, .frame = 99};
		frame = v1[GNTTAB_RESERVED_XENSTORE].frame;
		if (v1[last].domid != 7 || v1[last].frame != 99 || v1[last - 1].flags)
			return "the last entry is no memory";
		v1[last] = (struct grant_entry_v1){0};
	} else {
		v2[last].full_page.frame = 99;
		frame = v2[GNTTAB_RESERVED_XENSTORE].full_page.frame;
		if (v2[last].full_page.frame != 99 || ((volatile grant_status_t *)xen->grant_status)[last])
			return "the last entry is no memory";
		v2[last].full_page.frame = 0;
	}
	return frame == xen->store / 4096 ? NULL : "the toolstack's grant of the store's page is not there";
}

static const char *check_store(void)
{
	listen(xen->store_port);
	if (!request(XS_READ, "domid", NULL))
		return "no answer";
	printf("xen: domain %s\n", reply);
	return atoi(reply) > 0 ? NULL : "not a domain's number";
}

/* An event that came before the wait ends it; the second time, too, which takes another upcall. */
static const char *check_early(void)
{
	uint64_t end = deadline();

	listen(xen->store_port);
	ask(XS_READ, "domid", NULL);
	while (!answered(sizeof(struct xsd_sockmsg)) && __rdtsc() < end)
		;
	if (!bit(shared()->evtchn_pending, xen->store_port))
		return "no event";
	syscall(WEIR_CALL_WAIT, 0);
	return take_answer() ? NULL : "no answer";
}

static const char *check_calls(void)
{
	static const struct {
		long call;
		unsigned long port;
		int error;
	} bad[] = {
	    {WEIR_CALL_XEN_EVENT_OPEN, DOMID_SELF, EINVAL},
	    {WEIR_CALL_XEN_EVENT_OPEN, DOMID_XEN, EINVAL},
	    {WEIR_CALL_XEN_EVENT_OPEN, 0x10000, EINVAL},
	    {WEIR_CALL_XEN_EVENT_OPEN, -1ul, EINVAL},
	    {WEIR_CALL_XEN_EVENT_CLOSE, 0, EINVAL},
	    {WEIR_CALL_XEN_EVENT_CLOSE, 4000, EINVAL},
	    {WEIR_CALL_XEN_EVENT_CLOSE, 4096, EINVAL},
	    {WEIR_CALL_XEN_EVENT_CLOSE, 1ul << 32 | 9, EINVAL},
	    {WEIR_CALL_XEN_EVENT_SEND, 0, EINVAL},
	    {WEIR_CALL_XEN_EVENT_SEND, 4095, EINVAL},
	    {WEIR_CALL_XEN_EVENT_SEND, 1ul << 63, EINVAL},
	    {WEIR_CALL_XEN_EVENT_OPEN - 1, 0, ENOSYS},
	    {WEIR_CALL_XEN_REBOOT + 1, 0, ENOSYS},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (syscall(bad[i].call, bad[i].port) != -1 || errno != bad[i].error) {
			printf("row %zu: errno %d\n", i, errno);
			return "was not refused";
		}
	}
	if (syscall(WEIR_CALL_XEN_EVENT_CLOSE, xen->store_port) != -1 || errno != EPERM)
		return "the store's channel could be closed";
	return NULL;
}

/* More of them, one after another, than there are. */
static const char *check_channels(void)
{
	long first = syscall(WEIR_CALL_XEN_EVENT_OPEN, 0), port = first;

	for (int i = 0; i < 2 * EVTCHN_2L_NR_CHANNELS && port > 0; i++) {
		if (!bit(shared()->evtchn_mask, (uint32_t)port) ||
		    bit(shared()->evtchn_pending, (uint32_t)port))
			return "a new channel is not masked, or pending";
		clear(shared()->evtchn_mask, (uint32_t)port);
		if (syscall(WEIR_CALL_XEN_EVENT_CLOSE, port) != 0)
			return "a channel can't be closed";
		port = syscall(WEIR_CALL_XEN_EVENT_OPEN, 0);
	}
	if (port != first || syscall(WEIR_CALL_XEN_EVENT_CLOSE, port) != 0)
		return "a channel gets lost";
	return NULL;
}

/* Several times what the console's ring holds. */
static const char *check_text(void)
{
	for (int i = 0; i < 200; i++)
		printf("text %03d ------------------------------------------------------------\n", i);
	return NULL;
}

static const char *check_time(void)
{
	uint64_t monotonic = now_ns(), offset = (uint64_t)syscall(WEIR_CALL_WALL_OFFSET);

	printf("wall: %lu\n", (unsigned long)((monotonic + offset) / 1000000000));
	return offset ? NULL : "no time of day";
}

/* Says that it can be saved, and does as it is told. */
static const char *check_suspend(void)
{
	uint64_t end = deadline(), before;
	long result;

	listen(xen->store_port);
	printf("ready\n");
	do {
		if (__rdtsc() > end || !request(XS_READ, "control/shutdown", NULL))
			return "was not told to suspend";
		syscall(WEIR_CALL_WAIT, __rdtsc() + handover->clock.tsc_hz / 10);
	} while (strcmp(reply, "suspend") != 0);
	if (!request(XS_WRITE, "control/shutdown", ""))
		return "cannot say that it has heard that";
	before = now_ns();
	result = syscall(WEIR_CALL_XEN_SUSPEND);
	printf("suspend: %ld\n", result);
	if (result != 0 && result != 1)
		return "the call failed";
	return now_ns() < before ? "time runs backwards" : NULL;
}

/* From here on nobody comes back. */

static const char *crash_null(void)
{
	asm volatile("movb $1, 8" : : : "memory");
	return "survived";
}

static const char *crash_shared_info(void)
{
	((void (*)(void))xen->shared_info)();
	return "survived";
}

/* The console's page, which is beside the store's. */
static const char *crash_console(void)
{
	for (uintptr_t page = xen->store - 4 * 4096; page < xen->store + 4 * 4096; page += 4096)
		if (page != xen->store)
			printf("%x", *(volatile uint32_t *)page);
	return "survived";
}

static const char *end_reboot(void)
{
	syscall(WEIR_CALL_XEN_REBOOT);
	return "survived";
}

/* Where a machine starts whose toolstack is of the days before there was a memory map in the start
 * information: the test makes it so, and writes the address of the real start into it. */
asm(".text\n.code32\n.globl old_start\n"
    "old_start: movl $0, 4(%ebx)\n\tmovl $0x52494557, %eax\n\tjmp *%eax\n"
    ".code64");

static const struct {
	const char *name;
	const char *(*run)(void);
} checks[] = {
    {"fields", check_fields}, {"grants", check_grants},	  {"store", check_store},
    {"early", check_early},   {"calls", check_calls},	  {"channels", check_channels},
    {"text", check_text},     {"time", check_time},	  {"suspend", check_suspend},
    {"null", crash_null},     {"console", crash_console}, {"shared-info", crash_shared_info},
    {"reboot", end_reboot},
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
	xen = handover ? handover->xen : NULL;
	boot_progress.state = PROGRESS_RING3;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "exit=", 5) == 0)
			exit(atoi(argv[i] + 5));
		run(argv[i]);
	}
	return 0;
}
