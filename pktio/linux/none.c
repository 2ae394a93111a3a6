/* SPDX-License-Identifier: Apache-2.0
 *
 * The device without a cable; see none.h. The network functions drop what should leave it as link-down.
 */
#include "none.h"

static uint16_t none_receive(struct device *device __rte_unused, struct rte_mbuf **packets __rte_unused,
			     uint16_t max __rte_unused)
{
	return 0;
}

/* Takes nothing: the caller keeps the packets. */
static uint16_t none_transmit(struct device *device __rte_unused, struct rte_mbuf **packets __rte_unused,
			      uint16_t count __rte_unused)
{
	return 0;
}

static bool none_arm(struct device *device __rte_unused)
{
	return false;
}

static void none_disarm(struct device *device __rte_unused)
{
}

static bool none_link(struct device *device __rte_unused)
{
	return false;
}

static const struct device_driver none_driver = {
    .name = "none",
    .receive = none_receive,
    .transmit = none_transmit,
    .arm = none_arm,
    .disarm = none_disarm,
    .link = none_link,
};

void none_device_open(struct device *device)
{
	device->driver = &none_driver;
}
