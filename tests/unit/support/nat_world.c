/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules from text, and packets to text; see nat_world.h. Checksums are computed anew from RFC 1071, 768,
 * 9293, 792 and 4443, over bytes by their offsets.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <rte_common.h>
#include "nf/packet.h"
#include "nat_world.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, SAID_MAX = 400, ADDRESS_TEXT = 64, SHORTEST = 8 };

static const char *const drop_names[] = {
#define X(identifier, name, meaning) name,
    DROP_REASONS(X)
#undef X
};
static const char *const port_names[] = {"lan", "wan", "dmz"};

void nat_world_clear(void)
{
	nat_source_count = nat_destination_count = nat_static_count = 0;
	memset(nat_sources, 0, sizeof(nat_sources));
	memset(nat_destinations, 0, sizeof(nat_destinations));
	memset(nat_statics, 0, sizeof(nat_statics));
	nat_hairpins = true;
	nat_judges_invalid = false;
	nat_verdict.action = FIREWALL_ACCEPT;
}

union nat_address nat_address(const char *text)
{
	union nat_address address = {0};

	if (strchr(text, ':')) {
		assert(inet_pton(AF_INET6, text, address.ipv6) == 1);
	} else {
		assert(inet_pton(AF_INET, text, &address.ipv4) == 1);
		address.ipv4 = ntohl(address.ipv4);
	}
	return address;
}

struct nat_prefix nat_prefix(const char *address, uint8_t length)
{
	return (struct nat_prefix){nat_address(address), length};
}

struct nat_source_rule *nat_add_masquerade(bool ipv6)
{
	struct nat_source_rule *rule = &nat_sources[nat_source_count++];

	*rule = (struct nat_source_rule){
	    .name = "masquerade",
	    .kind = NAT_SOURCE_MASQUERADE,
	    .ipv6 = ipv6,
	    .out_port = WAN,
	    .in_port = PORT_NONE,
	    .port_low = 1024,
	    .port_high = 65535,
	    .mapping = NAT_MAPPING_ENDPOINT_INDEPENDENT,
	    .filtering = NAT_FILTERING_ADDRESS_AND_PORT_DEPENDENT,
	};
	return rule;
}

struct nat_source_rule *nat_add_pool(const char *first, const char *last)
{
	struct nat_source_rule *rule = nat_add_masquerade(strchr(first, ':') != NULL);

	rule->name = "pool";
	rule->kind = NAT_SOURCE_POOL;
	rule->first = nat_address(first);
	rule->last = nat_address(last);
	return rule;
}

struct nat_destination_rule *nat_add_forward(uint8_t protocol, uint16_t low, uint16_t high, const char *to,
					     uint16_t to_port)
{
	struct nat_destination_rule *rule = &nat_destinations[nat_destination_count++];

	*rule = (struct nat_destination_rule){
	    .name = "forward",
	    .ipv6 = strchr(to, ':') != NULL,
	    .in_port = WAN,
	    .protocol = protocol,
	    .any_address = true,
	    .port_low = low,
	    .port_high = high,
	    .to = nat_address(to),
	    .to_port = to_port,
	};
	return rule;
}

struct nat_static_rule *nat_add_static(const char *external, const char *internal, uint8_t length)
{
	struct nat_static_rule *rule = &nat_statics[nat_static_count++];

	*rule = (struct nat_static_rule){
	    .name = "static",
	    .ipv6 = strchr(external, ':') != NULL,
	    .port = WAN,
	    .external = nat_prefix(external, length),
	    .internal = nat_prefix(internal, length),
	};
	return rule;
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* An IP packet in bytes; `bytes` of it are there. */
struct view {
	const uint8_t *ip, *transport;
	size_t bytes, total, header;
	uint8_t protocol;
	bool ipv6, partial, first, later;
};

static struct view look(const uint8_t *ip, size_t bytes)
{
	struct view v = {.ip = ip, .bytes = bytes, .ipv6 = ip[0] >> 4 == 6};

