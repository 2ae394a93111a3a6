/* SPDX-License-Identifier: Apache-2.0
 *
 * Replay in the image; replay.h says what a replay is. Called by boot/ring3.
 *
 * Each device gets a queue of frames that have arrived, and a driver around its own that takes struct
 * replay_header off and puts it on. A burst leaves the queues only when nothing that may still arrive could
 * belong before it or to it: so bursts depend on the frames and their times alone. The queues own their
 * frames. What headers say is outside input: a frame without a proper one is dropped and counted as
 * device_errors.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <rte_cycles.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/stats.h"
#include "device.h"
#include "replay.h"

enum {
	QUEUE_MAX = 2 * BURST_MAX,
	FILL = 4,		 /* frames taken off a device at a time */
	BYTES_ENOUGH = 64 << 10, /* in a queue or burst: no more are added, or long frames took all buffers */
	LINE_BYTES = 96,
	PATIENCE_SECONDS = 20
};

#define TIME_MAX (UINT64_MAX / 2) /* leaves room to add to */

struct replay_queue {
	struct device *device;
	const struct device_driver *driver; /* the device's own */
	uint64_t last_ns;		    /* time of the newest frame */
	bool ended;			    /* the device gets no more */
	bool stuck;			    /* it takes no more, and was given up */
	uint32_t count, bytes;
	struct rte_mbuf *frames[QUEUE_MAX];
	uint64_t times[QUEUE_MAX];
};

static struct replay_queue queues[PORTS_MAX];
static uint16_t queue_count;

/* Takes the header off a frame. False: there is no proper one. */
static bool header_take(struct rte_mbuf *m, struct replay_header *header)
{
	if (m->data_len < sizeof(*header))
		return false;
	*header = *rte_pktmbuf_mtod(m, struct replay_header *);
	if (header->magic != REPLAY_MAGIC || header->time_ns > TIME_MAX)
		return false;
	m->ol_flags = 0;
	rte_pktmbuf_adj(m, sizeof(*header));
	return true;
}

/* Takes a frame that arrived, and keeps it if it is one. */
static void queue_put(struct replay_queue *queue, struct rte_mbuf *m)
{
	struct replay_header header;

	if (queue->ended || !header_take(m, &header)) {
		stats.port[queue->device->index].device_errors++;
		rte_pktmbuf_free(m);
		return;
	}
	if (header.flags & REPLAY_END) {
		queue->ended = true;
		rte_pktmbuf_free(m);
		return;
	}
	queue->last_ns = RTE_MAX(queue->last_ns, header.time_ns);
	queue->times[queue->count] = queue->last_ns;
	queue->frames[queue->count++] = m;
	queue->bytes += m->pkt_len;
}

static void queue_fill(struct replay_queue *queue)
{
	struct rte_mbuf *arrived[FILL];
	uint16_t count = FILL;

	while (count == FILL && !queue->ended && queue->count <= QUEUE_MAX - FILL &&
	       queue->bytes < BYTES_ENOUGH) {
		count = queue->driver->receive(queue->device, arrived, FILL);
		for (uint16_t i = 0; i < count; i++)
			queue_put(queue, arrived[i]);
	}
}

/* Frames at the queue's head that have one time, as far as they go into one burst. *full: whatever comes,
 * there will be no more of them. */
static uint32_t queue_run(const struct replay_queue *queue, uint32_t max, bool *full)
{
	uint32_t run = 0, bytes = 0;

	do
		bytes += queue->frames[run++]->pkt_len;
	while (run < max && bytes < BYTES_ENOUGH && run < queue->count &&
	       queue->times[run] == queue->times[0]);
	*full = run < queue->count || run == max || bytes >= BYTES_ENOUGH || queue->ended;
	return run;
}

static void queue_take(struct replay_queue *queue, struct rte_mbuf **packets, uint32_t count)
{
	queue->count -= count;
	memcpy(packets, queue->frames, count * sizeof(packets[0]));
	memmove(queue->frames, queue->frames + count, queue->count * sizeof(queue->frames[0]));
	memmove(queue->times, queue->times + count, queue->count * sizeof(queue->times[0]));
	for (uint32_t i = 0; i < count; i++)
		queue->bytes -= packets[i]->pkt_len;
}

/* The queue that holds the earliest frame. NULL: not known yet, or (*ended) all queues are at their ends. */
static struct replay_queue *earliest(bool *ended)
{
	struct replay_queue *first = NULL;

	*ended = true;
	for (uint16_t i = 0; i < queue_count; i++) {
		struct replay_queue *queue = &queues[i];

		queue_fill(queue);
		if (queue->count == 0 && queue->ended)
			continue;
		*ended = false;
		if (queue->count == 0)
			return NULL;
		if (first == NULL || queue->times[0] < first->times[0])
			first = queue;
	}
	return first;
}

int replay_next(struct rte_mbuf **packets, uint16_t max, uint16_t *device, uint64_t *time_ns)
{
	bool ended, full;
	struct replay_queue *queue = earliest(&ended);
	uint32_t run;

	assert(max > 0 && max <= BURST_MAX);
	if (queue == NULL)
		return ended ? -1 : 0;
	run = queue_run(queue, max, &full);
	if (!full)
		return 0;
	*device = queue->device->index;
	*time_ns = queue->times[0];
	queue_take(queue, packets, run);
	return (int)run;
}

