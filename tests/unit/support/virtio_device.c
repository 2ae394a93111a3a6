/* SPDX-License-Identifier: Apache-2.0
 *
 * See virtio_device.h.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <rte_common.h>
#include "virtio_device.h"

static struct virtio_card *card_of(struct transport *transport)
{
	return (struct virtio_card *)((uintptr_t)transport->found - offsetof(struct virtio_card, found));
}

static bool is_packed(const struct virtio_card *card)
{
	return card->accepted & FEATURE(RING_PACKED);
}

static bool has_events(const struct virtio_card *card)
{
	return card->accepted & FEATURE(EVENT_IDX);
}

static uint8_t card_status(struct transport *transport)
{
	return card_of(transport)->status;
}

static void card_set_status(struct transport *transport, uint8_t status)
{
	struct virtio_card *card = card_of(transport);

	if (!status) {
		card->resets++;
		card->accepted = 0;
		memset(card->queue, 0, sizeof(card->queue));
		card->status = card->stays_in_reset ? STATUS_DRIVER : STATUS_RESET;
		return;
	}
	assert((status & card->status) == card->status); /* bits are only added */
	if (card->refuses_features)
		status &= (uint8_t)~STATUS_FEATURES_OK;
	card->status = status;
	if (status & STATUS_DRIVER_OK)
		card->told_link = card->config.status;
}

static uint64_t card_features(struct transport *transport)
{
	return card_of(transport)->offered;
}

static void card_set_features(struct transport *transport, uint64_t features)
{
	struct virtio_card *card = card_of(transport);

	assert(!(features & ~card->offered) && !(card->status & STATUS_FEATURES_OK));
	card->accepted = features;
}

static uint16_t card_config(struct transport *transport, uint32_t offset, uint32_t width)
{
	const uint8_t *field = (const uint8_t *)&card_of(transport)->config + offset;

	assert(offset + width <= sizeof(struct net_config));
	return width == 1 ? *field : (uint16_t)(field[0] | field[1] << 8);
}

static uint32_t card_generation(struct transport *transport)
{
	struct virtio_card *card = card_of(transport);

	return card->config_moves ? card->generation++ : card->generation;
}

static uint32_t card_queue_size_max(struct transport *transport, uint16_t queue)
{
	return card_of(transport)->queue_size[queue];
}

static int card_queue_enable(struct transport *transport, uint16_t number, const struct queue_memory *memory)
{
	struct virtio_card *card = card_of(transport);

	assert(card->status & STATUS_FEATURES_OK && !(card->status & STATUS_DRIVER_OK));
	assert(memory->descriptors % 16 == 0 && memory->driver % 4 == 0 && memory->device % 4 == 0);
	if (card->refuses_queues)
		return -EBUSY;
	card->queue[number] = (struct card_queue){
	    .enabled = true,
	    .memory = *memory,
	    .next_wrap = true,
	    .used_wrap = true,
	};
	card_want_all(card, number);
	return 0;
}

static void card_notify(struct transport *transport, uint16_t queue)
{
	assert(card_of(transport)->status & STATUS_DRIVER_OK);
	card_of(transport)->queue[queue].notifications++;
}

static void card_acknowledge(struct transport *transport)
{
	card_of(transport)->acknowledgements++;
}

static bool card_changed(struct transport *transport)
{
	struct virtio_card *card = card_of(transport);
	bool changed = card->config.status != card->told_link || (card->status & STATUS_NEEDS_RESET);

	card->told_link = card->config.status;
	return changed;
}

static const struct transport_operations card_operations = {
    .status = card_status,
    .set_status = card_set_status,
    .device_features = card_features,
    .set_driver_features = card_set_features,
    .config = card_config,
    .config_generation = card_generation,
    .queue_size_max = card_queue_size_max,
    .queue_enable = card_queue_enable,
    .notify = card_notify,
    .acknowledge = card_acknowledge,
    .changed = card_changed,
};

void card_init(struct virtio_card *card, uint64_t offered)
{
	*card = (struct virtio_card){
	    .offered = offered,
	    .config = {.mac = {2, 0, 0, 0, 0, 7}, .status = NET_STATUS_LINK_UP, .mtu = 9000},
	    .queue_size = {256, 256},
	    .found = {.virtio_id = 1, .interrupt = true},
	    .transport = {.operations = &card_operations, .interrupts = true},
	};
	card->transport.found = &card->found;
}

static struct split_available *available_of(const struct card_queue *queue)
{
	return (struct split_available *)queue->memory.driver;
}

static struct split_used *used_of(const struct card_queue *queue)
{
	return (struct split_used *)queue->memory.device;
}

static void add_segment(struct card_chain *chain, uint64_t address, uint32_t length, uint16_t flags)
{
	assert(chain->descriptors < CARD_SEGMENTS_MAX && length);
	chain->data[chain->descriptors] = (uint8_t *)address;
	chain->length[chain->descriptors++] = length;
	chain->writable = flags & DESCRIPTOR_WRITE;
}

