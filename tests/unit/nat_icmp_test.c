/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP errors about translated packets (RFC 5508, section 4), and those that the appliance sends itself.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "support/nat_tables.h"

enum { SYN = 2, ACK = 16, ETHERNET = 14, IPV4 = 20, ALL = 0, UNREACHABLE = 3 << 8 | 1, MINUTE = 60 };

/* Masquerading at port 5000, tcp and udp 8000 forwarded to .11, port 80, .12 as 198.51.100.80. */
static void start(void)
{
	nat_world_clear();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct nat_source_rule *rule = nat_add_masquerade(ipv6);

		rule->port_low = rule->port_high = 5000;
		nat_add_forward(0, 8000, 8000, ipv6 ? "2001:db8:1::11" : "192.0.2.11", 80);
	}
	nat_add_static("198.51.100.80", "192.0.2.12", 32);
	nf_host_start();
}

/* Passes a packet, and keeps what left. */
struct kept {
	uint8_t frame[CRAFT_MAX];
	uint32_t bytes;
};

static struct kept keep(uint8_t port, const struct craft *craft)
{
	struct kept kept;
	const uint8_t *sent;

	assert_true(nat_fits(nat_pass(port, craft), "* > *"));
	sent = nf_host_sent_bytes(0, &kept.bytes);
	memcpy(kept.frame, sent, kept.bytes);
	return kept;
}

/* An error about it, quoting so many bytes of the IP packet (ALL). */
static const char *pass_error(uint8_t port, const char *from, const char *to, uint16_t type,
			      const struct kept *about, size_t quoted)
{
	uint8_t frame[CRAFT_MAX];
	size_t bytes;

	if (quoted == ALL || quoted > about->bytes - ETHERNET)
		quoted = about->bytes - ETHERNET;
	bytes = nat_error(frame, from, to, type, about->frame, quoted);
	memcpy(frame, port_configs[port].mac, 6);
	return nat_pass_frame(port, frame, bytes);
}

#define UDP(from, from_port, to, to_port) \
	{ \
		.source = from, .destination = to, .protocol = IPPROTO_UDP, .source_port = from_port, \
		.destination_port = to_port, .payload = 32 \
	}
#define TCP(from, from_port, to, to_port) \
	{ \
		.source = from, .destination = to, .protocol = IPPROTO_TCP, .source_port = from_port, \
		.destination_port = to_port, .tcp_flags = SYN, .sequence = 1000 \
	}
#define ECHO(from, to, type) \
	{ \
		.source = from, .destination = to, .protocol = (type) < 128 ? IPPROTO_ICMP : IPPROTO_ICMPV6, \
		.source_port = 7, .destination_port = (type) << 8, .payload = 32 \
	}

