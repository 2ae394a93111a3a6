/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the translation of ICMP errors. The input chooses a flow, and changes and cuts an error about it:
 *
 *     flow, side and mending, bytes quoted, then for each change: offset (two bytes), value
 *
 * However wrong it is: it harms no flow, what leaves has right checksums outside, and what leaves by wan
 * shows no inside address.
 */
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "tests/unit/support/nat_tables.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, SYN = 2, MEND = 0x80, ROUTER = 0x40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

/* Flows of all kinds: what begins them. */
static const struct {
	uint8_t port;
	struct craft packet;
} openings[] = {
    {LAN, {"192.0.2.10", "203.0.113.1", IPPROTO_UDP, 4000, 53, .payload = 60}},
    {LAN, {"192.0.2.10", "203.0.113.1", IPPROTO_TCP, 4000, 80, SYN, .sequence = 1000}},
    {LAN, {"192.0.2.10", "203.0.113.1", IPPROTO_ICMP, 7, 8 << 8, .payload = 60}},
    {LAN, {"192.0.2.10", "203.0.113.1", IPPROTO_GRE, .payload = 60}},
    {LAN, {"192.0.2.12", "203.0.113.1", IPPROTO_UDP, 4000, 53, .payload = 60}},
    {WAN, {"203.0.113.1", "198.51.100.1", IPPROTO_UDP, 4000, 8000, .payload = 60}},
    {WAN, {"203.0.113.1", "198.51.100.1", IPPROTO_TCP, 4000, 8000, SYN, .sequence = 1000}},
    {WAN, {"203.0.113.1", "198.51.100.80", IPPROTO_UDP, 4000, 53, .payload = 60}},
    {LAN, {"192.0.2.10", "198.51.100.1", IPPROTO_UDP, 4000, 8000, .payload = 60}},
    {LAN, {"2001:db8:1::10", "2001:db8:f::1", IPPROTO_UDP, 4000, 53, .payload = 60}},
    {LAN, {"2001:db8:1::10", "2001:db8:f::1", IPPROTO_TCP, 4000, 80, SYN, .sequence = 1000}},
    {LAN, {"2001:db8:1::10", "2001:db8:f::1", IPPROTO_ICMPV6, 7, 128 << 8, .payload = 60}},
    {WAN, {"2001:db8:f::1", "2001:db8:2::1", IPPROTO_UDP, 4000, 8000, .payload = 60}},
};
enum { FLOWS = sizeof(openings) / sizeof(openings[0]) };

/* An error about what left, from whom it went to. */
static struct error {
	uint8_t port;
	uint8_t frame[CRAFT_MAX];
	size_t bytes;
} errors[FLOWS];
static uint64_t originated; /* by the appliance, before this input */

static void make_error(uint32_t flow)
{
	struct error *error = &errors[flow];
	uint32_t bytes;
	const uint8_t *sent, *ip;
	bool ipv6;

	nat_pass(openings[flow].port, &openings[flow].packet);
	assert(nf_host.sent_count == 1);
	error->port = nf_host.sent[0].device;
	sent = nf_host_sent_bytes(0, &bytes);
	ip = sent + ETHERNET;
	ipv6 = ip[0] >> 4 == 6;
	error->bytes = nat_error(error->frame, ipv6 ? "::1" : "192.0.2.1", ipv6 ? "::1" : "192.0.2.1",
				 ipv6 ? 1 << 8 | 4 : 3 << 8 | 3, sent, bytes - ETHERNET);
	memcpy(error->frame, port_configs[error->port].mac, 6);
	if (ipv6) {
		memcpy(error->frame + ETHERNET + 8, ip + 24, 16);
		memcpy(error->frame + ETHERNET + 24, ip + 8, 16);
	} else {
		memcpy(error->frame + ETHERNET + 12, ip + 16, 4);
		memcpy(error->frame + ETHERNET + 16, ip + 12, 4);
	}
}