static struct replay_queue *queue_of(const struct device *device)
{
	assert(device->index < queue_count);
	return &queues[device->index];
}

/* Gives packets to the device's own driver until it has taken all. False: it takes no more at all. */
static bool transmit_all(struct replay_queue *queue, struct rte_mbuf **packets, uint16_t count)
{
	uint64_t patience = PATIENCE_SECONDS * rte_get_tsc_hz(), since = rte_rdtsc();
	char line[LINE_BYTES];

	while (count > 0 && !queue->stuck) {
		uint16_t taken = queue->driver->transmit(queue->device, packets, count);

		packets += taken;
		count -= taken;
		if (taken > 0)
			since = rte_rdtsc();
		else if (rte_rdtsc() - since > patience)
			queue->stuck = true;
	}
	if (count == 0)
		return true;
	rte_pktmbuf_free_bulk(packets, count);
	stats.port[queue->device->index].device_errors += count;
	snprintf(line, sizeof(line), "device %u: takes no frames any more", queue->device->index);
	host_log(line);
	return false;
}

/* Puts a header before a frame, in an mbuf of its own where the frame's first is shared or has no headroom.
 * Returns the framed packet; NULL: no buffer, and `m` is as it was. Takes `m`. */
static struct rte_mbuf *header_put(struct rte_mbuf *m, uint32_t flags)
{
	struct rte_mbuf *front = m;
	struct replay_header *header;

	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 ||
	    rte_pktmbuf_headroom(m) < sizeof(*header)) {
		front = rte_pktmbuf_alloc(host_packet_pool);
		if (front == NULL)
			return NULL;
		header = (struct replay_header *)rte_pktmbuf_append(front, sizeof(*header));
		rte_pktmbuf_chain(front, m);
	} else {
		header = (struct replay_header *)rte_pktmbuf_prepend(m, sizeof(*header));
	}
	*header = (struct replay_header){.magic = REPLAY_MAGIC, .flags = flags, .time_ns = host_now_ns};
	return front;
}

static int wait_drained(struct replay_queue *queue)
{
	uint64_t patience = PATIENCE_SECONDS * rte_get_tsc_hz(), since = rte_rdtsc();

	while (queue->driver->drain != NULL && !queue->driver->drain(queue->device))
		if (rte_rdtsc() - since > patience)
			return -ETIMEDOUT;
	return 0;
}

/* Frames that are on their way hold buffers, and how many are depends on how fast the devices are. So when
 * few buffers are left they are waited for, lest it be chance whether the chain finds one. */
static void wait_for_buffers(void)
{
	if (rte_mempool_avail_count(host_packet_pool) >= host_packet_pool->size / 2 &&
	    rte_mempool_avail_count(host_indirect_pool) >= host_indirect_pool->size / 2)
		return;
	for (uint16_t i = 0; i < queue_count; i++)
		wait_drained(&queues[i]);
}

static uint16_t replay_transmit(struct device *device, struct rte_mbuf **packets, uint16_t count)
{
	struct replay_queue *queue = queue_of(device);
	uint16_t done = 0;

	while (done < count && !queue->stuck) {
		struct rte_mbuf *framed[BURST_MAX];
		uint16_t ready = 0;

		while (ready < BURST_MAX && done + ready < count) {
			framed[ready] = header_put(packets[done + ready], 0);
			if (framed[ready] == NULL)
				break;
			ready++;
		}
		if (ready == 0)
			break;
		transmit_all(queue, framed, ready);
		wait_for_buffers();
		done += ready;
	}
	return done;
}

/* Bursts come from replay_next. */
static uint16_t replay_receive(struct device *device __rte_unused, struct rte_mbuf **packets __rte_unused,
			       uint16_t max __rte_unused)
{
	return 0;
}

static bool replay_arm(struct device *device)
{
	return queue_of(device)->driver->arm(device);
}

static void replay_disarm(struct device *device)
{
	queue_of(device)->driver->disarm(device);
}

static bool replay_link(struct device *device)
{
	return queue_of(device)->driver->link(device);
}

static const struct device_driver replay_driver = {
    .name = "replay",
    .receive = replay_receive,
    .transmit = replay_transmit,
    .arm = replay_arm,
    .disarm = replay_disarm,
    .link = replay_link,
};

void replay_attach(struct device *devices, uint16_t count)
{
	assert(count <= PORTS_MAX);
	queue_count = count;
	for (uint16_t i = 0; i < count; i++) {
		assert(devices[i].index == i);
		queues[i] = (struct replay_queue){.device = &devices[i], .driver = devices[i].driver};
		devices[i].driver = &replay_driver;
		devices[i].offloads = 0;
	}
}

static int send_end(struct replay_queue *queue)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host_packet_pool), *framed;

	if (m == NULL)
		return -ENOMEM;
	framed = header_put(m, REPLAY_END);
	return transmit_all(queue, &framed, 1) ? 0 : -ETIMEDOUT;
}

int replay_finish(void)
{
	int error = 0;

	for (uint16_t i = 0; i < queue_count && error == 0; i++)
		error = send_end(&queues[i]);
	for (uint16_t i = 0; i < queue_count && error == 0; i++)
		error = wait_drained(&queues[i]);
	return error;
}
