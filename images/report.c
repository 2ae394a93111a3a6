/* SPDX-License-Identifier: Apache-2.0
 *
 * The table; see report.h.
 */
#include "report.h"

#include <string.h>

#include "command.h"

enum { REPORT_PEERS = 100 /* in the table */ };

const struct reason_text reason_texts[DROP_REASON_COUNT] = {
#define X(identifier, reason, text) [DROP_##identifier] = {reason, text},
    DROP_REASONS(X)
#undef X
};

const char *const action_names[] = {
    [CONFIG_ACCEPT] = "accept", [CONFIG_DROP] = "drop",	  [CONFIG_REJECT] = "reject",
    [CONFIG_LOG] = "log",	[CONFIG_COUNT] = "count", [CONFIG_LIMIT] = "limit",
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

const char *grouped(uint64_t value)
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

static void print_ports(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	const struct stats_page *page = &report->counters->page;

	fprintf(out, "%s%-16s %12s %15s %12s %15s%s\n", colour(out, COLOUR_DIM), "port", "in packets",
		"in bytes", "out packets", "out bytes", colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < config->port_count && i < page->ports; i++) {
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
}

static void print_rules(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	int width = 16;

	if (!config->rule_count)
		return;
	for (size_t i = 0; i < config->rule_count; i++)
		if ((int)strlen(config->rules[i].name) > width)
			width = (int)strlen(config->rules[i].name);
	fprintf(out, "\n%s%-*s %12s %15s%s\n", colour(out, COLOUR_DIM), width, "rule", "packets", "bytes",
		colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < config->rule_count; i++)
		fprintf(out, "%-*s %12s %15s  %s\n", width, config->rules[i].name,
			grouped(report->counters->rules[i].packets),
			grouped(report->counters->rules[i].bytes), action_names[config->rules[i].action]);
}

static void print_drops(const struct report *report, FILE *out)
{
	const struct stats_page *page = &report->counters->page;
	bool any = false;

	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		if (!page->dropped[i])
			continue;
		if (!any)
			fprintf(out, "\n%s%-22s %12s%s\n", colour(out, COLOUR_DIM), "dropped", "packets",
				colour(out, COLOUR_PLAIN));
		fprintf(out, "%-22s %12s  %s\n", reason_texts[i].name, grouped(page->dropped[i]),
			reason_texts[i].meaning);
		any = true;
	}
}

bool report_notice(const struct report *report, int which, char text[REPORT_NOTICE_MAX])
{
	const struct stats_page *page = &report->counters->page;
	const struct config *config = report->instance->launch->image->config;
	uint64_t count = which == 0 ? page->log_suppressed : page->errors_suppressed;
	const char *plural = count == 1 ? "" : "s";

	if (which == 0)
		snprintf(text, REPORT_NOTICE_MAX, "%s log line%s not written: more than %u/s", grouped(count),
			 plural, config->log_rate);
	else
		snprintf(text, REPORT_NOTICE_MAX, "%s ICMP error%s not sent: more than %u/s", grouped(count),
			 plural, config->icmp_error_rate);
	return count > 0;
}

static void print_notices(const struct report *report, FILE *out)
{
	char text[REPORT_NOTICE_MAX];

	for (int i = 0; i < REPORT_NOTICES; i++)
		if (report_notice(report, i, text))
			fprintf(out, "limited  %s\n", text);
}

static void print_flows(const struct report *report, FILE *out)
{
	const struct flow_stats *flow = &report->counters->page.flow;

	if (flow->capacity == 0)
		return;
	fprintf(
	    out, "\nflows    %s of %s, %s half-open; made %s, ended by time %s, pushed out %s, refused %s\n",
	    grouped(flow->flows), grouped(flow->capacity), grouped(flow->half_open), grouped(flow->created),
	    grouped(flow->expired), grouped(flow->evicted), grouped(flow->refused));
	if (report->instance->launch->image->config->has_nat)
		fprintf(out, "NAT      %s mappings; no port was free %s times\n", grouped(flow->bindings),
			grouped(flow->nat_exhausted));
	if (report->flows && report->flows->count)
		fputc('\n', out);
	if (report->flows)
		flow_list_print(report->flows, report->instance->launch->image->config, out);
}

static void print_tunnels(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	struct tunnel_widths widths;
	char text[TUNNEL_TEXT_MAX];

	if (!report->tunnels || config->tunnel_count == 0)
		return;
	fputc('\n', out);
	for (size_t i = 0; i < config->tunnel_count; i++)
		fprintf(out, "tunnel   %s\n", tunnel_text(config, &config->tunnels[i], text));
	widths = tunnel_widths(report->tunnels, config, REPORT_PEERS);
	if (report->tunnels->count)
		fprintf(out, "%s%s%s\n", colour(out, COLOUR_DIM), tunnel_peer_head(&widths, text),
			colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < report->tunnels->count && i < REPORT_PEERS; i++)
		fprintf(out, "%s\n", tunnel_peer_text(report->tunnels, i, config, &widths, text));
	if (report->tunnels->count > REPORT_PEERS)
		fprintf(out, "and %s more\n", grouped(report->tunnels->count - REPORT_PEERS));
}

/* At the end only: a running image is caught with packets between two counters. */
static void print_books(const struct report *report, FILE *out)
{
	const struct stats_page *page = &report->counters->page;
	struct books books = counters_books(report->counters);

	fprintf(out, "\nbooks    in %s = forwarded %s + consumed %s + dropped %s + held %s\n",
		grouped(books.received), grouped(page->forwarded), grouped(page->consumed),
		grouped(books.dropped), grouped(page->held));
	fprintf(out, "         out %s = forwarded %s + originated %s", grouped(books.sent),
		grouped(page->forwarded), grouped(page->originated));
	if (page->fragmented)
		fprintf(out, " - fragmented %s + fragments %s", grouped(page->fragmented),
			grouped(page->fragments));
	if (books.received_balance && books.sent_balance)
		fprintf(out, "  %sbalanced%s", colour(out, COLOUR_GREEN), colour(out, COLOUR_PLAIN));
	else
		fprintf(out, "  %sNOT BALANCED%s", colour(out, COLOUR_RED), colour(out, COLOUR_PLAIN));
	fputc('\n', out);
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

void report_print_machine(const struct instance *instance, FILE *out)
{
	if (instance->accelerator == ACCELERATOR_PROCESS) {
		fputs("ran      as a process\n", out);
		return;
	}
	if (instance->accelerator == ACCELERATOR_KVM)
		fputs("ran      on KVM", out);
	else if (*instance->fallback)
		fprintf(out, "ran      on TCG (emulation; %s)", instance->fallback);
	else
		fputs("ran      on TCG (emulation)", out);
	fprintf(out, ", QEMU %s%s, %llu MiB\n", instance->launch->machine == MACHINE_Q35 ? "q35" : "microvm",
		instance->launch->packed ? ", packed rings" : "",
		(unsigned long long)(instance->memory.size >> 20));
}

static void print_image(const struct report *report, FILE *out)
{
	const struct image *image = report->instance->launch->image;

	fprintf(out, "image    %s, %s bytes\n", image->path, grouped(image->size));
	report_print_machine(report->instance, out);
}

/* The frames of a device are those of the port and of its VLANs. */
static void print_vlans(const struct report *report, size_t device, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;
	const char *joint = " (";

	for (size_t i = config->device_count; i < config->port_count; i++) {
		uint64_t packets = report->counters->page.port[i].tx_packets;

		if (config->ports[i].device != device || !packets)
			continue;
		fprintf(out, "%s%s of them of %s", joint, grouped(packets), config->ports[i].name);
		joint = ", ";
	}
	fputs(*joint == ',' ? ")\n" : "\n", out);
}

static void print_captures(const struct report *report, FILE *out)
{
	const struct config *config = report->instance->launch->image->config;

	for (size_t i = 0; report->out && i < config->device_count; i++) {
		const struct capture_reader *in = &report->in[i];
		const struct capture_writer *to = &report->out[i];

		if (in->cut)
			fprintf(out, "in       %s: %s frame%s in the capture\n", in->path, grouped(in->cut),
				in->cut == 1 ? " is cut short" : "s are cut short");
		if (in->oversized)
			fprintf(out, "in       %s: %s frame%s too long to replay\n", in->path,
				grouped(in->oversized), in->oversized == 1 ? "" : "s");
		if (!to->path)
			continue;
		fprintf(out, "out      %s: %s frame%s that left %s", to->path, grouped(to->frames),
			to->frames == 1 ? "" : "s", config->ports[i].name);
		print_vlans(report, i, out);
	}
}

void report_print(const struct report *report, FILE *out)
{
	const char *name = report->instance->launch->image->config->name;

	fprintf(out, "%s%s%s, %s %.2f s\n\n", colour(out, COLOUR_BOLD), name, colour(out, COLOUR_PLAIN),
		report->in ? "replayed in" : "ran for", (double)report->elapsed_ns / 1e9);
	print_ports(report, out);
	print_rules(report, out);
	print_drops(report, out);
	print_flows(report, out);
	print_tunnels(report, out);
	print_books(report, out);
	print_notices(report, out);
	print_boot(report, out);
	print_image(report, out);
	print_captures(report, out);
}
