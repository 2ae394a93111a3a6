/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines about packets. The rate limit is a token bucket that holds one second's worth of lines.
 *
 * Nothing of a packet is printed but numbers, so that a line can't carry a terminal's control sequences;
 * names come from the configuration, and what isn't printable ASCII in them is escaped.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <rte_common.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include "appliance.h"
#include "bucket.h"
#include "host.h"
#include "log.h"
#include "packet.h"

enum { LINE_BYTES = 256 };

struct line {
	char text[LINE_BYTES];
	size_t length;
};

static struct bucket lines;

static bool may_write(void)
{
	if (lines.burst == 0)
		lines = bucket_per_second(log_lines_per_second);
	return bucket_take(&lines, host_now_ns);
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line->length +=
	    vsnprintf(line->text + line->length, sizeof(line->text) - line->length, format, arguments);
	va_end(arguments);
	line->length = RTE_MIN(line->length, sizeof(line->text) - 1);
}

static void add_name(struct line *line, const char *name)
{
	for (; *name; name++)
		add(line, *name > ' ' && *name <= '~' && *name != '\\' ? "%c" : "\\x%02x", (uint8_t)*name);
}

static void add_port(struct line *line, const char *direction, uint8_t port)
{
	add(line, " %s=", direction);
	if (port < port_count)
		add_name(line, port_configs[port].name);
	else
		add(line, "%s", port == PORT_SELF ? "self" : "none");
}

static bool has_ports(const struct packet_meta *meta)
{
	return meta->flags & PACKET_L4 && (meta->protocol == IPPROTO_TCP || meta->protocol == IPPROTO_UDP ||
					   meta->protocol == IPPROTO_SCTP);
}

static void add_address(struct line *line, const struct packet_meta *meta, const void *address,
			rte_be16_t port)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(meta->flags & PACKET_IPV6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
	add(line, " %s", text);
	if (has_ports(meta))
		add(line, ".%u", rte_be_to_cpu_16(port));
}

static void add_addresses(struct line *line, struct rte_mbuf *packet)
{
	const struct packet_meta *meta = packet_meta(packet);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(packet, const uint8_t *, packet->l2_len);
	bool ipv6 = meta->flags & PACKET_IPV6;

	add_address(
	    line, meta,
	    ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, src_addr)),
	    meta->source_port);
	add(line, " >");
	add_address(
	    line, meta,
	    ip + (ipv6 ? offsetof(struct rte_ipv6_hdr, dst_addr) : offsetof(struct rte_ipv4_hdr, dst_addr)),
	    meta->destination_port);
}

static void add_tcp_flags(struct line *line, uint8_t flags)
{
	static const char *const names[8] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

	for (int bit = 0; bit < 8; bit++)
		if (flags & 1 << bit)
			add(line, " %s", names[bit]);
}

static void add_transport(struct line *line, const struct packet_meta *meta)
{
	bool l4 = meta->flags & PACKET_L4;

	switch (meta->protocol) {
	case IPPROTO_TCP:
		add(line, " tcp");
		if (l4)
			add_tcp_flags(line, meta->tcp_flags);
		break;
	case IPPROTO_UDP:
		add(line, " udp");
		break;
	case IPPROTO_SCTP:
		add(line, " sctp");
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		add(line, meta->protocol == IPPROTO_ICMP ? " icmp" : " icmpv6");
		if (l4)
			add(line, " %u/%u", rte_be_to_cpu_16(meta->destination_port) >> 8,
			    rte_be_to_cpu_16(meta->destination_port) & 0xff);
		break;
	default:
		add(line, " protocol %u", meta->protocol);
	}
	if (meta->flags & PACKET_FRAGMENT)
		add(line, " fragment");
}

static void add_state(struct line *line, const struct packet_meta *meta)
{
	static const char *const names[] = {"new", "established", "related", "invalid"};

	if (meta->state)
		add(line, " %s", names[__builtin_ctz(meta->state)]);
}

static void add_reason(struct line *line, enum drop_reason reason)
{
	static const char *const names[DROP_REASON_COUNT] = {
#define X(identifier, name, meaning) [DROP_##identifier] = name,
	    DROP_REASONS(X)
#undef X
	};

	if (reason < DROP_REASON_COUNT)
		add(line, " (%s)", names[reason]);
}

void log_packet(const char *function, const char *verdict, const char *name, struct rte_mbuf *packet,
		enum drop_reason reason)
{
	const struct packet_meta *meta = packet_meta(packet);
	struct line line = {.length = 0};

	if (!may_write()) {
		stats.log_suppressed++;
		return;
	}
	add(&line, "%s: %s ", function, verdict);
	add_name(&line, name);
	add_state(&line, meta);
	add_port(&line, "in", meta->in_port);
	add_port(&line, "out", meta->out_port);
	add_addresses(&line, packet);
	add_transport(&line, meta);
	add(&line, " %u bytes", meta->l3_bytes);
	add_reason(&line, reason);
	host_log(line.text);
}
