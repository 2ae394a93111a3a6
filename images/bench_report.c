/* SPDX-License-Identifier: Apache-2.0
 *
 * What a bench found, as a table of medians and spreads; see bench.h.
 */
#include "bench.h"

#include <string.h>

#include "command.h"
#include "report.h"

enum { DISTURBED_MS = 1 /* as long as a full ring lasts at a million packets a second */ };

/* Rows of the table. */
static const struct {
	enum bench_measure measure;
	const char *label, *unit;
	double scale;
	bool always; /* even when it is nothing */
} rows[] = {
    {MEASURE_OFFERED_PPS, "offered", "packets/s", 1, true},
    {MEASURE_OFFERED_BPS, "", "Mbit/s", 1e-6, true},
    {MEASURE_FORWARDED_PPS, "forwarded", "packets/s", 1, true},
    {MEASURE_FORWARDED_BPS, "", "Mbit/s", 1e-6, true},
    {MEASURE_CYCLES, "busy", "cycles a packet", 1, true},
    {MEASURE_LATENCY_P50, "latency, median", "us", 1, false},
    {MEASURE_LATENCY_P99, "  99 of 100 below", "us", 1, false},
    {MEASURE_OFFERED, "offered", "packets", 1, true},
    {MEASURE_FORWARDED, "forwarded", "", 1, true},
    {MEASURE_CONSUMED, "for the image itself", "answers to its ARP among them", 1, false},
    {MEASURE_HELD, "still held", "", 1, false},
    {MEASURE_LOST, "lost", "", 1, true},
    {MEASURE_REFUSED, "  ring full", "the image was slower than the capture", 1, false},
    {MEASURE_NOT_TAKEN, "  not taken", "by its card", 1, false},
};
static const struct {
	enum bench_measure measure;
	const char *label, *unit;
} notes[] = {
    {MEASURE_ORIGINATED, "sent by the image itself", "ARP, neighbour discovery, ICMP, resets"},
    {MEASURE_ELSEWHERE, "left by another port", "--out says which one is heard"},
};

static const char *number(double value)
{
	static char places[4][32];
	static unsigned int next;
	char *text = places[next++ % 4];

	if (value >= 1000 || value == (double)(uint64_t)value)
		return grouped((uint64_t)(value + 0.5));
	snprintf(text, sizeof(places[0]), "%.1f", value);
	return text;
}

static void print_row(const char *label, const char *unit, const struct spread *spread, double scale,
		      FILE *out)
{
	char range[64] = "";

	if (spread->least < spread->most)
		snprintf(range, sizeof(range), "%s .. %s", number(spread->least * scale),
			 number(spread->most * scale));
	if (*unit)
		fprintf(out, "%-24s %12s  %-26s %s\n", label, number(spread->median * scale), range, unit);
	else
		fprintf(out, "%-24s %12s%s%s\n", label, number(spread->median * scale), *range ? "  " : "",
			range);
}

static void print_drops(const struct bench *bench, FILE *out)
{
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		struct spread spread = bench_spread_of_drops(bench, i);
		char label[40];

		snprintf(label, sizeof(label), "  %s", reason_texts[i].name);
		if (spread.most > 0)
			print_row(label, reason_texts[i].meaning, &spread, 1, out);
	}
}

static void print_measures(const struct bench *bench, FILE *out)
{
	fprintf(out, "%s%-24s %12s  %s%s\n", colour(out, COLOUR_DIM), "", "median", "least .. most",
		colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spread spread = bench_spread(bench, rows[i].measure);

		if (rows[i].always || spread.most > 0)
			print_row(rows[i].label, rows[i].unit, &spread, rows[i].scale, out);
	}
	print_drops(bench, out);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct spread spread = bench_spread(bench, notes[i].measure);

		if (spread.most > 0)
			print_row(notes[i].label, notes[i].unit, &spread, 1, out);
	}
}

static void print_left_out(const struct bench_capture *capture, FILE *out)
{
	if (capture->cut)
		fprintf(out, "         %s left out: cut off by who captured them\n", grouped(capture->cut));
	if (capture->too_long)
		fprintf(out, "         %s left out: longer than %d bytes\n", grouped(capture->too_long),
			BENCH_FRAME_MAX);
	if (capture->runts)
		fprintf(out, "         %s left out: shorter than an Ethernet header\n",
			grouped(capture->runts));
}

