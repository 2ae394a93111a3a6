/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a connection: what is read of the backend, what is written for it, what is refused and why, and
 * which port gets which vif. The rows are data.
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
#include "pktio/xen/grants.h"
#include "support/netback.h"

struct stats_page stats;
static struct device *const devices0 = netback_world.device;
static char logged[1024];

void host_log(const char *line)
{
	size_t used = strlen(logged);

	snprintf(logged + used, sizeof(logged) - used, "%s\n", line);
}

static int begin(void **state)
{
	(void)state;
	logged[0] = '\0';
	return 0;
}

static const struct negotiation {
	const char *name;
	struct netback_offer offer;
	uint16_t offloads, pieces;
	uint32_t queues;
	bool two_ports;
} negotiations[] = {
    {"nothing but copying", {0}, DEVICE_TX_CHECKSUM_IPV4, 1, 1, false},
    {"no checksums", {.no_csum = true, .ipv6_csum = true, .sg = true, .gso = true}, 0, 18, 1, false},
    {"checksums of both", {.ipv6_csum = true}, DEVICE_TX_CHECKSUM, 1, 1, false},
    {"GSO without scatter-gather", {.gso = true, .ipv6_csum = true}, DEVICE_TX_CHECKSUM, 1, 1, false},
    {"GSO without IPv6 checksums",
     {.sg = true, .gso = true},
     DEVICE_TX_CHECKSUM_IPV4 | DEVICE_TX_TSO4,
     18,
     1,
     false},
    {"all of it",
     {.sg = true, .gso = true, .ipv6_csum = true, .split = true, .queues = 1},
     DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO6,
     18,
     1,
     true},
    {"two queues", {.ipv6_csum = true, .queues = 2}, DEVICE_TX_CHECKSUM, 1, 2, false},
    {"four queues of eight, split", {.split = true, .queues = 8}, DEVICE_TX_CHECKSUM_IPV4, 1, 4, true},
};

static void negotiates(void **state)
{
	const struct negotiation *row = *state;
	struct netback back = {0};

	netback_world_init(1, 1);
	netback_world_start();
	netback_up(&back, 0, &row->offer, devices0);
	assert_int_equal(devices0->offloads, row->offloads);
	assert_int_equal(((struct net *)devices0->state)->pieces_max, row->pieces);
	assert_int_equal(devices0->super_frame_max, 65535);
	assert_int_equal(back.queues, row->queues);
	for (uint32_t i = 0; i < back.queues; i++)
		assert_int_equal(back.queue[i].tx_port != back.queue[i].rx_port, row->two_ports);
	assert_string_equal(netback_front_get(&back, "request-rx-copy"), "1");
	assert_string_equal(netback_front_get(&back, "feature-rx-notify"), "1");
	assert_string_equal(netback_front_get(&back, "feature-sg"), "1");
	assert_string_equal(netback_front_get(&back, "feature-gso-tcpv4"), "1");
	assert_string_equal(netback_front_get(&back, "feature-gso-tcpv6"), "1");
	assert_string_equal(netback_front_get(&back, "feature-ipv6-csum-offload"), "1");
	assert_string_equal(netback_front_get(&back, "feature-no-csum-offload"), "0");
	assert_int_equal(netback_front_get(&back, "tx-ring-ref") == NULL, row->queues > 1);
	assert_int_equal(netback_front_get(&back, "queue-0/tx-ring-ref") != NULL, row->queues > 1);
	assert_int_equal(xen_world.ports_open, row->queues * (row->two_ports ? 2 : 1));
	assert_int_equal(grants_given(), 2 * row->queues);
	/* All that is granted: the rings, and one page of each buffer. */
	assert_int_equal(xen_grants_valid(0), 2 * row->queues + NETBACK_MBUFS);
	netback_disconnect(&back);
	assert_true(netback_world_end());
	assert_int_equal(xen_grants_valid(0), NETBACK_MBUFS);
}

