/* SPDX-License-Identifier: Apache-2.0
 *
 * The table; see report.h.
 */
#include "report.h"

#include <string.h>

#include "command.h"

const struct reason_text reason_texts[DROP_REASON_COUNT] = {
#define X(identifier, reason, text) [DROP_##identifier] = {reason, text},
    DROP_REASONS(X)
#undef X
};

const char *const action_names[] = {
    [CONFIG_ACCEPT] = "accept",
    [CONFIG_DROP] = "drop",
    [CONFIG_REJECT] = "reject",
    [CONFIG_LOG] = "log",
};

static uint64_t cycles_to_ns(uint64_t from, uint64_t to, uint64_t hz)
{
	if (!hz || to < from)
		return 0;
	return (uint64_t)((unsigned __int128)(to - from) * 1000000000 / hz);
}

static uint64_t passed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

struct boot_split boot_split(const struct report *report)
{
	const struct boot_times *times = &report->instance->times;
	const struct boot_progress *boot = &report->counters->progress;
	struct boot_split split = {.total = passed(times->start, times->ready)};

	split.ring3 = cycles_to_ns(boot->ring3_tsc, boot->ready_tsc, boot->tsc_hz);
	if (report->instance->accelerator == ACCELERATOR_PROCESS)
		return split;
	split.ring0 = cycles_to_ns(boot->first_tsc, boot->ring3_tsc, boot->tsc_hz);
	split.qemu = passed(times->start, times->loaded);
	split.firmware = passed(split.qemu + split.ring0 + split.ring3, split.total);
	return split;
}

/* "1,234,567": in one of a few static places, so that one printf can have several. */
static const char *grouped(uint64_t value)
{
	static char places[8][32];
	static unsigned next;
	char *text = places[next++ % 8] + 31;
	int digits = 0;

	*text = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--text = ',';
		*--text = (char)('0' + value % 10);
		digits++;
	} while (value /= 10);
	return text;
}

static int print_ports(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	const struct stats_page *page = &report->counters->page;
	int lines = 1;

	fprintf(out, "%s%-16s %12s %15s %12s %15s%s\n", colour(out, COLOUR_DIM), "port", "in packets",
		"in bytes", "out packets", "out bytes", colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < config->port_count && i < page->ports; i++, lines++) {
		const struct port_stats *port = &page->port[i];

		fprintf(out, "%-16s %12s %15s %12s %15s", config->ports[i].name, grouped(port->rx_packets),
			grouped(port->rx_bytes), grouped(port->tx_packets), grouped(port->tx_bytes));
		if (port->device_resets || port->device_errors)
			fprintf(out, "  %s%s device errors, %s resets%s", colour(out, COLOUR_RED),
				grouped(port->device_errors), grouped(port->device_resets),
				colour(out, COLOUR_PLAIN));
		if (i < config->device_count && !port->link_up && !report->in)
			fprintf(out, "  %sno link%s", colour(out, COLOUR_YELLOW), colour(out, COLOUR_PLAIN));
		fputc('\n', out);
	}
	return lines;
}

static int print_rules(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;

	if (!config->rule_count)
		return 0;
	fprintf(out, "\n%s%-16s %12s %15s%s\n", colour(out, COLOUR_DIM), "rule", "packets", "bytes",
		colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < config->rule_count; i++)
		fprintf(out, "%-16s %12s %15s  %s\n", config->rules[i].name,
			grouped(report->counters->rules[i].packets),
			grouped(report->counters->rules[i].bytes), action_names[config->rules[i].action]);
	return 2 + (int)config->rule_count;
}

static int print_drops(const struct report *report, FILE *out)
{
	const struct stats_page *page = &report->counters->page;
	int lines = 0;

	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		if (!page->dropped[i])
			continue;
		if (!lines) {
			fprintf(out, "\n%s%-22s %6s%s\n", colour(out, COLOUR_DIM), "dropped", "packets",
				colour(out, COLOUR_PLAIN));
			lines += 2;
		}
		fprintf(out, "%-22s %6s  %s\n", reason_texts[i].name, grouped(page->dropped[i]),
			reason_texts[i].meaning);
		lines++;
	}
	return lines;
}

