/* SPDX-License-Identifier: Apache-2.0
 *
 * PORT=VALUE arguments, and where in the machine each device of the appliance goes.
 */
#ifndef IMAGES_PORTS_H
#define IMAGES_PORTS_H

#include <stddef.h>

#include "instance.h"

/* What a person gave for one device: values[i] belongs to device i, NULL where nothing was given. */
struct port_values {
	const char *values[INSTANCE_CARDS_MAX];
};

/* Takes one PORT=VALUE. `option` is its name in messages. Status. */
int port_values_add(struct port_values *values, const struct image *image, const char *option,
		    const char *argument);

/* Gives the launch a card for each device, at the slot and with the address that the configuration says;
 * cards between them have no peer. slots[i] becomes device i's index in launch->cards. Status. */
int ports_place(struct launch *launch, size_t slots[INSTANCE_CARDS_MAX]);

#endif
