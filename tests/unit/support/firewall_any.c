/* SPDX-License-Identifier: Apache-2.0
 *
 * Any rules and any packets, from few values, so that they meet; see firewall_oracle.h.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include "nf/firewall/firewall_rules.h"
#include "firewall_oracle.h"
#include "nf_host.h"

enum { FRAME = 14 };

static uint8_t any_byte(void)
{
	static const uint8_t bytes[] = {0, 0, 0, 0, 1, 0x7f, 0x80, 0xff};

	return bytes[any_of(sizeof(bytes))];
}

static void any_address(uint8_t *address, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		address[i] = any_byte();
}

static uint8_t any_protocol(void)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
					    47,		 0,	      255};

	return protocols[any_of(sizeof(protocols))];
}

static uint16_t any_l4_port(void)
{
	static const uint16_t ports[] = {0, 1, 255, 256, 443, 32767, 32768, 65534, 65535};

	return ports[any_of(sizeof(ports) / sizeof(ports[0]))];
}

static uint8_t any_port(void)
{
	static const uint8_t ports[] = {0, 1, 2, 63, PORT_SELF};

	return ports[any_of(sizeof(ports))];
}

static void any_range(uint16_t *low, uint16_t *high)
{
	uint16_t a = any_l4_port(), b = any_of(2) ? a : any_l4_port();

	*low = a < b ? a : b;
	*high = a < b ? b : a;
}

/* The tests' tables have classes 0 to 3. */
static void any_classes(uint16_t *low, uint16_t *high)
{
	*low = any_of(4);
	*high = *low + any_of(4 - *low);
}

static struct match_common any_common(uint32_t rule)
{
	struct match_common c = {
	    .rule = rule,
	    .protocol = any_protocol(),
	    .protocol_mask = any_of(2) ? 0xff : 0,
	    .in_port = any_of(3),
	    .in_port_mask = any_of(4) ? 0 : 0xff,
	    .out_port = any_port(),
	    .out_port_mask = any_of(4) ? 0 : 0xff,
	    .source_port_high = UINT16_MAX,
	    .destination_port_high = UINT16_MAX,
	    .needs_l4 = any_of(2),
	    .states = any_of(3) ? 0 : any_of(2 * STATE_INVALID),
	    .dscp_mask = any_of(4) ? 0 : 0x3f,
	    .source_class_high = UINT16_MAX,
	    .destination_class_high = UINT16_MAX,
	};

	c.dscp = any_of(3) & c.dscp_mask;
	if (any_of(4) == 0)
		any_classes(&c.source_class_low, &c.source_class_high);
	if (any_of(4) == 0)
		any_classes(&c.destination_class_low, &c.destination_class_high);

	if (c.needs_l4 && any_of(2))
		any_range(&c.source_port_low, &c.source_port_high);
	if (c.needs_l4 && any_of(2))
		any_range(&c.destination_port_low, &c.destination_port_high);
	if (c.needs_l4 && any_of(3) == 0) {
		c.tcp_flags_mask = any_of(256);
		c.tcp_flags = any_of(256) & c.tcp_flags_mask;
	}
	return c;
}

/* Half of all prefixes are short, or no two rules would ever compete. */
static uint8_t any_length(uint32_t bits)
{
	return any_of(2) ? any_of(4) : any_of(bits + 1);
}

static struct ipv4_prefix any_ipv4_prefix(void)
{
	struct ipv4_prefix prefix = {.length = any_length(32)};
	uint8_t address[4];

	any_address(address, sizeof(address));
	for (uint32_t bit = 0; bit < prefix.length; bit++)
		prefix.address |= (uint32_t)(address[bit / 8] >> (7 - bit % 8) & 1) << (31 - bit);
	return prefix;
}

static struct ipv6_prefix any_ipv6_prefix(void)
{
	struct ipv6_prefix prefix = {.length = any_length(128)};
	uint8_t address[16];

	any_address(address, sizeof(address));
	for (uint32_t bit = 0; bit < prefix.length; bit++)
		prefix.address[bit / 8] |= address[bit / 8] & 0x80 >> bit % 8;
	return prefix;
}

static struct rate_limit any_rate(void)
{
	static const uint64_t intervals_ns[] = {1, 1000, 1000000, SECOND, UINT64_C(3600) * SECOND};

