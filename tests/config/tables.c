/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints what a generated appliance says about itself, through nf/appliance.h alone: linked with it by
 * test_config. The stages print their names, so the chain's order shows.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include "nf/appliance.h"
#include "nf/firewall/firewall.h"
#include "nf/flow/flow.h"
#include "nf/flow/mss.h"
#include "nf/input/input.h"
#include "nf/input/reassembly.h"
#include "nf/nat/nat.h"
#include "nf/packet.h"
#include "nf/router/router.h"
#include "nf/wireguard/config.h"
#include "nf/wireguard/wireguard.h"

#define INIT(stage) \
	int stage##_init(void) \
	{ \
		puts("init " #stage); \
		return 0; \
	}

/* A stage that drops one packet. */
#define STAGE(stage) \
	uint16_t stage(struct rte_mbuf **packets, uint16_t count) \
	{ \
		(void)packets; \
		printf(#stage ": %u packets\n", count); \
		return (uint16_t)(count - 1); \
	}

INIT(input)
INIT(reassembly)
INIT(router)
INIT(firewall)
INIT(flow)
INIT(nat)
INIT(wireguard)
STAGE(reassembly)
STAGE(router_lookup)
STAGE(nat_destination)
STAGE(firewall)
STAGE(flow_settle)
STAGE(mss_clamp)
STAGE(wireguard_take)

uint16_t input(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("input %u: %u packets\n", device, count);
	return (uint16_t)(count - 1);
}

uint16_t reassembly_release(struct rte_mbuf **packets)
{
	(void)packets;
	return 0;
}

/* A third of the packets have a record. */
uint16_t flow_find(struct rte_mbuf **packets, uint16_t count, uint16_t *decided)
{
	*decided = count / 3;
	(void)packets;
	printf("flow_find: %u packets, %u decided\n", count, *decided);
	return count;
}

void nat_translate(struct rte_mbuf **packets, uint16_t count)
{
	(void)packets;
	printf("nat_translate: %u packets\n", count);
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

uint64_t flow_tick(void)
{
	puts("tick flow");
	return 5000;
}

/* Once, 30 packets. */
uint16_t wireguard_open(struct rte_mbuf **packets)
{
	static bool opened;

	(void)packets;
	opened = !opened;
	puts(opened ? "wireguard_open: 30 packets" : "wireguard_open: none");
	return opened ? 30 : 0;
}

uint64_t wireguard_tick(void)
{
	puts("tick wireguard");
	return UINT64_MAX;
}

uint64_t reassembly_tick(void)
{
	puts("tick reassembly");
	return 5000;
}

static const char *ipv4(uint32_t address)
{
	static char text[8][INET_ADDRSTRLEN];
	static unsigned int next;
	struct in_addr network = {htonl(address)};

	next = (next + 1) % 8;
	return inet_ntop(AF_INET, &network, text[next], sizeof(text[next]));
}

static const char *ipv6(const uint8_t address[16])
{
	static char text[8][INET6_ADDRSTRLEN];
	static unsigned int next;

	next = (next + 1) % 8;
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
		if (port->mss)
			printf(" mss %u", port->mss);
		if (port->zone != i)
			printf(" zone %u", port->zone);
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
	if (match->states)
		printf(" states %x", match->states);
	if (match->dscp_mask)
		printf(" dscp %u", match->dscp);
	if (match->source_class_low || match->source_class_high != 65535)
		printf(" source class %u-%u", match->source_class_low, match->source_class_high);
	if (match->destination_class_low || match->destination_class_high != 65535)
		printf(" destination class %u-%u", match->destination_class_low,
		       match->destination_class_high);
	printf(" %s %u-%u > %u-%u", match->needs_l4 ? "l4" : "l3", match->source_port_low,
	       match->source_port_high, match->destination_port_low, match->destination_port_high);
}

static void print_rule(unsigned int i, const char *action)
{
	const struct firewall_rule *rule = &firewall_rules[i];

	printf("rule %u %s %s%s, hits %lu", i, rule->name, action, rule->log ? " + log" : "",
	       rule_stats[i].packets);
	if (rule->each)
		fputs(", each", stdout);
	if (rule->rate.interval_ns)
		printf(", one in %lu ns, burst %u%s", rule->rate.interval_ns, rule->rate.burst,
		       rule->rate.per_source ? ", per source" : "");
	if (rule->connections)
		printf(", %u connections", rule->connections);
	putchar('\n');
}

static void print_flows(void)
{
	if (flow_capacity == 0)
		return;
	printf("flows %u%s, timeouts", flow_capacity, flow_loose ? ", loose" : "");
	for (int i = 1; i < FLOW_TIMEOUT_COUNT; i++)
		printf(" %u", flow_timeouts_s[i]);
	printf("\nfirewall %s invalid, %u sources\n", firewall_judges_invalid ? "judges" : "never sees",
	       firewall_sources);
	for (unsigned int i = 0; i < ipv4_class_count; i++)
		printf("class %u from %s\n", ipv4_classes[i].number, ipv4(ipv4_classes[i].first));
	for (unsigned int i = 0; i < ipv6_class_count; i++)
		printf("class %u from %s\n", ipv6_classes[i].number, ipv6(ipv6_classes[i].first));
}

static const char *nat_text(bool is_ipv6, const union nat_address *address)
{
	return is_ipv6 ? ipv6(address->ipv6) : ipv4(address->ipv4);
}

static void print_nat(void)
{
	static const char *const kinds[] = {"keep", "masquerade", "pool"};

	if (!nat_configured)
		return;
	printf("nat%s\n", nat_hairpin ? ", hairpin" : "");
	for (unsigned int i = 0; i < nat_source_rule_count; i++) {
		const struct nat_source_rule *rule = &nat_source_rules[i];

		printf("source %s %s out %u in %u proto %u %s/%u > %s/%u", rule->name, kinds[rule->kind],
		       rule->out_port, rule->in_port, rule->protocol,
		       nat_text(rule->ipv6, &rule->source.address), rule->source.length,
		       nat_text(rule->ipv6, &rule->destination.address), rule->destination.length);
		printf(" to %s - %s%s ports %u-%u mapping %u filtering %u\n",
		       nat_text(rule->ipv6, &rule->first), nat_text(rule->ipv6, &rule->last),
		       rule->arbitrary ? " arbitrary" : "", rule->port_low, rule->port_high, rule->mapping,
		       rule->filtering);
	}
	for (unsigned int i = 0; i < nat_destination_rule_count; i++) {
		const struct nat_destination_rule *rule = &nat_destination_rules[i];

		printf("destination %s in %u proto %u %s from %s/%u ports %u-%u to %s port %u\n", rule->name,
		       rule->in_port, rule->protocol,
		       rule->any_address ? "any" : nat_text(rule->ipv6, &rule->address),
		       nat_text(rule->ipv6, &rule->source.address), rule->source.length, rule->port_low,
		       rule->port_high, nat_text(rule->ipv6, &rule->to), rule->to_port);
	}
	for (unsigned int i = 0; i < nat_static_rule_count; i++)
		printf("static %s port %u %s/%u = %s/%u\n", nat_static_rules[i].name,
		       nat_static_rules[i].port,
		       nat_text(nat_static_rules[i].ipv6, &nat_static_rules[i].external.address),
		       nat_static_rules[i].external.length,
		       nat_text(nat_static_rules[i].ipv6, &nat_static_rules[i].internal.address),
		       nat_static_rules[i].internal.length);
}

static void print_rules(void)
{
	static const char *const actions[] = {"accept", "drop", "reject", "log", "count", "limit"};

	for (unsigned int i = 0; i < firewall_rule_count; i++)
		print_rule(i, actions[firewall_rules[i].action]);
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

static void print_peer(unsigned int i)
{
	const struct wireguard_peer_config *peer = &wireguard_peers[i];

	printf("peer %u %s tunnel %u key %02x..%02x preshared %02x..%02x keepalive %u", i, peer->name,
	       peer->tunnel, peer->public_key[0], peer->public_key[31], wireguard_preshared_keys[i][0],
	       wireguard_preshared_keys[i][31], peer->keepalive_s);
	if (peer->endpoint_family)
		printf(" at %s port %u", nat_text(peer->endpoint_family == 6, &peer->endpoint),
		       peer->endpoint_port);
	putchar('\n');
}

static void print_tunnels(void)
{
	for (unsigned int i = 0; i < wireguard_tunnel_count; i++)
		printf("tunnel %u port %u udp %u peers %u from %u key %02x..%02x\n", i,
		       wireguard_tunnels[i].port, wireguard_tunnels[i].listen_port,
		       wireguard_tunnels[i].peer_count, wireguard_tunnels[i].first_peer,
		       wireguard_private_keys[i][0], wireguard_private_keys[i][31]);
	for (unsigned int i = 0; i < wireguard_peer_count; i++)
		print_peer(i);
	for (unsigned int i = 0; i < wireguard_allowed_ipv4_count; i++)
		printf("allowed %s/%u peer %u\n", ipv4(wireguard_allowed_ipv4[i].prefix.address),
		       wireguard_allowed_ipv4[i].prefix.length, wireguard_allowed_ipv4[i].peer);
	for (unsigned int i = 0; i < wireguard_allowed_ipv6_count; i++)
		printf("allowed %s/%u peer %u\n", ipv6(wireguard_allowed_ipv6[i].prefix.address),
		       wireguard_allowed_ipv6[i].prefix.length, wireguard_allowed_ipv6[i].peer);
}

int main(void)
{
	print_ports();
	print_tunnels();
	print_routes();
	print_flows();
	print_nat();
	print_rules();
	if (appliance_init() != 0)
		return 1;
	appliance_chain(1, NULL, 32);
	return appliance_tick() == 4711 ? 0 : 1;
}
