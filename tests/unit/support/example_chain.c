/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of the example appliance for unit tests, as the configuration compiler writes it for
 * `chain: [firewall, router]`.
 */
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/input/input.h"
#include "nf/router/router.h"

int appliance_init(void)
{
	int error = input_init();

	if (error == 0)
		error = router_init();
	if (error == 0)
		error = firewall_init();
	return error;
}

void appliance_chain(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	count = input(device, packets, count);
	count = router_lookup(packets, count);
	count = firewall(packets, count);
	router_forward(packets, count);
}

uint64_t appliance_tick(void)
{
	return router_tick();
}
