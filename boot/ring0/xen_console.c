/* SPDX-License-Identifier: Apache-2.0
 *
 * The console on Xen, called by console.c: a ring in a page that xenconsoled, in dom0, reads. Only ring 0 has
 * the page. What xenconsoled writes there is outside input. Sources: Xen, public/io/console.h,
 * docs/misc/console.txt.
 */
#include "xen_console.h"
#include "xen.h"
#include "xen_events.h"
#include "xen_pages.h"

enum {
	RING_BYTES = sizeof(((struct xencons_interface *)0)->out),
	/* xenconsoled listens to no guest more than 30 times in 200 ms: patience is for more than that. */
	WAIT_NS = 20000000,
	PATIENCE = 25, /* waits before text is given up */
};

static volatile struct xencons_interface *ring;
static uint32_t port, produced;
static bool deaf; /* the last write waited in vain: do not wait again until there is room */

void xen_console_init(void)
{
	uint64_t value;

	ring = (volatile struct xencons_interface *)xen_map_param(HVM_PARAM_CONSOLE_PFN, false);
	if (!ring)
		return;
	port = xen_param(HVM_PARAM_CONSOLE_EVTCHN, &value) ? (uint32_t)value : 0;
	xen_events_reserve(port);
	produced = ring->out_prod;
	deaf = false;
}

/* A reader that claims to be where nobody has written yet is no reader. */
static uint32_t used(void)
{
	uint32_t bytes = produced - ring->out_cons;

	return bytes <= RING_BYTES ? bytes : RING_BYTES;
}

static bool wait_until_less(uint32_t bytes)
{
	for (unsigned int patience = deaf ? 0 : PATIENCE;; patience--) {
		xen_events_clear(port);
		if (used() < bytes)
			return true;
		if (patience == 0)
			return false;
		xen_events_send(port);
		xen_events_await(port, WAIT_NS);
	}
}

/* Who reads is told when a line ends, and when the ring fills up. */
static void publish(char last)
{
	__atomic_thread_fence(
	    __ATOMIC_RELEASE); /* text before the index: xenconsoled reads them in this order */
	ring->out_prod = produced;
	if (last == '\n' || used() > RING_BYTES / 2)
		xen_events_send(port);
}

void xen_console_write(const char *text, size_t bytes)
{
	if (!ring || bytes == 0)
		return;
	for (size_t i = 0; i < bytes; i++) {
		if (used() == RING_BYTES) {
			ring->out_prod = produced;
			deaf = !wait_until_less(RING_BYTES);
			if (deaf)
				return;
		}
		ring->out[MASK_XENCONS_IDX(produced++, ring->out)] = text[i];
	}
	publish(text[bytes - 1]);
}

void xen_console_flush(void)
{
	if (ring && used())
		wait_until_less(1);
}
