/* SPDX-License-Identifier: Apache-2.0
 *
 * nf/log.c: what a line says about each kind of packet, and how many lines a second there are.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/log.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/nf_host.h"

#define V4 .source = "192.0.2.7", .destination = "10.0.0.10"
#define V6 .source = "2001:db8::7", .destination = "2001:db8:2::a"

static const struct {
	const char *name;
	struct craft packet;
	uint8_t in_port, out_port;
	const char *rule, *line;
} lines[] = {
    {"a TCP SYN",
     {V4, IPPROTO_TCP, 4242, 80, 0x02},
     0,
     1,
     "web",
     "firewall: drop web in=lan out=wan 192.0.2.7.4242 > 10.0.0.10.80 tcp syn 40 bytes"},
    {"all TCP flags",
     {V4, IPPROTO_TCP, 1, 65535, 0xff},
     0,
     1,
     "web",
     "firewall: drop web in=lan out=wan 192.0.2.7.1 > 10.0.0.10.65535 tcp fin syn rst psh ack urg ece cwr 40 "
     "bytes"},
    {"no TCP flags, IPv6",
     {V6, IPPROTO_TCP, 1, 2, 0, .payload = 7},
     2,
     0,
     "r",
     "firewall: drop r in=guest out=lan 2001:db8::7.1 > 2001:db8:2::a.2 tcp 67 bytes"},
    {"UDP to the appliance",
     {V6, IPPROTO_UDP, 53, 54, .payload = 1},
     1,
     PORT_SELF,
     "default",
     "firewall: drop default in=wan out=self 2001:db8::7.53 > 2001:db8:2::a.54 udp 49 bytes"},
    {"ICMP by number",
     {V4, IPPROTO_ICMP, .destination_port = 3 << 8 | 13},
     1,
     PORT_NONE,
     "r",
     "firewall: drop r in=wan out=none 192.0.2.7 > 10.0.0.10 icmp 3/13 28 bytes"},
    {"ICMPv6 by number",
     {V6, IPPROTO_ICMPV6, .destination_port = 128 << 8},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 2001:db8::7 > 2001:db8:2::a icmpv6 128/0 48 bytes"},
    {"SCTP",
     {V4, IPPROTO_SCTP, 5060, 5061, .chunk = 1},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 192.0.2.7.5060 > 10.0.0.10.5061 sctp 36 bytes"},
    {"another protocol",
     {V4, 47, .payload = 4},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 192.0.2.7 > 10.0.0.10 protocol 47 24 bytes"},
    {"the first fragment",
     {V4, IPPROTO_UDP, 9, 10, .payload = 8, .more_fragments = true},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 192.0.2.7.9 > 10.0.0.10.10 udp fragment 36 bytes"},
    {"a later fragment has no ports",
     {V4, IPPROTO_TCP, 9, 10, .payload = 8, .fragment = 64},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 192.0.2.7 > 10.0.0.10 tcp fragment 28 bytes"},
    {"a later fragment, IPv6",
     {V6, IPPROTO_ICMPV6, .payload = 8, .fragment = 64},
     0,
     1,
     "r",
     "firewall: drop r in=lan out=wan 2001:db8::7 > 2001:db8:2::a icmpv6 fragment 56 bytes"},
    {"a name that would move the cursor",
     {V4, 47},
     0,
     1,
     "a b\n\x1b[2J\\\xc3\xa9",
     "firewall: drop a\\x20b\\x0a\\x1b[2J\\x5c\\xc3\\xa9 in=lan out=wan 192.0.2.7 > 10.0.0.10 protocol 47 20 "
     "bytes"},
};

static void log_with(const struct craft *craft, uint8_t in_port, uint8_t out_port, const char *rule,
		     uint8_t state, enum drop_reason reason)
{
	struct rte_mbuf *m = craft_packet(craft);

	packet_meta(m)->in_port = in_port;
	packet_meta(m)->out_port = out_port;
	packet_meta(m)->state = state;
	log_packet("firewall", "drop", rule, m, reason);
	rte_pktmbuf_free(m);
}

static void log_once(const struct craft *craft, uint8_t in_port, uint8_t out_port, const char *rule)
{
	log_with(craft, in_port, out_port, rule, 0, DROP_REASON_COUNT);
}

static void states_and_reasons_are_named(void **state)
{
	const struct craft packet = {V4, 47};

	(void)state;
	nf_host_forget();
	host_now_ns += SECOND;
	log_with(&packet, 0, 1, "r", STATE_INVALID, DROP_TCP_WINDOW);
	log_with(&packet, 0, 1, "r", STATE_NEW, DROP_REASON_COUNT);
	assert_string_equal(nf_host.logged[0],
			    "firewall: drop r invalid in=lan out=wan 192.0.2.7 > 10.0.0.10 "
			    "protocol 47 20 bytes (tcp-window)");
	assert_string_equal(nf_host.logged[1],
			    "firewall: drop r new in=lan out=wan 192.0.2.7 > 10.0.0.10 protocol 47 20 bytes");
}

static void each_kind_of_packet_has_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		print_message("# %s\n", lines[i].name);
		nf_host_forget();
		host_now_ns += SECOND;
		log_once(&lines[i].packet, lines[i].in_port, lines[i].out_port, lines[i].rule);
		assert_int_equal(nf_host.logged_count, 1);
		assert_string_equal(nf_host.logged[0], lines[i].line);
	}
	assert_int_equal(stats.log_suppressed, 0);
}

/* However long a name is: the line ends, and nothing lies behind its end. */
static void a_long_name_is_cut(void **state)
{
	char name[1000];

	(void)state;
	memset(name, '\n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	nf_host_forget();
	host_now_ns += SECOND;
	log_once(&lines[0].packet, 0, 1, name);
	assert_int_equal(nf_host.logged_count, 1);
	assert_null(strchr(nf_host.logged[0], '\n'));
}

/* Rows go on from each other: 10 lines a second, at most 10 saved up. */
static const struct {
	const char *name;
	uint64_t wait_ns;
	uint32_t packets, written;
} rates[] = {
    {"a full bucket has one second's worth", (uint64_t)5 * SECOND, 25, 10},
    {"an empty one nothing", 0, 3, 0},
    {"not quite a token's time", SECOND / 10 - 1, 3, 0},
    {"a token's time", 1, 3, 1},
    {"half a second", SECOND / 2, 25, 5},
    {"long silence saves no more than a second's worth", (uint64_t)3600 * SECOND, 25, 10},
};

static void lines_are_limited_and_the_rest_counted(void **state)
{
	(void)state;
	assert_int_equal(log_lines_per_second, 10);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		print_message("# %s\n", rates[i].name);
		nf_host_forget();
		stats.log_suppressed = 0;
		host_now_ns += rates[i].wait_ns;
		for (uint32_t p = 0; p < rates[i].packets; p++)
			log_once(&lines[0].packet, 0, 1, "web");
		assert_int_equal(nf_host.logged_count, rates[i].written);
		assert_int_equal(stats.log_suppressed, rates[i].packets - rates[i].written);
	}
}

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_of_packet_has_its_line),
	    cmocka_unit_test(a_long_name_is_cut),
	    cmocka_unit_test(states_and_reasons_are_named),
	    cmocka_unit_test(lines_are_limited_and_the_rest_counted),
	};

	return cmocka_run_group_tests_name("log", tests, start, NULL);
}
