/* SPDX-License-Identifier: Apache-2.0
 *
 * What a bench found, as JSON: each measurement, and the medians and spreads of all. See bench.h.
 */
#include "bench.h"

#include "command.h"
#include "report.h"

static const char *const keys[MEASURE_COUNT] = {
    [MEASURE_OFFERED_PPS] = "offered_pps",
    [MEASURE_OFFERED_BPS] = "offered_bps",
    [MEASURE_FORWARDED_PPS] = "forwarded_pps",
    [MEASURE_FORWARDED_BPS] = "forwarded_bps",
    [MEASURE_CYCLES] = "busy_cycles_per_packet",
    [MEASURE_OFFERED] = "offered",
    [MEASURE_FORWARDED] = "forwarded",
    [MEASURE_CONSUMED] = "consumed",
    [MEASURE_HELD] = "held",
    [MEASURE_LOST] = "lost",
    [MEASURE_REFUSED] = "refused",
    [MEASURE_NOT_TAKEN] = "not_taken",
    [MEASURE_ORIGINATED] = "originated",
    [MEASURE_ELSEWHERE] = "left_elsewhere",
    [MEASURE_SECONDS] = "seconds",
    [MEASURE_PASSES] = "passes",
    [MEASURE_BEHIND] = "behind",
    [MEASURE_TIMED] = "timed",
    [MEASURE_WAITED_MS] = "image_waited_ms",
    [MEASURE_STALLED_MS] = "generator_stalled_ms",
    [MEASURE_IDLE] = "generator_idle",
    [MEASURE_LATENCY_P50] = "latency_p50_us",
    [MEASURE_LATENCY_P99] = "latency_p99_us",
};

static json_t *json_whole(double value)
{
	return json_integer((json_int_t)(value + 0.5));
}

/* Counts and rates are whole; times and shares are not. */
static json_t *json_value(enum bench_measure measure, double value)
{
	if (measure == MEASURE_SECONDS || measure >= MEASURE_WAITED_MS)
		return json_real(value);
	return json_whole(value);
}

static json_t *json_capture(const struct bench *bench, int side)
{
	const struct bench_capture *capture = &bench->captures[side];
	json_t *classes = json_object();

	for (size_t i = 0; i < BENCH_CLASSES; i++)
		json_object_set_new(classes, bench_class_names[i], json_whole((double)capture->classes[i]));
	return json_pack("{s:s, s:s, s:I, s:I, s:f, s:i, s:i, s:o, s:I, s:I, s:I}", "port",
			 bench_port_name(bench, side), "file", capture->path, "frames",
			 (json_int_t)capture->frames, "bytes", (json_int_t)capture->bytes, "seconds",
			 (double)(capture->last_ns - capture->first_ns) / 1e9, "smallest",
			 (int)capture->smallest, "largest", (int)capture->largest, "sizes", classes, "cut",
			 (json_int_t)capture->cut, "too_long", (json_int_t)capture->too_long, "runts",
			 (json_int_t)capture->runts);
}

static json_t *json_captures(const struct bench *bench)
{
	json_t *array = json_array();

	for (int side = 0; side < GENERATOR_SIDES; side++)
		if (bench->captures[side].path)
			json_array_append_new(array, json_capture(bench, side));
	return array;
}

static json_t *json_result(const struct bench_result *result)
{
	json_t *object = json_object(), *dropped = json_object();

	for (int i = 0; i < MEASURE_COUNT; i++)
		json_object_set_new(object, keys[i], json_value((enum bench_measure)i, result->values[i]));
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		if (result->dropped[i])
			json_object_set_new(dropped, reason_texts[i].name,
					    json_whole((double)result->dropped[i]));
	json_object_set_new(object, "dropped", dropped);
	json_object_set_new(object, "generator_limit", json_boolean(result->limit));
	return object;
}

static json_t *json_results(const struct bench *bench)
{
	json_t *array = json_array();

	for (size_t i = 0; i < bench->repeats; i++)
		json_array_append_new(array, json_result(&bench->results[i]));
	return array;
}

static json_t *json_summary(const struct bench *bench)
{
	json_t *object = json_object();

	for (int i = 0; i < MEASURE_COUNT; i++) {
		enum bench_measure measure = (enum bench_measure)i;
		struct spread spread = bench_spread(bench, measure);

		json_object_set_new(object, keys[i],
				    json_pack("{s:o, s:o, s:o}", "median", json_value(measure, spread.median),
					      "least", json_value(measure, spread.least), "most",
					      json_value(measure, spread.most)));
	}
	return object;
}

void bench_print_json(const struct bench *bench, FILE *out)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:f, s:b, s:b, s:o, s:o, s:o}",
				   "appliance", bench->image.config->name, "image", bench->image.path,
				   "accelerator", accelerator_name(bench->accelerator), "machine",
				   bench->launch.machine == MACHINE_Q35 ? "q35" : "microvm", "no_kvm",
				   *bench->fallback ? bench->fallback : NULL, "timing",
				   bench->own_timing ? "capture" : "fast", "speed", bench->speed,
				   "generator_limit", bench_limited(bench) > 0, "shared_processor",
				   bench->shares_processor, "captures", json_captures(bench), "summary",
				   json_summary(bench), "measurements", json_results(bench));

	json_dumpf(object, out, JSON_REAL_PRECISION(6) | JSON_INDENT(2));
	putc('\n', out);
	json_decref(object);
}
