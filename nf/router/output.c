/* SPDX-License-Identifier: Apache-2.0
 *
 * Transmission; see output.h. A queue for each device lives only within a burst or a tick. Since a
 * transmitted packet belongs to the device, what the books need to know of it is noted beside it.
 */
#include <assert.h>
#include <string.h>
#include "nf/host.h"
#include "output.h"

struct note {
	uint32_t bytes;
	uint8_t port;
	bool originated;
};

static struct queue {
	uint16_t count;
	struct rte_mbuf *packets[BURST_MAX];
	struct note notes[BURST_MAX];
} queues[PORTS_MAX];

static uint64_t waiting; /* bit for each device whose queue is not empty */
_Static_assert(PORTS_MAX <= 64, "one bit for each device");

uint8_t output_write_header(uint8_t *to, uint8_t port, const struct rte_ether_addr *mac, uint16_t ether_type)
{
	uint16_t vlan = port_configs[port].vlan;
	struct rte_ether_hdr *ether = (void *)to;

	ether->dst_addr = *mac;
	ether->src_addr = ports[port].mac;
	ether->ether_type = rte_cpu_to_be_16(vlan ? RTE_ETHER_TYPE_VLAN : ether_type);
	if (vlan) {
		struct rte_vlan_hdr *tag = (void *)(ether + 1);

		tag->vlan_tci = rte_cpu_to_be_16(vlan);
		tag->eth_proto = rte_cpu_to_be_16(ether_type);
	}
	return ports[port].vlan_header_bytes;
}

void output_header(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *mac, uint16_t ether_type)
{
	char *to = rte_pktmbuf_prepend(m, ports[port].vlan_header_bytes);

	assert(to);
	m->l2_len = output_write_header((uint8_t *)to, port, mac, ether_type);
}

/* Frames that follow each other are mostly of one kind, so the books are kept by runs of them. */
static void count_sent(const struct note *notes, uint16_t count)
{
	for (uint16_t i = 0, start = 0; i < count; start = i) {
		const struct note kind = notes[i];
		uint64_t bytes = 0;

		for (; i < count && notes[i].port == kind.port && notes[i].originated == kind.originated; i++)
			bytes += notes[i].bytes;
		stats.port[kind.port].tx_packets += i - start;
		stats.port[kind.port].tx_bytes += bytes;
		*(kind.originated ? &stats.originated : &stats.forwarded) += i - start;
	}
}

static void flush(uint16_t device)
{
	struct queue *queue = &queues[device];
	bool up = host_link_is_up(device);
	uint16_t sent = up ? host_transmit(device, queue->packets, queue->count) : 0;

	count_sent(queue->notes, sent);
	for (uint16_t i = sent; i < queue->count; i++)
		packet_refuse(queue->packets[i], up ? DROP_TX_FULL : DROP_LINK_DOWN);
	queue->count = 0;
	waiting &= ~(UINT64_C(1) << device);
}

void output_packet(struct rte_mbuf *m, uint8_t port)
{
	uint16_t device = port_configs[port].device;
	struct queue *queue = &queues[device];
	uint16_t at = queue->count++;

	queue->packets[at] = m;
	queue->notes[at] = (struct note){
	    .bytes = m->pkt_len,
	    .port = port,
	    .originated = packet_meta(m)->flags & PACKET_ORIGINATED,
	};
	waiting |= UINT64_C(1) << device;
	if (queue->count == BURST_MAX)
		flush(device);
}

uint16_t output_fragments(struct rte_mbuf **pieces, uint16_t count, uint8_t port, bool originated)
{
	uint16_t device = port_configs[port].device, sent = 0;
	bool up = host_link_is_up(device);
	uint64_t bytes = 0, unsent_bytes = 0;

	if (queues[device].count)
		flush(device);
	for (uint16_t i = 0; i < count; i++)
		bytes += pieces[i]->pkt_len;
	if (up)
		sent = host_transmit(device, pieces, count);
	for (uint16_t i = sent; i < count; i++)
		unsent_bytes += pieces[i]->pkt_len;
	rte_pktmbuf_free_bulk(pieces + sent, count - sent);
	stats.port[port].tx_packets += sent;
	stats.port[port].tx_bytes += bytes - unsent_bytes;
	if (originated) {
		stats.originated += sent;
	} else if (sent == 0) {
		stats.dropped[up ? DROP_TX_FULL : DROP_LINK_DOWN]++;
	} else {
		stats.forwarded++;
		stats.fragmented++;
		stats.fragments += sent;
	}
	return sent;
}

void output_flush(void)
{
	while (waiting)
		flush(__builtin_ctzll(waiting));
}
