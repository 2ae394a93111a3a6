/* SPDX-License-Identifier: Apache-2.0
 *
 * Sample frames; see sample.h.
 */
#include <netinet/in.h>
#include <string.h>
#include "craft.h"
#include "sample.h"

#define LAN_MAC \
	{ \
		2, 0, 0, 0, 0, 1 \
	}
#define HOST4 "192.0.2.10"
#define HOST6 "2001:db8:1::10"
#define FAR4  "203.0.113.7"
#define FAR6  "2001:db8:99::7"

const char *const sample_names[SAMPLES] = {
    "udp4",	  "tcp4", "lan4",	"big4",		"first4",	 "later4",    "echo4",
    "local-udp4", "gre4", "blackhole4", "unreachable4", "multicast4",	 "udp6",      "tcp6",
    "lan6",	  "big6", "first6",	"echo6",	"local-udp6",	 "no-route6", "vlan",
    "priority",	  "arp",  "arp-reply",	"solicitation", "advertisement",
};

#define CRAFT(from, to, proto, ...) \
	{ \
		.source = from, .destination = to, .protocol = proto, .mac = LAN_MAC, __VA_ARGS__ \
	}

static const struct craft crafted[SAMPLE_VLAN] = {
    [SAMPLE_UDP4] =
	CRAFT(HOST4, FAR4, IPPROTO_UDP, .source_port = 4242, .destination_port = 53, .payload = 20),
    [SAMPLE_TCP4] =
	CRAFT(HOST4, FAR4, IPPROTO_TCP, .source_port = 4242, .destination_port = 80, .tcp_flags = 2),
    [SAMPLE_LAN4] = CRAFT("198.51.100.2", "192.0.2.77", IPPROTO_UDP, .source_port = 1, .destination_port = 2,
			  .payload = 4),
    [SAMPLE_BIG4] = CRAFT(HOST4, FAR4, IPPROTO_UDP, .source_port = 1, .destination_port = 2, .payload = 1472),
    [SAMPLE_FIRST4] = CRAFT(HOST4, FAR4, IPPROTO_UDP, .source_port = 1, .destination_port = 2, .payload = 120,
			    .more_fragments = true),
    [SAMPLE_LATER4] = CRAFT(HOST4, FAR4, IPPROTO_UDP, .payload = 50, .fragment = 128),
    [SAMPLE_ECHO4] = CRAFT(HOST4, "192.0.2.1", IPPROTO_ICMP, .destination_port = 8 << 8, .payload = 56),
    [SAMPLE_LOCAL_UDP4] =
	CRAFT(HOST4, "192.0.2.1", IPPROTO_UDP, .source_port = 9, .destination_port = 33434, .payload = 32),
    [SAMPLE_GRE4] = CRAFT(HOST4, "192.0.2.1", IPPROTO_GRE, .payload = 32),
    [SAMPLE_BLACKHOLE4] = CRAFT(HOST4, "203.0.113.130", IPPROTO_UDP, .source_port = 1, .destination_port = 2),
    [SAMPLE_UNREACHABLE4] =
	CRAFT(HOST4, "203.0.113.200", IPPROTO_UDP, .source_port = 1, .destination_port = 2),
    [SAMPLE_MULTICAST4] = CRAFT(HOST4, "233.252.0.1", IPPROTO_UDP, .source_port = 1, .destination_port = 2),
    [SAMPLE_UDP6] =
	CRAFT(HOST6, FAR6, IPPROTO_UDP, .source_port = 4242, .destination_port = 53, .payload = 20),
    [SAMPLE_TCP6] =
	CRAFT(HOST6, FAR6, IPPROTO_TCP, .source_port = 4242, .destination_port = 80, .tcp_flags = 2),
    [SAMPLE_LAN6] =
	CRAFT("2001:db8:2::2", "2001:db8:1::77", IPPROTO_UDP, .source_port = 1, .destination_port = 2),
    [SAMPLE_BIG6] = CRAFT(HOST6, FAR6, IPPROTO_UDP, .source_port = 1, .destination_port = 2, .payload = 1440),
    [SAMPLE_FIRST6] = CRAFT(HOST6, FAR6, IPPROTO_UDP, .source_port = 1, .destination_port = 2, .payload = 120,
			    .more_fragments = true),
    [SAMPLE_ECHO6] =
	CRAFT(HOST6, "2001:db8:1::1", IPPROTO_ICMPV6, .destination_port = 128 << 8, .payload = 56),
    [SAMPLE_LOCAL_UDP6] =
	CRAFT(HOST6, "2001:db8:1::1", IPPROTO_UDP, .source_port = 9, .destination_port = 33434),
    [SAMPLE_NO_ROUTE6] = CRAFT(HOST6, "2001:db9::1", IPPROTO_UDP, .source_port = 1, .destination_port = 2),
};

static const uint8_t arp_request[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0, 0, 0,  1, 0x14, 8, 6, /* Ethernet */
    0,	  1,	8,    0,    6,	  4,	0,   1,			      /* who has */
    2,	  0,	0,    0,    1,	  0x14, 192, 0, 2, 20,		      /* sender */
    0,	  0,	0,    0,    0,	  0,	192, 0, 2, 1,		      /* target */
};

