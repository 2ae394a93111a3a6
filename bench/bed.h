/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs that measure network functions from inside an image stand on: they take the place of
 * boot/ring3 and pktio/ (bench/inside.py links them), feed a generated chain packets from memory, and print
 * lines of "name median lowest p90" for inside.py to read. The same ELF runs as a process and in a VM.
 */
#ifndef BENCH_BED_H
#define BENCH_BED_H

#include <stdint.h>
#include <x86intrin.h>
#include <rte_mbuf.h>

enum {
	FRAME = 60,	 /* 64 with its FCS */
	IN_FLIGHT = 512, /* packets of a round: as many as a receive ring of that length has around */
	SAMPLES_MAX = 20000,
};

/* Packets that were forwarded since the last call. Their mbufs stay with who made them, as they were when
 * they left. (Announcements and the like leave too, and are not counted.) */
uint32_t bed_forwarded(void);

struct samples {
	uint64_t value[SAMPLES_MAX];
	uint32_t count;
};

/* Reads words NAME=NUMBER of the command line into bed_word's answers, makes pools and starts the appliance.
 * With the word `measure`, stops there: `weir build` asks how much memory a start takes. */
void bed_start(int argc, char **argv);

/* The number given for a name, or `otherwise`. */
uint64_t bed_word(const char *name, uint64_t otherwise);

_Noreturn void bed_fail(const char *what);

/* Moves host_now_ns to what the TSC says has passed since the start, and runs timers that are due. */
void bed_tick(void);
double bed_tsc_hz(void);

/* Timers as an appliance runs them that is up for so long, and has no packets; the clock stands still. */
void bed_rest(uint32_t seconds);

/* Makes an mbuf what a driver hands over. */
void bed_refill(struct rte_mbuf *m, const uint8_t *frame);

/* One line; the samples are cycles of `packets` packets each. */
void bed_print(const char *name, struct samples *samples, uint32_t packets);

static inline uint64_t bed_now(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

static inline void bed_add(struct samples *samples, uint64_t value)
{
	if (samples->count < SAMPLES_MAX)
		samples->value[samples->count++] = value;
}

#endif
