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
#include <emmintrin.h>
#include <netinet/in.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

static inline uint32_t checksum_word(const struct rte_ipv4_hdr *ip, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (const uint8_t *)ip + offset, sizeof(word));
	return word;
}

/* Adds up 32-bit words, which a 64-bit sum of at most 15 cannot overflow, and folds once at the end. */
static inline bool ipv4_checksum_is_right(const struct rte_ipv4_hdr *ip, uint32_t header_bytes)
{
	uint64_t sum = 0;

#pragma GCC unroll 5
	for (uint32_t i = 0; i < sizeof(*ip); i += 4)
		sum += checksum_word(ip, i);
	for (uint32_t i = sizeof(*ip); i < header_bytes; i += 4)
		sum += checksum_word(ip, i);
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

/* One's complement has two zeros, and an update never comes to that of a message of nothing but zeros, which
 * is 0xffff; an echo reply can be one. Where its header says so the other form is written, which sums up as
 * well if there are data. Other messages and other checksums stay as they are. */
static inline uint16_t checksum_of_echo(uint16_t checksum, const struct rte_icmp_hdr *icmp)
{
	bool zero =
	    icmp->icmp_type == 0 && icmp->icmp_code == 0 && icmp->icmp_ident == 0 && icmp->icmp_seq_nb == 0;

	return checksum == 0 && zero ? 0xffff : checksum;
}

enum { CHECKSUM_BLOCK = 32 }; /* bytes */

/* Adds up the halves of 64-bit words, which can't overflow before 2^32 of them, four words at a time. */
static inline uint64_t checksum_blocks(const uint8_t *data, uint32_t blocks)
{
	const __m128i low = _mm_set1_epi64x(UINT32_MAX);
	__m128i a = _mm_setzero_si128(), b = a, c = a, d = a;

	for (; blocks > 0; data += CHECKSUM_BLOCK, blocks--) {
		__m128i first = _mm_loadu_si128((const __m128i *)data);
		__m128i second = _mm_loadu_si128((const __m128i *)data + 1);

		a = _mm_add_epi64(a, _mm_and_si128(first, low));
		b = _mm_add_epi64(b, _mm_srli_epi64(first, 32));
		c = _mm_add_epi64(c, _mm_and_si128(second, low));
		d = _mm_add_epi64(d, _mm_srli_epi64(second, 32));
	}
	a = _mm_add_epi64(_mm_add_epi64(a, b), _mm_add_epi64(c, d));
	return (uint64_t)_mm_cvtsi128_si64(a) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(a, a));
}

/* One's complement sum of bytes, folded. (rte_raw_cksum of DPDK 22.11 goes by 16 bits.) */
static inline uint16_t checksum_bytes(const uint8_t *data, uint32_t count)
{
	uint64_t sum = checksum_blocks(data, count / CHECKSUM_BLOCK), word;

	data += count - count % CHECKSUM_BLOCK;
	count %= CHECKSUM_BLOCK;
	for (; count >= sizeof(word); data += sizeof(word), count -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	word = 0;
	memcpy(&word, data, count);
	sum += (word & UINT32_MAX) + (word >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (sum & UINT16_MAX) + (sum >> 16);
}

/* One's complement sum of `count` bytes from `offset`, over all segments, added to `sum` and folded. (The one
 * of rte_ip.h, 22.11, loses carries where a segment begins at an odd offset.) */
static inline uint16_t checksum_packet(const struct rte_mbuf *m, uint32_t offset, uint32_t count,
				       uint32_t sum)
{
	bool odd = false;

	for (; m && count; m = m->next) {
		uint32_t skip = RTE_MIN(offset, (uint32_t)m->data_len);
		uint32_t bytes = RTE_MIN(count, m->data_len - skip);
		uint16_t part = checksum_bytes(rte_pktmbuf_mtod_offset(m, const uint8_t *, skip), bytes);

		sum += odd ? rte_bswap16(part) : part;
		odd ^= bytes & 1;
		offset -= skip;
		count -= bytes;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* Sum over the `count` bytes of transport at `offset` and the pseudo-header of IPv4 (RFC 9293, section 3.1)
 * or IPv6 (RFC 8200, section 8.1); 0xffff when right. */
static inline uint16_t checksum_transport4(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip,
					   uint8_t protocol, uint32_t offset, uint32_t count)
{
	uint32_t sum = rte_raw_cksum(&ip->src_addr, sizeof(ip->src_addr) + sizeof(ip->dst_addr));

	return checksum_packet(m, offset, count,
			       sum + rte_cpu_to_be_16(protocol) + rte_cpu_to_be_16((uint16_t)count));
}

static inline uint16_t checksum_transport6(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip,
					   uint8_t protocol, uint32_t offset, uint32_t count)
{
	uint32_t sum = rte_raw_cksum(ip->src_addr, sizeof(ip->src_addr) + sizeof(ip->dst_addr));

	return checksum_packet(m, offset, count,
			       sum + rte_cpu_to_be_16(protocol) + rte_cpu_to_be_16((uint16_t)count));
}

static inline uint16_t checksum_icmpv6(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip,
				       uint32_t offset, uint32_t count)
{
	return checksum_transport6(m, ip, IPPROTO_ICMPV6, offset, count);
}

/* Completes a transport checksum that was left to the device: the field holds the pseudo-header's sum. l2_len
 * and l3_len are right. */
static inline void checksum_complete(struct rte_mbuf *m)
{
	uint64_t wish = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint32_t start = m->l2_len + m->l3_len;
	uint32_t at = start + (wish == RTE_MBUF_F_TX_TCP_CKSUM ? offsetof(struct rte_tcp_hdr, cksum)
							       : offsetof(struct rte_udp_hdr, dgram_cksum));
	uint16_t sum;

	m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
	if (wish != RTE_MBUF_F_TX_TCP_CKSUM && wish != RTE_MBUF_F_TX_UDP_CKSUM)
		return;
	sum = ~checksum_packet(m, start, m->pkt_len - start, 0);
	if (sum == 0 && wish == RTE_MBUF_F_TX_UDP_CKSUM)
		sum = 0xffff; /* 0 would say that there is none (RFC 768) */
	*rte_pktmbuf_mtod_offset(m, rte_be16_t *, at) = sum;
}

#endif
