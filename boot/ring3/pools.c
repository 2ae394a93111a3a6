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

int pools_create(void)
{
	host_packet_pool = eal_stack_pool("packets", packet_buffers, RTE_PKTMBUF_HEADROOM + DATA_ROOM);
	if (host_packet_pool != NULL)
		host_indirect_pool = eal_stack_pool("indirect", packet_buffers / INDIRECT_FRACTION, 0);
	if (host_indirect_pool != NULL)
		return 0;
	console_line("no memory for %u packet buffers: %s", packet_buffers, rte_strerror(rte_errno));
	return -rte_errno;
}