/* A packet passes, and somebody answers it with an error. */
static const struct {
	const char *name;
	uint8_t port; /* that the packet comes by */
	struct craft packet;
	uint8_t back;	  /* that the error comes by */
	const char *from; /* and from whom */
	const char *to;
	uint16_t type; /* 0: host unreachable */
	const char *leaves;
} errors[] = {
    {"REQ-4: from the peer", LAN, UDP("192.0.2.10", 4000, "203.0.113.1", 53), WAN, "203.0.113.1",
     "198.51.100.1", 3 << 8 | 3,
     "lan icmp 3/3 203.0.113.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}"},
    {"REQ-4: from a router on the way", LAN, UDP("192.0.2.10", 4000, "203.0.113.1", 53), WAN, "203.0.113.77",
     "198.51.100.1", 11 << 8,
     "lan icmp 11/0 203.0.113.77 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}"},
    {"REQ-4: TCP", LAN, TCP("192.0.2.10", 4000, "203.0.113.1", 80), WAN, "203.0.113.77", "198.51.100.1",
     3 << 8 | 4, "lan icmp 3/4 203.0.113.77 > 192.0.2.10 {tcp 192.0.2.10.4000 > 203.0.113.1.80}"},
    {"REQ-4: query", LAN, ECHO("192.0.2.10", "203.0.113.1", 8), WAN, "203.0.113.77", "198.51.100.1", 11 << 8,
     "lan icmp 11/0 203.0.113.77 > 192.0.2.10 {icmp 8/0 192.0.2.10 > 203.0.113.1 id 7}"},
    {"REQ-4: 1:1", LAN, UDP("192.0.2.12", 4000, "203.0.113.1", 53), WAN, "203.0.113.77", "198.51.100.80",
     11 << 8, "lan icmp 11/0 203.0.113.77 > 192.0.2.12 {udp 192.0.2.12.4000 > 203.0.113.1.53}"},
    {"REQ-4: no ports",
     LAN,
     {.source = "192.0.2.10", .destination = "203.0.113.1", .protocol = IPPROTO_GRE, .payload = 20},
     WAN,
     "203.0.113.1",
     "198.51.100.1",
     3 << 8 | 2,
     "lan icmp 3/2 203.0.113.1 > 192.0.2.10 {47 192.0.2.10 > 203.0.113.1}"},
    {"REQ-5: from the host inside", WAN, UDP("203.0.113.1", 4000, "198.51.100.1", 8000), LAN, "192.0.2.11",
     "203.0.113.1", 3 << 8 | 3,
     "wan icmp 3/3 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.1.8000}"},
    {"REQ-5c: from a router inside", WAN, TCP("203.0.113.1", 4000, "198.51.100.1", 8000), LAN, "192.0.2.99",
     "203.0.113.1", 11 << 8,
     "wan icmp 11/0 198.51.100.1 > 203.0.113.1 {tcp 203.0.113.1.4000 > 198.51.100.1.8000}"},
    {"REQ-5c: 1:1", WAN, UDP("203.0.113.1", 4000, "198.51.100.80", 80), LAN, "192.0.2.12", "203.0.113.1",
     3 << 8 | 3, "wan icmp 3/3 198.51.100.80 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.80.80}"},
    {"REQ-7: hairpin", LAN, UDP("192.0.2.10", 4000, "198.51.100.1", 8000), LAN, "192.0.2.11", NULL,
     3 << 8 | 3, "lan icmp 3/3 198.51.100.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 198.51.100.1.8000}"},
    {"REQ-7: hairpin, from a router inside", LAN, UDP("192.0.2.10", 4000, "198.51.100.1", 8000), LAN,
     "192.0.2.99", NULL, 3 << 8,
     "lan icmp 3/0 198.51.100.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 198.51.100.1.8000}"},
    {"parameter problem", LAN, UDP("192.0.2.10", 4000, "203.0.113.1", 53), WAN, "203.0.113.1", "198.51.100.1",
     12 << 8, "lan icmp 12/0 203.0.113.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}"},
    {"IPv6: from the peer", LAN, UDP("2001:db8:1::10", 4000, "2001:db8:f::1", 53), WAN, "2001:db8:f::1",
     "2001:db8:2::1", 1 << 8 | 4,
     "lan icmp 1/4 2001:db8:f::1 > 2001:db8:1::10 {udp 2001:db8:1::10.4000 > 2001:db8:f::1.53}"},
    {"IPv6: too big", LAN, TCP("2001:db8:1::10", 4000, "2001:db8:f::1", 80), WAN, "2001:db8:f::77",
     "2001:db8:2::1", 2 << 8,
     "lan icmp 2/0 2001:db8:f::77 > 2001:db8:1::10 {tcp 2001:db8:1::10.4000 > 2001:db8:f::1.80}"},
    {"IPv6: query", LAN, ECHO("2001:db8:1::10", "2001:db8:f::1", 128), WAN, "2001:db8:f::77", "2001:db8:2::1",
     3 << 8, "lan icmp 3/0 2001:db8:f::77 > 2001:db8:1::10 {icmp 128/0 2001:db8:1::10 > 2001:db8:f::1 id 7}"},
    {"IPv6: from inside", WAN, UDP("2001:db8:f::1", 4000, "2001:db8:2::1", 8000), LAN, "2001:db8:1::11",
     "2001:db8:f::1", 1 << 8 | 4,
     "wan icmp 1/4 2001:db8:2::1 > 2001:db8:f::1 {udp 2001:db8:f::1.4000 > 2001:db8:2::1.8000}"},
};

