/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the first stage with one frame, and checks what it promises of packets that it lets through
 * (nf/input/input.h). The first byte says how the frame is cut into segments.
 */
#include <assert.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/input/input.h"
#include "nf/packet.h"
#include "tests/unit/support/nf_host.h"

enum { FRAME_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check(const struct rte_mbuf *m)
{
	const struct packet_meta *meta = packet_meta((struct rte_mbuf *)m);

	assert(m->l2_len == 14 || m->l2_len == 18);
	assert(m->l3_len >= (meta->flags & PACKET_IPV6 ? 40 : 20));
	assert(m->data_len >= m->l2_len + m->l3_len + m->l4_len);
	assert(m->pkt_len == (uint32_t)m->l2_len + meta->l3_bytes);
	assert(meta->in_port < port_count && meta->out_port == PORT_NONE);
	assert(!(meta->flags & PACKET_LATER_FRAGMENT) || !(meta->flags & PACKET_L4));
	assert(!(meta->flags & PACKET_L4) || m->l4_len >= 8);
	rte_mbuf_sanity_check(m, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static bool started;
	struct rte_mbuf *m;

	if (!started)
		nf_host_start();
	started = true;
	if (count == 0)
		return 0;
	m = nf_host_frame(data + 1, RTE_MIN(count - 1, (size_t)FRAME_MAX), data[0] ? data[0] + 3 : 0);
	if (input(data[0] & 1, &m, 1)) {
		check(m);
		rte_pktmbuf_free(m);
	}
	nf_host_forget();
	return 0;
}
