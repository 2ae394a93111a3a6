/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing a virtio network card up: what is negotiated, and what is refused and why. The rows are data.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/virtio/net.h"
#include "support/virtio_port.h"

struct stats_page stats;
static char logged[256];

void host_log(const char *line)
{
	snprintf(logged, sizeof(logged), "%s", line);
}

static const struct negotiation {
	const char *name;
	uint64_t offered, accepted;
	uint16_t offloads;
} negotiations[] = {
    {"only VERSION_1 and MAC", FEATURE(VERSION_1) | FEATURE(MAC), FEATURE(VERSION_1) | FEATURE(MAC), 0},
    {"split, all of it", CARD_FEATURES | FEATURE(EVENT_IDX), CARD_FEATURES | FEATURE(EVENT_IDX),
     DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO6 | DEVICE_TX_TSO_ECN},
    {"packed, all of it but EVENT_IDX", CARD_FEATURES | FEATURE(RING_PACKED) | FEATURE(EVENT_IDX),
     CARD_FEATURES | FEATURE(RING_PACKED),
     DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO6 | DEVICE_TX_TSO_ECN},
    {"what we do not know is left", CARD_FEATURES | UINT64_C(1) << 17 | UINT64_C(1) << 21 | UINT64_C(1) << 60,
     CARD_FEATURES, DEVICE_TX_CHECKSUM | DEVICE_TX_TSO4 | DEVICE_TX_TSO6 | DEVICE_TX_TSO_ECN},
    {"HOST_TSO without CSUM", FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(HOST_TSO4) | FEATURE(HOST_ECN),
     FEATURE(VERSION_1) | FEATURE(MAC), 0},
    {"ECN without TSO", FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(CSUM) | FEATURE(HOST_ECN),
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(CSUM), DEVICE_TX_CHECKSUM},
    {"HOST_TSO6 alone", FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(CSUM) | FEATURE(HOST_TSO6),
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(CSUM) | FEATURE(HOST_TSO6),
     DEVICE_TX_CHECKSUM | DEVICE_TX_TSO6},
    {"GUEST_TSO without MRG_RXBUF",
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(GUEST_CSUM) | FEATURE(GUEST_TSO4) | FEATURE(GUEST_ECN),
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(GUEST_CSUM), 0},
    {"GUEST_TSO without GUEST_CSUM",
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(MRG_RXBUF) | FEATURE(GUEST_TSO6),
     FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(MRG_RXBUF), 0},
    {"ACCESS_PLATFORM, not insisted on", FEATURE(VERSION_1) | FEATURE(MAC) | FEATURE(ACCESS_PLATFORM),
     FEATURE(VERSION_1) | FEATURE(MAC), 0},
};

