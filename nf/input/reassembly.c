/* SPDX-License-Identifier: Apache-2.0 */
#include "nf/input/reassembly.h"

int reassembly_init(void)
{
	return 0;
}

uint16_t reassembly(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	return count;
}

uint16_t reassembly_release(struct rte_mbuf **packets)
{
	(void)packets;
	return 0;
}

uint64_t reassembly_tick(void)
{
	return UINT64_MAX;
}
