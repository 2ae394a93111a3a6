/* SPDX-License-Identifier: Apache-2.0
 *
 * Creates the pool of packet buffers and the pool of mbufs that point into others' buffers.
 */
#include <rte_errno.h>
#include <rte_mbuf.h>
#include "boot/eal/eal.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "console.h"
#include "pools.h"

enum {
	DATA_ROOM = 2048,
	INDIRECT_FRACTION = 2, /* one for so many packet buffers */
};

struct rte_mempool *host_packet_pool, *host_indirect_pool;

/* Without a cache for each core: there is one core, a stack is as fast as a cache, and room for 128 caches
 * would be a megabyte. */
static struct rte_mempool *pool_create(const char *name, uint32_t count, uint16_t room)
{
	return rte_pktmbuf_pool_create_by_ops(name, count, 0, 0, room, SOCKET_ID_ANY, STACK_POOL);
}

int pools_create(void)
{
	host_packet_pool = pool_create("packets", packet_buffers, RTE_PKTMBUF_HEADROOM + DATA_ROOM);
	if (host_packet_pool != NULL)
		host_indirect_pool = pool_create("indirect", packet_buffers / INDIRECT_FRACTION, 0);
	if (host_indirect_pool != NULL)
		return 0;
	console_line("no memory for %u packet buffers: %s", packet_buffers, rte_strerror(rte_errno));
	return -rte_errno;
}
