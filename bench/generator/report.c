/* SPDX-License-Identifier: Apache-2.0
 *
 * See report.h.
 */
#include "report.h"

#include <math.h>
#include "port.h"

static const double LIMIT_IDLE = 0.02, LIMIT_MISSED = 0.001;

struct sums {
	uint64_t offered, sent, refused, received, duplicate, reordered, reordered_flow, late, corrupt,
	    missed;
};

static struct sums sums_of(const struct sender *sender)
{
	const struct window *window = &sender->window;

	return (struct sums){.offered = sender->offered,
			     .sent = sender->sent,
			     .refused = sender->refused,
			     .received = window->unique,
			     .duplicate = window->duplicate,
			     .reordered = window->reordered,
			     .reordered_flow = sender->reordered_flow,
			     .late = window->late,
			     .corrupt = sender->corrupt,
			     .missed = sender->missed};
}

static void add(struct sums *sums, const struct sums *more)
{
	sums->offered += more->offered;
	sums->sent += more->sent;
	sums->refused += more->refused;
	sums->received += more->received;
	sums->duplicate += more->duplicate;
	sums->reordered += more->reordered;
	sums->reordered_flow += more->reordered_flow;
	sums->late += more->late;
	sums->corrupt += more->corrupt;
	sums->missed += more->missed;
}

static void print_counts(FILE *out, const struct sums *sums)
{
	uint64_t back = sums->received + sums->corrupt;

	fprintf(
	    out,
	    "\"offered\":%lu,\"sent\":%lu,\"refused\":%lu,\"received\":%lu,\"lost\":%lu,\"duplicate\":%lu,",
	    sums->offered, sums->sent, sums->refused, sums->received,
	    back < sums->offered ? sums->offered - back : 0, sums->duplicate);
	fprintf(out, "\"reordered\":%lu,\"reordered_flow\":%lu,\"late\":%lu,\"corrupt\":%lu", sums->reordered,
		sums->reordered_flow, sums->late, sums->corrupt);
}

static void print_latency(FILE *out, const struct histogram *latency, double tick_ns)
{
	double count = latency->count ? (double)latency->count : 1;

	fprintf(out,
		"\"latency_ns\":{\"count\":%lu,\"min\":%.0f,\"mean\":%.0f,\"p50\":%.0f,\"p99\":%.0f,\"p999\":"
		"%.0f,\"max\":%.0f}",
		latency->count, latency->count ? latency->min * tick_ns : 0,
		(double)latency->sum / count * tick_ns, histogram_quantile(latency, 0.5) * tick_ns,
		histogram_quantile(latency, 0.99) * tick_ns, histogram_quantile(latency, 0.999) * tick_ns,
		latency->max * tick_ns);
}

static void print_rates(FILE *out, const struct trial *trial, const struct sums *sums)
{
	const struct stream *stream = &trial->stream;
	double seconds = (double)(trial->last_sent - trial->first_sent) / (double)trial->hz, bytes = 0;

	for (uint32_t i = 0; i < stream->cycle_count; i++)
		bytes += stream->data[SIDE_A][stream->cycle[i]].bytes + FCS_BYTES + GAP_BYTES;
	if (seconds <= 0)
		seconds = 1e-9;
	fprintf(out, ",\"seconds\":%.6f,\"sent_pps\":%.0f,\"received_pps\":%.0f", seconds,
		(double)sums->sent / seconds, (double)sums->received / seconds);
	if (trial->replay)
		fprintf(out, ",\"sent_bps\":%.0f,\"received_bps\":%.0f", (double)trial->bits_out / seconds,
			(double)trial->bits_in / seconds);
	else
		fprintf(out, ",\"received_bps\":%.0f",
			(double)sums->received / seconds * bytes / stream->cycle_count * 8);
}

static void print_replay(FILE *out, const struct trial *trial)
{
	struct replay_counts counts = replay_counts(trial);

	fprintf(out, ",\"replay\":{\"frames\":%lu,\"skipped\":%lu,\"passes\":%lu,\"behind\":%lu}",
		counts.frames, counts.skipped, counts.passes, counts.behind);
}

static void print_sizes(FILE *out, const struct stream *stream)
{
	fprintf(out, ",\"sizes\":[");
	for (uint32_t i = 0; i < stream->size_count; i++)
		fprintf(out, "%s%d", i ? "," : "", stream->data[SIDE_A][i].bytes + FCS_BYTES);
	fprintf(out, "]");
}

static void print_generator(FILE *out, const struct trial *trial, const struct sums *sums)
{
	double all = (double)(trial->idle + trial->busy), idle = all > 0 ? (double)trial->idle / all : 0;
	double slots = (double)(sums->offered + sums->missed);
	double frames = (double)(sums->sent + sums->received);
	uint64_t behind = trial->replay ? replay_counts(trial).behind : sums->missed;
	bool limit = idle < LIMIT_IDLE || (double)behind > slots * LIMIT_MISSED;

	fprintf(out,
		",\"generator\":{\"idle\":%.4f,\"missed\":%lu,\"stalled_ms\":%.3f,\"longest_us\":%.1f,"
		"\"turns\":%lu,",
		idle, sums->missed, (double)trial->stalled * 1e3 / (double)trial->hz,
		(double)trial->longest * 1e6 / (double)trial->hz, trial->turns);
	fprintf(out, "\"frame_cycles\":%.1f,\"packed\":%s,\"limit\":%s}",
		frames > 0 ? (double)trial->busy / frames : 0,
		port_packed(SIDE_A) && port_packed(SIDE_B) ? "true" : "false", limit ? "true" : "false");
}

void report_result(FILE *out, const struct trial *trial)
{
	double tick_ns = 1e9 * (1 << STAMP_TIME_SHIFT) / (double)trial->hz;
	static struct histogram latency; /* too large for a stack */
	struct sums sides[SIDES], all = {0};

	histogram_clear(&latency);
	for (int side = 0; side < SIDES; side++) {
		sides[side] = sums_of(&trial->senders[side]);
		add(&all, &sides[side]);
		histogram_merge(&latency, &trial->senders[side].latency);
	}
	all.received += trial->replayed;
	all.late += trial->late;
	fprintf(out, "{");
	print_counts(out, &all);
	fprintf(out, ",\"foreign\":%lu,\"answered\":%lu", trial->foreign, trial->answered);
	print_rates(out, trial, &all);
	fprintf(out, ",");
	print_latency(out, &latency, tick_ns);
	fprintf(out, ",\"flows\":%u,\"opened\":%u,\"new_flows\":%lu,\"answers\":%lu,\"unanswered\":%lu",
		trial->stream.spec.flows, trial->stream.opened, trial->new_count - trial->new_before,
		trial->answers, trial->unanswered);
	print_sizes(out, &trial->stream);
	for (int side = 0; side < SIDES; side++) {
		fprintf(out, ",\"%c\":{", 'a' + side);
		print_counts(out, &sides[side]);
		fprintf(out, ",");
		print_latency(out, &trial->senders[side].latency, tick_ns);
		fprintf(out, "}");
	}
	if (trial->replay)
		print_replay(out, trial);
	print_generator(out, trial, &all);
	fprintf(out, "}\n");
	fflush(out);
}

void report_error(FILE *out, const char *error)
{
	fprintf(out, "{\"error\":\"");
	for (; *error; error++)
		if ((unsigned char)*error >= 0x20)
			fprintf(out, "%s%c", *error == '"' || *error == '\\' ? "\\" : "", *error);
	fprintf(out, "\"}\n");
	fflush(out);
}
