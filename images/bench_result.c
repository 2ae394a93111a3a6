/* SPDX-License-Identifier: Apache-2.0
 *
 * What a measurement is, out of what the generator and the image's counters say, and what several come to;
 * see bench.h.
 */
#include "bench.h"

#include <stdlib.h>

static double said(const json_t *result, const char *key)
{
	return json_number_value(json_object_get(result, key));
}

uint64_t bench_given(const json_t *from)
{
	return (uint64_t)(said(from, "sent") + said(from, "answered") - said(from, "unanswered"));
}

static double positive(double value)
{
	return value > 0 ? value : 0;
}

static void take_generator(struct bench_result *result, const json_t *from)
{
	const json_t *replay = json_object_get(from, "replay"),
		     *generator = json_object_get(from, "generator"),
		     *latency = json_object_get(from, "latency_ns");
	double *values = result->values;

	values[MEASURE_SECONDS] = said(from, "seconds");
	values[MEASURE_OFFERED] = said(from, "offered");
	values[MEASURE_REFUSED] = said(from, "refused");
	values[MEASURE_NOT_TAKEN] = (double)bench_given(from); /* less what the image then received */
	values[MEASURE_PASSES] = said(replay, "passes");
	values[MEASURE_BEHIND] = said(replay, "behind");
	values[MEASURE_TIMED] = said(latency, "count");
	values[MEASURE_LATENCY_P50] = said(latency, "p50") / 1e3;
	values[MEASURE_LATENCY_P99] = said(latency, "p99") / 1e3;
	values[MEASURE_STALLED_MS] = said(generator, "stalled_ms");
	values[MEASURE_IDLE] = said(generator, "idle");
	values[MEASURE_OFFERED_BPS] = said(from, "sent_bps");
	values[MEASURE_FORWARDED_BPS] = said(from, "received_bps");
	result->limit = json_is_true(json_object_get(generator, "limit"));
}

/* Packets that left by ports without the generator at the other end. */
static uint64_t left_elsewhere(const struct bench *bench, const struct counters *from,
			       const struct counters *to)
{
	const struct config *config = bench->image.config;
	uint64_t packets = 0;

	for (size_t i = 0; i < config->port_count && i < to->page.ports; i++)
		if (config->ports[i].device != bench->sides[0] && config->ports[i].device != bench->sides[1])
			packets += to->page.port[i].tx_packets - from->page.port[i].tx_packets;
	return packets;
}

static void take_counters(struct bench_result *result, const struct counters *from, const struct counters *to)
{
	struct books before = counters_books(from), after = counters_books(to);
	const struct stats_page *old = &from->page, *new = &to->page;
	double received = (double)(after.received - before.received), *values = result->values;

	values[MEASURE_FORWARDED] = (double)(new->forwarded - old->forwarded);
	values[MEASURE_CONSUMED] = (double)(new->consumed - old->consumed);
	values[MEASURE_ORIGINATED] = (double)(new->originated - old->originated);
	values[MEASURE_HELD] = (double)new->held;
	values[MEASURE_CYCLES] = received > 0 ? (double)(new->busy_cycles - old->busy_cycles) / received : 0;
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		result->dropped[i] = new->dropped[i] - old->dropped[i];
	values[MEASURE_NOT_TAKEN] = positive(values[MEASURE_NOT_TAKEN] - received);
	values[MEASURE_LOST] =
	    (double)(after.dropped - before.dropped) + values[MEASURE_REFUSED] + values[MEASURE_NOT_TAKEN];
}

/* Rates are over the time in which frames were sent; a single burst takes none. */
static void take_rates(double *values)
{
	double seconds = values[MEASURE_SECONDS];

	if (seconds < 1e-6)
		values[MEASURE_OFFERED_BPS] = values[MEASURE_FORWARDED_BPS] = 0;
	values[MEASURE_OFFERED_PPS] = seconds < 1e-6 ? 0 : values[MEASURE_OFFERED] / seconds;
	values[MEASURE_FORWARDED_PPS] = seconds < 1e-6 ? 0 : values[MEASURE_FORWARDED] / seconds;
}

void bench_take(const struct bench *bench, struct bench_result *result, const json_t *from,
		const struct counters *before, const struct counters *after)
{
	take_generator(result, from);
	take_counters(result, before, after);
	take_rates(result->values);
	result->values[MEASURE_ELSEWHERE] = (double)left_elsewhere(bench, before, after);
}

static int by_value(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Takes the values of all repeats, and sorts them. */
static struct spread spread_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return (struct spread){(values[(count - 1) / 2] + values[count / 2]) / 2, values[0],
			       values[count - 1]};
}

struct spread bench_spread(const struct bench *bench, enum bench_measure measure)
{
	static double values[BENCH_REPEATS_MAX];

	for (size_t i = 0; i < bench->repeats; i++)
		values[i] = bench->results[i].values[measure];
	return spread_of(values, bench->repeats);
}

struct spread bench_spread_of_drops(const struct bench *bench, size_t reason)
{
	static double values[BENCH_REPEATS_MAX];

	for (size_t i = 0; i < bench->repeats; i++)
		values[i] = (double)bench->results[i].dropped[reason];
	return spread_of(values, bench->repeats);
}

size_t bench_limited(const struct bench *bench)
{
	size_t count = 0;

	for (size_t i = 0; i < bench->repeats; i++)
		count += bench->results[i].limit;
	return count;
}

const char *bench_port_name(const struct bench *bench, int side)
{
	return bench->image.config->ports[bench->sides[side]].name;
}
