/* SPDX-License-Identifier: Apache-2.0
 *
 * WEIR_CALL_XEN_*: see boot/handover.h. Found by calls.c.
 */
#include <linux/errno.h>
#include "clock.h"
#include "handover_page.h"
#include "xen.h"
#include "xen_events.h"
#include "xen_hypercall.h"

static int64_t call_event_open(struct frame *frame, uint64_t domain, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	return xen_events_open(domain);
}

static int64_t call_event_close(struct frame *frame, uint64_t port, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	return xen_events_close(port);
}

static int64_t call_event_send(struct frame *frame, uint64_t port, uint64_t b, uint64_t c)
{
	(void)frame, (void)b, (void)c;
	return xen_events_send(port);
}

/* Time goes on from where it stood still: what the TSC does meanwhile, on perhaps another machine, is
 * unknown. */
static int64_t call_suspend(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	struct sched_shutdown suspend = {.reason = SHUTDOWN_suspend};
	uint64_t now = clock_now();
	int64_t result;

	(void)frame, (void)a, (void)b, (void)c;
	result = xen_call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &suspend, 0);
	if (result == 0) {
		xen_resume();
		clock_resume(now);
		handover_renew();
	}
	return result;
}

static int64_t call_reboot(struct frame *frame, uint64_t a, uint64_t b, uint64_t c)
{
	(void)frame, (void)a, (void)b, (void)c;
	xen_reboot();
}

call *xen_find_call(uint64_t number)
{
	if (!xen_is_here())
		return NULL;
	switch (number) {
	case WEIR_CALL_XEN_EVENT_OPEN:
		return call_event_open;
	case WEIR_CALL_XEN_EVENT_CLOSE:
		return call_event_close;
	case WEIR_CALL_XEN_EVENT_SEND:
		return call_event_send;
	case WEIR_CALL_XEN_SUSPEND:
		return call_suspend;
	case WEIR_CALL_XEN_REBOOT:
		return call_reboot;
	default:
		return NULL;
	}
}