/* The other end of what left: NULL in a row stands for it. */
static const char *source_in(const struct kept *kept)
{
	static char text[20];
	const uint8_t *source = kept->frame + ETHERNET + 12;

	snprintf(text, sizeof(text), "%u.%u.%u.%u", source[0], source[1], source[2], source[3]);
	return text;
}

static void check_error(size_t row, size_t quoted)
{
	struct kept kept;
	const char *to;

	start();
	kept = keep(errors[row].port, &errors[row].packet);
	to = errors[row].to ? errors[row].to : source_in(&kept);
	for (int i = 0; i < 2; i++)
		assert_true(nat_fits(
		    pass_error(errors[row].back, errors[row].from, to, errors[row].type, &kept, quoted),
		    errors[row].leaves));
	assert_int_equal(stats.flow.flows, 1);
	assert_true(nat_world_ends());
}

static void errors_are_translated_inside_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		print_message("# %s\n", errors[i].name);
		check_error(i, ALL);
	}
}

/* RFC 792 promises the IP header and eight bytes. */
static void quotes_may_be_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		bool ipv6 = strchr(errors[i].from, ':');

		print_message("# %s\n", errors[i].name);
		for (size_t bytes = 8; bytes <= 32; bytes += 1)
			check_error(i, (ipv6 ? 40 : 20) + bytes);
	}
}

/* A quote without ports belongs to no flow. */
static void quotes_that_say_nothing_end(void **state)
{
	struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);

	(void)state;
	for (size_t bytes = 0; bytes < IPV4 + 4; bytes++) {
		struct kept kept;
		uint8_t frame[CRAFT_MAX];
		size_t length;

		start();
		kept = keep(LAN, &craft);
		length = nat_error(frame, "203.0.113.1", "198.51.100.1", UNREACHABLE, kept.frame, bytes);
		memcpy(frame, port_configs[WAN].mac, 6);
		assert_string_equal(nat_pass_frame(WAN, frame, length), "");
		assert_int_equal(stats.dropped[DROP_ICMP_UNRELATED], 1);
		assert_true(nat_world_ends());
	}
}

/* Errors that are wrong, made from a right one: what is changed in the frame, and why it ends. */
static const struct {
	const char *name;
	size_t offset; /* in the frame */
	uint8_t change;
	bool mend; /* the error's own checksum fits nevertheless */
	enum drop_reason reason;
} wrongs[] = {
    {"REQ-3: checksum", ETHERNET + IPV4 + 2, 1, false, DROP_L4_CHECKSUM},
    {"REQ-3a: checksum of the quoted header", ETHERNET + IPV4 + 8 + 10, 1, true, DROP_ICMP_UNRELATED},
    {"another quoted source", ETHERNET + IPV4 + 8 + 15, 1, true, DROP_ICMP_UNRELATED},
    {"another quoted port", ETHERNET + IPV4 + 8 + IPV4 + 1, 1, true, DROP_ICMP_UNRELATED},
    {"another quoted protocol", ETHERNET + IPV4 + 8 + 9, IPPROTO_UDP ^ IPPROTO_TCP, true,
     DROP_ICMP_UNRELATED},
};

