/* SPDX-License-Identifier: Apache-2.0
 *
 * A WireGuard tunnel, from inside an image: what it costs to seal packets and send them, to receive and open
 * them, beside the bare cost of the AEAD; and whether strangers' initiations disturb that. Built and run by
 * bench/wireguard.py, upon bench/bed.h and bench/tunnel.h.
 *
 *     wireguard.elf [rounds=N] [slice=MILLISECONDS] [slices=N] [rate=INITIATIONS_A_SECOND]
 *
 * Time is the appliance's: it goes on by the cycles that the appliance took, so that what the program takes to
 * make and check packets is on nobody's bill. A burst that takes longer than PAUSE_NS was interrupted by the
 * machine, and counts as one that took no time.
 */
#include <stdio.h>
#include <string.h>
#include "bench/bed.h"
#include "bench/tunnel.h"
#include "boot/handover.h"
#include "crypto/crypto.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/packet.h"
#include "nf/wireguard/cookie.h"
#include "nf/wireguard/peer.h"

enum {
	ROUNDS = 500,
	SLICE_MS = 500,
	WARM_MS = 200, /* before a slice: strangers have used up what they may at once */
	RATE = 10000,
	PAUSE_NS = 500000, /* some twenty times what a burst takes */
	TICK_NS = 1000000, /* as in boot/ring3/loop.c */
	BIG = TUNNEL_INNER_MAX,
	SMALL = 64,
};

enum strangers { NOBODY, KNOWING, GUESSING, STRANGERS };

static uint64_t start_ns, spent, due_ns; /* spent: cycles */
static enum strangers strangers;
static struct cookie_keys known;
static uint64_t offered_from_ns, offered, rate, pauses;

static void spend(uint64_t cycles)
{
	spent += cycles;
	host_now_ns = start_ns + (uint64_t)((double)spent * 1e9 / bed_tsc_hz());
}

static void tick(void)
{
	uint64_t start = bed_now(), next;

	if (host_now_ns < due_ns)
		return;
	next = appliance_tick();
	spend(bed_now() - start);
	due_ns = RTE_MIN(next, host_now_ns + TICK_NS);
}

static uint64_t pass(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	struct rte_mbuf *burst[BURST_MAX];
	uint64_t start, cycles;

	memcpy(burst, packets, count * sizeof(burst[0]));
	stats.polls++;
	start = bed_now();
	appliance_chain(device, burst, count);
	cycles = bed_now() - start;
	if ((double)cycles * 1e9 < PAUSE_NS * bed_tsc_hz())
		spend(cycles);
	else
		pauses++;
	tick();
	return cycles;
}

/* Of somebody who has no key that we know: what is sealed in it opens with none. */
static void make_initiation(struct rte_mbuf *m)
{
	static const struct cookie_given none;
	struct message_initiation message;

	for (uint32_t i = 0; i < sizeof(message) / sizeof(uint32_t); i++)
		((uint32_t *)&message)[i] = host_random();
	message.type = rte_cpu_to_le_32(MESSAGE_INITIATION);
	if (strangers == KNOWING)
		cookie_add_macs(&known, &none, &message, sizeof(message), host_now_ns);
	tunnel_datagram(m, 0x1e000000 | (host_random() & 0xffffff), host_random(), &message, sizeof(message));
}

/* What strangers have sent until now. */
static void take_strangers(void)
{
	uint64_t now = (host_now_ns - offered_from_ns) * rate / 1000000000;

	while (strangers != NOBODY && offered < now) {
		struct rte_mbuf *burst[BURST_MAX];
		uint16_t count = RTE_MIN(now - offered, (uint64_t)BURST_MAX);

		if (rte_pktmbuf_alloc_bulk(host_packet_pool, burst, count))
			bed_fail("no packets for strangers");
		for (uint16_t i = 0; i < count; i++)
			make_initiation(burst[i]);
		offered += count;
		pass(WAN, burst, count);
	}
}

uint64_t tunnel_pass(uint16_t device, struct rte_mbuf **packets, uint16_t count)
{
	uint64_t cycles = pass(device, packets, count);

	take_strangers();
	return cycles;
}

/* The tunnel and the bare cost in turns, so that each compares with its neighbour in time. */
static void measure(uint32_t bytes, uint32_t rounds)
{
	static struct samples seal, open, bare_seal, bare_open;
	struct samples *const all[] = {&seal, &open, &bare_seal, &bare_open};
	static const char *const names[] = {"seal", "open", "bare-seal", "bare-open"};
	char name[32];

	for (int i = 0; i < 4; i++)
		all[i]->count = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct bare bare = tunnel_bare(bytes);

		bed_add(&bare_seal, bare.seal);
		bed_add(&bare_open, bare.open);
		bed_add(&seal, tunnel_seal(bytes, true));
		bed_add(&open, tunnel_open(bytes, true));
	}
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s-%u", names[i], bytes);
		bed_print(name, all[i], IN_FLIGHT);
	}
}

/* Rounds in both directions for so long; returns packets a second. */
static double throughput(uint64_t milliseconds)
{
	uint64_t from_ns = host_now_ns, packets = 0;

	while (host_now_ns - from_ns < milliseconds * 1000000) {
		tunnel_seal(BIG, false);
		tunnel_open(BIG, false);
		packets += 2 * IN_FLIGHT;
	}
	return (double)packets * 1e9 / (double)(host_now_ns - from_ns);
}

static void measure_strangers(uint32_t slices, uint64_t milliseconds)
{
	static const char *const names[STRANGERS] = {"nobody", "knowing", "guessing"};
	uint64_t total = 0;

	cookie_keys_init(&known, tunnels[0].identity.public_key);
	for (uint32_t slice = 0; slice < slices * STRANGERS; slice++) {
		strangers = slice % STRANGERS;
		offered = 0;
		offered_from_ns = host_now_ns;
		throughput(RTE_MIN(milliseconds, (uint64_t)WARM_MS));
		printf("%s-%u %.0f\n", names[strangers], slice / STRANGERS, throughput(milliseconds));
		total += offered;
	}
	strangers = NOBODY;
	printf("pauses %ju\noffered %ju\nmac1-wrong %ju\ncookies-asked %ju\nforged %ju\n", (uintmax_t)pauses, (uintmax_t)total,
	       (uintmax_t)stats.dropped[DROP_WG_MAC], (uintmax_t)stats.dropped[DROP_WG_COOKIE_ASKED],
	       (uintmax_t)stats.dropped[DROP_WG_HANDSHAKE]);
}

int main(int argc, char **argv)
{
	uint64_t rounds;

	bed_start(argc, argv);
	start_ns = host_now_ns;
	rounds = bed_word("rounds", ROUNDS);
	rate = bed_word("rate", RATE);
	if (rounds > SAMPLES_MAX)
		bed_fail("20000 rounds at most");
	tunnel_start();
	if (rounds > 0) {
		measure(SMALL, rounds);
		measure(BIG, rounds);
	}
	measure_strangers(bed_word("slices", 0), bed_word("slice", SLICE_MS));
	printf("tsc_hz %.0f\n", bed_tsc_hz());
	return IMAGE_EXIT_DONE;
}
