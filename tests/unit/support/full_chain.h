/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of an appliance with everything in it, as the configuration compiler writes it for
 * `chain: [firewall, nat, router]`. A test that wants it in place of example_chain.c includes this, once.
 */
#ifndef TESTS_FULL_CHAIN_H
#define TESTS_FULL_CHAIN_H

#include <rte_common.h>
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/flow/flow.h"
#include "nf/flow/mss.h"
#include "nf/input/input.h"
#include "nf/input/reassembly.h"
#include "nf/nat/nat.h"
#include "nf/router/router.h"

int appliance_init(void)
{
	int error = input_init();

	if (error == 0)
		error = reassembly_init();
	if (error == 0)
		error = router_init();
	if (error == 0)
		error = firewall_init();
	if (error == 0)
		error = flow_init();
	if (error == 0)
		error = nat_init();
	return error;
}

static void walk(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t decided, others;

	count = flow_find(packets, count, &decided);
	nat_translate(packets, decided);
	others = nat_destination(packets + decided, count - decided);
	others = router_lookup(packets + decided, others);
	others = firewall(packets + decided, others);
	others = flow_settle(packets + decided, others);
	count = mss_clamp(packets, decided + others);
	router_forward(packets, count);
}

void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	struct rte_mbuf *waited[BURST_MAX];

	count = input(device, packets, count);
	count = reassembly(packets, count);
	walk(packets, count);
	while ((count = reassembly_release(waited)) > 0)
		walk(waited, count);
}

uint64_t appliance_tick(void)
{
	uint64_t next = router_tick();

	next = RTE_MIN(next, flow_tick());
	return RTE_MIN(next, reassembly_tick());
}

#endif
