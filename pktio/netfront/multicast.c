/* SPDX-License-Identifier: Apache-2.0
 *
 * The multicast frames that a backend is to send us, where it would otherwise send all that it sees: those to
 * the groups that neighbour discovery uses. Called by setup.c and state.c.
 *
 * The groups of an address that NAT answers for may be as many as there are; then nothing is filtered, nor
 * where a backend can't be told later that we want all again. Sources: Xen, public/io/netif.h,
 * "feature-multicast-control"; RFC 4291, section 2.7.1 (solicited-node groups) and 2.6.1 (the anycast address
 * of routers); RFC 2464, section 7 (their Ethernet addresses).
 */
#include <string.h>
#include "nf/appliance.h"
#include "net.h"

/* Linux's backend keeps 64. Two entries of the ring each. */
enum { GROUPS_MAX = 48, MAC_BYTES = 6 };

struct groups {
	uint32_t count; /* above GROUPS_MAX: there are more */
	uint8_t group[GROUPS_MAX][MAC_BYTES];
};

static void add(struct groups *groups, const uint8_t group[MAC_BYTES])
{
	for (uint32_t i = 0; i < RTE_MIN(groups->count, (uint32_t)GROUPS_MAX); i++)
		if (memcmp(groups->group[i], group, MAC_BYTES) == 0)
			return;
	if (groups->count < GROUPS_MAX)
		memcpy(groups->group[groups->count], group, MAC_BYTES);
	groups->count++;
}

static void add_solicited(struct groups *groups, const uint8_t last[3])
{
	add(groups, (uint8_t[MAC_BYTES]){0x33, 0x33, 0xff, last[0], last[1], last[2]});
}

/* The address, and that of its network, which is every router's. */
static void add_prefix(struct groups *groups, const struct ipv6_prefix *prefix)
{
	uint8_t network[3];

	for (int i = 0; i < 3; i++) {
		int bits = prefix->length - 8 * (13 + i);

		network[i] = bits >= 8 ? 0xff : bits <= 0 ? 0 : (uint8_t)(0xff00 >> bits);
		network[i] &= prefix->address[13 + i];
	}
	add_solicited(groups, prefix->address + 13);
	add_solicited(groups, network);
}

static void find(const struct net *net, struct groups *groups)
{
	*groups = (struct groups){0};
	add(groups, (uint8_t[MAC_BYTES]){0x33, 0x33, [5] = 1}); /* all nodes */
	add(groups, (uint8_t[MAC_BYTES]){0x33, 0x33, [5] = 2}); /* all routers */
	add_solicited(groups, net->device->mac + 3);		/* link-local */
	for (uint16_t i = 0; i < port_count; i++)
		for (uint16_t n = 0;
		     port_configs[i].device == net->device->index && n < port_configs[i].ipv6_count; n++)
			add_prefix(groups, &port_configs[i].ipv6[n]);
}

bool multicast_is_filtered(const struct net *net)
{
	struct groups groups;

	if (!net->features.multicast || !net->features.dynamic_multicast || net->floods || nat_configured)
		return false;
	find(net, &groups);
	return groups.count <= GROUPS_MAX;
}

void multicast_join(struct net *net)
{
	struct groups groups;

	if (!multicast_is_filtered(net))
		return;
	find(net, &groups);
	for (uint32_t i = 0; i < groups.count; i++) {
		struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD};

		memcpy(extra.u.mcast.addr, groups.group[i], MAC_BYTES);
		netfront_send_extra(net, &extra);
	}
}