/* A new connection may be of another shape; nothing of the old one is taken for it. */
static void changes_shape(void **state)
{
	struct netback back = {0};

	(void)state;
	netback_world_init(1, 2);
	netback_world_start();
	netback_up(&back, 0, &negotiations[0].offer, devices0);
	for (size_t i = 0; i < 40; i++) {
		const struct negotiation *row = &negotiations[i * 5 % RTE_DIM(negotiations)];
		char value[4];

		back.offer = row->offer;
		snprintf(value, sizeof(value), "%u", row->offer.queues);
		netback_set(&back, "multi-queue-max-queues", row->offer.queues ? value : "");
		netback_set(&back, "feature-split-event-channels", row->offer.split ? "1" : "0");
		netback_disconnect(&back);
		netback_set_state(&back, XenbusStateInitWait); /* it was restarted */
		netback_settle(&back, devices0);
		assert_true(devices0->link_up);
		assert_int_equal(back.queues, row->queues);
		for (uint32_t q = 0; q < back.queues; q++)
			assert_int_equal(back.queue[q].tx_port != back.queue[q].rx_port, row->two_ports);
	}
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void no_copy(struct netback *back)
{
	netback_set(back, "feature-rx-copy", "0");
}

static void copy_unsaid(struct netback *back)
{
	netback_set(back, "feature-rx-copy", "yes");
}

static void mtu_low(struct netback *back)
{
	netback_front_set(back, "mtu", "1400");
}

static void mtu_unsaid(struct netback *back)
{
	(void)back;
	devices0->mtu = 1501;
}

static void jumbo_without_sg(struct netback *back)
{
	devices0->mtu = 9000;
	netback_front_set(back, "mtu", "9000");
	netback_set(back, "feature-sg", "0");
}

static void no_grants(struct netback *back)
{
	(void)back;
	xen_world.handover.grant_entries = NETBACK_MBUFS;
	grants_resume(&xen_world.handover);
}

static const struct refusal {
	const char *name;
	void (*spoil)(struct netback *);
	const char *says;
} refusals[] = {
    {"backend that can't copy", no_copy, "feature-rx-copy"},
    {"backend that says so in other words", copy_unsaid, "feature-rx-copy"},
    {"MTU below the port's", mtu_low, "mtu is too small (1400"},
    {"MTU of 1500, unsaid", mtu_unsaid, "mtu is too small (1500"},
    {"jumbo frames without scatter-gather", jumbo_without_sg, "feature-sg"},
    {"no room in the grant table", no_grants, "grant table"},
};

static void refuses(void **state)
{
	const struct refusal *row = *state;
	struct netback back = {0};
	const char *said;

	netback_world_init(1, 1);
	netback_plug(&back, 0, &netback_all);
	row->spoil(&back);
	logged[0] = '\0';
	netback_world_start();
	netback_settle(&back, devices0);
	assert_false(devices0->link_up);
	said = strstr(logged, row->says);
	assert_non_null(said);
	assert_int_equal(netback_front_state(&back), XenbusStateClosed);
	assert_int_equal(xen_world.ports_open, 0);
	assert_int_equal(grants_given(), 0);
	/* Said once, whatever happens. */
	netback_set_state(&back, XenbusStateInitWait);
	netback_settle(&back, devices0);
	assert_null(strstr(said + 1, row->says));
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void goes_on_without_channels(void **state)
{
	struct netback back = {0};

	(void)state;
	netback_world_init(1, 1);
	xen_world.no_ports = true;
	netback_world_start();
	netback_plug(&back, 0, &netback_all);
	netback_settle(&back, devices0);
	assert_false(devices0->link_up);
	assert_int_equal(grants_given(), 0);
	xen_world.no_ports = false;
	netback_settle(&back, devices0);
	assert_true(devices0->link_up);
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void says_who_is_not_trusted(void **state)
{
	struct netback back = {0};

	(void)state;
	netback_world_init(1, 1);
	netback_world_start();
	netback_plug(&back, 0, &netback_all);
	netback_front_set(&back, "trusted", "0");
	netback_settle(&back, devices0);
	assert_true(devices0->link_up);
	assert_non_null(strstr(logged, "not trusted"));
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

static void follows_carrier(void **state)
{
	struct netback back = {0};

	(void)state;
	netback_world_init(1, 1);
	netback_world_start();
	netback_up(&back, 0, &netback_all, devices0);
	for (int i = 0; i < 3; i++) {
		netback_set(&back, "carrier", "0");
		assert_false(devices0->driver->link(devices0));
		netback_set(&back, "carrier", "1");
		assert_true(devices0->driver->link(devices0));
	}
	netback_disconnect(&back);
	assert_true(netback_world_end());
}

/* The groups of neighbour discovery: all nodes, all routers, and what belongs to the addresses of lan and of
 * guest, its VLAN (example_ports.c): ::1, the network's own, and the link-local one. */
static void filters_multicast(void **state)
{
	static const uint8_t groups[][6] = {
	    {0x33, 0x33, 0, 0, 0, 1},	 {0x33, 0x33, 0, 0, 0, 2},    {0x33, 0x33, 0xff, 0, 0, 0x10},
	    {0x33, 0x33, 0xff, 0, 0, 1}, {0x33, 0x33, 0xff, 0, 0, 0},
	};
	static uint8_t frame[NETBACK_FRAME_MAX];
	struct netback_about about;
	struct netback back = {0};

	(void)state;
	for (int lap = 0; lap < 3; lap++) {
		netback_world_init(1, 1);
		netback_world_start();
		netback_plug(&back, 0, &netback_all);
		back.has_no_room = lap == 1;
		if (lap == 2)
			netback_set(&back, "feature-dynamic-multicast-control", "0");
		netback_settle(&back, devices0);
		assert_true(devices0->link_up);
		assert_string_equal(netback_front_get(&back, "request-multicast-control"),
				    lap == 2 ? "0" : "1");
		assert_int_equal(netback_fetch(&back, 0, frame, &about), 0);
		assert_int_equal(back.group_count, lap == 0 ? RTE_DIM(groups) : 0);
		for (size_t i = 0; i < back.group_count; i++)
			assert_memory_equal(back.group[i], groups[i], 6);
		assert_true(devices0->driver->drain(devices0));
		/* It has no room: then it is to send all. */
		devices0->driver->link(devices0);
		assert_string_equal(netback_front_get(&back, "request-multicast-control"),
				    lap == 0 ? "1" : "0");
		netback_disconnect(&back);
		assert_true(netback_world_end());
	}
}

/* Two domains with backends: each gets a run of grants of its own. */
static void grants_to_each_backend(void **state)
{
	struct netback back[2] = {{.domain = 0}, {.domain = 3}};

	(void)state;
	netback_world_init(2, 2);
	netback_world_start();
	for (uint32_t i = 0; i < 2; i++)
		netback_up(&back[i], i, &netback_all, &devices0[i]);
	assert_int_equal(xen_grants_valid(0), 4 + 2 * NETBACK_MBUFS);
	for (uint32_t i = 0; i < 2; i++) {
		static uint8_t frame[64];
		static const struct netback_about plain;
		struct rte_mbuf *m;

		assert_true(netback_deliver(&back[i], 0, frame, sizeof(frame), &plain));
		assert_int_equal(devices0[i].driver->receive(&devices0[i], &m, 1), 1);
		rte_pktmbuf_free(m);
		netback_disconnect(&back[i]);
	}
	assert_true(netback_world_end());
}

/* Which vif each of three ports gets; the second may ask for a MAC address. */
static const struct binding {
	const char *name;
	uint32_t handles[4], count; /* there at start, in the order of the store's list */
	uint32_t wanted_mac;	    /* handle whose MAC address the second port asks for, 0: none */
	int vif_of[3];		    /* handle, -1: none */
} bindings[] = {
    {"in order", {0, 1, 2}, 3, 0, {0, 1, 2}},
    {"by handle, not as listed", {7, 2, 5}, 3, 0, {2, 5, 7}},
    {"handles are numbers", {10, 9, 100}, 3, 0, {9, 10, 100}},
    {"one is missing", {4, 6}, 2, 0, {4, 6, -1}},
    {"none", {0}, 0, 0, {-1, -1, -1}},
    {"one too many", {0, 1, 2, 3}, 4, 0, {0, 1, 2}},
    {"by MAC address", {0, 1, 2, 3}, 4, 3, {0, 3, 2}},
    {"the MAC address of another's slot", {0, 1, 2, 3}, 4, 2, {0, 2, -1}},
    {"a MAC address that nobody has", {0, 1, 2}, 3, 99, {0, -1, 2}},
};

static void binds(void **state)
{
	const struct binding *row = *state;
	struct netback back[4] = {0};

	netback_world_init(3, 1);
	for (uint32_t i = 0; i < row->count; i++)
		netback_plug(&back[i], row->handles[i], &netback_all);
	if (row->wanted_mac) {
		netback_world.wish[1].by_mac = true;
		memcpy(netback_world.wish[1].mac, (uint8_t[]){0, 0x16, 0x3e, 0, 0, row->wanted_mac + 0x10},
		       6);
		memcpy(devices0[1].mac, netback_world.wish[1].mac, 6);
	}
	netback_world_start();
	for (int i = 0; i < 3; i++) {
		const struct net *net = devices0[i].state;
		uint8_t mac[6] = {0, 0x16, 0x3e, 0, 0, (uint8_t)(row->vif_of[i] + 0x10)};

		assert_int_equal(net->phase == PHASE_ABSENT, row->vif_of[i] < 0);
		if (row->vif_of[i] < 0)
			continue;
		assert_int_equal(net->handle, row->vif_of[i]);
		assert_memory_equal(devices0[i].mac, mac, 6);
	}
	for (uint32_t i = 0; i < row->count; i++)
		netback_disconnect(&back[i]);
	assert_true(netback_world_end());
}

/* What a toolstack may write, and should not. */
static const struct {
	const char *key, *value;
	bool binds, own_mac;
} oddities[] = {
    {"mac", "00:16:3e:00:00:10", true, true},
    {"mac", "00:16:3E:00:00:10", true, true},
    {"mac", "01:16:3e:00:00:10", true, false},
    {"mac", "00-16-3e-00-00-10", true, false},
    {"mac", "00:16:3e:00:00:1", true, false},
    {"mac", "00:16:3e:00:00:100", true, false},
    {"mac", "00:16:3e:00:00:-1", true, false},
    {"mac", "", true, false},
    {"backend", "", false, false},
    {"backend-id", "", false, false},
    {"backend-id", "-1", false, false},
    {"backend-id", "32752", false, false}, /* DOMID_FIRST_RESERVED */
    {"backend-id", "x", false, false},
};

static void tolerates(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(oddities); i++) {
		struct netback back = {0};

		print_message("  %s = \"%s\"\n", oddities[i].key, oddities[i].value);
		netback_world_init(1, 1);
		netback_plug(&back, 0, &netback_all);
		netback_front_set(&back, oddities[i].key, oddities[i].value);
		xen_store_set("/local/domain/7/device/vif/x", "");
		xen_store_set("/local/domain/7/device/vif/-1", "");
		xen_store_set("/local/domain/7/device/vif/99999999999999999999/state", "");
		netback_world_start();
		assert_int_equal(((struct net *)devices0->state)->phase != PHASE_ABSENT, oddities[i].binds);
		assert_int_equal(devices0->mac[0] == 0, oddities[i].own_mac);
		netback_disconnect(&back);
		assert_true(netback_world_end());
	}
}

#define ROWS(table, function) \
	for (size_t i = 0; i < RTE_DIM(table); i++) \
		tests[count++] = (struct CMUnitTest) \
		{ \
			table[i].name, function, begin, NULL, (void *)(uintptr_t)&table[i] \
		}

int main(void)
{
	static struct CMUnitTest tests[RTE_DIM(negotiations) + RTE_DIM(refusals) + RTE_DIM(bindings) + 7] = {
	    cmocka_unit_test_setup(changes_shape, begin),
	    cmocka_unit_test_setup(goes_on_without_channels, begin),
	    cmocka_unit_test_setup(says_who_is_not_trusted, begin),
	    cmocka_unit_test_setup(follows_carrier, begin),
	    cmocka_unit_test_setup(grants_to_each_backend, begin),
	    cmocka_unit_test_setup(tolerates, begin),
	    cmocka_unit_test_setup(filters_multicast, begin),
	};
	size_t count = 7;

	ROWS(negotiations, negotiates);
	ROWS(refusals, refuses);
	ROWS(bindings, binds);
	return cmocka_run_group_tests_name("netfront setup", tests, NULL, NULL);
}
