/* SPDX-License-Identifier: Apache-2.0
 *
 * What packets carry, by name: protocols, ICMP types, TCP flags. Names are those of IANA's registries
 * (protocol-numbers, icmp-parameters, icmpv6-parameters, tcp-header-flags) as packet filters spell them. The
 * first name of a number is the one that is printed.
 */
#include <string.h>
#include "value.h"

struct named_number {
	const char *name;
	uint8_t number;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { WORDS_MAX = 40 };

static const struct named_number protocols[] = {
    {"tcp", PROTOCOL_TCP},
    {"udp", PROTOCOL_UDP},
    {"icmp", PROTOCOL_ICMP},
    {"icmpv6", PROTOCOL_ICMPV6},
    {"sctp", PROTOCOL_SCTP},
    {"igmp", 2},
    {"ipip", 4},
    {"ipv6", 41},
    {"gre", 47},
    {"esp", 50},
    {"ah", 51},
    {"ospf", 89},
    {"pim", 103},
    {"vrrp", 112},
    {"l2tp", 115},
    {"udplite", 136},
    {"ipv6-icmp", PROTOCOL_ICMPV6},
    {"icmp6", PROTOCOL_ICMPV6},
};

static const struct named_number icmp_types[] = {
    {"echo-reply", 0},
    {"unreachable", 3},
    {"source-quench", 4},
    {"redirect", 5},
    {"echo-request", 8},
    {"router-advertisement", 9},
    {"router-solicitation", 10},
    {"time-exceeded", 11},
    {"parameter-problem", 12},
    {"timestamp-request", 13},
    {"timestamp-reply", 14},
    {"information-request", 15},
    {"information-reply", 16},
    {"address-mask-request", 17},
    {"address-mask-reply", 18},
    {"destination-unreachable", 3},
    {"echo", 8},
    {"timestamp", 13},
    {"info-request", 15},
    {"info-reply", 16},
};

static const struct named_number icmpv6_types[] = {
    {"unreachable", 1},
    {"too-big", 2},
    {"time-exceeded", 3},
    {"parameter-problem", 4},
    {"echo-request", 128},
    {"echo-reply", 129},
    {"mld-query", 130},
    {"mld-report", 131},
    {"mld-done", 132},
    {"router-solicitation", 133},
    {"router-advertisement", 134},
    {"neighbour-solicitation", 135},
    {"neighbour-advertisement", 136},
    {"redirect", 137},
    {"mld2-report", 143},
    {"destination-unreachable", 1},
    {"packet-too-big", 2},
    {"echo", 128},
    {"mld-listener-query", 130},
    {"mld-listener-report", 131},
    {"mld-listener-done", 132},
    {"mld-listener-reduction", 132},
    {"nd-router-solicit", 133},
    {"router-solicit", 133},
    {"nd-router-advert", 134},
    {"router-advert", 134},
    {"nd-neighbor-solicit", 135},
    {"neighbor-solicit", 135},
    {"neighbor-solicitation", 135},
    {"nd-neighbor-advert", 136},
    {"neighbor-advert", 136},
    {"neighbor-advertisement", 136},
    {"nd-redirect", 137},
    {"mld2-listener-report", 143},
};

_Static_assert(COUNT(icmpv6_types) <= WORDS_MAX && COUNT(icmp_types) <= WORDS_MAX, "for report_unknown");

/* Bit numbers of the TCP header's flags octet, RFC 9293, section 3.1. */
static const char *const tcp_flags[8] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

static const char *name_of(const struct named_number *table, size_t count, uint8_t number)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == number)
			return table[i].name;
	return NULL;
}

static bool number_of(const struct named_number *table, size_t count, const char *name, uint8_t *number)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) == 0) {
			*number = table[i].number;
			return true;
		}
	}
	return false;
}

/* A number from 0 to 255 at `*text`, which is moved behind it. */
static bool parse_octet(const char **text, uint8_t *out)
{
	unsigned int number = 0;
	const char *start = *text;

	while (**text >= '0' && **text <= '9' && *text - start < 4)
		number = number * 10 + (unsigned int)(*(*text)++ - '0');
	*out = (uint8_t)number;
	return *text > start && number <= UINT8_MAX;
}