static void start(void)
{
	nat_world_clear();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		nat_add_masquerade(ipv6);
		nat_add_forward(0, 8000, 8000, ipv6 ? "2001:db8:1::11" : "192.0.2.11", 80);
	}
	nat_add_static("198.51.100.80", "192.0.2.12", 32);
	nf_host_start();
	for (uint32_t i = 0; i < FLOWS; i++)
		make_error(i);
	assert(stats.flow.flows == FLOWS);
}

/* By the EtherType, which stays. */
static bool is_ipv6(const uint8_t *frame)
{
	return frame[12] == 0x86;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void mend_ipv4(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, ~craft_sum(ip, IPV4, 0));
}

/* The quote's header checksum, the error's, and its own header's. */
static void mend(uint8_t *frame, size_t bytes)
{
	uint8_t *ip = frame + ETHERNET;
	bool ipv6 = is_ipv6(frame);
	size_t header = ipv6 ? IPV6 : IPV4, icmp_bytes = bytes - ETHERNET - header;
	uint8_t *icmp = ip + header;
	uint32_t sum = ipv6 ? craft_sum(ip + 8, 32, IPPROTO_ICMPV6 + icmp_bytes) : 0;

	if (!ipv6 && icmp_bytes >= 8 + IPV4)
		mend_ipv4(icmp + 8);
	put16(icmp + 2, 0);
	put16(icmp + 2, ~craft_sum(icmp, icmp_bytes, sum));
	if (!ipv6)
		mend_ipv4(ip);
}

/* Cuts the quote, and corrects the lengths that say how long it is. */
static size_t cut(uint8_t *frame, size_t bytes, size_t quoted)
{
	bool ipv6 = is_ipv6(frame);
	size_t header = ipv6 ? IPV6 : IPV4, length = ETHERNET + header + 8 + quoted;

	if (length >= bytes)
		return bytes;
	put16(frame + ETHERNET + (ipv6 ? 4 : 2), length - ETHERNET - (ipv6 ? IPV6 : 0));
	return length;
}

/* What the appliance answers itself tells nobody more than what it said. */
static bool is_proper(const char *said, uint8_t came_by)
{
	const char *quote = strchr(said, '{'), *wrong = strstr(said, "CHECKSUM");

	if (wrong && quote && wrong < quote)
		return false; /* of anything but an error, what was wrong stays wrong */
	return came_by == WAN || stats.originated > originated || strncmp(said, "wan", 3) != 0 ||
	       (!strstr(said, "192.0.2.1") && !strstr(said, "2001:db8:1::"));
}

static void judge(uint8_t came_by)
{
	assert(stats.flow.flows >= FLOWS && stats.flow.evicted == 0); /* changed enough, it begins another */
	assert(nf_host_books_balance());
	for (uint32_t i = 0; i < nf_host.sent_count; i++) {
		const char *said = nat_said(i);

		if (is_proper(said, came_by))
			continue;
		fprintf(stderr, "%s\n", said);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	struct error error;

	if (!host_packet_pool || stats.flow.flows > NAT_WORLD_FLOWS / 2)
		start();
	if (count < 3)
		return 0;
	error = errors[data[0] % FLOWS];
	if (data[1] & ROUTER)
		error.frame[ETHERNET + (is_ipv6(error.frame) ? 23 : 15)] = 99;
	error.bytes = cut(error.frame, error.bytes, data[2]);
	for (size_t i = 3; i + 3 <= count; i += 3) {
		size_t offset = ETHERNET + (data[i] << 8 | data[i + 1]) % (error.bytes - ETHERNET);

		error.frame[offset] = data[i + 2];
	}
	if (data[1] & MEND || count == 3)
		mend(error.frame, error.bytes);
	if (data[1] & 1)
		error.port = (error.port + 1) % 3;
	nf_host_forget();
	originated = stats.originated;
	nf_host_receive(error.port, error.frame, error.bytes);
	judge(error.port);
	return 0;
}
