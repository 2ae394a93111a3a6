/* SPDX-License-Identifier: Apache-2.0
 *
 * pktio/devices.c: which network card, tap interface or capture each configured port gets. The cards are
 * fakes that know what was done to them, and so are the drivers of Linux's side.
 *
 * Configured are lan in slot 0, wan by its MAC address, and dmz in slot 2.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_mempool.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "pktio/devices.h"
#include "pktio/linux/pcap.h"
#include "pktio/linux/tap.h"
#include "pktio/netfront/netfront.h"
#include "pktio/virtio/virtio_net.h"
#include "support/watched_pool.h"

enum { PORTS = 3, CARDS_MAX = 5, NETWORK = 1, ENTROPY = 4, OTHER = 0xee, WAN = 0x77, NO_MAC = 0 };

const char appliance_name[] = "test";
const uint16_t device_count = PORTS, port_count = PORTS;
const struct port_config port_configs[] = {
    {.name = "lan", .mtu = 1500, .slot = 0, .mac = {2, 0, 0, 0, 0, 1}},
    {.name = "wan", .mtu = 1400, .slot = 1, .mac = {2, 0, 0, 0, 0, WAN}, .mac_given = true},
    {.name = "dmz", .mtu = 9000, .slot = 2, .mac = {2, 0, 0, 0, 0, 3}},
};

struct stats_page stats;
uint64_t host_now_ns;
static struct rte_mempool pool = {.size = 4096};
struct rte_mempool *host_packet_pool = &pool;
static char said[256];

void host_log(const char *line)
{
	snprintf(said, sizeof(said), "%s", line);
}

struct fake_card {
	uint16_t virtio_id;
	uint8_t mac; /* the last byte of 02:00:00:00:00:xx; NO_MAC: it has none */
	bool fails;
};

struct card_row {
	const char *name;
	struct fake_card cards[CARDS_MAX];
	int result;
	int card_of[PORTS]; /* where the result is 0: index in `cards` */
	const char *says;   /* a part of the line on the console */
};

#define CARD(last) \
	{ \
		NETWORK, (last), false \
	}

static const struct card_row card_rows[] = {
    {"each in its slot", {CARD(OTHER), CARD(WAN), CARD(OTHER)}, .card_of = {0, 1, 2}},
    {"the MAC address leads to a slot behind the others'",
     {CARD(OTHER), CARD(OTHER), CARD(OTHER), CARD(WAN)},
     .card_of = {0, 3, 2}},
    {"what is no network card has no slot",
     {{ENTROPY, WAN, false}, CARD(OTHER), CARD(WAN), {ENTROPY, WAN, false}, CARD(OTHER)},
     .card_of = {1, 2, 4}},
    {"cards without a MAC address are passed over",
     {CARD(NO_MAC), CARD(NO_MAC), CARD(NO_MAC), CARD(WAN)},
     .card_of = {0, 3, 2}},
    {"two cards with that MAC address: the first",
     {CARD(OTHER), CARD(WAN), CARD(OTHER), CARD(WAN)},
     .card_of = {0, 1, 2}},
    {"no cards at all",
     {{0}},
     .result = -ENODEV,
     .says = "port lan: no network card in slot 0; the machine has 0"},
    {"nobody has the MAC address",
     {CARD(OTHER), CARD(OTHER), CARD(OTHER)},
     .result = -ENODEV,
     .says = "port wan: no network card has MAC address 02:00:00:00:00:77; the machine has 3"},
    {"only what is no network card has it",
     {CARD(OTHER), {ENTROPY, WAN, false}, CARD(OTHER), CARD(OTHER)},
     .result = -ENODEV,
     .says = "port wan: no network card has MAC address"},
    {"no third card",
     {CARD(OTHER), CARD(WAN)},
     .result = -ENODEV,
     .says = "port dmz: no network card in slot 2; the machine has 2"},
    {"the MAC address is that of a slot that is taken",
     {CARD(WAN), CARD(OTHER), CARD(OTHER)},
     .result = -EBUSY,
     .says = "port wan: the network card in slot 0 is port lan already"},
    {"the slot is that of a MAC address that is taken",
     {CARD(OTHER), CARD(OTHER), CARD(WAN)},
     .result = -EBUSY,
     .says = "port dmz: the network card in slot 2 is port wan already"},
    {"a card that can't be opened", {CARD(OTHER), {NETWORK, WAN, true}, CARD(OTHER)}, .result = -EIO},
};