static void report_unknown(struct reader *r, const struct node *node, const char *what,
			   const struct named_number *table, size_t count, const char *otherwise)
{
	const char *words[WORDS_MAX], *meant;

	for (size_t i = 0; i < count; i++)
		words[i] = table[i].name;
	meant = closest_word(node->text, words, count);
	diagnostics_error(r->d, node->place, "`%.40s` is not %s", node->text, what);
	if (meant)
		diagnostics_hint(r->d, "did you mean `%s`?", meant);
	else
		diagnostics_hint(r->d, "%s", otherwise);
}

const char *protocol_name(uint8_t protocol)
{
	return name_of(protocols, COUNT(protocols), protocol);
}

bool value_protocol(struct reader *r, const struct node *node, uint8_t *out)
{
	const char *text = value_text(r, node, "a protocol", "tcp or [tcp, udp]");

	if (!text)
		return false;
	if (number_of(protocols, COUNT(protocols), text, out) || (parse_octet(&text, out) && !*text))
		return true;
	if (value_is_everything(r, node))
		return false;
	report_unknown(r, node, "a protocol", protocols, COUNT(protocols),
		       "write tcp, udp, icmp, icmpv6, sctp, gre, esp ... or a number up to 255; "
		       "without `proto` a rule takes all");
	return false;
}

const char *icmp_name(uint16_t type_and_code_low, uint16_t high, bool ipv6)
{
	if ((type_and_code_low & 0xff) != 0 || (high & 0xff) != 0xff)
		return NULL;
	return ipv6 ? name_of(icmpv6_types, COUNT(icmpv6_types), (uint8_t)(high >> 8))
		    : name_of(icmp_types, COUNT(icmp_types), (uint8_t)(high >> 8));
}

static void report_icmp(struct reader *r, const struct node *node, bool ipv6)
{
	uint8_t number;

	if (ipv6 ? number_of(icmp_types, COUNT(icmp_types), node->text, &number)
		 : number_of(icmpv6_types, COUNT(icmpv6_types), node->text, &number)) {
		diagnostics_error(r->d, node->place, "`%s` is a message of %s, not of %s", node->text,
				  ipv6 ? "ICMP" : "ICMPv6", ipv6 ? "ICMPv6" : "ICMP");
		diagnostics_hint(r->d, ipv6 ? "write it in a rule with `proto: icmp` alone"
					    : "write it in a rule with `proto: icmpv6` alone");
		return;
	}
	report_unknown(r, node, ipv6 ? "an ICMPv6 type" : "an ICMP type", ipv6 ? icmpv6_types : icmp_types,
		       ipv6 ? COUNT(icmpv6_types) : COUNT(icmp_types),
		       "write a name like echo-request, a type like 3, or a type and code like 3/4");
}

bool value_icmp(struct reader *r, const struct node *node, bool ipv6, struct config_range *out)
{
	const char *text = value_text(r, node, "an ICMP type", "echo-request, 3 or 3/4");
	uint8_t type, code = 0;
	bool any_code = true;

	if (!text)
		return false;
	if (ipv6 ? !number_of(icmpv6_types, COUNT(icmpv6_types), text, &type)
		 : !number_of(icmp_types, COUNT(icmp_types), text, &type)) {
		bool good = parse_octet(&text, &type);

		if (good && *text == '/') {
			text++;
			any_code = false;
			good = parse_octet(&text, &code);
		}
		if (!good || *text) {
			report_icmp(r, node, ipv6);
			return false;
		}
	}
	out->low = (uint16_t)(type << 8 | code);
	out->high = any_code ? out->low | 0xff : out->low;
	return true;
}

const char *tcp_flag_name(unsigned int bit)
{
	return tcp_flags[bit];
}

bool value_tcp_flag(struct reader *r, const struct node *node, uint8_t *flags, uint8_t *mask)
{
	const char *text = value_text(r, node, "a TCP flag", "syn or \"!ack\"");
	bool absent;

	if (!text)
		return false;
	absent = *text == '!';
	for (unsigned int bit = 0; bit < 8; bit++) {
		if (strcmp(text + absent, tcp_flags[bit]) != 0)
			continue;
		if (*mask >> bit & 1) {
			diagnostics_error(r->d, node->place, "the flag `%s` is here twice", tcp_flags[bit]);
			diagnostics_hint(r->d, "a flag is set, or not set (\"!%s\"), or left out",
					 tcp_flags[bit]);
			return false;
		}
		*mask |= (uint8_t)(1 << bit);
		*flags |= (uint8_t)(!absent << bit);
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a TCP flag", text);
	diagnostics_hint(r->d,
			 "write fin, syn, rst, psh, ack, urg, ece or cwr; \"!ack\" for one that is not set");
	return false;
}
