/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen.h. The order after a suspend: where things are (ring 0 has found them anew), then grants, event
 * channels and the store, on which devices rely, then devices. Flows and all else in memory go on.
 */
#include "nf/host.h"
#include "pktio/netfront/netfront.h"
#include "pktio/xen/call.h"
#include "pktio/xen/control.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "pktio/xen/store.h"
#include "clock.h"
#include "console.h"
#include "entropy.h"
#include "generation.h"
#include "loop.h"
#include "xen.h"

static const struct handover *machine;

void xen_open(const struct handover *handover)
{
	machine = handover;
	if (handover == NULL || handover->xen == NULL)
		return;
	events_init(handover->xen);
	store_init(handover->xen);
	control_open();
}

static void resume(void)
{
	clock_resume(machine);
	events_init(machine->xen);
	grants_resume(machine->xen);
	store_resume(machine->xen);
	control_resume();
	netfront_resume();
	generation_resume();
	entropy_watch(host_now_ns);
	console_line("resumed");
}

static void suspend(void)
{
	long result;

	console_line("suspending, as the toolstack asks");
	result = xen_call(WEIR_CALL_XEN_SUSPEND, 0);
	if (result == 0)
		resume();
	else if (result > 0)
		console_line("the suspend was cancelled");
	else
		console_line("can't suspend: error %ld", -result);
}

void xen_check(void)
{
	if (machine == NULL || machine->xen == NULL)
		return;
	switch (control_poll()) {
	case CONTROL_NONE:
		break;
	case CONTROL_POWEROFF:
		console_line("powering off, as the toolstack asks");
		loop_stop = 1;
		break;
	case CONTROL_REBOOT:
		console_line("rebooting, as the toolstack asks");
		xen_call(WEIR_CALL_XEN_REBOOT, 0);
		break;
	case CONTROL_SUSPEND:
		suspend();
		break;
	}
}