static const uint8_t arp_reply[] = {
    2, 0, 0, 0, 0, 1,	 2,   0, 0, 0,	1, 0x4d, 8, 6, /* Ethernet */
    0, 1, 8, 0, 6, 4,	 0,   2,		       /* is at */
    2, 0, 0, 0, 1, 0x4d, 192, 0, 2, 77,		       /* sender */
    2, 0, 0, 0, 0, 1,	 192, 0, 2, 1,		       /* target */
};

static const uint8_t solicitation[] = {
    0x33, 0x33, 0xff, 0,    0, 1,  2,  0,    0, 0, 1, 0x14, 0x86, 0xdd,		 /* Ethernet */
    0x60, 0,	0,    0,    0, 32, 58, 255,					 /* IPv6 */
    0x20, 1,	0x0d, 0xb8, 0, 1,  0,  0,    0, 0, 0, 0,    0,	  0,	0, 0x20, /* source */
    0xff, 2,	0,    0,    0, 0,  0,  0,    0, 0, 0, 1,    0xff, 0,	0, 1,	 /* solicited-node group */
    135,  0,	0,    0,    0, 0,  0,  0,					 /* ICMPv6 */
    0x20, 1,	0x0d, 0xb8, 0, 1,  0,  0,    0, 0, 0, 0,    0,	  0,	0, 1,	 /* target */
    1,	  1,	2,    0,    0, 0,  1,  0x14, /* source link-layer address */
};

static const uint8_t advertisement[] = {
    2,	  0, 0,	   0,	 0,    1,  2,  0,    0, 0, 1, 0x77, 0x86, 0xdd,		 /* Ethernet */
    0x60, 0, 0,	   0,	 0,    32, 58, 255,					 /* IPv6 */
    0x20, 1, 0x0d, 0xb8, 0,    1,  0,  0,    0, 0, 0, 0,    0,	  0,	0, 0x77, /* source */
    0x20, 1, 0x0d, 0xb8, 0,    1,  0,  0,    0, 0, 0, 0,    0,	  0,	0, 1,	 /* destination */
    136,  0, 0,	   0,	 0x60, 0,  0,  0, /* ICMPv6: solicited, override */
    0x20, 1, 0x0d, 0xb8, 0,    1,  0,  0,    0, 0, 0, 0,    0,	  0,	0, 0x77, /* target */
    2,	  1, 2,	   0,	 0,    0,  1,  0x77, /* target link-layer address */
};

static size_t copy(uint8_t *out, const uint8_t *frame, size_t count)
{
	memcpy(out, frame, count);
	if (frame[12] == 0x86)
		sample_fix_icmpv6(out);
	return count;
}

size_t sample_tag(uint8_t *frame, size_t count, uint16_t tag_type, uint16_t vlan)
{
	memmove(frame + 16, frame + 12, count - 12);
	frame[12] = tag_type >> 8;
	frame[13] = tag_type & 0xff;
	frame[14] = vlan >> 8;
	frame[15] = vlan & 0xff;
	return count + 4;
}

void sample_fix_ipv4(uint8_t *frame)
{
	uint8_t *ip = frame + 14;
	uint16_t sum;

	ip[10] = ip[11] = 0;
	sum = ~craft_sum(ip, (ip[0] & 0xf) * 4, 0);
	ip[10] = sum >> 8;
	ip[11] = sum & 0xff;
}

void sample_fix_icmpv6(uint8_t *frame)
{
	uint8_t *ip = frame + 14, *icmp = ip + 40;
	size_t count = ip[4] << 8 | ip[5];
	uint16_t sum;

	icmp[2] = icmp[3] = 0;
	sum = ~craft_sum(icmp, count, craft_sum(ip + 8, 32, IPPROTO_ICMPV6 + count));
	icmp[2] = sum >> 8;
	icmp[3] = sum & 0xff;
}

static size_t vlan_sample(uint8_t *out)
{
	struct craft guest = crafted[SAMPLE_UDP4];

	guest.source = "198.51.100.200";
	return sample_tag(out, craft_frame(&guest, out), 0x8100, 20);
}

size_t sample_frame(enum sample sample, uint8_t *out)
{
	switch (sample) {
	case SAMPLE_VLAN:
		return vlan_sample(out);
	case SAMPLE_PRIORITY:
		return sample_tag(out, craft_frame(&crafted[SAMPLE_UDP4], out), 0x8100, 5 << 13);
	case SAMPLE_ARP:
		return copy(out, arp_request, sizeof(arp_request));
	case SAMPLE_ARP_REPLY:
		return copy(out, arp_reply, sizeof(arp_reply));
	case SAMPLE_SOLICITATION:
		return copy(out, solicitation, sizeof(solicitation));
	case SAMPLE_ADVERTISEMENT:
		return copy(out, advertisement, sizeof(advertisement));
	default:
		return craft_frame(&crafted[sample], out);
	}
}
