/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports named by a person, ports placed in a machine; see ports.h.
 */
#include "ports.h"

#include <string.h>

#include "command.h"

/* "lan, wan and dmz": the devices, for messages. */
static const char *name_devices(const struct config *config)
{
	static char text[1024];
	size_t filled = 0;

	for (size_t i = 0; i < config->device_count && filled < sizeof(text); i++) {
		const char *joint = i == 0 ? "" : i + 1 == config->device_count ? " and " : ", ";

		filled += (size_t)snprintf(text + filled, sizeof(text) - filled, "%s%s", joint,
					   config->ports[i].name);
	}
	return text;
}

int port_values_add(struct port_values *values, const struct image *image, const char *option,
		    const char *argument)
{
	const struct config *config = image->config;
	const char *equals = strchr(argument, '=');
	int port;

	if (!equals || equals == argument || !equals[1])
		return misused("%s %s: write it like %s %s=%s", option, argument, option,
			       config->ports[0].name, strcmp(option, "--tap") == 0 ? "tap0" : "FILE.pcap");
	port = image_port(image, argument, (size_t)(equals - argument));
	if (port < 0)
		return misused("%s %s: the image has no such port; it has %s", option, argument,
			       name_devices(config));
	if (config->ports[port].device == CONFIG_DEVICE_NONE)
		return misused("%s %s: %s is a tunnel; its datagrams go where its peers are: to %s", option,
			       argument, config->ports[port].name, name_devices(config));
	if ((size_t)port >= config->device_count)
		return misused("%s %s: %s is VLAN %u on %s; its frames, with their tag, go to %s", option,
			       argument, config->ports[port].name, config->ports[port].vlan,
			       config->ports[config->ports[port].device].name,
			       config->ports[config->ports[port].device].name);
	if (values->values[port])
		return misused("%s %s: the port was given twice", option, argument);
	values->values[port] = equals + 1;
	return STATUS_DONE;
}

static void clear_cards(struct launch *launch)
{
	launch->card_count = 0;
	for (size_t i = 0; i < INSTANCE_CARDS_MAX; i++)
		launch->cards[i] =
		    (struct card){.mac = {0x02, 0x57, 0x45, 0x49, 0x52, (uint8_t)i}, .stream = -1};
}

static size_t free_slot(const bool *taken)
{
	size_t slot = 0;

	while (slot < INSTANCE_CARDS_MAX && taken[slot])
		slot++;
	return slot;
}

/* Devices known by slot come first: those known by address can go anywhere. */
int ports_place(struct launch *launch, size_t slots[INSTANCE_CARDS_MAX])
{
	const struct config *config = launch->image->config;
	bool taken[INSTANCE_CARDS_MAX] = {0};

	clear_cards(launch);
	for (int by_mac = 0; by_mac <= 1; by_mac++) {
		for (size_t i = 0; i < config->device_count; i++) {
			const struct config_port *port = &config->ports[i];
			size_t slot = by_mac ? free_slot(taken) : port->slot;

			if (port->mac_given != by_mac)
				continue;
			if (slot >= INSTANCE_CARDS_MAX || taken[slot])
				return failed("port %s: the machine has no network card %zu for it",
					      port->name, slot);
			taken[slot] = true;
			slots[i] = slot;
			memcpy(launch->cards[slot].mac, port->mac, sizeof(port->mac));
			if (slot >= launch->card_count)
				launch->card_count = slot + 1;
		}
	}
	return STATUS_DONE;
}
