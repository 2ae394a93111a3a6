/* SPDX-License-Identifier: Apache-2.0
 *
 * The fuzzer is the network card: it scribbles over everything that a device may write (split: the used ring;
 * packed: all of the ring; both: the buffers it was given), while the driver goes on receiving, sending,
 * arming and resetting. The watched pool and the sanitizers see touches of what is not the driver's; at the
 * end every mbuf must be back.
 */
#include <assert.h>
#include <string.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/virtio/net.h"
#include "tests/unit/support/virtio_port.h"

enum { RING = 16, BURST = 32 };

struct stats_page stats;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* Any 16 bits in what the device may write. */
static void scribble(struct virtio_port *port, struct input *input, uint16_t queue)
{
	bool packed = port->card.accepted & FEATURE(RING_PACKED);
	const struct queue_memory *memory = &port->card.queue[queue].memory;
	uint32_t words = packed ? RING * 8 : 3 + RING * 4;
	uint16_t *area = (uint16_t *)(packed ? memory->descriptors : memory->device);

	area[eat(input, 1) % words] = (uint16_t)eat(input, 2);
}

/* A used entry where the driver looks for it, with an id and a length that may make sense. */
static void use(struct virtio_port *port, struct input *input, uint16_t queue)
{
	struct card_chain chain = {.id = (uint16_t)eat(input, 1), .descriptors = 1 + eat(input, 1) % 2};
	uint32_t length = eat(input, 2);

	card_finish(&port->card, queue, &chain, &length, 1);
}

/* What a receive buffer starts with. */
static void write_header(struct virtio_port *port, struct input *input)
{
	struct net *net = port->device.state;
	struct rte_mbuf *packet = net->rx.slots[eat(input, 1) % RING].packet;
	uint8_t *buffer = packet ? ring_buffer(&net->rx, packet) : NULL;

	for (uint32_t i = eat(input, 1) % 64; buffer && i; i--)
		*buffer++ = (uint8_t)eat(input, 1);
}

static void receive(struct virtio_port *port, struct input *input)
{
	struct rte_mbuf *burst[BURST];
	uint16_t count =
	    port->device.driver->receive(&port->device, burst, (uint16_t)(1 + eat(input, 1) % BURST));

	for (uint16_t i = 0; i < count; i++)
		rte_mbuf_sanity_check(burst[i], 1);
	rte_pktmbuf_free_bulk(burst, count);
}

static void transmit(struct virtio_port *port, struct input *input)
{
	struct rte_mbuf *burst[4];
	uint16_t taken;

	for (size_t i = 0; i < RTE_DIM(burst); i++)
		burst[i] = port_frame(port, 20 + eat(input, 1), 100, 0);
	taken = port->device.driver->transmit(&port->device, burst, RTE_DIM(burst));
	rte_pktmbuf_free_bulk(burst + taken, RTE_DIM(burst) - taken);
}

static void call(struct virtio_port *port, struct input *input)
{
	const struct device_driver *driver = port->device.driver;

	port->card.config.status = (uint16_t)eat(input, 1);
	port->card.status |= eat(input, 1) == 1 ? STATUS_NEEDS_RESET : 0;
	driver->link(&port->device);
	driver->arm(&port->device);
	driver->disarm(&port->device);
	driver->drain(&port->device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	struct virtio_port port;

	port_init(&port, CARD_FEATURES | ring_modes[eat(&input, 1) % RING_MODES].features);
	port.card.queue_size[0] = port.card.queue_size[1] = RING;
	port_open(&port);
	while (input.next < input.end) {
		uint32_t act = eat(&input, 1);
		uint16_t queue = act >> 4 & 1;
		bool enabled = port.card.queue[queue].enabled;

		switch (act & 7) {
		case 0:
			receive(&port, &input);
			break;
		case 1:
			transmit(&port, &input);
			break;
		case 2:
			call(&port, &input);
			break;
		case 3:
			write_header(&port, &input);
			break;
		case 4:
			if (enabled)
				scribble(&port, &input, queue);
			break;
		default:
			if (enabled)
				use(&port, &input, queue);
		}
	}
	assert(port_close(&port));
	return 0;
}