static const struct card_row *row;
static const struct device *owner[CARDS_MAX]; /* the device that each card was opened as */

static const struct fake_card *card_of(const struct handover_device *found)
{
	return &row->cards[found->location];
}

int virtio_net_open(struct device *device, const struct handover_device *found)
{
	assert_int_equal(card_of(found)->virtio_id, NETWORK);
	assert_null(owner[found->location]);
	assert_int_equal(device->mtu, port_configs[device->index].mtu);
	assert_memory_equal(device->mac, port_configs[device->index].mac, 6);
	if (card_of(found)->fails)
		return -EIO;
	owner[found->location] = device;
	return 0;
}

/* Resets the card, which an open one would not survive. */
bool virtio_net_mac(const struct handover_device *found, uint8_t mac[6])
{
	for (int i = 0; i < CARDS_MAX; i++)
		assert_null(owner[i]);
	memcpy(mac, (const uint8_t[]){2, 0, 0, 0, 0, card_of(found)->mac}, 6);
	return card_of(found)->mac != NO_MAC;
}

static struct handover machine_of(const struct card_row *with, bool interrupts)
{
	struct handover machine = {0};

	while (machine.devices < CARDS_MAX && with->cards[machine.devices].virtio_id) {
		machine.device[machine.devices] = (struct handover_device){
		    .virtio_id = with->cards[machine.devices].virtio_id,
		    .location = machine.devices,
		    .interrupt = interrupts,
		};
		machine.devices++;
	}
	return machine;
}

static void open_cards(const struct card_row *with, bool interrupts)
{
	struct handover machine = machine_of(with, interrupts);

	row = with;
	memset(owner, 0, sizeof(owner));
	said[0] = '\0';
	assert_int_equal(devices_open_cards(&machine), with->result);
}

static void each_machine(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(card_rows) / sizeof(card_rows[0]); i++) {
		print_message("  %s\n", card_rows[i].name);
		open_cards(&card_rows[i], true);
		if (row->says && !strstr(said, row->says))
			fail_msg("it said: %s", said);
		for (int port = 0; port < PORTS && row->result == 0; port++)
			assert_ptr_equal(owner[row->card_of[port]], &devices[port]);
	}
}

/* Ring 0 says how many devices it found, but the table has an end. */
static void a_count_beyond_the_table(void **state)
{
	static struct handover machine;

	(void)state;
	row = &card_rows[0];
	memset(owner, 0, sizeof(owner));
	machine = machine_of(row, true);
	machine.devices = UINT32_MAX;
	assert_int_equal(devices_open_cards(&machine), 0);
}

static void one_card_without_interrupt(void **state)
{
	(void)state;
	open_cards(&card_rows[0], true);
	assert_true(devices_can_wake());
	open_cards(&card_rows[0], false);
	assert_false(devices_can_wake());
}

static int vif_result;
static struct netfront_wish wishes[PORTS];
static uint16_t vifs_opened, vifs_started;

int netfront_open(struct device *device, const struct netfront_wish *wish)
{
	assert_int_equal(device->index, vifs_opened);
	assert_int_equal(device->mtu, port_configs[device->index].mtu);
	assert_ptr_equal(device->pool, host_packet_pool);
	assert_memory_equal(device->mac, port_configs[device->index].mac, 6);
	wishes[vifs_opened++] = *wish;
	return vif_result;
}

void netfront_start(void)
{
	assert_int_equal(vifs_opened, PORTS);
	vifs_started++;
}

/* On Xen every port is opened, whatever there is, and all can be woken. */
static void vifs_on_xen(void **state)
{
	static const volatile struct handover_xen xen;
	struct handover machine = machine_of(&card_rows[0], false);

	(void)state;
	machine.xen = &xen;
	assert_int_equal(devices_open_cards(&machine), 0);
	assert_int_equal(vifs_started, 1);
	assert_true(devices_can_wake());
	for (int i = 0; i < PORTS; i++) {
		assert_string_equal(wishes[i].name, port_configs[i].name);
		assert_int_equal(wishes[i].slot, port_configs[i].slot);
		assert_int_equal(wishes[i].by_mac, port_configs[i].mac_given);
		assert_memory_equal(wishes[i].mac, port_configs[i].mac, 6);
	}
	vifs_opened = 0;
	vif_result = -ENOMEM;
	assert_int_equal(devices_open_cards(&machine), -ENOMEM);
	assert_int_equal(vifs_opened, 1);
	assert_int_equal(vifs_started, 1);
}