/* A running image is caught with packets between two counters, so a difference is called one only at the end.
 */
static int print_books(const struct report *report, FILE *out)
{
	const struct stats_page *page = &report->counters->page;
	struct books books = counters_books(report->counters);
	bool balanced = books.received_balance && books.sent_balance;
	bool final = report->instance->child.ended;

	fprintf(out, "\nbooks    in %s = forwarded %s + consumed %s + dropped %s + held %s\n",
		grouped(books.received), grouped(page->forwarded), grouped(page->consumed),
		grouped(books.dropped), grouped(page->held));
	fprintf(out, "         out %s = forwarded %s + originated %s", grouped(books.sent),
		grouped(page->forwarded), grouped(page->originated));
	if (page->fragmented)
		fprintf(out, " - fragmented %s + fragments %s", grouped(page->fragmented),
			grouped(page->fragments));
	if (balanced)
		fprintf(out, "  %sbalanced%s", colour(out, COLOUR_GREEN), colour(out, COLOUR_PLAIN));
	else if (final)
		fprintf(out, "  %sNOT BALANCED%s", colour(out, COLOUR_RED), colour(out, COLOUR_PLAIN));
	fputc('\n', out);
	return 3;
}

static void print_boot(const struct report *report, FILE *out)
{
	struct boot_split split = boot_split(report);
	double ms = 1e6;

	fprintf(out, "boot     %.1f ms", (double)split.total / ms);
	if (split.qemu)
		fprintf(out, " (QEMU %.1f, firmware %.1f, ring 0 %.1f, ring 3 %.1f)", (double)split.qemu / ms,
			(double)split.firmware / ms, (double)split.ring0 / ms, (double)split.ring3 / ms);
	fputc('\n', out);
}

static int print_image(const struct report *report, FILE *out)
{
	const struct instance *instance = report->instance;
	const struct image *image = instance->launch->image;

	fprintf(out, "image    %s, %s bytes\n", image->path, grouped(image->size));
	if (instance->accelerator == ACCELERATOR_PROCESS)
		fprintf(out, "ran      as a process\n");
	else
		fprintf(out, "ran      on %s, QEMU %s%s, %llu MiB\n",
			instance->accelerator == ACCELERATOR_KVM ? "KVM" : "TCG (emulation)",
			instance->launch->machine == MACHINE_Q35 ? "q35" : "microvm",
			instance->launch->packed ? ", packed rings" : "",
			(unsigned long long)(instance->memory.size >> 20));
	return 2;
}

static int print_captures(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	int lines = 0;

	for (size_t i = 0; report->out && i < config->device_count; i++) {
		const struct capture_reader *in = &report->in[i];
		const struct capture_writer *to = &report->out[i];

		if (in->oversized || in->cut)
			lines += fprintf(out,
					 "in       %s: %s frames are cut short in the capture, %s too long "
					 "to replay\n",
					 in->path, grouped(in->cut), grouped(in->oversized)) > 0;
		if (to->path)
			lines += fprintf(out, "out      %s: %s frames that left %s\n", to->path,
					 grouped(to->frames), config->ports[i].name) > 0;
	}
	return lines;
}

int report_print(const struct report *report, FILE *out)
{
	const char *name = report->instance->launch->image->config->name;
	int lines = 2;

	fprintf(out, "%s%s%s, %s %.2f s\n\n", colour(out, COLOUR_BOLD), name, colour(out, COLOUR_PLAIN),
		report->in ? "replayed in" : "running for", (double)report->elapsed_ns / 1e9);
	lines += print_ports(report, out);
	lines += print_rules(report, out);
	lines += print_drops(report, out);
	lines += print_books(report, out);
	print_boot(report, out);
	lines += 1 + print_image(report, out);
	return lines + print_captures(report, out);
}