	return (struct rate_limit){
	    .interval_ns = intervals_ns[any_of(5)],
	    .burst = 1 + any_of(3),
	    .per_source = any_of(2),
	};
}

static struct firewall_rule any_rule(bool last)
{
	static const uint8_t goes_on[] = {FIREWALL_LOG, FIREWALL_COUNT, FIREWALL_LIMIT};
	struct firewall_rule rule = {
	    .name = "r",
	    .action = any_of(2) ? FIREWALL_ACCEPT : FIREWALL_DROP,
	    .log = any_of(8) == 0,
	};

	if (!last && any_of(6) == 0)
		rule.action = goes_on[any_of(3)];
	if (rule.action == FIREWALL_LIMIT || (!last && any_of(6) == 0))
		rule.rate = any_rate();
	rule.each = rule.action > FIREWALL_REJECT || rule.rate.interval_ns;
	return rule;
}

/* Some rules are for each packet without need, as far as their matches go. */
static void see_each(const struct match_common *common)
{
	rule_table[common->rule].each |=
	    common->tcp_flags_mask || common->dscp_mask || common->protocol == IPPROTO_ICMPV6;
}

static int by_rule4(const void *a, const void *b)
{
	const struct ipv4_match *one = a, *other = b;

	return (int)one->common.rule - (int)other->common.rule;
}

static int by_rule6(const void *a, const void *b)
{
	const struct ipv6_match *one = a, *other = b;

	return (int)one->common.rule - (int)other->common.rule;
}

void firewall_any_rules(uint32_t rules, uint32_t ipv4, uint32_t ipv6)
{
	rule_count = rules + 1;
	for (uint32_t i = 0; i <= rules; i++)
		rule_table[i] = any_rule(i == rules);
	ipv4_count = rules ? ipv4 : 0;
	ipv6_count = rules ? ipv6 : 0;
	for (uint32_t i = 0; i < ipv4_count; i++)
		ipv4_table[i] =
		    (struct ipv4_match){any_common(any_of(rules)), any_ipv4_prefix(), any_ipv4_prefix()};
	for (uint32_t i = 0; i < ipv6_count; i++)
		ipv6_table[i] =
		    (struct ipv6_match){any_common(any_of(rules)), any_ipv6_prefix(), any_ipv6_prefix()};
	qsort(ipv4_table, ipv4_count, sizeof(ipv4_table[0]), by_rule4);
	qsort(ipv6_table, ipv6_count, sizeof(ipv6_table[0]), by_rule6);
	for (uint32_t i = 0; i < ipv4_count; i++)
		see_each(&ipv4_table[i].common);
	for (uint32_t i = 0; i < ipv6_count; i++)
		see_each(&ipv6_table[i].common);
}

struct rte_mbuf *firewall_any_packet(void)
{
	uint8_t frame[FRAME + 4 + 40] = {0};
	bool ipv6 = any_of(2), l4 = any_of(8);
	uint8_t *ip = frame + FRAME + (any_of(2) ? 4 : 0);
	struct rte_mbuf *m;

	any_address(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
	ip[ipv6 ? 0 : 1] = any_of(3) << (ipv6 ? 0 : 2); /* DSCP, of IPv6 its upper four bits */
	m = nf_host_frame(frame, sizeof(frame), 0);
	m->l2_len = ip - frame;
	m->l3_len = ipv6 ? 40 : 20;
	*packet_meta(m) = (struct packet_meta){
	    .in_port = any_of(3),
	    .out_port = any_port(),
	    .protocol = any_protocol(),
	    .tcp_flags = l4 ? any_of(256) : 0,
	    .flags = (ipv6 ? PACKET_IPV6 : 0) | (l4 ? PACKET_L4 : PACKET_FRAGMENT | PACKET_LATER_FRAGMENT),
	    .source_port = l4 ? htons(any_l4_port()) : 0,
	    .destination_port = l4 ? htons(any_l4_port()) : 0,
	    .l3_bytes = any_of(65536),
	    .state = any_of(5) ? 1 << any_of(4) : 0,
	    .invalid = DROP_TCP_WINDOW,
	};
	return m;
}
