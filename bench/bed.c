/* SPDX-License-Identifier: Apache-2.0
 *
 * The host of nf/host.h for measurements; see bed.h. Nothing leaves: what is transmitted is counted and freed
 * by who measures.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_mempool.h>
#include "bench/bed.h"
#include "boot/eal/eal.h"
#include "boot/handover.h"
#include "crypto/host.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"

#define COUNTERS __attribute__((section(".weir.stats")))
#define START_NS UINT64_C(1000000000)
#define WALL_NS	 UINT64_C(1750000000000000000) /* some day in 2025 */

enum { PACKETS = 4096, INDIRECT = 64 };

/* Weak: a program whose counters the host reads is linked with boot/ring3/notes.c, which has its own. */
COUNTERS __attribute__((weak)) struct stats_page stats;
COUNTERS __attribute__((weak)) volatile struct boot_progress boot_progress;
uint64_t host_now_ns = START_NS;
struct rte_mempool *host_packet_pool, *host_indirect_pool;

static uint64_t random_state = 1, start_tsc;
static char **words;
static int word_count;

/* Weak: a program that looks at what leaves has its own. */
__attribute__((weak)) uint16_t host_transmit(uint16_t device, struct rte_mbuf **burst, uint16_t count)
{
	(void)device;
	(void)burst;
	return count;
}

uint32_t bed_forwarded(void)
{
	static uint64_t before;
	uint32_t since = stats.forwarded - before;

	before = stats.forwarded;
	return since;
}

bool host_takes_super_frames(void)
{
	return false;
}

bool host_link_is_up(uint16_t device)
{
	return device < device_count;
}

const uint8_t *host_mac_address(uint16_t device)
{
	return port_configs[device].mac;
}

/* splitmix64 */
uint64_t host_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t host_wall_ns(void)
{
	return WALL_NS + host_now_ns;
}

/* As many bytes as the processor gives before each output; here they cost nothing, and may be guessed. */
size_t crypto_host_entropy(uint8_t out[CRYPTO_HOST_BYTES])
{
	enum { NUMBERS = 4 };

	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t number = host_random();

		memcpy(out + i * sizeof(number), &number, sizeof(number));
	}
	return NUMBERS * sizeof(uint64_t);
}

void *host_shared_memory(size_t bytes)
{
	return eal_pages_map(bytes);
}

void host_log(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

void bed_fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(IMAGE_EXIT_FAILED);
}

uint64_t bed_word(const char *name, uint64_t otherwise)
{
	size_t length = strlen(name);

	for (int i = 1; i < word_count; i++)
		if (strncmp(words[i], name, length) == 0 && words[i][length] == '=')
			return strtoull(words[i] + length + 1, NULL, 10);
	return otherwise;
}

static bool is_memory_wanted(void)
{
	for (int i = 1; i < word_count; i++)
		if (strcmp(words[i], "measure") == 0)
			return true;
	return false;
}

static struct rte_mempool *pool(const char *name, uint32_t count, uint16_t room)
{
	struct rte_mempool *made =
	    rte_pktmbuf_pool_create(name, count - 1, room ? 256 : 0, 0, room, SOCKET_ID_ANY);

	if (made == NULL)
		bed_fail("no memory for packets");
	return made;
}

void bed_start(int argc, char **argv)
{
	words = argv;
	word_count = argc;
	host_packet_pool = pool("packets", PACKETS, RTE_PKTMBUF_HEADROOM + 2048);
	host_indirect_pool = pool("indirect", INDIRECT, 0);
	if (appliance_init())
		bed_fail("the appliance did not start");
	start_tsc = bed_now();
	appliance_tick();
	if (is_memory_wanted())
		raise(SIGSTOP);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Against the system's clock, over a tenth of a second. */
double bed_tsc_hz(void)
{
	static double hz;
	uint64_t tsc, ns;

	if (hz > 0)
		return hz;
	tsc = bed_now();
	ns = monotonic_ns();
	while (monotonic_ns() - ns < 100000000)
		;
	hz = (double)(bed_now() - tsc) * 1e9 / (double)(monotonic_ns() - ns);
	return hz;
}

void bed_tick(void)
{
	static uint64_t due_ns;

	host_now_ns = START_NS + (uint64_t)((double)(__rdtsc() - start_tsc) * 1e9 / bed_tsc_hz());
	if (host_now_ns >= due_ns)
		due_ns = RTE_MIN(appliance_tick(), host_now_ns + 1000000);
}

void bed_rest(uint32_t seconds)
{
	for (uint32_t millisecond = 0; millisecond < seconds * 1000; millisecond++)
		appliance_tick();
}

void bed_refill(struct rte_mbuf *m, const uint8_t *frame)
{
	rte_pktmbuf_reset(m);
	m->data_len = m->pkt_len = FRAME;
	memcpy(rte_pktmbuf_mtod(m, void *), frame, FRAME);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void bed_print(const char *name, struct samples *samples, uint32_t packets)
{
	qsort(samples->value, samples->count, sizeof(samples->value[0]), by_size);
	printf("%s %.2f %.2f %.2f\n", name, (double)samples->value[samples->count / 2] / packets,
	       (double)samples->value[0] / packets,
	       (double)samples->value[samples->count * 9 / 10] / packets);
}
