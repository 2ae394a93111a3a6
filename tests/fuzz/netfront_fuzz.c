/* SPDX-License-Identifier: Apache-2.0
 *
 * The fuzzer is the backend, and dom0's xenstore: it scribbles over both rings, answers what it likes, writes
 * into the buffers that it was granted, sets keys of the store and says bytes on its ring, while the driver
 * goes on receiving, sending, arming, connecting and resuming. The watched pool and the sanitizers see
 * touches of what is not the driver's; at the end every mbuf, channel and grant must be back.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include "boot/eal/eal.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/netfront/net.h"
#include "pktio/xen/call.h"
#include "pktio/xen/control.h"
#include "pktio/xen/events.h"
#include "pktio/xen/grants.h"
#include "tests/unit/support/netback.h"

enum { BURST = 32, RAW_MAX = 64 };

struct stats_page stats;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct netback back;
static struct device *const device = &netback_world.device[0];

void host_log(const char *line)
{
	(void)line;
}

struct input {
	const uint8_t *next, *end;
};

static uint32_t eat(struct input *input, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes && input->next < input->end; i++)
		value |= (uint32_t)*input->next++ << 8 * i;
	return value;
}

/* Any 32 bits of a ring, its positions more often than not. */
static void scribble(struct input *input, struct netback_queue *queue)
{
	uint32_t which = eat(input, 1), place = eat(input, 1);
	uint32_t *words = which & 1 ? (uint32_t *)queue->rx.sring : (uint32_t *)queue->tx.sring;

	words[which & 2 ? place % 4 : 16 + place] = eat(input, 2) - (which & 4 ? 0x100 : 0);
}

/* An answer where the driver looks for it, whose fields may make sense. */
static void answer_rx(struct input *input, uint32_t queue)
{
	struct netif_rx_request request;
	struct netif_rx_response response;
	uint32_t act = eat(input, 1);
	uint8_t *page;

	if (!netback_take_buffer(&back, queue, &request))
		return;
	response = (struct netif_rx_response){
	    .id = request.id + (act == 1),
	    .offset = act & 2 ? (uint16_t)eat(input, 2) : 0,
	    .flags = (uint16_t)(act >> 3),
	    .status = (int16_t)eat(input, 2),
	};
	page = xen_grant_look(back.domain, request.gref);
	/* Granted pages stay so; but what it does to a buffer that is free would be a report against us. */
	for (uint32_t i = 0; page && i < RAW_MAX && act & 4 && !__asan_address_is_poisoned(page); i++)
		page[i] = (uint8_t)eat(input, 1);
	netback_answer(&back, queue, &response);
	netback_push_rx(&back, queue);
}

static void answer_tx(struct input *input, uint32_t queue)
{
	netback_answer_tx(&back, queue, (uint16_t)eat(input, 1), (int8_t)eat(input, 1));
	back.queue[queue].tx.sring->rsp_prod = back.queue[queue].tx.rsp_prod_pvt;
}

static void receive(struct input *input)
{
	struct rte_mbuf *burst[BURST];
	uint16_t count = device->driver->receive(device, burst, (uint16_t)(1 + eat(input, 1) % BURST));

	for (uint16_t i = 0; i < count; i++)
		rte_mbuf_sanity_check(burst[i], 1);
	rte_pktmbuf_free_bulk(burst, count);
}

static void transmit(struct input *input)
{
	struct rte_mbuf *burst[4];
	uint16_t taken;

	for (size_t i = 0; i < RTE_DIM(burst); i++)
		burst[i] = netback_frame(20 + eat(input, 1), 100, 0);
	taken = device->driver->transmit(device, burst, RTE_DIM(burst));
	rte_pktmbuf_free_bulk(burst + taken, RTE_DIM(burst) - taken);
}

static void set_key(struct input *input)
{
	static const char *const keys[] = {
	    "state",
	    "online",
	    "carrier",
	    "feature-sg",
	    "feature-rx-copy",
	    "multi-queue-max-queues",
	    "feature-split-event-channels",
	};
	char value[4] = {(char)eat(input, 1), (char)eat(input, 1)};

	netback_set(&back, keys[eat(input, 1) % RTE_DIM(keys)], value);
}

static void set_front_key(struct input *input)
{
	static const char *const keys[] = {"backend", "backend-id", "mac", "mtu", "state", "trusted"};
	char value[20] = {0};

	for (size_t i = 0; i + 1 < sizeof(value) && input->next < input->end && *input->next; i++)
		value[i] = (char)eat(input, 1);
	netback_front_set(&back, keys[eat(input, 1) % RTE_DIM(keys)], value);
}

/* Bytes on the store's ring, which no daemon would send. */
static void say_anything(struct input *input)
{
	uint8_t bytes[RAW_MAX];
	uint32_t count = eat(input, 1) % RAW_MAX;

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)eat(input, 1);
	xen_store_say(bytes, count);
}

static void unmap_all(void)
{
	for (uint32_t i = 0; i < NETBACK_QUEUES_MAX; i++) {
		xen_grant_unmap(back.queue[i].tx_reference);
		xen_grant_unmap(back.queue[i].rx_reference);
	}
	back.queues = 0;
}

static void call(struct input *input)
{
	uint32_t act = eat(input, 1);

	device->driver->link(device);
	control_poll();
	if (act & 1) {
		unmap_all();
		netback_map(&back);
	}
	if (act & 2 && device->driver->arm(device))
		device->driver->drain(device);
	device->driver->disarm(device);
	if (act == 4 && xen_call(WEIR_CALL_XEN_SUSPEND, 0) == 0) {
		back.queues = 0;
		events_init(&xen_world.handover);
		grants_resume(&xen_world.handover);
		store_resume(&xen_world.handover);
		netfront_resume();
	}
}

static void act(struct input *input)
{
	uint32_t what = eat(input, 1), queue = back.queues ? (what >> 4) % back.queues : 0;

	switch (what & 15) {
	case 0:
	case 1:
		receive(input);
		break;
	case 2:
		transmit(input);
		break;
	case 3:
	case 4:
		call(input);
		break;
	case 5:
		set_key(input);
		break;
	case 6:
		set_front_key(input);
		break;
	case 7:
		say_anything(input);
		break;
	case 8:
		xen_store_set("/local/domain/7/control/shutdown", what & 16 ? "suspend" : "x");
		break;
	case 9:
		if (back.queues > 0 && back.queue[queue].rx.sring != NULL)
			scribble(input, &back.queue[queue]);
		break;
	case 10:
	case 11:
		if (back.queues > 0)
			answer_tx(input, queue);
		break;
	default:
		if (back.queues > 0)
			answer_rx(input, queue);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	struct netback_offer offer = netback_all;
	uint32_t shape = eat(&input, 1);
	bool balanced;

	eal_tsc_hz = 1000000; /* nobody waits long for a store that does not answer */
	offer.queues = shape >> 1 & 3;
	offer.split = shape & 8;
	back.domain = 0;
	netback_world_init(1, 1 + (shape & 1));
	netback_world_start();
	control_open();
	netback_up(&back, 0, &offer, device);
	while (input.next < input.end)
		act(&input);
	unmap_all();
	balanced = netback_world_end();
	assert(balanced);
	return 0;
}
