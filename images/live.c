/* SPDX-License-Identifier: Apache-2.0
 *
 * The live view; see live.h. Ports come first and always; tunnels, rules, talkers, drop reasons and the
 * image's console share what lines are left, the busiest first.
 *
 * Sources: xterm's control sequences (private modes 7, 25 and 1049).
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "live_tunnels.h"
#include "screen.h"

enum { ROWS_MIN = 4, COUNT_WIDTH = 12 };

/* A rule or a drop reason. */
struct entry {
	size_t index;
	uint64_t packets;
};

void live_open(FILE *out)
{
	fputs("\033[?1049h\033[?25l\033[?7l", out);
}

void live_close(FILE *out)
{
	fputs("\033[?7h\033[?25h\033[?1049l", out);
	fflush(out);
}

static double grown(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

void live_sample(struct live *live, const struct counters *counters, uint64_t now_ns)
{
	const struct stats_page *now = &counters->page, *before = &live->sample;
	double seconds = (double)(now_ns - live->sampled_ns) / 1e9, packets = 0, cycles;

	for (uint32_t i = 0; i < now->ports && live->sampled_ns && seconds > 0; i++) {
		const struct port_stats *new = &now->port[i], *old = &before->port[i];

		live->port[i] = (struct port_rates){
		    .in_packets = grown(old->rx_packets, new->rx_packets, seconds),
		    .in_bits = grown(old->rx_bytes, new->rx_bytes, seconds) * 8,
		    .out_packets = grown(old->tx_packets, new->tx_packets, seconds),
		    .out_bits = grown(old->tx_bytes, new->tx_bytes, seconds) * 8,
		};
		packets += live->port[i].in_packets;
	}
	cycles = live->sampled_ns ? grown(before->busy_cycles, now->busy_cycles, seconds) : 0;
	live->busy = counters->progress.tsc_hz ? cycles / (double)counters->progress.tsc_hz : 0;
	live->cycles_per_packet = packets > 0 ? cycles / packets : 0;
	live->sample = *now;
	live->sampled_ns = now_ns;
}

/* "999", "1.23 M": in one of a few static places. */
static const char *scaled(double value)
{
	static const char *const units[] = {"", " k", " M", " G", " T"};
	static char places[8][16];
	static unsigned int next;
	char *text = places[next++ % 8];
	int unit = 0;

	while (value >= 999.5 && unit < 4) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(places[0]), "%.*f%s",
		 unit == 0 || value >= 99.95 ? 0
		 : value >= 9.995	     ? 1
					     : 2,
		 value, units[unit]);
	return text;
}

static const char *total(uint64_t value)
{
	const char *text = grouped(value);

	return strlen(text) <= COUNT_WIDTH ? text : scaled((double)value);
}

static void draw_head(struct screen *screen, const struct live *live, const struct report *report)
{
	static const char *const accelerators[] = {
	    [ACCELERATOR_KVM] = "KVM",
	    [ACCELERATOR_TCG] = "TCG",
	    [ACCELERATOR_PROCESS] = "Linux, as a process",
	};
	unsigned long long seconds = report->elapsed_ns / 1000000000;
	char cycles[40] = "";

	if (live->cycles_per_packet > 0)
		snprintf(cycles, sizeof(cycles), ", %s cycles/packet",
			 grouped((uint64_t)live->cycles_per_packet));
	screen_line(screen, "%s%s%s on %s, up %llu:%02llu:%02llu, %.1f %% busy%s",
		    colour(screen->out, COLOUR_BOLD), report->instance->launch->image->config->name,
		    colour(screen->out, COLOUR_PLAIN), accelerators[report->instance->accelerator],
		    seconds / 3600, seconds / 60 % 60, seconds % 60, live->busy * 100, cycles);
	if (*report->instance->fallback)
		screen_line(screen, "%semulated: %s%s", colour(screen->out, COLOUR_YELLOW),
			    report->instance->fallback, colour(screen->out, COLOUR_PLAIN));
	screen_line(screen, "%s", "");
}

static void draw_port(struct screen *screen, const struct live *live, const struct config_port *port,
		      size_t index)
{
	const struct stats_page *page = &live->sample;
	const struct port_stats *port_stats = &page->port[index];
	const struct port_rates *rates = &live->port[index];

	if (port->device != CONFIG_DEVICE_NONE && !page->port[port->device].link_up)
		screen_line(screen, "%-15s %s%8s%s %9s %8s %9s %12s %12s", port->name,
			    colour(screen->out, COLOUR_YELLOW), "no link", colour(screen->out, COLOUR_PLAIN),
			    "", "", "", total(port_stats->rx_packets), total(port_stats->tx_packets));
	else
		screen_line(screen, "%-15s %8s %9s %8s %9s %12s %12s", port->name, scaled(rates->in_packets),
			    scaled(rates->in_bits), scaled(rates->out_packets), scaled(rates->out_bits),
			    total(port_stats->rx_packets), total(port_stats->tx_packets));
}