static void print_capture(const struct bench *bench, int side, FILE *out)
{
	const struct bench_capture *capture = &bench->captures[side];
	const char *before = "sizes    ";

	if (!capture->path)
		return;
	fprintf(out, "capture  %s, to %s: %s frames in %.3f s; %u to %u bytes with FCS, %.0f on average\n",
		capture->path, bench_port_name(bench, side), grouped(capture->frames),
		(double)(capture->last_ns - capture->first_ns) / 1e9, capture->smallest, capture->largest,
		(double)capture->bytes / (double)capture->frames);
	for (size_t i = 0; i < BENCH_CLASSES; i++) {
		if (!capture->classes[i])
			continue;
		fprintf(out, "%s%s: %.1f %%", before, bench_class_names[i],
			(double)capture->classes[i] * 100 / (double)capture->frames);
		before = ", ";
	}
	putc('\n', out);
	print_left_out(capture, out);
}

static void print_pace(const struct bench *bench, FILE *out)
{
	uint64_t passes = (uint64_t)bench_spread(bench, MEASURE_PASSES).median;

	if (!bench->own_timing)
		fputs("sent     as fast as the image took it", out);
	else
		fputs("sent     by the capture's clock", out);
	if (bench->speed != 1)
		fprintf(out, ", %g times as fast", bench->speed);
	fprintf(out, ", for %.3f s: %s whole time%s; %llu measurement%s\n",
		bench_spread(bench, MEASURE_SECONDS).median, grouped(passes), passes == 1 ? "" : "s",
		(unsigned long long)bench->repeats, bench->repeats == 1 ? "" : "s");
}

static void print_limit(const struct bench *bench, FILE *out)
{
	bool behind = bench_spread(bench, MEASURE_BEHIND).most > 0;
	size_t count = bench_limited(bench);

	if (count)
		fprintf(out, "%slimit    the generator, in %zu of %llu measurements: %s%s\n",
			colour(out, COLOUR_YELLOW), count, (unsigned long long)bench->repeats,
			behind ? "it did not keep the capture's clock" : "the image may do more",
			colour(out, COLOUR_PLAIN));
	else
		fprintf(out, "limit    %s; the generator was idle %.0f %% of the time\n",
			bench->own_timing ? "the capture's clock" : "the image",
			bench_spread(bench, MEASURE_IDLE).median * 100);
}

/* What the host did to the measurement. */
static void print_disturbance(const struct bench *bench, FILE *out)
{
	uint64_t behind = (uint64_t)bench_spread(bench, MEASURE_BEHIND).most;
	double stalled = bench_spread(bench, MEASURE_STALLED_MS).most;
	double waited = bench_spread(bench, MEASURE_WAITED_MS).most;

	if (behind)
		fprintf(out, "         %s packet%s sent more than a millisecond late\n", grouped(behind),
			behind == 1 ? " was" : "s were");
	if (stalled > DISTURBED_MS || waited > DISTURBED_MS)
		fprintf(
		    out,
		    "         up to %.0f ms the host kept the generator from running, %.0f ms the image\n",
		    stalled, waited);
	if (bench_spread(bench, MEASURE_OFFERED_PPS).most == 0)
		fputs("         too few packets for a rate\n", out);
	if (bench->shares_processor)
		fputs("         the generator and the image shared one processor\n", out);
}

static void print_unserved(const struct bench *bench, FILE *out)
{
	const struct config *config = bench->image.config;

	for (size_t i = 0; i < config->device_count; i++)
		if ((int)i != bench->sides[0] && (int)i != bench->sides[1])
			fprintf(out, "port     %s had nobody at the other end\n", config->ports[i].name);
}

static void print_machine(const struct bench *bench, FILE *out)
{
	struct instance instance = {.launch = &bench->launch, .accelerator = bench->accelerator};

	memcpy(instance.fallback, bench->fallback, sizeof(instance.fallback));
	instance.memory.size = bench->memory_bytes;
	report_print_machine(&instance, out);
}

void bench_print(const struct bench *bench, FILE *out)
{
	fprintf(out, "%s%s%s\n\n", colour(out, COLOUR_BOLD), bench->image.config->name,
		colour(out, COLOUR_PLAIN));
	print_measures(bench, out);
	putc('\n', out);
	for (int side = 0; side < GENERATOR_SIDES; side++)
		print_capture(bench, side, out);
	print_pace(bench, out);
	print_limit(bench, out);
	print_disturbance(bench, out);
	print_unserved(bench, out);
	print_machine(bench, out);
}