/* Sections 2.7.5.3 and 2.8.7: a table stands alone in its chain. Split entries are linked, packed ones just
 * follow each other. */
static void add_table(struct card_chain *chain, uint64_t address, uint32_t length, bool packed)
{
	const struct split_descriptor *split = (const struct split_descriptor *)address;
	const struct packed_descriptor *entry = (const struct packed_descriptor *)address;
	uint32_t entries = length / sizeof(*split), at = 0;

	assert(chain->descriptors == 0 && entries && length % sizeof(*split) == 0);
	chain->indirect = true;
	for (uint32_t i = 0; packed && i < entries; i++)
		add_segment(chain, entry[i].address, entry[i].length, 0);
	for (uint32_t i = 0; !packed && i < entries; i++, at = split[at].next) {
		assert(at < entries && !!(split[at].flags & DESCRIPTOR_NEXT) == (i + 1 < entries));
		add_segment(chain, split[at].address, split[at].length, split[at].flags);
	}
}

static bool split_take(struct card_queue *queue, struct card_chain *chain)
{
	const struct split_descriptor *table = (const struct split_descriptor *)queue->memory.descriptors;
	const struct split_available *available = available_of(queue);
	uint16_t at;

	if (available->index == queue->next)
		return false;
	at = available->ring[queue->next++ % queue->memory.size];
	chain->id = at;
	for (;; at = table[at].next) {
		assert(at < queue->memory.size);
		if (table[at].flags & DESCRIPTOR_INDIRECT) {
			add_table(chain, table[at].address, table[at].length, false);
			return true;
		}
		add_segment(chain, table[at].address, table[at].length, table[at].flags);
		if (!(table[at].flags & DESCRIPTOR_NEXT))
			return true;
	}
}

static bool packed_available(const struct card_queue *queue)
{
	const struct packed_descriptor *ring = (const struct packed_descriptor *)queue->memory.descriptors;
	uint16_t flags = ring[queue->next].flags;

	return !!(flags & DESCRIPTOR_AVAILABLE) == queue->next_wrap &&
	       !!(flags & DESCRIPTOR_USED) != queue->next_wrap;
}

static bool packed_take(struct card_queue *queue, struct card_chain *chain)
{
	const struct packed_descriptor *ring = (const struct packed_descriptor *)queue->memory.descriptors;
	uint16_t flags;

	if (!packed_available(queue))
		return false;
	do {
		assert(packed_available(queue));
		flags = ring[queue->next].flags;
		if (flags & DESCRIPTOR_INDIRECT)
			add_table(chain, ring[queue->next].address, ring[queue->next].length, true);
		else
			add_segment(chain, ring[queue->next].address, ring[queue->next].length, flags);
		chain->id = ring[queue->next].id;
		if (++queue->next == queue->memory.size) {
			queue->next = 0;
			queue->next_wrap = !queue->next_wrap;
		}
	} while (flags & DESCRIPTOR_NEXT);
	return true;
}

bool card_take(struct virtio_card *card, uint16_t number, struct card_chain *chain)
{
	struct card_queue *queue = &card->queue[number];

	chain->descriptors = 0;
	chain->indirect = false;
	return queue->enabled && (is_packed(card) ? packed_take(queue, chain) : split_take(queue, chain));
}

static bool split_wants_interrupt(const struct virtio_card *card, const struct card_queue *queue,
				  uint16_t before)
{
	const struct split_available *available = available_of(queue);

	if (!has_events(card))
		return !(available->flags & SPLIT_NO_INTERRUPT);
	for (uint16_t i = before; i != queue->used; i++)
		if (i == available->ring[queue->memory.size])
			return true;
	return false;
}

static void split_finish(struct virtio_card *card, struct card_queue *queue, const struct card_chain *chains,
			 const uint32_t *lengths, uint16_t count)
{
	struct split_used *used = used_of(queue);
	uint16_t before = queue->used;

	for (uint16_t i = 0; i < count; i++)
		used->ring[queue->used++ % queue->memory.size] =
		    (struct split_used_element){.id = chains[i].id, .length = lengths[i]};
	used->index = queue->used;
	queue->interrupts += split_wants_interrupt(card, queue, before);
}

/* Writes one used descriptor. Returns whether the driver asked for an interrupt at it. */
static bool packed_use(struct card_queue *queue, const struct card_chain *chain, uint32_t length)
{
	struct packed_descriptor *ring = (struct packed_descriptor *)queue->memory.descriptors;
	const struct packed_event *event = (const struct packed_event *)queue->memory.driver;
	uint16_t place = queue->used | (queue->used_wrap ? EVENT_WRAP : 0);
	uint16_t flags = queue->used_wrap ? DESCRIPTOR_AVAILABLE | DESCRIPTOR_USED : 0;

	ring[queue->used] = (struct packed_descriptor){
	    .length = length,
	    .id = chain->id,
	    .flags = flags | (chain->writable ? DESCRIPTOR_WRITE : 0),
	};
	queue->used += chain->indirect ? 1 : chain->descriptors;
	if (queue->used >= queue->memory.size) {
		queue->used -= queue->memory.size;
		queue->used_wrap = !queue->used_wrap;
	}
	return event->flags == EVENT_ENABLE ||
	       (event->flags == EVENT_AT_POSITION && event->position == place);
}

