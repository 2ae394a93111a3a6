/* SPDX-License-Identifier: Apache-2.0
 *
 * Creates the pool of packet buffers and the pool of mbufs that point into others' buffers.
 */
#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include "boot/eal/eal.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "pktio/netfront/netfront.h"
#include "pktio/xen/grants.h"
#include "console.h"
#include "pools.h"

enum {
	DATA_ROOM = 2048,
	INDIRECT_FRACTION = 2, /* one for so many packet buffers */
	PAIR_BYTES = 2 * 4096,
	MEMORY_FRACTION = 2, /* of the machine's, for pages, where that is more than was reckoned with */
	LESS_FRACTION = 8,   /* by so much fewer are tried when there is no memory for as many */
};

struct rte_mempool *host_packet_pool, *host_indirect_pool;

/* Memory was reckoned with for so many bytes of buffers; there may be more. */
static uint32_t page_buffers(const struct handover *handover)
{
	uint64_t reckoned =
	    (uint64_t)packet_buffers * (DATA_ROOM + RTE_PKTMBUF_HEADROOM + sizeof(struct rte_mbuf));
	uint64_t room = RTE_MAX(reckoned, handover->memory_bytes / MEMORY_FRACTION) / PAIR_BYTES;

	return (uint32_t)RTE_MIN(RTE_MIN(room, (uint64_t)grants_run_max()), (uint64_t)packet_buffers);
}

static struct rte_mempool *create_pages(const struct handover *handover)
{
	struct rte_mempool *pool = NULL;
	uint32_t count;
	void *start;

	grants_init(handover->xen, device_count * NETFRONT_GRANTS);
	for (count = page_buffers(handover); count > 0; count -= RTE_MAX(count / LESS_FRACTION, 1u)) {
		pool = eal_page_pool("packets", count, &start);
		if (pool != NULL)
			break;
	}
	if (pool == NULL)
		return NULL;
	grants_pool(start, count);
	if (count < packet_buffers)
		console_line("xen: room for %u packet buffers of two pages each, of %u", count,
			     packet_buffers);
	return pool;
}

int pools_create(const struct handover *handover)
{
	if (handover != NULL && handover->xen != NULL)
		host_packet_pool = create_pages(handover);
	else
		host_packet_pool =
		    eal_stack_pool("packets", packet_buffers, RTE_PKTMBUF_HEADROOM + DATA_ROOM);
	if (host_packet_pool != NULL)
		host_indirect_pool = eal_stack_pool("indirect", packet_buffers / INDIRECT_FRACTION, 0);
	if (host_indirect_pool != NULL)
		return 0;
	console_line("no memory for %u packet buffers: %s", packet_buffers, rte_strerror(rte_errno));
	return -ENOMEM;
}
