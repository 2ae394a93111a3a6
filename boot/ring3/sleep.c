/* SPDX-License-Identifier: Apache-2.0
 *
 * The two ways to sleep: ring 0's call, and Linux's poll(2) on the devices' descriptors.
 */
#include <poll.h>
#include <unistd.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "pktio/devices.h"
#include "clock.h"
#include "sleep.h"

enum { MILLISECOND_NS = 1000000, SLEEP_MAX_MS = 1000 };

void sleep_vm(uint64_t deadline_ns)
{
	syscall(WEIR_CALL_WAIT, clock_tsc_at(deadline_ns));
}

void sleep_process(uint64_t deadline_ns)
{
	uint64_t left_ms = (deadline_ns - host_now_ns + MILLISECOND_NS - 1) / MILLISECOND_NS;
	struct pollfd readable[PORTS_MAX];

	for (uint16_t i = 0; i < device_count; i++)
		readable[i] = (struct pollfd){.fd = devices[i].descriptor, .events = POLLIN};
	poll(readable, device_count, (int)RTE_MIN(left_ms, (uint64_t)SLEEP_MAX_MS));
}
