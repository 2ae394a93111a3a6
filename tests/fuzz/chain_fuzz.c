/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the whole chain. The input is a series of frames: a byte of options, two bytes of length, the frame.
 * The books must balance after each, and at the end every buffer must be back.
 */
#include <stdlib.h>
#include <rte_mbuf.h>
#include "nf/appliance.h"
#include "nf/packet.h"
#include "tests/unit/support/nf_host.h"

enum {
	OPTION_WAN = 1,
	OPTION_SEGMENTS = 2,
	OPTION_TCP = 4,
	OPTION_UDP = 8,
	OPTION_SUPER = 16,
	OPTION_LATER = 32,
	FRAME_MAX = 4000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void receive(uint8_t options, const uint8_t *bytes, size_t count)
{
	struct rte_mbuf *m = nf_host_frame(bytes, count, options & OPTION_SEGMENTS ? 37 : 0);

	m->port = options & OPTION_WAN;
	if (options & OPTION_TCP)
		m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	else if (options & OPTION_UDP)
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	if (options & OPTION_SUPER) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = options * 10;
	}
	appliance_chain(options & OPTION_WAN, &m, 1);
	if (options & OPTION_LATER)
		nf_host_run(SECOND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static bool started;

	if (!started)
		nf_host_start();
	started = true;
	while (count >= 3) {
		size_t bytes = (data[1] << 8 | data[2]) % FRAME_MAX;

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