static void mend(uint8_t *frame, size_t bytes, bool header)
{
	uint8_t *icmp = frame + ETHERNET + IPV4, *quoted = icmp + 8;
	uint16_t sum;

	if (header) {
		quoted[10] = quoted[11] = 0;
		sum = ~craft_sum(quoted, IPV4, 0);
		quoted[10] = sum >> 8;
		quoted[11] = sum;
	}
	icmp[2] = icmp[3] = 0;
	sum = ~craft_sum(icmp, bytes - ETHERNET - IPV4, 0);
	icmp[2] = sum >> 8;
	icmp[3] = sum;
}

static void wrong_errors_end(void **state)
{
	struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);

	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct kept kept;
		uint8_t frame[CRAFT_MAX];
		size_t bytes;

		print_message("# %s\n", wrongs[i].name);
		start();
		kept = keep(LAN, &craft);
		bytes = nat_error(frame, "203.0.113.1", "198.51.100.1", UNREACHABLE, kept.frame, 28);
		memcpy(frame, port_configs[WAN].mac, 6);
		frame[wrongs[i].offset] ^= wrongs[i].change;
		if (wrongs[i].mend)
			mend(frame, bytes, wrongs[i].offset != ETHERNET + IPV4 + 8 + 10);
		assert_string_equal(nat_pass_frame(WAN, frame, bytes), "");
		assert_int_equal(stats.dropped[wrongs[i].reason], 1);
		assert_true(nat_world_ends());
	}
}

/* An error goes to the sender of what it quotes; one that goes elsewhere was made up. */
static void errors_to_somebody_else_end(void **state)
{
	static const char *const others[] = {"192.0.2.10", "192.0.2.11", "198.51.100.80"};
	struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct kept kept;

		start();
		kept = keep(LAN, &craft);
		assert_string_equal(pass_error(WAN, "203.0.113.77", others[i], UNREACHABLE, &kept, ALL), "");
		assert_int_equal(stats.dropped[DROP_ICMP_UNRELATED], 1);
		assert_true(nat_world_ends());
	}
}

/* An error in fragments can't be checked, and is none: neither its first fragment goes on nor a later one. */
static void fragmented_errors_end(void **state)
{
	struct craft first = ECHO("203.0.113.77", "198.51.100.1", 3), later = first;

	(void)state;
	start();
	first.more_fragments = true;
	first.source_port = 0;
	later.fragment = 40;
	assert_string_equal(nat_pass(WAN, &first), "");
	assert_string_equal(nat_pass(WAN, &later), "");
	assert_int_equal(stats.dropped[DROP_ICMP_UNRELATED], 2);
	assert_int_equal(stats.flow.flows, 0);
	assert_true(nat_world_ends());
}

/* RFC 5508, REQ-3b: options of the quoted header are passed over. */
static void quoted_options_are_passed_over(void **state)
{
	struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);
	uint8_t frame[CRAFT_MAX], with_options[CRAFT_MAX];
	struct kept kept;
	uint16_t sum;
	size_t bytes;

	(void)state;
	start();
	kept = keep(LAN, &craft);
	memcpy(with_options, kept.frame, ETHERNET + IPV4);
	memset(with_options + ETHERNET + IPV4, 1, 8); /* NOP */
	memcpy(with_options + ETHERNET + IPV4 + 8, kept.frame + ETHERNET + IPV4, 8);
	with_options[ETHERNET] = 0x47;
	with_options[ETHERNET + 3] += 8;
	with_options[ETHERNET + 10] = with_options[ETHERNET + 11] = 0;
	sum = ~craft_sum(with_options + ETHERNET, IPV4 + 8, 0);
	with_options[ETHERNET + 10] = sum >> 8;
	with_options[ETHERNET + 11] = sum;
	bytes = nat_error(frame, "203.0.113.1", "198.51.100.1", UNREACHABLE, with_options, IPV4 + 16);
	memcpy(frame, port_configs[WAN].mac, 6);
	assert_string_equal(nat_pass_frame(WAN, frame, bytes),
			    "lan icmp 3/1 203.0.113.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}");
	assert_true(nat_world_ends());
}

