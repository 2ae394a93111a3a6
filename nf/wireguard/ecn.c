/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of RFC 6040; see ecn.h.
 */
#include <rte_byteorder.h>
#include <rte_ip.h>
#include "nf/checksum.h"
#include "ecn.h"

enum { NOT_ECT, ECT_1, ECT_0, CE, ECN_VALUES, DROP = ECN_VALUES };
enum { ECN_MASK = 3, IPV6_SHIFT = 20 };

/* Figure 4: by what arrived inside, and outside. */
static const uint8_t leaving[ECN_VALUES][ECN_VALUES] = {
    [NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_0] = NOT_ECT, [ECT_1] = NOT_ECT, [CE] = DROP},
    [ECT_0] = {[NOT_ECT] = ECT_0, [ECT_0] = ECT_0, [ECT_1] = ECT_1, [CE] = CE},
    [ECT_1] = {[NOT_ECT] = ECT_1, [ECT_0] = ECT_1, [ECT_1] = ECT_1, [CE] = CE},
    [CE] = {[NOT_ECT] = CE, [ECT_0] = CE, [ECT_1] = CE, [CE] = CE},
};

static bool is_ipv6(const uint8_t *packet)
{
	return packet[0] >> 4 == 6;
}

uint8_t ecn_enter(const uint8_t *packet)
{
	/* The IPv6 traffic class begins in the first byte's lower half. */
	return is_ipv6(packet) ? packet[1] >> 4 & ECN_MASK : packet[1] & ECN_MASK;
}

static void write_ipv4(struct rte_ipv4_hdr *ip, uint8_t ecn)
{
	uint16_t before, after;

	memcpy(&before, ip, sizeof(before));
	ip->type_of_service = (ip->type_of_service & ~ECN_MASK) | ecn;
	memcpy(&after, ip, sizeof(after));
	ip->hdr_checksum = checksum_update(ip->hdr_checksum, before, after);
}

static void write_ipv6(struct rte_ipv6_hdr *ip, uint8_t ecn)
{
	ip->vtc_flow &= ~rte_cpu_to_be_32((uint32_t)ECN_MASK << IPV6_SHIFT);
	ip->vtc_flow |= rte_cpu_to_be_32((uint32_t)ecn << IPV6_SHIFT);
}

bool ecn_leave(uint8_t *packet, uint8_t outer)
{
	uint8_t inner = ecn_enter(packet), ecn = leaving[inner][outer];

	if (ecn == DROP)
		return false;
	if (ecn == inner)
		return true;
	if (is_ipv6(packet))
		write_ipv6((struct rte_ipv6_hdr *)packet, ecn);
	else
		write_ipv4((struct rte_ipv4_hdr *)packet, ecn);
	return true;
}
