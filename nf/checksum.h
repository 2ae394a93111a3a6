/* SPDX-License-Identifier: Apache-2.0
 *
 * Internet checksums (RFC 1071) where rte_ip.h has none of the right shape: the header of an arrival in few
 * cycles, an update in place (RFC 1624), and transport checksums over several segments.
 */
#ifndef NF_CHECKSUM_H
#define NF_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

/* Adds up 32-bit words, which a 64-bit sum of at most 15 cannot overflow, and folds once at the end. */
static inline bool ipv4_checksum_is_right(const struct rte_ipv4_hdr *ip, uint32_t header_bytes)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < header_bytes; i += 4) {
		uint32_t word;

		memcpy(&word, (const uint8_t *)ip + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16)) == 0xffff;
}

/* The checksum after one 16-bit word that it covers changed: equation 3 of RFC 1624. */
static inline uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~checksum + (uint16_t)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	return ~(uint16_t)(sum + (sum >> 16));
}

/* One's complement sum of `count` bytes from `offset`, over all segments, added to `sum` and folded. */
static inline uint16_t checksum_packet(const struct rte_mbuf *m, uint32_t offset, uint32_t count,
				       uint32_t sum)
{
	uint16_t rest = 0;

	if (count && rte_raw_cksum_mbuf(m, offset, count, &rest))
		return 0;
	sum += rest;
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* Sum over the ICMPv6 message at `offset` and its pseudo-header (RFC 8200, section 8.1); 0xffff when right.
 */
static inline uint16_t checksum_icmpv6(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip,
				       uint32_t offset, uint32_t count)
{
	struct {
		uint8_t addresses[32];
		uint32_t length, protocol;
	} pseudo = {.length = rte_cpu_to_be_32(count), .protocol = rte_cpu_to_be_32(IPPROTO_ICMPV6)};

	memcpy(pseudo.addresses, ip->src_addr, sizeof(pseudo.addresses));
	return checksum_packet(m, offset, count, rte_raw_cksum(&pseudo, sizeof(pseudo)));
}

#endif