/* A quoted UDP checksum of 0 says that there is none, and stays. */
static void quoted_zero_stays(void **state)
{
	struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);
	struct kept kept;
	uint32_t bytes;

	(void)state;
	start();
	kept = keep(LAN, &craft);
	kept.frame[ETHERNET + IPV4 + 6] = kept.frame[ETHERNET + IPV4 + 7] = 0;
	assert_true(nat_fits(pass_error(WAN, "203.0.113.1", "198.51.100.1", UNREACHABLE, &kept, ALL),
			     "lan icmp 3/1 *"));
	assert_int_equal(nf_host_sent_bytes(0, &bytes)[ETHERNET + IPV4 + 8 + IPV4 + 6], 0);
	assert_int_equal(nf_host_sent_bytes(0, &bytes)[ETHERNET + IPV4 + 8 + IPV4 + 7], 0);
	assert_true(nat_world_ends());
}

/* A host that sent 0xffff, as RFC 768 has it where the sum comes to 0, is quoted so. */
static void quoted_other_zero_stays(void **state)
{
	const struct craft craft = UDP("192.0.2.10", 4000, "203.0.113.1", 53);
	uint8_t frame[CRAFT_MAX], *udp = frame + ETHERNET + IPV4;
	size_t bytes = craft_frame(&craft, frame);
	uint32_t sent;
	struct kept kept;

	(void)state;
	start();
	memcpy(frame, port_configs[LAN].mac, 6);
	frame[bytes - 2] = 0;
	frame[bytes - 1] = 0;
	udp[6] = udp[7] = 0;
	sent = ~craft_sum(udp, bytes - ETHERNET - IPV4,
			  craft_sum(frame + ETHERNET + 12, 8, IPPROTO_UDP + bytes - ETHERNET - IPV4));
	frame[bytes - 2] = sent >> 8;
	frame[bytes - 1] = sent;
	udp[6] = udp[7] = 0xff;
	assert_true(
	    nat_fits(nat_pass_frame(LAN, frame, bytes), "wan udp 198.51.100.1.5000 > 203.0.113.1.53"));
	memcpy(kept.frame, nf_host_sent_bytes(0, &kept.bytes), bytes);
	assert_true(nat_fits(pass_error(WAN, "203.0.113.1", "198.51.100.1", UNREACHABLE, &kept, ALL),
			     "lan icmp 3/1 203.0.113.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}"));
	assert_memory_equal(nf_host_sent_bytes(0, &sent) + ETHERNET + IPV4 + 8 + IPV4, udp,
			    bytes - ETHERNET - IPV4);
	assert_true(nat_world_ends());
}

/* RFC 5508, REQ-6; RFC 4787, REQ-12; RFC 5382, REQ-10: an error neither ends a flow nor makes it last. */
static void errors_leave_the_flow_alone(void **state)
{
	struct craft craft = ECHO("192.0.2.10", "203.0.113.1", 8);
	struct kept kept;

	(void)state;
	start();
	kept = keep(LAN, &craft);
	for (int i = 0; i < 5; i++) {
		assert_true(nat_fits(pass_error(WAN, "203.0.113.1", "198.51.100.1", UNREACHABLE, &kept, ALL),
				     "lan icmp 3/1 *"));
		assert_int_equal(stats.flow.flows, 1);
		nf_host_run((uint64_t)11 * SECOND);
	}
	nf_host_run((uint64_t)10 * SECOND); /* 65 s after the query */
	assert_int_equal(stats.flow.flows, 0);
	assert_true(nat_world_ends());
}

/* The appliance's own errors are about packets as their senders know them. */
static uint8_t *with_ttl(uint8_t *frame, uint8_t ttl)
{
	uint16_t sum;

	frame[ETHERNET + 8] = ttl;
	frame[ETHERNET + 10] = frame[ETHERNET + 11] = 0;
	sum = ~craft_sum(frame + ETHERNET, IPV4, 0);
	frame[ETHERNET + 10] = sum >> 8;
	frame[ETHERNET + 11] = sum;
	return frame;
}