void card_finish(struct virtio_card *card, uint16_t number, const struct card_chain *chains,
		 const uint32_t *lengths, uint16_t count)
{
	struct card_queue *queue = &card->queue[number];
	bool interrupt = false;

	if (!is_packed(card)) {
		split_finish(card, queue, chains, lengths, count);
		return;
	}
	for (uint16_t i = 0; i < count; i++)
		interrupt |= packed_use(queue, &chains[i], lengths[i]);
	queue->interrupts += interrupt;
}

bool card_deliver(struct virtio_card *card, struct virtio_net_header header, const uint8_t *frame,
		  uint32_t bytes, uint16_t buffers)
{
	static struct card_chain chains[CARD_SEGMENTS_MAX];
	uint32_t lengths[CARD_SEGMENTS_MAX];
	uint32_t each = (bytes + sizeof(header) + buffers - 1) / buffers, done = 0;

	assert(buffers <= CARD_SEGMENTS_MAX);
	header.num_buffers = buffers;
	for (uint16_t i = 0; i < buffers; i++) {
		uint32_t skip = i ? 0 : sizeof(header);

		if (!card_take(card, QUEUE_RECEIVE, &chains[i]))
			return false;
		assert(chains[i].writable && chains[i].descriptors == 1);
		lengths[i] = RTE_MIN(each, bytes - done + skip);
		assert(lengths[i] <= chains[i].length[0]);
		memcpy(chains[i].data[0], &header, skip);
		memcpy(chains[i].data[0] + skip, frame + done, lengths[i] - skip);
		done += lengths[i] - skip;
	}
	card_finish(card, QUEUE_RECEIVE, chains, lengths, buffers);
	return true;
}

uint32_t card_fetch(struct virtio_card *card, uint8_t frame[CARD_FRAME_MAX], struct virtio_net_header *header,
		    uint16_t *descriptors)
{
	struct card_chain chain;
	uint32_t bytes = 0, nothing = 0;

	if (!card_take(card, QUEUE_TRANSMIT, &chain))
		return 0;
	assert(!chain.writable);
	for (uint16_t i = 0; i < chain.descriptors; i++) {
		assert(bytes + chain.length[i] <= CARD_FRAME_MAX);
		memcpy(frame + bytes, chain.data[i], chain.length[i]);
		bytes += chain.length[i];
	}
	assert(bytes >= sizeof(*header));
	memcpy(header, frame, sizeof(*header));
	memmove(frame, frame + sizeof(*header), bytes - sizeof(*header));
	if (descriptors)
		*descriptors = chain.descriptors;
	card_finish(card, QUEUE_TRANSMIT, &chain, &nothing, 1);
	return bytes - (uint32_t)sizeof(*header);
}

static void set_packed_event(struct card_queue *queue, uint16_t flags, uint16_t position)
{
	struct packed_event *event = (struct packed_event *)queue->memory.device;

	event->position = position;
	event->flags = flags;
}

/* Section 2.7.8: with EVENT_IDX, a 16-bit field follows the used ring. */
static void set_split_event(struct card_queue *queue, uint16_t index)
{
	memcpy(&used_of(queue)->ring[queue->memory.size], &index, sizeof(index));
}

void card_want_none(struct virtio_card *card, uint16_t number)
{
	struct card_queue *queue = &card->queue[number];

	if (is_packed(card))
		set_packed_event(queue, EVENT_DISABLE, 0);
	else if (has_events(card))
		set_split_event(queue, (uint16_t)(available_of(queue)->index - 1));
	else
		used_of(queue)->flags = SPLIT_NO_NOTIFY;
}

void card_want_all(struct virtio_card *card, uint16_t number)
{
	struct card_queue *queue = &card->queue[number];

	if (is_packed(card))
		set_packed_event(queue, EVENT_ENABLE, 0);
	else if (has_events(card))
		set_split_event(queue, available_of(queue)->index);
	else
		used_of(queue)->flags = 0;
}

void card_want_after(struct virtio_card *card, uint16_t number, uint16_t ahead)
{
	struct card_queue *queue = &card->queue[number];
	uint32_t position = queue->next + ahead;
	bool wrap = queue->next_wrap;

	assert(has_events(card));
	if (!is_packed(card)) {
		set_split_event(queue, (uint16_t)position);
		return;
	}
	if (position >= queue->memory.size) {
		position -= queue->memory.size;
		wrap = !wrap;
	}
	set_packed_event(queue, EVENT_AT_POSITION, (uint16_t)(position | (wrap ? EVENT_WRAP : 0)));
}
