/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen_events.h. Event channels of the two-level kind, which every Xen has. Sources: Xen,
 * public/event_channel.h, public/hvm/{hvm_op,params}.h, public/sched.h.
 */
#include "xen_events.h"
#include <linux/errno.h>
#include <stddef.h>
#include "layout.h"
#include "pvclock.h"
#include "string.h"
#include "xen.h"
#include "xen_pages.h"

_Static_assert(offsetof(struct shared_info, vcpu_info[0].evtchn_upcall_pending) == 0, "traps.S clears it");
_Static_assert(offsetof(struct shared_info, vcpu_info[0].evtchn_pending_sel) == XEN_PENDING_SELECTOR,
	       "traps.S clears it");

enum {
	WORD_BITS = 64,
	PORTS = EVTCHN_2L_NR_CHANNELS,
	RESERVED_MAX = 2,
	/* Any value but 0: so the toolstack knows that there is somebody to ask for a suspend. The upcall's
	 * vector counts before it. */
	CALLBACK_SOMEHOW = 1,
};

static uint32_t reserved[RESERVED_MAX]; /* 0, which no port is: nothing */

/* Xen before 4.6 has no vector of the processor's own; the domain's needs no end of interrupt, and does not
 * mind one. */
static bool set_vector(void)
{
	struct xen_hvm_evtchn_upcall_vector upcall = {.vcpu = 0, .vector = VECTOR_EVENT};

	if (xen_call(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &upcall, 0) == 0)
		return xen_set_param(HVM_PARAM_CALLBACK_IRQ, CALLBACK_SOMEHOW);
	return xen_set_param(HVM_PARAM_CALLBACK_IRQ,
			     (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | VECTOR_EVENT);
}

bool xen_events_init(void)
{
	memset((void *)xen_shared_info()->evtchn_mask, 0xff, sizeof(xen_shared_info()->evtchn_mask));
	memset(reserved, 0, sizeof(reserved));
	return set_vector();
}

void xen_events_reserve(uint32_t port)
{
	for (unsigned int i = 0; i < RESERVED_MAX; i++) {
		if (reserved[i] == 0) {
			reserved[i] = port;
			return;
		}
	}
}

static void set_masked(uint32_t port)
{
	/* Xen only reads this word. */
	xen_shared_info()->evtchn_mask[port / WORD_BITS] |= UINT64_C(1) << port % WORD_BITS;
}

void xen_events_clear(uint32_t port)
{
	if (port < PORTS)
		__atomic_fetch_and(&xen_shared_info()->evtchn_pending[port / WORD_BITS],
				   ~(UINT64_C(1) << port % WORD_BITS), __ATOMIC_SEQ_CST);
}

int64_t xen_events_open(uint64_t remote_domain)
{
	struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = (domid_t)remote_domain};
	int64_t error;

	if (remote_domain >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	error = xen_call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &unbound, 0);
	if (error)
		return error;
	if (unbound.port >= PORTS)
		return -ENOSPC;
	set_masked(unbound.port);
	xen_events_clear(unbound.port);
	return unbound.port;
}

int64_t xen_events_close(uint64_t port)
{
	struct evtchn_close close = {.port = (evtchn_port_t)port};

	if (port == 0 || port >= PORTS)
		return -EINVAL;
	for (unsigned int i = 0; i < RESERVED_MAX; i++)
		if (reserved[i] == port)
			return -EPERM;
	set_masked(close.port);
	return xen_call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close, 0);
}

int64_t xen_events_send(uint64_t port)
{
	struct evtchn_send send = {.port = (evtchn_port_t)port};

	if (port == 0 || port >= PORTS)
		return -EINVAL;
	return xen_call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, 0);
}

void xen_events_await(uint32_t port, uint64_t ns)
{
	struct sched_poll poll = {.nr_ports = 1};
	struct pvclock time;
	uint64_t wall_at_zero;

	set_xen_guest_handle(poll.ports, &port);
	if (xen_clock_read(&time, &wall_at_zero)) {
		poll.timeout = pvclock_at(&time, rdtsc()) + ns;
		if (xen_call(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll, 0) == 0)
			return;
	}
	xen_call(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL, 0);
}