static void negotiates(void **state)
{
	const struct negotiation *row = *state;
	struct virtio_port port;

	port_init(&port, row->offered);
	assert_int_equal(net_open(&port.device, &port.card.transport), 0);
	assert_int_equal(port.card.accepted, row->accepted);
	assert_int_equal(port.device.offloads, row->offloads);
	assert_int_equal(port.card.status,
			 STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	assert_true(port.device.link_up);
	assert_memory_equal(port.device.mac, port.card.config.mac, 6);
	assert_true(port_close(&port));
}

static void spoil_features(struct virtio_port *port)
{
	port->card.refuses_features = true;
}

static void spoil_platform(struct virtio_port *port)
{
	port->card.refuses_features = true;
	port->card.offered |= FEATURE(ACCESS_PLATFORM);
}

static void spoil_version(struct virtio_port *port)
{
	port->card.offered &= ~FEATURE(VERSION_1);
}

static void spoil_reset(struct virtio_port *port)
{
	port->card.stays_in_reset = true;
}

static void spoil_config(struct virtio_port *port)
{
	port->card.config_moves = true;
}

static void spoil_mac_group(struct virtio_port *port)
{
	port->card.config.mac[0] = 0xff;
}

static void spoil_mac_zero(struct virtio_port *port)
{
	memset(port->card.config.mac, 0, 6);
}

static void spoil_no_mac(struct virtio_port *port)
{
	port->card.offered &= ~FEATURE(MAC);
}

static void spoil_mtu_low(struct virtio_port *port)
{
	port->card.config.mtu = 1400;
}

static void spoil_mtu_absurd(struct virtio_port *port)
{
	port->card.config.mtu = 67;
	port->device.mtu = 67;
}

static void spoil_jumbo_without_merge(struct virtio_port *port)
{
	port->device.mtu = 9000;
	port->card.offered &= ~FEATURE(MRG_RXBUF);
}

static void spoil_no_queue(struct virtio_port *port)
{
	port->card.queue_size[1] = 0;
}

static void spoil_queue_shape(struct virtio_port *port)
{
	port->card.queue_size[0] = 100;
}

static void spoil_queue_huge(struct virtio_port *port)
{
	port->card.queue_size[0] = 65536;
}

static void spoil_queue_refused(struct virtio_port *port)
{
	port->card.refuses_queues = true;
}

static const struct refusal {
	const char *name;
	void (*spoil)(struct virtio_port *);
	int error;
	const char *says;
} refusals[] = {
    {"FEATURES_OK does not stay", spoil_features, -ENOTSUP, "refuses the features"},
    {"insists on ACCESS_PLATFORM", spoil_platform, -ENOTSUP, "iommu_platform"},
    {"legacy", spoil_version, -ENOTSUP, "legacy"},
    {"never out of reset", spoil_reset, -EIO, "out of reset"},
    {"configuration always changing", spoil_config, -EIO, "configuration"},
    {"group MAC address", spoil_mac_group, -EADDRNOTAVAIL, "MAC"},
    {"MAC address of zeros", spoil_mac_zero, -EADDRNOTAVAIL, "MAC"},
    {"no MAC address at all", spoil_no_mac, -EADDRNOTAVAIL, "MAC"},
    {"MTU below the port's", spoil_mtu_low, -EMSGSIZE, "1400"},
    {"MTU below any", spoil_mtu_absurd, -EMSGSIZE, "67"},
    {"jumbo frames without MRG_RXBUF", spoil_jumbo_without_merge, -EMSGSIZE, "mergeable"},
    {"queue of size 0", spoil_no_queue, -EPROTO, "size"},
    {"split queue of size 100", spoil_queue_shape, -EPROTO, "power of two"},
    {"queue of size 65536", spoil_queue_huge, -EPROTO, "size"},
    {"queue not to be enabled", spoil_queue_refused, -EBUSY, "queue 0"},
};

static void refuses(void **state)
{
	const struct refusal *row = *state;
	struct virtio_port port;

	port_init(&port, CARD_FEATURES);
	row->spoil(&port);
	logged[0] = 0;
	assert_int_equal(net_open(&port.device, &port.card.transport), row->error);
	assert_non_null(strstr(logged, row->says));
	assert_true(port_close(&port));
}

static const struct sizing {
	const char *name;
	uint64_t features;
	uint32_t offered;
	uint16_t used;
} sizings[] = {
    {"256 as offered, the device's share of the pool is 255", 0, 256, 128},
    {"packed, no power of two", FEATURE(RING_PACKED), 100, 100},
    {"as small as can be", 0, 2, 2},
    {"far too large", 0, 32768, 128},
};

static void sizes_queues(void **state)
{
	const struct sizing *row = *state;
	struct virtio_port port;

	port_init(&port, CARD_FEATURES | row->features);
	port.card.queue_size[0] = port.card.queue_size[1] = row->offered;
	assert_int_equal(net_open(&port.device, &port.card.transport), 0);
	assert_int_equal(port.card.queue[0].memory.size, row->used);
	assert_int_equal(port.card.queue[1].memory.size, row->used);
	assert_int_equal(!!(port.device.offloads & DEVICE_TX_TSO4), row->used >= 64);
	assert_true(port_close(&port));
}

static void reads_mac_unopened(void **state)
{
	struct virtio_port port;
	uint8_t mac[6] = {0};

	(void)state;
	port_init(&port, CARD_FEATURES);
	assert_true(net_mac(&port.card.transport, mac));
	assert_memory_equal(mac, port.card.config.mac, 6);
	assert_int_equal(port.card.status, STATUS_RESET);
	port.card.config.mac[0] = 1;
	assert_false(net_mac(&port.card.transport, mac));
	port.card.offered = FEATURE(VERSION_1);
	assert_false(net_mac(&port.card.transport, mac));
}

static void own_mac_where_card_has_none(void **state)
{
	static const uint8_t own[6] = {2, 1, 1, 1, 1, 1};
	struct virtio_port port;

	(void)state;
	port_init(&port, FEATURE(VERSION_1));
	memcpy(port.device.mac, own, sizeof(own));
	assert_int_equal(net_open(&port.device, &port.card.transport), 0);
	assert_memory_equal(port.device.mac, own, sizeof(own));
	assert_true(port_close(&port));
}

static void follows_link(void **state)
{
	struct virtio_port port;

	(void)state;
	port_init(&port, CARD_FEATURES);
	port.card.config.status = 0;
	port_open(&port);
	assert_false(port.device.link_up);
	port.card.config.status = NET_STATUS_LINK_UP;
	assert_true(port.device.driver->link(&port.device));
	assert_true(port.device.link_up);
	port.card.config.status = 0xfffe;
	assert_false(port.device.driver->link(&port.device));
	assert_true(port_close(&port));
}

#define ROWS(table, function) \
	for (size_t i = 0; i < RTE_DIM(table); i++) \
		tests[count++] = (struct CMUnitTest) \
		{ \
			table[i].name, function, NULL, NULL, (void *)(uintptr_t)&table[i] \
		}

int main(void)
{
	static struct CMUnitTest tests[RTE_DIM(negotiations) + RTE_DIM(refusals) + RTE_DIM(sizings) + 3] = {
	    cmocka_unit_test(reads_mac_unopened),
	    cmocka_unit_test(own_mac_where_card_has_none),
	    cmocka_unit_test(follows_link),
	};
	size_t count = 3;

	ROWS(negotiations, negotiates);
	ROWS(refusals, refuses);
	ROWS(sizings, sizes_queues);
	return cmocka_run_group_tests_name("virtio setup", tests, NULL, NULL);
}
