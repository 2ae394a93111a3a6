/* SPDX-License-Identifier: Apache-2.0
 *
 * Sample frames for the example appliance, one of each kind that the chain treats differently: what the tests
 * of the books, the fuzzers' seeds and others start from.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum sample {
	SAMPLE_UDP4,	   /* to the static gateway's side */
	SAMPLE_TCP4,	   /* as above */
	SAMPLE_LAN4,	   /* to an unresolved host */
	SAMPLE_BIG4,	   /* larger than wan's MTU */
	SAMPLE_FIRST4,	   /* first fragment */
	SAMPLE_LATER4,	   /* later fragment */
	SAMPLE_ECHO4,	   /* to the appliance */
	SAMPLE_LOCAL_UDP4, /* to the appliance */
	SAMPLE_GRE4,	   /* to the appliance, a protocol that it lacks */
	SAMPLE_BLACKHOLE4,
	SAMPLE_UNREACHABLE4,
	SAMPLE_MULTICAST4,
	SAMPLE_UDP6,
	SAMPLE_TCP6,
	SAMPLE_LAN6,
	SAMPLE_BIG6,
	SAMPLE_FIRST6,
	SAMPLE_ECHO6,
	SAMPLE_LOCAL_UDP6,
	SAMPLE_NO_ROUTE6,
	SAMPLE_VLAN,	  /* SAMPLE_UDP4 with a tag of guest's VLAN and a source there */
	SAMPLE_PRIORITY,  /* SAMPLE_UDP4 with a tag of VLAN 0 */
	SAMPLE_ARP,	  /* a host asks for lan's address */
	SAMPLE_ARP_REPLY, /* that nobody asked for */
	SAMPLE_SOLICITATION,
	SAMPLE_ADVERTISEMENT,
	SAMPLES,
	SAMPLE_BYTES_MAX = 2048,
};

extern const char *const sample_names[SAMPLES];

/* Writes a sample as it arrives on device 0 to out[SAMPLE_BYTES_MAX]; returns its length. */
size_t sample_frame(enum sample sample, uint8_t *out);

/* Puts a VLAN tag into a frame; returns the new length. */
size_t sample_tag(uint8_t *frame, size_t count, uint16_t tag_type, uint16_t vlan);

/* Writes the right header checksum into an untagged IPv4 frame that was changed. */
void sample_fix_ipv4(uint8_t *frame);

/* Writes the right checksum into an untagged frame with ICMPv6 right after the IPv6 header. */
void sample_fix_icmpv6(uint8_t *frame);

#endif