static int pcap_result, closed;

static bool link_of(struct device *device)
{
	return device->index != 1;
}

static const struct device_driver fake_driver = {.link = link_of};

int pcap_device_open(struct device *device, const char *in, const char *out)
{
	(void)in, (void)out;
	device->driver = &fake_driver;
	return pcap_result;
}

int pcap_device_close(struct device *device)
{
	(void)device;
	closed++;
	return 0;
}

int tap_device_open(struct device *device, const char *name)
{
	(void)name;
	device->driver = &fake_driver;
	device->state = &closed;
	return 0;
}

void tap_device_close(struct device *device)
{
	(void)device;
	closed++;
}

static const struct source_row {
	const char *name;
	enum source_kind kinds[PORTS];
	int pcap_result, result;
	const char *says;
} source_rows[] = {
    {"captures", {SOURCE_PCAP, SOURCE_PCAP, SOURCE_PCAP}, 0, 0, NULL},
    {"taps", {SOURCE_TAP, SOURCE_TAP, SOURCE_TAP}, 0, 0, NULL},
    {"mixed",
     {SOURCE_TAP, SOURCE_PCAP, SOURCE_TAP},
     0,
     -EINVAL,
     "port wan: captures and tap interfaces can't be mixed"},
    {"mixed, the first has none",
     {SOURCE_NONE, SOURCE_PCAP, SOURCE_TAP},
     0,
     -EINVAL,
     "port dmz: captures and tap interfaces can't be mixed"},
    {"the first has no tap", {SOURCE_NONE, SOURCE_TAP, SOURCE_TAP}, 0, 0, NULL},
    {"the last has no tap", {SOURCE_TAP, SOURCE_TAP, SOURCE_NONE}, 0, 0, NULL},
    {"none has any",
     {SOURCE_NONE, SOURCE_NONE, SOURCE_NONE},
     0,
     -ENODEV,
     "port lan: has no device; say lan=tap:INTERFACE or lan=pcap:IN[:OUT]"},
    {"the last has no capture",
     {SOURCE_PCAP, SOURCE_PCAP, SOURCE_NONE},
     0,
     -ENODEV,
     "port dmz: has no device"},
    {"a capture that can't be opened", {SOURCE_PCAP, SOURCE_PCAP, SOURCE_PCAP}, -ENOENT, -ENOENT, NULL},
};

static void each_set_of_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(source_rows) / sizeof(source_rows[0]); i++) {
		const struct source_row *with = &source_rows[i];
		struct device_source sources[PORTS] = {0};
		int opened = 0;

		print_message("  %s\n", with->name);
		for (int port = 0; port < PORTS; port++)
			sources[port].kind = with->kinds[port];
		pcap_result = with->pcap_result;
		closed = 0;
		assert_int_equal(devices_open_sources(sources), with->result);
		if (with->says && !strstr(said, with->says))
			fail_msg("it said: %s", said);
		if (with->result != 0)
			continue;
		for (int port = 0; port < PORTS; port++) {
			bool none = with->kinds[port] == SOURCE_NONE;

			assert_int_equal(stats.port[port].link_up, port != 1 && !none);
			opened += !none;
		}
		assert_int_equal(devices_close(), 0);
		assert_int_equal(closed, opened);
		assert_int_equal(devices_close(), 0);
		assert_int_equal(closed, opened);
	}
}

static int make_pool(void **state)
{
	(void)state;
	host_packet_pool = watched_pool("packets", 1, 2048);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_machine),
	    cmocka_unit_test(a_count_beyond_the_table),
	    cmocka_unit_test(one_card_without_interrupt),
	    cmocka_unit_test(vifs_on_xen),
	    cmocka_unit_test(each_set_of_sources),
	};

	return cmocka_run_group_tests_name("devices", tests, make_pool, NULL);
}
