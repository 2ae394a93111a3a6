/* SPDX-License-Identifier: Apache-2.0
 *
 * See events.h. Called by store.c and the netfront driver.
 */
#include <limits.h>
#include "call.h"
#include "events.h"
#include "public.h"

enum { WORD_BITS = sizeof(xen_ulong_t) * CHAR_BIT, PORTS_MAX = WORD_BITS * WORD_BITS };

static struct shared_info *shared;

void events_init(const volatile struct handover_xen *xen)
{
	shared = (struct shared_info *)xen->shared_info;
}

/* Xen changes other bits of the same word meanwhile, so these are locked; such an operation also orders all
 * loads and stores around it. */
static bool clear_bit(xen_ulong_t *words, uint32_t port)
{
	xen_ulong_t bit = (xen_ulong_t)1 << port % WORD_BITS;

	return __atomic_fetch_and(&words[port / WORD_BITS], ~bit, __ATOMIC_SEQ_CST) & bit;
}

static void set_bit(xen_ulong_t *words, uint32_t port)
{
	__atomic_fetch_or(&words[port / WORD_BITS], (xen_ulong_t)1 << port % WORD_BITS, __ATOMIC_SEQ_CST);
}

int events_open(uint16_t domain)
{
	long port = xen_call(WEIR_CALL_XEN_EVENT_OPEN, domain);

	return port < PORTS_MAX ? (int)port : -1;
}

void events_close(uint32_t *port)
{
	if (*port != EVENT_NONE)
		xen_call(WEIR_CALL_XEN_EVENT_CLOSE, *port);
	*port = EVENT_NONE;
}

void events_send(uint32_t port)
{
	xen_call(WEIR_CALL_XEN_EVENT_SEND, port);
}

/* In this order. An event that is pending already makes no other one, so that one which came while the
 * channel was masked would hide all later ones if it stayed. */
void events_listen(uint32_t port)
{
	clear_bit(shared->evtchn_mask, port);
	clear_bit(shared->evtchn_pending, port);
}

void events_ignore(uint32_t port)
{
	set_bit(shared->evtchn_mask, port);
}

bool events_take(uint32_t port)
{
	return clear_bit(shared->evtchn_pending, port);
}

void events_wait(uint64_t deadline_tsc)
{
	xen_call(WEIR_CALL_WAIT, deadline_tsc);
}