static void draw_ports(struct screen *screen, const struct live *live, const struct report *report)
{
	const struct config *config = report->instance->launch->image->config;
	size_t count = config->port_count < live->sample.ports ? config->port_count : live->sample.ports;
	const char *dim = colour(screen->out, COLOUR_DIM), *plain = colour(screen->out, COLOUR_PLAIN);

	screen_line(screen, "%s%-15s %8s %9s %8s %9s %12s %12s%s", dim, "", "in", "in", "out", "out", "in",
		    "out", plain);
	screen_line(screen, "%s%-15s %8s %9s %8s %9s %12s %12s%s", dim, "port", "packet/s", "bit/s",
		    "packet/s", "bit/s", "packets", "packets", plain);
	for (size_t i = 0; i < count; i++) {
		if (screen_room(screen) == 1 && i + 1 < count) {
			screen_line(screen, "and %zu more ports", count - i);
			return;
		}
		draw_port(screen, live, &config->ports[i], i);
	}
}

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->packets != other->packets)
		return one->packets > other->packets ? -1 : 1;
	return one->index > other->index ? 1 : -1;
}

/* Those with packets, the busiest first. The caller frees them. */
static struct entry *sort(const struct report *report, bool rules, size_t *used)
{
	const struct counters *counters = report->counters;
	size_t count = rules ? report->instance->launch->image->config->rule_count : DROP_REASON_COUNT;
	struct entry *entries = calloc(count + 1, sizeof(*entries));

	*used = 0;
	for (size_t i = 0; entries && i < count; i++) {
		uint64_t packets = rules ? counters->rules[i].packets : counters->page.dropped[i];

		if (packets)
			entries[(*used)++] = (struct entry){i, packets};
	}
	if (entries)
		qsort(entries, *used, sizeof(*entries), compare);
	return entries;
}

static void draw_rules(struct screen *screen, const struct report *report, const struct entry *entries,
		       size_t used, int lines)
{
	const struct config *config = report->instance->launch->image->config;
	size_t unused = config->rule_count - used, shown = 0;
	bool fold = unused > 0 || (int)used > lines - SECTION_HEAD;

	if (lines <= SECTION_HEAD)
		return;
	screen_line(screen, "%s", "");
	screen_line(screen, "%s%-32s %12s %15s%s", colour(screen->out, COLOUR_DIM), "rule", "packets",
		    "bytes", colour(screen->out, COLOUR_PLAIN));
	for (; shown < used && (int)shown < lines - SECTION_HEAD - fold; shown++) {
		const struct config_rule *rule = &config->rules[entries[shown].index];

		screen_line(screen, "%-32s %12s %15s  %s", rule->name, total(entries[shown].packets),
			    grouped(report->counters->rules[entries[shown].index].bytes),
			    action_names[rule->action]);
	}
	if (shown < used)
		screen_line(screen, "and %zu rules with fewer packets, %zu without", used - shown, unused);
	else if (unused)
		screen_line(screen, "%s%zu rule%s without packets", shown ? "and " : "", unused,
			    unused == 1 ? "" : "s");
}

static void draw_drops(struct screen *screen, const struct entry *entries, size_t used, int lines)
{
	bool fold = (int)used > lines - SECTION_HEAD;
	size_t shown = 0;

	if (lines <= SECTION_HEAD || !used)
		return;
	screen_line(screen, "%s", "");
	screen_line(screen, "%s%-22s %12s%s", colour(screen->out, COLOUR_DIM), "dropped", "packets",
		    colour(screen->out, COLOUR_PLAIN));
	for (; shown < used && (int)shown < lines - SECTION_HEAD - fold; shown++)
		screen_line(screen, "%-22s %12s  %s", reason_texts[entries[shown].index].name,
			    total(entries[shown].packets), reason_texts[entries[shown].index].meaning);
	if (shown < used)
		screen_line(screen, "and %zu reasons with fewer packets", used - shown);
}

enum { TALKER_WIDTH = 54 };

