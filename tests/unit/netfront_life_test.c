/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a vif: each of our phases meets each state that a backend can be in; backends are restarted,
 * vifs taken away and given back, the machine suspended; a thousand times, with no mbuf, no channel and no
 * grant left over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/netfront/net.h"
#include "pktio/xen/call.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "support/netback.h"

enum { CYCLES = 1000, BURST = 32 };

struct stats_page stats;
static struct netback back;
static struct device *const device = &netback_world.device[0];
static uint8_t frame[NETBACK_FRAME_MAX];
static const struct netback_about plain;
static struct rte_mbuf *burst[BURST];

void host_log(const char *line)
{
	(void)line;
}

static void begin(uint32_t grants)
{
	back.domain = 0;
	netback_world_init(1, grants);
	netback_world_start();
}

static void end(void)
{
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void assert_works(void)
{
	struct netback_about about;

	assert_true(device->link_up);
	netback_pattern(frame, 100, 1);
	assert_true(netback_deliver(&back, 0, frame, 100, &plain));
	assert_int_equal(device->driver->receive(device, burst, BURST), 1);
	assert_true(netback_matches(burst[0], 100, 1));
	assert_int_equal(device->driver->transmit(device, burst, 1), 1);
	assert_int_equal(netback_fetch(&back, 0, frame, &about), 100);
}

static void assert_cut(void)
{
	assert_false(device->link_up);
	assert_int_equal(device->driver->receive(device, burst, BURST), 0);
	assert_false(device->driver->arm(device));
	device->driver->disarm(device);
	assert_true(device->driver->drain(device));
	burst[0] = netback_frame(100, 50, 1);
	assert_int_equal(device->driver->transmit(device, burst, 1), 0);
	rte_pktmbuf_free(burst[0]);
}

/* Frames on their way in both directions. */
static void leave_in_flight(void)
{
	for (int i = 0; i < 8; i++) {
		netback_deliver(&back, 0, frame, 100, &plain);
		burst[i] = netback_frame(200, 50, 1);
	}
	assert_int_equal(device->driver->transmit(device, burst, 8), 8);
	/* and one of which the rest is missing */
	netback_deliver(&back, 0, frame, 9000, &plain);
	back.queue[0].rx.sring->rsp_prod--;
	assert_int_equal(device->driver->receive(device, burst, BURST), 8);
	rte_pktmbuf_free_bulk(burst, 8);
}

/* What our state in the store is afterwards; rings are there if it is Connected, and then the link is up if
 * it is Connected on both sides. */
static const struct {
	enum net_phase phase;
	const char *name;
	uint8_t front[XenbusStateReconfigured + 1]; /* by the backend's state; Unknown: it is gone */
} cells[] = {
    {PHASE_ABSENT, "absent", {0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {PHASE_WAITING, "waiting", {1, 1, 4, 4, 1, 1, 1, 1, 1}},
    {PHASE_OFFERED, "offered", {6, 1, 4, 4, 4, 6, 1, 4, 4}},
    {PHASE_CONNECTED, "connected", {6, 1, 4, 4, 4, 6, 1, 4, 4}},
    {PHASE_CLOSED, "closed", {6, 1, 4, 4, 6, 6, 1, 6, 6}},
    {PHASE_DOWN, "down", {6, 6, 6, 6, 6, 6, 6, 6, 6}},
};

static void get_into(enum net_phase phase)
{
	begin(1);
	if (phase == PHASE_ABSENT) {
		back = (struct netback){0};
		return;
	}
	netback_plug(&back, 0, &netback_all);
	if (phase == PHASE_WAITING)
		netback_set_state(&back, XenbusStateInitialising);
	if (phase == PHASE_DOWN)
		netback_set(&back, "feature-rx-copy", "0");
	device->driver->link(device);
	if (phase == PHASE_CONNECTED || phase == PHASE_CLOSED)
		netback_settle(&back, device);
	if (phase == PHASE_CLOSED) {
		netback_disconnect(&back);
		netback_set_state(&back, XenbusStateClosing);
	}
	device->driver->link(device);
	assert_int_equal(((struct net *)device->state)->phase, phase);
}

static void meets_each_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(cells); i++) {
		for (uint8_t other = 0; other <= XenbusStateReconfigured; other++) {
			bool rings = cells[i].front[other] == XenbusStateConnected;

			print_message("  %s, %u\n", cells[i].name, other);
			get_into(cells[i].phase);
			if (other < XenbusStateConnected) /* it was restarted */
				netback_disconnect(&back);
			if (other != XenbusStateUnknown)
				netback_set_state(&back, (enum xenbus_state)other);
			else
				xen_store_delete("/local/domain/0/backend/vif/7/0");
			device->driver->link(device);
			assert_int_equal(netback_front_state(&back), cells[i].front[other]);
			assert_int_equal(xen_world.ports_open > 0, rings);
			assert_int_equal(grants_given(), rings || back.queues ? 2 : 0);
			if (other == XenbusStateConnected)
				assert_int_equal(device->link_up, rings);
			if (!rings)
				assert_cut();
			end();
		}
	}
}

/* A state that is none is as if it were not there. */
static void meets_nonsense(void **state)
{
	static const char *const values[] = {"", "9", "-1", "4x", "4294967300", "connected"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(values); i++) {
		begin(2);
		netback_up(&back, 0, &netback_all, device);
		netback_set(&back, "state", values[i]);
		device->driver->link(device);
		assert_cut();
		assert_int_equal(netback_front_state(&back), XenbusStateClosed);
		end();
	}
}

static void stays_closed_where_nobody_wants_it(void **state)
{
	static const char *const values[] = {"0", "", "x"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(values); i++) {
		begin(1);
		netback_up(&back, 0, &netback_all, device);
		netback_set(&back, "online", values[i]);
		netback_disconnect(&back);
		netback_set_state(&back, XenbusStateClosed);
		for (int n = 0; n < 5; n++)
			device->driver->link(device);
		assert_int_equal(netback_front_state(&back), XenbusStateClosed);
		assert_cut();
		end();
	}
}

/* The backend goes through all its states, as it does when its driver is loaded anew. */
static void restart_backend(void)
{
	netback_disconnect(&back);
	netback_set_state(&back, XenbusStateClosing);
	device->driver->link(device);
	netback_set_state(&back, XenbusStateClosed);
	device->driver->link(device);
	netback_set_state(&back, XenbusStateInitialising);
	device->driver->link(device);
	netback_set_state(&back, XenbusStateInitWait);
	netback_settle(&back, device);
}

/* It dies, and another one is just there. */
static void replace_backend(void)
{
	netback_disconnect(&back);
	netback_set_state(&back, XenbusStateInitWait);
	netback_settle(&back, device);
}

static void plug_again(void)
{
	netback_unplug(&back);
	device->driver->link(device);
	assert_cut();
	netback_up(&back, 0, &netback_all, device);
}

static void plug_another(void)
{
	uint32_t handle = back.handle + 1;

	netback_unplug(&back);
	netback_up(&back, handle, &netback_all, device);
}

/* The toolstack is so quick that the vif seems never to have gone. */
static void plug_unseen(void)
{
	uint16_t domain = back.domain ? 0 : 3;

	netback_unplug(&back);
	back.domain = domain;
	netback_up(&back, 0, &netback_all, device);
}

/* The same, under the same backend: it is another vif, and what the last one's backend did is not its fault.
 */
static void plug_unseen_again(void)
{
	struct net *net = device->state;

	net->resets = NET_RESETS_MAX;
	netback_unplug(&back);
	netback_up(&back, 0, &netback_all, device);
	assert_int_equal(net->resets, 0);
}

/* In another place, with another store. */
static void move_away(void)
{
	netback_plug(&back, 0, &netback_all);
}

static void suspend(void)
{
	xen_world.at_suspend = move_away;
	assert_int_equal(xen_call(WEIR_CALL_XEN_SUSPEND, 0), 0);
	events_init(&xen_world.handover);
	grants_resume(&xen_world.handover);
	store_resume(&xen_world.handover);
	netfront_resume();
	netback_settle(&back, device);
}

static const struct change {
	const char *name;
	void (*make)(void);
} changes[] = {
    {"backend restarted", restart_backend},
    {"backend replaced", replace_backend},
    {"unplugged and plugged", plug_again},
    {"another vif", plug_another},
    {"another backend domain", plug_unseen},
    {"another one, unseen", plug_unseen_again},
    {"suspend", suspend},
};

static void thousand_times(void **state)
{
	const struct change *change = *state;

	for (uint32_t grants = 1; grants <= 2; grants++) {
		uint8_t mac[6];

		begin(grants);
		netback_up(&back, 0, &netback_all, device);
		memcpy(mac, device->mac, sizeof(mac));
		for (int i = 0; i < CYCLES; i++) {
			assert_works();
			leave_in_flight();
			change->make();
			assert_int_equal(xen_world.ports_open, 2);
			assert_int_equal(grants_given(), 2);
		}
		assert_works();
		assert_memory_equal(device->mac, mac, sizeof(mac));
		assert_int_equal(stats.port[0].device_resets, 0);
		end();
		/* What is granted for good: a run for each domain that there was. */
		assert_true(xen_grants_valid(0) <= 2 * NETBACK_MBUFS);
	}
}

/* Devices made and unmade. */
static void opens_and_closes(void **state)
{
	(void)state;
	begin(2);
	for (int i = 0; i < CYCLES; i++) {
		netback_up(&back, 0, &netback_all, device);
		assert_works();
		leave_in_flight();
		netback_unplug(&back);
		netfront_close(device);
		assert_int_equal(xen_world.ports_open, 0);
		assert_int_equal(grants_given(), 0);
		assert_int_equal(rte_mempool_in_use_count(netback_world.pool), 0);
		netback_world_start();
	}
	end();
}

/* A backend that keeps the old rings mapped gets no new ones, and no grant is used for something else. */
static void waits_for_rings(void **state)
{
	(void)state;
	for (uint32_t grants = 1; grants <= 2; grants++) {
		uint32_t tx, rx;

		begin(grants);
		netback_up(&back, 0, &netback_all, device);
		tx = back.queue[0].tx_reference;
		rx = back.queue[0].rx_reference;
		back.queues = 0;
		netback_set_state(&back, XenbusStateInitWait);
		for (int i = 0; i < 5; i++) {
			device->driver->link(device);
			assert_int_equal(netback_front_state(&back), XenbusStateInitialising);
			assert_int_equal(grants_given(), 2);
		}
		xen_grant_unmap(tx);
		device->driver->link(device);
		assert_int_equal(grants_given(), 1);
		assert_int_equal(netback_front_state(&back), XenbusStateInitialising);
		xen_grant_unmap(rx);
		netback_settle(&back, device);
		assert_works();
		end();
	}
}

static void cancelled_suspend_changes_nothing(void **state)
{
	(void)state;
	begin(1);
	netback_up(&back, 0, &netback_all, device);
	leave_in_flight();
	xen_world.suspend_result = 1;
	assert_int_equal(xen_call(WEIR_CALL_XEN_SUSPEND, 0), 1);
	while (netback_fetch(&back, 0, frame, &(struct netback_about){0}))
		;
	back.queue[0].rx.sring->rsp_prod++;
	assert_int_equal(device->driver->receive(device, burst, BURST), 1);
	rte_pktmbuf_free(burst[0]);
	assert_works();
	end();
}

/* The vif that a port had is its own when it comes back; the others keep theirs. */
static void ports_keep_their_vifs(void **state)
{
	static struct netback backs[4];
	struct net *nets[3];

	(void)state;
	netback_world_init(3, 1);
	for (uint32_t i = 0; i < 3; i++)
		netback_plug(&backs[i], i, &netback_all);
	netback_world_start();
	for (int i = 0; i < 3; i++) {
		nets[i] = netback_world.device[i].state;
		netback_settle(&backs[i], &netback_world.device[i]);
		assert_true(netback_world.device[i].link_up);
	}
	netback_unplug(&backs[0]);
	netback_unplug(&backs[1]);
	device->driver->link(device);
	assert_int_equal(nets[0]->phase, PHASE_ABSENT);
	assert_int_equal(nets[1]->phase, PHASE_ABSENT);
	assert_true(netback_world.device[2].link_up);
	netback_plug(&backs[1], 1, &netback_all);
	netback_settle(&backs[1], &netback_world.device[1]);
	assert_true(netback_world.device[1].link_up);
	assert_int_equal(nets[1]->handle, 1);
	assert_int_equal(nets[0]->phase, PHASE_ABSENT);
	/* What nobody has goes to who has lost one. */
	netback_plug(&backs[3], 9, &netback_all);
	netback_settle(&backs[3], device);
	assert_int_equal(nets[0]->handle, 9);
	assert_true(device->link_up);
	for (int i = 0; i < 4; i++)
		netback_disconnect(&backs[i]);
	assert_true(netback_world_end());
}

/* A store that does not answer now and then: what was begun is done later, and nothing is left over. */
static void survives_a_slow_store(void **state)
{
	(void)state;
	begin(1);
	netback_plug(&back, 0, &netback_all);
	for (int i = 0; i < 3; i++) {
		xen_world.store_mute = true;
		device->driver->link(device);
		xen_world.store_mute = false;
		xen_store_run();
		netback_settle(&back, device);
		assert_works();
		xen_world.store_mute = true;
		netback_disconnect(&back);
		netback_set_state(&back, XenbusStateInitWait);
	}
	xen_world.store_mute = false;
	end();
}

static void costs_nothing_while_nothing_happens(void **state)
{
	uint32_t messages, sends, waits;

	(void)state;
	begin(1);
	netback_up(&back, 0, &netback_all, device);
	device->driver->link(device);
	assert_works();
	messages = xen_world.messages;
	sends = xen_world.sends[XEN_STORE_PORT];
	waits = xen_world.waits;
	for (int i = 0; i < 1000; i++) {
		assert_true(device->driver->link(device));
		assert_false(device->driver->arm(device));
		device->driver->disarm(device);
		assert_int_equal(device->driver->receive(device, burst, BURST), 0);
	}
	assert_int_equal(xen_world.messages, messages);
	assert_int_equal(xen_world.sends[XEN_STORE_PORT], sends);
	assert_int_equal(xen_world.waits, waits);
	end();
}

int main(void)
{
	static struct CMUnitTest tests[RTE_DIM(changes) + 9] = {
	    cmocka_unit_test(meets_each_state),
	    cmocka_unit_test(meets_nonsense),
	    cmocka_unit_test(stays_closed_where_nobody_wants_it),
	    cmocka_unit_test(opens_and_closes),
	    cmocka_unit_test(waits_for_rings),
	    cmocka_unit_test(cancelled_suspend_changes_nothing),
	    cmocka_unit_test(ports_keep_their_vifs),
	    cmocka_unit_test(survives_a_slow_store),
	    cmocka_unit_test(costs_nothing_while_nothing_happens),
	};

	for (size_t i = 0; i < RTE_DIM(changes); i++)
		tests[9 + i] = (struct CMUnitTest){changes[i].name, thousand_times, NULL, NULL,
						   (void *)(uintptr_t)&changes[i]};
	return cmocka_run_group_tests_name("netfront, its life", tests, NULL, NULL);
}
