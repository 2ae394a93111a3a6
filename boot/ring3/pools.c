/* SPDX-License-Identifier: Apache-2.0
 *
 * Creates the pool of packet buffers and the pool of mbufs that point into others' buffers.
 */
#include <rte_errno.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "console.h"
#include "pools.h"

enum {
	DATA_ROOM = 2048,
	CACHE = 256,
	CACHE_RATIO = 2,       /* a pool has at least so many times its cache */
	INDIRECT_FRACTION = 2, /* one for so many packet buffers */
};

struct rte_mempool *host_packet_pool, *host_indirect_pool;

/* One core gets and puts: no pool needs the ring driver's atomic operations. */
static struct rte_mempool *pool_create(const char *name, uint32_t count, uint16_t room)
{
	uint32_t cache = RTE_MIN((uint32_t)CACHE, count / CACHE_RATIO);

	return rte_pktmbuf_pool_create_by_ops(name, count, cache, 0, room, SOCKET_ID_ANY, "ring_sp_sc");
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
