/* SPDX-License-Identifier: Apache-2.0
 *
 * The two ways to sleep: ring 0's call, and Linux's ppoll(2) on the devices' descriptors.
 */
#define _GNU_SOURCE /* ppoll */
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "pktio/devices.h"
#include "sleep.h"

enum { NANOSECONDS = 1000000000 };

void sleep_vm(uint64_t deadline_ns)
{
	syscall(WEIR_CALL_WAIT, deadline_ns);
}

void sleep_process(uint64_t deadline_ns)
{
	uint64_t left = deadline_ns - host_now_ns;
	const struct timespec timeout = {.tv_sec = left / NANOSECONDS, .tv_nsec = left % NANOSECONDS};
	struct pollfd readable[PORTS_MAX];

	for (uint16_t i = 0; i < device_count; i++)
		readable[i] = (struct pollfd){.fd = devices[i].descriptor, .events = POLLIN};
	ppoll(readable, device_count, &timeout, NULL);
}
