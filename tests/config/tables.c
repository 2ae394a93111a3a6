/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints what a generated appliance says about itself, through nf/appliance.h alone: linked with it by
 * test_config. The stages print their names, so the chain's order shows.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "nf/router/router.h"

int input_init(void)
{
	puts("init input");
	return 0;
}

int router_init(void)
{
	puts("init router");
	return 0;
}

int firewall_init(void)
{
	puts("init firewall");
	return 0;
}

uint16_t input(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("input %u: %u packets\n", device, count);
	return (uint16_t)(count - 1);
}

uint16_t router_lookup(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("router_lookup: %u packets\n", count);
	return (uint16_t)(count - 1);
}

uint16_t firewall(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("firewall: %u packets\n", count);
	return (uint16_t)(count - 1);
}

void router_forward(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("router_forward: %u packets\n", count);
}

uint64_t router_tick(void)
{
	return 4711;
}

static const char *ipv4(uint32_t address)
{
	static char text[4][INET_ADDRSTRLEN];
	static unsigned int next;
	struct in_addr network = {htonl(address)};

	next = (next + 1) % 4;
	return inet_ntop(AF_INET, &network, text[next], sizeof(text[next]));
}

static const char *ipv6(const uint8_t address[16])
{
	static char text[4][INET6_ADDRSTRLEN];
	static unsigned int next;

	next = (next + 1) % 4;
	return inet_ntop(AF_INET6, address, text[next], sizeof(text[next]));
}

static void print_mac(const uint8_t mac[6])
{
	printf(" %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void print_ports(void)
{
	printf("%s: %u devices, %u ports, %u buffers, log %u/s, icmp errors %u/s\n", appliance_name,
	       device_count, port_count, packet_buffers, log_lines_per_second, icmp_errors_per_second);
	for (unsigned int i = 0; i < port_count; i++) {
		const struct port_config *port = &port_configs[i];

		printf("port %u %s device %u vlan %u mtu %u", i, port->name, port->device, port->vlan,
		       port->mtu);
		if (port->vlan == 0)
			printf(port->mac_given ? " by mac" : " slot %u", port->slot);
		print_mac(port->mac);
		for (unsigned int j = 0; j < port->ipv4_count; j++)
			printf(" %s/%u", ipv4(port->ipv4[j].address), port->ipv4[j].length);
		for (unsigned int j = 0; j < port->ipv6_count; j++)
			printf(" %s/%u", ipv6(port->ipv6[j].address), port->ipv6[j].length);
		putchar('\n');
	}
	printf("neighbours %u\n", neighbour_capacity);
	for (unsigned int i = 0; i < static_neighbour_count; i++) {
		const struct static_neighbour *neighbour = &static_neighbours[i];

		printf("neighbour on %u %s", neighbour->port,
		       neighbour->ipv6 ? ipv6(neighbour->ipv6_address) : ipv4(neighbour->ipv4));
		print_mac(neighbour->mac);
		putchar('\n');
	}
}

static void print_routes(void)
{
	static const char *const kinds[] = {"gateway", "connected", "blackhole", "unreachable"};

	for (unsigned int i = 0; i < ipv4_route_count; i++)
		printf("route %s/%u %s %s port %u\n", ipv4(ipv4_routes[i].prefix.address),
		       ipv4_routes[i].prefix.length, kinds[ipv4_routes[i].kind], ipv4(ipv4_routes[i].gateway),
		       ipv4_routes[i].port);
	for (unsigned int i = 0; i < ipv6_route_count; i++)
		printf("route %s/%u %s %s port %u\n", ipv6(ipv6_routes[i].prefix.address),
		       ipv6_routes[i].prefix.length, kinds[ipv6_routes[i].kind], ipv6(ipv6_routes[i].gateway),
		       ipv6_routes[i].port);
}

static void print_match(const struct match_common *match)
{
	printf("match rule %u proto %u/%02x in %u/%02x out %u/%02x flags %02x/%02x", match->rule,
	       match->protocol, match->protocol_mask, match->in_port, match->in_port_mask, match->out_port,
	       match->out_port_mask, match->tcp_flags, match->tcp_flags_mask);
	printf(" %s %u-%u > %u-%u", match->needs_l4 ? "l4" : "l3", match->source_port_low,
	       match->source_port_high, match->destination_port_low, match->destination_port_high);
}

static void print_rules(void)
{
	static const char *const actions[] = {"accept", "drop", "reject", "log"};

	for (unsigned int i = 0; i < firewall_rule_count; i++)
		printf("rule %u %s %s%s, hits %lu\n", i, firewall_rules[i].name,
		       actions[firewall_rules[i].action], firewall_rules[i].log ? " + log" : "",
		       rule_stats[i].packets);
	for (unsigned int i = 0; i < ipv4_match_count; i++) {
		const struct ipv4_match *match = &ipv4_matches[i];

		print_match(&match->common);
		printf(" %s/%u > %s/%u\n", ipv4(match->source.address), match->source.length,
		       ipv4(match->destination.address), match->destination.length);
	}
	for (unsigned int i = 0; i < ipv6_match_count; i++) {
		const struct ipv6_match *match = &ipv6_matches[i];

		print_match(&match->common);
		printf(" %s/%u > %s/%u\n", ipv6(match->source.address), match->source.length,
		       ipv6(match->destination.address), match->destination.length);
	}
}

int main(void)
{
	print_ports();
	print_routes();
	print_rules();
	if (appliance_init() != 0)
		return 1;
	appliance_chain(1, NULL, 32);
	return appliance_tick() == 4711 ? 0 : 1;
}
