/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the packet side of tunnels, through the whole chain (tests/unit/support/vpn_world.h). The input is a
 * series of items: a byte of options, two bytes of length, and bytes, which are a frame on lan (its routes
 * lead into tunnels), what a peer with the right keys sealed, or the payload of a datagram to a tunnel. The
 * books must balance after each, and at the end every buffer must be back.
 */
#include <stdlib.h>
#include <string.h>
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/messages.h"
#include "nf/wireguard/peer.h"
#include "tests/unit/support/vpn_tables.h"

enum { KIND_FRAME, KIND_SEALED, KIND_MESSAGE, KIND_IP };
enum {
	OPTION_KIND = 3,
	OPTION_IPV6 = 4,
	OPTION_SEGMENTS = 8,
	OPTION_CHECKSUM = 16,
	OPTION_NETWORK = 32, /* what left comes back */
	OPTION_EXTENSION = 64,
	OPTION_LATER = 128,
	ITEM_MAX = 1500
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static bool is_connected(void)
{
	const struct session *far = peers[PEER_FAR].current, *near = peers[PEER_NEAR].current;

	return far && near && session_may_send(far, host_now_ns) && session_may_send(near, host_now_ns) &&
	       far->remote_index == near->index && near->remote_index == far->index;
}

/* A right checksum is hard to find by chance. */
static void mend_checksum(uint8_t *packet, size_t count)
{
	size_t header = (packet[0] & 15) * 4;
	uint16_t sum;

	if (count < 20 || packet[0] >> 4 != 4 || header < 20 || header > count)
		return;
	memset(packet + 10, 0, 2);
	sum = ~craft_sum(packet, header, 0);
	packet[10] = sum >> 8;
	packet[11] = sum;
}

/* The frame that an item stands for. */
static size_t frame_of(uint8_t options, const uint8_t *bytes, size_t count, uint8_t *frame)
{
	bool ipv6 = options & OPTION_IPV6;
	struct vpn_outer outer = {
	    .ipv6 = ipv6, .tos = options, .extension = options & OPTION_EXTENSION ? 8 : 0};
	uint8_t packet[ITEM_MAX + 1] = {0};

	memcpy(packet, bytes, count);
	mend_checksum(packet, count);
	switch (options & OPTION_KIND) {
	case KIND_SEALED:
		return vpn_seal(frame, count & 1, packet, count, 0, &outer);
	case KIND_MESSAGE:
		return vpn_wrap(frame, count & 1, bytes, count, &outer);
	case KIND_IP: /* an IP packet on lan */
		memcpy(frame, port_configs[LAN].mac, 6);
		memset(frame + 6, 2, 6);
		memcpy(frame + 12, ipv6 ? "\x86\xdd" : "\x08\x00", 2);
		memcpy(frame + 14, packet, count);
		return 14 + count;
	default:
		memcpy(frame, bytes, count);
		return count;
	}
}

static void receive(uint8_t options, const uint8_t *bytes, size_t count)
{
	uint8_t kind = options & OPTION_KIND, frame[VPN_FRAME_MAX];
	uint16_t port = kind == KIND_SEALED || kind == KIND_MESSAGE ? WAN : LAN;
	size_t frame_bytes = frame_of(options, bytes, count, frame);
	struct rte_mbuf *m = nf_host_frame(frame, frame_bytes, options & OPTION_SEGMENTS ? 41 : 0);

	m->port = port;
	if (options & OPTION_CHECKSUM)
		m->ol_flags |= options & OPTION_EXTENSION ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	appliance_chain(port, &m, 1);
	if (options & OPTION_NETWORK)
		vpn_network_once();
	if (options & OPTION_LATER)
		nf_host_run(SECOND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static bool started;

	if (!started)
		vpn_clear();
	if (!started || !is_connected())
		vpn_connect(4);
	started = true;
	while (count >= 3 && is_connected()) {
		size_t bytes = (data[1] << 8 | data[2]) % ITEM_MAX;

		bytes = RTE_MIN(bytes, count - 3);
		receive(data[0], data + 3, bytes);
		data += 3 + bytes;
		count -= 3 + bytes;
		if (!nf_host_books_balance())
			abort();
	}
	if (!nf_host_settles())
		abort();
	return 0;
}
