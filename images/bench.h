/* SPDX-License-Identifier: Apache-2.0
 *
 * A bench: an image in a VM between the two sides of the traffic generator, which replays captures at it.
 * bench.c understands the command, bench_capture.c looks through the captures, bench_run.c measures,
 * bench_result.c makes numbers of it, bench_report.c and bench_json.c say them.
 */
#ifndef IMAGES_BENCH_H
#define IMAGES_BENCH_H

#include "generator.h"
#include "ports.h"

enum {
	BENCH_FRAME_MIN = 14,
	BENCH_FRAME_MAX = 9216, /* RING_BYTES_MAX of bench/generator/generator.h */
	BENCH_CLASSES = 7,	/* of sizes */
	BENCH_REPEATS_MAX = 1000,
};

/* A capture, looked through. Sizes are those on a wire, with FCS (RFC 2544). */
struct bench_capture {
	const char *path; /* NULL: none */
	int descriptor;
	uint64_t frames, bytes;		 /* that will be sent */
	uint64_t cut, too_long, runts;	 /* left out */
	uint32_t smallest, largest;	 /* bytes */
	uint64_t classes[BENCH_CLASSES]; /* frames, by bench_class_names */
	uint64_t first_ns, last_ns;	 /* by the capture's clock */
};
extern const char *const bench_class_names[BENCH_CLASSES];

/* What is measured: packets, unless it says more. */
enum bench_measure {
	MEASURE_OFFERED_PPS,
	MEASURE_OFFERED_BPS,
	MEASURE_FORWARDED_PPS,
	MEASURE_FORWARDED_BPS,
	MEASURE_CYCLES, /* busy, a packet that the image received */
	MEASURE_OFFERED,
	MEASURE_FORWARDED,
	MEASURE_CONSUMED,
	MEASURE_LOST,	   /* offered, and neither forwarded, consumed nor held */
	MEASURE_REFUSED,   /* of these, found the image's ring full */
	MEASURE_NOT_TAKEN, /* of these, not accepted by its card */
	MEASURE_HELD,
	MEASURE_ORIGINATED,
	MEASURE_ELSEWHERE, /* left by a port that has nobody at the other end */
	MEASURE_SECONDS,
	MEASURE_PASSES,
	MEASURE_BEHIND,
	MEASURE_TIMED,	    /* came back, and were known again: their latencies follow; none in a hurry */
	MEASURE_WAITED_MS,  /* that the VM waited for a processor */
	MEASURE_STALLED_MS, /* that the host did not let the generator run */
	MEASURE_IDLE,	    /* share of the generator's time */
	MEASURE_LATENCY_P50,
	MEASURE_LATENCY_P99, /* microseconds */
	MEASURE_COUNT
};

struct bench_result {
	double values[MEASURE_COUNT];
	uint64_t dropped[DROP_REASON_COUNT];
	bool limit; /* the generator was */
};

struct bench {
	struct image image;
	struct launch launch;
	struct instance instance;
	struct generator generator;
	struct port_values in_paths;
	size_t slots[INSTANCE_CARDS_MAX];
	int sides[GENERATOR_SIDES]; /* devices; -1: none */
	struct bench_capture captures[GENERATOR_SIDES];
	bool own_timing, json;
	double speed, seconds; /* seconds 0: not said */
	uint64_t loops;	       /* 0: not said */
	uint64_t repeats;
	bool shares_processor; /* the generator and the image have the same one */
	enum accelerator accelerator;
	char fallback[FALLBACK_MAX];
	size_t memory_bytes; /* of the VM */
	struct bench_result *results;
};

/* Looks through a capture and keeps it open, or says why it can't be replayed (status). */
int bench_capture_open(struct bench_capture *capture, const char *path);

/* All repeats; says what goes wrong (status). */
int bench_measure(struct bench *bench);

/* How many frames the generator put into rings, answers to ARP and neighbour discovery, too. */
uint64_t bench_given(const json_t *from);

/* Fills in a result: `from` is the generator's, the counters are of before and after. */
void bench_take(const struct bench *bench, struct bench_result *result, const json_t *from,
		const struct counters *before, const struct counters *after);

/* What the repeats come to. */
struct spread {
	double median, least, most;
};
struct spread bench_spread(const struct bench *bench, enum bench_measure measure);
struct spread bench_spread_of_drops(const struct bench *bench, size_t reason);

/* In how many of them the generator was the limit. */
size_t bench_limited(const struct bench *bench);

const char *bench_port_name(const struct bench *bench, int side);

void bench_print(const struct bench *bench, FILE *out);
void bench_print_json(const struct bench *bench, FILE *out);

#endif