/* Top talkers: those that carried most since the last look. */
static void draw_talkers(struct screen *screen, const struct live *live, int lines)
{
	char text[FLOW_TEXT_MAX];

	if (lines <= SECTION_HEAD || live->flows.talker_count == 0)
		return;
	screen_line(screen, "%s", "");
	screen_line(screen, "%s%-*s %8s %9s%s", colour(screen->out, COLOUR_DIM), TALKER_WIDTH + 7,
		    "top talkers", "packet/s", "bit/s", colour(screen->out, COLOUR_PLAIN));
	for (size_t i = 0; i < live->flows.talker_count && (int)i < lines - SECTION_HEAD; i++) {
		const struct talker *talker = &live->flows.talkers[i];

		screen_line(screen, "%-6s %-*.*s %8s %9s", flow_protocol(&talker->record), TALKER_WIDTH,
			    TALKER_WIDTH, flow_text(&talker->record, FLOW_ORIGINAL, text),
			    scaled(talker->packets), scaled(talker->bits));
	}
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static int tunnel_lines_wanted(const struct report *report)
{
	return report->tunnels ? live_tunnels_lines(report->tunnels, report->instance->launch->image->config)
			       : 0;
}

/* Tunnels get a third of the lines, talkers a quarter of the rest, drop reasons a third of that, or more
 * where the others leave some; the rules get what is left. */
static void draw_sections(struct screen *screen, const struct live *live, const struct report *report)
{
	const struct config *config = report->instance->launch->image->config;
	size_t rules, drops, all = config->rule_count, talkers = live->flows.talker_count;
	struct entry *rule_entries = sort(report, true, &rules), *drop_entries = sort(report, false, &drops);
	int left = screen_room(screen), rule_lines = all ? SECTION_HEAD + (int)rules + (rules < all) : 0;
	int drop_lines = drops ? SECTION_HEAD + (int)drops : 0;
	int talker_lines = talkers ? SECTION_HEAD + (int)talkers : 0;
	int tunnel_lines = smaller(tunnel_lines_wanted(report),
				   larger(left / 3, left - rule_lines - talker_lines - drop_lines));

	left -= tunnel_lines;
	talker_lines = smaller(talker_lines, larger(left / 4, left - rule_lines - drop_lines));
	left -= talker_lines;
	drop_lines = smaller(drop_lines, larger(left / 3, left - rule_lines));
	rule_lines = smaller(rule_lines, left - drop_lines);
	if (report->tunnels)
		live_tunnels_draw(screen, report->tunnels, config, tunnel_lines);
	draw_rules(screen, report, rule_entries, rules, rule_lines);
	draw_talkers(screen, live, talker_lines);
	draw_drops(screen, drop_entries, drops, drop_lines);
	free(rule_entries);
	free(drop_entries);
}

static void draw_flows_line(struct screen *screen, const struct live *live, const struct report *report)
{
	const struct flow_stats *flow = &live->sample.flow;
	const char *plain = colour(screen->out, COLOUR_PLAIN);

	if (flow->capacity == 0)
		return;
	screen_line(screen, "%s", "");
	screen_line(screen, "%sflows%s %s of %s, %s/s new, %s half-open, %s pushed out, %s refused",
		    colour(screen->out, COLOUR_DIM), plain, total(flow->flows), total(flow->capacity),
		    scaled(live->flows.new_flows), total(flow->half_open), total(flow->evicted),
		    total(flow->refused));
	if (report->instance->launch->image->config->has_nat)
		screen_line(screen, "%sNAT%s   %s mappings, no port free %s times",
			    colour(screen->out, COLOUR_DIM), plain, total(flow->bindings),
			    total(flow->nat_exhausted));
}

static void draw_notices(struct screen *screen, const struct report *report)
{
	char text[REPORT_NOTICE_MAX];

	for (int i = 0; i < REPORT_NOTICES; i++)
		if (report_notice(report, i, text))
			screen_line(screen, "%s%s%s", colour(screen->out, COLOUR_YELLOW), text,
				    colour(screen->out, COLOUR_PLAIN));
}

static void draw_console(struct screen *screen, const struct console *console)
{
	size_t lines = console->lines < CONSOLE_LINES_KEPT ? console->lines : CONSOLE_LINES_KEPT;

	if (screen_room(screen) <= SECTION_HEAD || !lines)
		return;
	screen_line(screen, "%s", "");
	screen_line(screen, "%sconsole%s", colour(screen->out, COLOUR_DIM),
		    colour(screen->out, COLOUR_PLAIN));
	if ((int)lines > screen_room(screen))
		lines = (size_t)screen_room(screen);
	while (lines-- > 0)
		screen_line(screen, "%s", console_recent(console, lines));
}

void live_draw(const struct live *live, const struct report *report, FILE *out, int rows)
{
	struct screen screen = {.out = out, .rows = rows < ROWS_MIN ? ROWS_MIN : rows};

	draw_head(&screen, live, report);
	draw_ports(&screen, live, report);
	draw_notices(&screen, report);
	draw_flows_line(&screen, live, report);
	draw_sections(&screen, live, report);
	draw_console(&screen, &report->instance->console);
	fputs("\033[J", out);
	fflush(out);
}