static const struct {
	const char *name;
	uint8_t port;
	struct craft packet;
	const char *answer;
} expiring[] = {
    {"from inside", LAN, UDP("192.0.2.10", 4000, "203.0.113.1", 53),
     "lan icmp 11/0 192.0.2.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}"},
    {"TCP", LAN, TCP("192.0.2.10", 4000, "203.0.113.1", 80),
     "lan icmp 11/0 192.0.2.1 > 192.0.2.10 {tcp 192.0.2.10.4000 > 203.0.113.1.80}"},
    {"query", LAN, ECHO("192.0.2.10", "203.0.113.1", 8),
     "lan icmp 11/0 192.0.2.1 > 192.0.2.10 {icmp 8/0 192.0.2.10 > 203.0.113.1 id 7}"},
    {"from outside, forwarded", WAN, UDP("203.0.113.1", 4000, "198.51.100.1", 8000),
     "wan icmp 11/0 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.1.8000}"},
    {"1:1", WAN, UDP("203.0.113.1", 4000, "198.51.100.80", 80),
     "wan icmp 11/0 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.80.80}"},
    {"hairpin", LAN, UDP("192.0.2.10", 4000, "198.51.100.1", 8000),
     "lan icmp 11/0 192.0.2.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 198.51.100.1.8000}"},
};

/* Both of the first packet of a flow, and of one that its record decides. */
static void time_exceeded_quotes_the_original(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expiring) / sizeof(expiring[0]); i++)
		for (int later = 0; later < 3; later++) {
			struct craft craft = expiring[i].packet;
			uint8_t frame[CRAFT_MAX];
			size_t bytes;

			print_message("# %s\n", expiring[i].name);
			start();
			memcpy(craft.mac, port_configs[expiring[i].port].mac, 6);
			bytes = craft_frame(&craft, frame);
			for (int j = 0; j < later; j++)
				nat_pass_frame(expiring[i].port, frame, bytes);
			assert_string_equal(nat_pass_frame(expiring[i].port, with_ttl(frame, 1), bytes),
					    expiring[i].answer);
			assert_true(nat_world_ends());
		}
}

/* Replies too: their sender knows the external end. */
static void time_exceeded_of_a_reply(void **state)
{
	struct craft out = UDP("192.0.2.10", 4000, "203.0.113.1", 53),
		     back = UDP("203.0.113.1", 53, "198.51.100.1", 5000);
	uint8_t frame[CRAFT_MAX];
	size_t bytes;

	(void)state;
	start();
	nat_pass(LAN, &out);
	memcpy(back.mac, port_configs[WAN].mac, 6);
	bytes = craft_frame(&back, frame);
	for (int i = 0; i < 3; i++)
		assert_string_equal(
		    nat_pass_frame(WAN, with_ttl(frame, 1), bytes),
		    "wan icmp 11/0 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.53 > 198.51.100.1.5000}");
	assert_true(nat_world_ends());
}

/* RFC 4787, REQ-13: wan takes 1400 bytes, and the sender learns it about the packet that it sent. */
static void too_big_quotes_the_original(void **state)
{
	struct craft small = UDP("192.0.2.10", 4000, "203.0.113.1", 53), big = small;
	uint8_t frame[CRAFT_MAX];
	size_t bytes;

	(void)state;
	for (int later = 0; later < 2; later++) {
		start();
		if (later)
			nat_pass(LAN, &small);
		big.payload = 1400;
		memcpy(big.mac, port_configs[LAN].mac, 6);
		bytes = craft_frame(&big, frame);
		frame[ETHERNET + 6] = 0x40;
		assert_string_equal(
		    nat_pass_frame(LAN, with_ttl(frame, 64), bytes),
		    "lan icmp 3/4 192.0.2.1 > 192.0.2.10 {udp 192.0.2.10.4000 > 203.0.113.1.53}");
		assert_true(nat_world_ends());
	}
}