	v.header = v.ipv6 ? IPV6 : (ip[0] & 15) * 4;
	v.total = v.ipv6 ? IPV6 + get16(ip + 4) : get16(ip + 2);
	v.protocol = v.ipv6 ? ip[6] : ip[9];
	if (v.ipv6 && v.protocol == IPPROTO_FRAGMENT) {
		v.protocol = ip[IPV6];
		v.header += 8;
		v.later = get16(ip + IPV6 + 2) & 0xfff8;
		v.first = get16(ip + IPV6 + 2) == 1;
	} else if (!v.ipv6) {
		v.later = get16(ip + 6) & 0x1fff;
		v.first = (get16(ip + 6) & 0x3fff) == 0x2000;
	}
	v.transport = ip + v.header;
	return v;
}

static uint32_t pseudo_sum(const struct view *v)
{
	uint32_t sum = v->ipv6 ? craft_sum(v->ip + 8, 32, 0) : craft_sum(v->ip + 12, 8, 0);

	return craft_sum((const uint8_t[]){0, v->protocol}, 2, sum) + v->total - v->header;
}

static size_t checksum_offset(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

/* Only of what is there as a whole; a quote may say anything about its length. */
static bool transport_is_right(const struct view *v)
{
	const uint8_t *field = v->transport + checksum_offset(v->protocol);
	uint32_t sum = v->protocol == IPPROTO_ICMP ? 0 : pseudo_sum(v);

	if (v->protocol != IPPROTO_TCP && v->protocol != IPPROTO_UDP && v->protocol != IPPROTO_ICMP &&
	    v->protocol != IPPROTO_ICMPV6)
		return true;
	if (v->later || v->first || v->bytes < v->total || v->total < v->header + SHORTEST)
		return true;
	if (v->partial)
		return get16(field) % 0xffff == craft_sum(NULL, 0, sum % 0xffff);
	if (v->protocol == IPPROTO_UDP && get16(field) == 0)
		return !v->ipv6;
	return craft_sum(v->transport, v->total - v->header, sum % 0xffff) == 0xffff;
}

static bool is_right(const struct view *v)
{
	return (v->ipv6 || craft_sum(v->ip, v->header, 0) == 0xffff) && transport_is_right(v);
}

static bool is_icmp(const struct view *v)
{
	return v->protocol == (v->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static bool is_error(const struct view *v)
{
	uint8_t type = v->transport[0];

	return is_icmp(v) && !v->later && (v->ipv6 ? type < 128 : type == 3 || type == 11 || type == 12);
}

static void say_end(char *text, const struct view *v, bool destination)
{
	char address[INET6_ADDRSTRLEN];
	bool ports = !v->later && (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP ||
				   v->protocol == IPPROTO_SCTP);

	inet_ntop(v->ipv6 ? AF_INET6 : AF_INET,
		  v->ip + (v->ipv6 ? 8 + 16 * destination : 12 + 4 * destination), address, sizeof(address));
	if (ports)
		snprintf(text, ADDRESS_TEXT, "%s.%u", address, get16(v->transport + 2 * destination));
	else
		snprintf(text, ADDRESS_TEXT, "%s", address);
}

static void say_protocol(char *text, const struct view *v)
{
	if (is_icmp(v) && !v->later)
		snprintf(text, ADDRESS_TEXT, "icmp %u/%u", v->transport[0], v->transport[1]);
	else if (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP || v->protocol == IPPROTO_SCTP)
		snprintf(text, ADDRESS_TEXT, "%s",
			 v->protocol == IPPROTO_TCP   ? "tcp"
			 : v->protocol == IPPROTO_UDP ? "udp"
						      : "sctp");
	else
		snprintf(text, ADDRESS_TEXT, "%u", v->protocol);
}

static void say(char *text, const struct view *v)
{
	char protocol[ADDRESS_TEXT], source[ADDRESS_TEXT], destination[ADDRESS_TEXT];

	say_protocol(protocol, v);
	say_end(source, v, false);
	say_end(destination, v, true);
	text += sprintf(text, "%s %s > %s", protocol, source, destination);
	if (!is_right(v))
		text += sprintf(text, " CHECKSUM");
	if (v->later || v->first)
		text += sprintf(text, " fragment");
	if (is_error(v)) {
		struct view quoted = look(v->transport + 8, v->bytes - v->header - 8);

		text += sprintf(text, " {");
		say(text, &quoted);
		strcat(text, "}");
	} else if (is_icmp(v) && !v->later) {
		sprintf(text, " id %u", get16(v->transport + 4));
	}
}

const char *nat_said(uint32_t index)
{
	static char text[SAID_MAX];
	uint32_t bytes;
	const uint8_t *frame = nf_host_sent_bytes(index, &bytes);
	const struct rte_mbuf *m = nf_host.sent[index].packet;
	struct view v = look(frame + ETHERNET, bytes - ETHERNET);

	if (get16(frame + 12) == 0x0806)
		return "arp";
	v.partial = m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG);
	say(text + sprintf(text, "%s ", port_names[nf_host.sent[index].device]), &v);
	return text;
}

uint16_t nat_last_port(void)
{
	uint32_t bytes;
	const uint8_t *frame = nf_host_sent_bytes(nf_host.sent_count - 1, &bytes);
	struct view v = look(frame + ETHERNET, bytes - ETHERNET);

	return get16(v.transport + (is_icmp(&v) ? 4 : 0));
}

const char *nat_pass_packet(uint8_t port, struct rte_mbuf *m)
{
	static char text[4 * SAID_MAX];

	nf_host_forget();
	m->port = port;
	appliance_chain(port, &m, 1);
	text[0] = '\0';
	for (uint32_t i = 0; i < RTE_MIN(nf_host.sent_count, 4u); i++)
		sprintf(text + strlen(text), "%s%s", i ? "; " : "", nat_said(i));
	return text;
}

const char *nat_pass_frame(uint8_t port, const void *frame, size_t bytes)
{
	return nat_pass_packet(port, nf_host_frame(frame, bytes, 0));
}

const char *nat_pass(uint8_t port, const struct craft *craft)
{
	uint8_t frame[CRAFT_MAX];
	struct craft sent = *craft;

	memcpy(sent.mac, port_configs[port].mac, sizeof(sent.mac));
	return nat_pass_frame(port, frame, craft_frame(&sent, frame));
}

bool nat_fits(const char *text, const char *pattern)
{
	if (fnmatch(pattern, text, 0) == 0)
		return true;
	fprintf(stderr, "got    %s\nwanted %s\n", text, pattern);
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		if (stats.dropped[i])
			fprintf(stderr, "dropped %s\n", drop_names[i]);
	return false;
}

static void put16(uint8_t *out, uint16_t value)
{
	out[0] = value >> 8;
	out[1] = value;
}

size_t nat_error(uint8_t *out, const char *source, const char *destination, uint16_t type,
		 const uint8_t *about, size_t bytes)
{
	bool ipv6 = strchr(source, ':');
	struct craft error = {
	    .source = source,
	    .destination = destination,
	    .protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
	    .destination_port = type,
	    .payload = bytes,
	};
	size_t length = craft_frame(&error, out);
	uint8_t *icmp = out + length - bytes - 8;
	struct view v;

	memcpy(icmp + 8, about + ETHERNET, bytes);
	put16(icmp + 2, 0);
	v = look(out + ETHERNET, length - ETHERNET);
	put16(icmp + 2, ~craft_sum(icmp, bytes + 8, ipv6 ? pseudo_sum(&v) % 0xffff : 0));
	return length;
}

/* The longest timeout, and the slots of the wheel that flows may wait in. */
bool nat_world_ends(void)
{
	nf_host_forget();
	nf_host_run((uint64_t)5 * 3600 * SECOND);
	return stats.flow.flows == 0 && stats.flow.bindings == 0 && nf_host_settles();
}
