/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of nf/stats.h, held to their two equations while random and hostile traffic goes through the
 * whole chain: every truncation of each sample, every byte of its headers changed, mutations, segments, full
 * and dead devices. After each burst nothing may be counted twice or not at all, and no mbuf may be lost.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "support/nf_host.h"
#include "support/sample.h"

enum { HEADERS = 80, ROUNDS = 3000, MUTATIONS_MAX = 6, SEGMENTS_MAX = 16 };

static int start(void **state)
{
	(void)state;
	nf_host_start();
	return 0;
}

static void settle(void)
{
	assert_true(nf_host_books_balance());
	nf_host_forget();
	assert_true(nf_host_books_balance());
}

static void each_sample(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];

	(void)state;
	for (enum sample s = 0; s < SAMPLES; s++) {
		nf_host_receive(0, frame, sample_frame(s, frame));
		settle();
	}
	assert_true(stats.forwarded > 0 && stats.consumed > 0 && stats.originated > 0 && stats.fragments > 0);
	assert_true(nf_host_settles());
}

static void every_truncation(void **state)
{
	uint8_t frame[SAMPLE_BYTES_MAX];

	(void)state;
	for (enum sample s = 0; s < SAMPLES; s++) {
		size_t count = sample_frame(s, frame);

		for (size_t left = 0; left <= count; left++) {
			nf_host_receive(0, frame, left);
			settle();
		}
	}
}

/* Each byte of the headers, each bit of it, and the checksum made right again, so that the change gets
 * further. */
static void every_header_bit(void **state)
{
	uint8_t good[SAMPLE_BYTES_MAX], frame[SAMPLE_BYTES_MAX];

	(void)state;
	for (enum sample s = 0; s < SAMPLES; s++) {
		size_t count = sample_frame(s, good);

		for (size_t bit = 0; bit < 8 * (count < HEADERS ? count : HEADERS); bit++) {
			memcpy(frame, good, count);
			frame[bit / 8] ^= 1 << bit % 8;
			if (frame[12] == 8 && frame[13] == 0)
				sample_fix_ipv4(frame);
			nf_host_receive(0, frame, count);
			settle();
		}
		nf_host_run(SECOND / 10);
	}
}

static struct rte_mbuf *mutant(void)
{
	uint8_t frame[SAMPLE_BYTES_MAX];
	size_t count = sample_frame(host_random() % SAMPLES, frame);
	uint32_t changes = host_random() % MUTATIONS_MAX;

	for (uint32_t i = 0; i < changes; i++)
		frame[host_random() % (host_random() % 2 ? count : RTE_MIN(count, (size_t)HEADERS))] =
		    host_random();
	if (host_random() % 2 && frame[12] == 8 && frame[13] == 0)
		sample_fix_ipv4(frame);
	if (host_random() % 4 == 0)
		count = 1 + host_random() % count;
	/* Few enough segments for a burst of them to fit the pool. */
	return nf_host_frame(frame, count,
			     host_random() % 3 ? 0 : 1 + count / SEGMENTS_MAX + host_random() % 700);
}

/* What a device may say of a frame, true or not. */
static void wish(struct rte_mbuf *m)
{
	static const uint64_t wishes[] = {0,
					  0,
					  0,
					  0,
					  RTE_MBUF_F_TX_TCP_CKSUM,
					  RTE_MBUF_F_TX_UDP_CKSUM,
					  RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM};

	m->ol_flags |= wishes[host_random() % RTE_DIM(wishes)];
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		m->tso_segsz = host_random();
}

static void random_bursts(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct rte_mbuf *packets[BURST_MAX];
		uint16_t count = 1 + host_random() % BURST_MAX, device = host_random() % device_count;

		for (uint16_t i = 0; i < count; i++) {
			packets[i] = mutant();
			packets[i]->port = device;
			wish(packets[i]);
		}
		nf_host.link_up[host_random() % 2] = host_random() % 8;
		nf_host.room[host_random() % 2] = host_random() % 4 ? UINT16_MAX : host_random() % 8;
		appliance_chain(device, packets, count);
		settle();
		if (host_random() % 4 == 0)
			nf_host_run(host_random() % SECOND);
		settle();
	}
	assert_true(nf_host_settles());
}

/* An empty pool: what needs a packet of its own is not sent, and nothing is lost. */
static void no_buffers(void **state)
{
	struct rte_mbuf *hoard[4096];
	uint8_t frame[SAMPLE_BYTES_MAX];
	uint32_t count = 0;

	(void)state;
	for (enum sample s = 0; s < SAMPLES; s++) {
		struct rte_mbuf *m = nf_host_frame(frame, sample_frame(s, frame), 0);

		while ((hoard[count] = rte_pktmbuf_alloc(host_packet_pool)))
			count++;
		appliance_chain(0, &m, 1);
		while (count)
			rte_pktmbuf_free(hoard[--count]);
		settle();
	}
	assert_true(nf_host_settles());
	assert_true(stats.dropped[DROP_FRAGMENTATION_FAILED] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_sample, start),	     cmocka_unit_test_setup(every_truncation, start),
	    cmocka_unit_test_setup(every_header_bit, start), cmocka_unit_test_setup(random_bursts, start),
	    cmocka_unit_test_setup(no_buffers, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