/* The rules reject a forwarded packet after its destination was translated. */
static void rejects_are_about_the_original(void **state)
{
	struct craft tcp = TCP("203.0.113.1", 4000, "198.51.100.1", 8000),
		     udp = UDP("203.0.113.1", 4000, "198.51.100.1", 8000);

	(void)state;
	start();
	nat_verdict.action = FIREWALL_REJECT;
	assert_string_equal(nat_pass(WAN, &tcp), "wan tcp 198.51.100.1.8000 > 203.0.113.1.4000");
	assert_string_equal(
	    nat_pass(WAN, &udp),
	    "wan icmp 3/13 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.1.8000}");
	assert_int_equal(stats.flow.flows, 0);
	assert_true(nat_world_ends());
}

/* A packet waits for a next hop that never answers. The error quotes the original; and where the flow has
 * ended meanwhile, and its record is another's, nobody is told rather than the wrong one. */
static void unreachable_hosts_are_reported(void **state)
{
	struct craft in = UDP("203.0.113.1", 4000, "198.51.100.1", 8000), out;

	(void)state;
	start();
	nat_destinations[0].to = nat_address("192.0.2.99");
	assert_string_equal(nat_pass(WAN, &in), "arp");
	nf_host_forget();
	nf_host_run((uint64_t)10 * SECOND);
	assert_int_equal(stats.dropped[DROP_NEIGHBOUR_UNRESOLVED], 1);
	assert_string_equal(
	    nat_said(nf_host.sent_count - 1),
	    "wan icmp 3/1 198.51.100.1 > 203.0.113.1 {udp 203.0.113.1.4000 > 198.51.100.1.8000}");
	assert_true(nat_world_ends());

	start();
	nat_destinations[0].to = nat_address("192.0.2.99");
	assert_string_equal(nat_pass(WAN, &in), "arp");
	out = (struct craft)UDP("192.0.2.10", 1, "203.0.113.1", 53);
	nf_host_run(SECOND / 10);
	nat_sources[0].mapping = NAT_MAPPING_ADDRESS_AND_PORT_DEPENDENT;
	for (int i = 0; i < NAT_WORLD_FLOWS + 10; i++) { /* half-open flows push each other out */
		out.source_port = i;
		out.destination_port = i;
		nat_pass(LAN, &out);
		host_now_ns += SECOND / 400;
	}
	assert_int_not_equal(stats.flow.evicted, 0);
	nf_host_forget();
	nf_host_run((uint64_t)10 * SECOND);
	assert_int_equal(stats.dropped[DROP_NEIGHBOUR_UNRESOLVED], 1);
	for (uint32_t i = 0; i < nf_host.sent_count; i++)
		assert_null(strstr(nat_said(i), "icmp"));
	assert_true(nat_world_ends());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_are_translated_inside_out),
	    cmocka_unit_test(quotes_may_be_cut),
	    cmocka_unit_test(quotes_that_say_nothing_end),
	    cmocka_unit_test(wrong_errors_end),
	    cmocka_unit_test(errors_to_somebody_else_end),
	    cmocka_unit_test(fragmented_errors_end),
	    cmocka_unit_test(quoted_options_are_passed_over),
	    cmocka_unit_test(quoted_zero_stays),
	    cmocka_unit_test(quoted_other_zero_stays),
	    cmocka_unit_test(errors_leave_the_flow_alone),
	    cmocka_unit_test(time_exceeded_quotes_the_original),
	    cmocka_unit_test(time_exceeded_of_a_reply),
	    cmocka_unit_test(too_big_quotes_the_original),
	    cmocka_unit_test(rejects_are_about_the_original),
	    cmocka_unit_test(unreachable_hosts_are_reported),
	};

	return cmocka_run_group_tests_name("nat_icmp", tests, NULL, NULL);
}
