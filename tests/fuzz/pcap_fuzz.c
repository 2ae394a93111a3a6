/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the capture reader of an image that runs as a process: whatever the file is, it is refused, or gives
 * frames behind replay headers, and at last the end. What came in is written again, as far as it is frames.
 */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>
#include <rte_mbuf.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/linux/chain.h"
#include "pktio/linux/pcap.h"
#include "pktio/replay.h"
#include "tests/unit/support/watched_pool.h"

enum { MBUFS = 255, BURST = 4 };

struct stats_page stats;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

void host_log(const char *line)
{
	assert(line[0] != '\0');
}

/* Returns whether it was the end. */
static bool check(struct rte_mbuf *m)
{
	struct replay_header buffer;
	const struct replay_header *header = rte_pktmbuf_read(m, 0, sizeof(buffer), &buffer);

	rte_mbuf_sanity_check(m, 1);
	assert(header && header->magic == REPLAY_MAGIC);
	assert(m->pkt_len <= sizeof(*header) + FRAME_MAX);
	return header->flags & REPLAY_END;
}

static void play(struct device *device)
{
	struct rte_mbuf *packets[BURST];
	bool ended = false;
	uint16_t count;

	while ((count = device->driver->receive(device, packets, BURST))) {
		assert(!ended);
		for (uint16_t i = 0; i < count; i++)
			ended = check(packets[i]);
		assert(device->driver->transmit(device, packets, count) == count);
	}
	assert(ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
	static struct rte_mempool *pool;
	int file = memfd_create("capture", 0);
	struct device device;
	char path[32];

	if (!pool)
		pool = watched_pool("packets", MBUFS, 2048);
	device = (struct device){.pool = pool};
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	assert(write(file, data, count) == (ssize_t)count);
	if (pcap_device_open(&device, path, "/dev/null") == 0) {
		play(&device);
		assert(pcap_device_close(&device) == 0);
	}
	close(file);
	assert(rte_mempool_full(pool));
	return 0;
}
