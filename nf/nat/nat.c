/* SPDX-License-Identifier: Apache-2.0 */
#include "nf/nat/nat.h"

int nat_init(void)
{
	return 0;
}

uint16_t nat_destination(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	return count;
}

enum drop_reason nat_source(struct rte_mbuf *m)
{
	(void)m;
	return DROP_REASON_COUNT;
}

void nat_translate(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	(void)count;
}

void nat_restore(struct rte_mbuf *m)
{
	(void)m;
}

void nat_release(uint32_t binding)
{
	(void)binding;
}
