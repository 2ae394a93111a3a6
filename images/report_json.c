/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as JSON; see report.h. Counts are integers, times are milliseconds
 * to the microsecond.
 */
#include "report.h"

static json_t *json_count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *json_ms(uint64_t nanoseconds)
{
	return json_real((double)((nanoseconds + 500) / 1000) / 1e3);
}

static json_t *json_port(const struct report *report, size_t index)
{
	const struct config *config = report->instance->launch->image->config;
	const struct port_stats *port = &report->counters->page.port[index];
	json_t *object = json_pack(
	    "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", config->ports[index].name,
	    "rx_packets", json_count(port->rx_packets), "rx_bytes", json_count(port->rx_bytes), "tx_packets",
	    json_count(port->tx_packets), "tx_bytes", json_count(port->tx_bytes), "device_resets",
	    json_count(port->device_resets), "device_errors", json_count(port->device_errors), "segmented",
	    json_count(port->segmented), "notifications", json_count(port->notifications), "link_up",
	    config->ports[index].device == CONFIG_DEVICE_NONE ? json_null() : json_boolean(port->link_up));

	if (report->in && index < config->device_count) {
		json_object_set_new(object, "frames_in", json_count(report->in[index].frames));
		json_object_set_new(object, "frames_out", json_count(report->out[index].frames));
		if (report->out[index].path)
			json_object_set_new(object, "capture_out", json_string(report->out[index].path));
	}
	return object;
}

static json_t *json_ports(const struct report *report)
{
	const struct config *config = report->instance->launch->image->config;
	json_t *array = json_array();

	for (size_t i = 0; i < config->port_count && i < report->counters->page.ports; i++)
		json_array_append_new(array, json_port(report, i));
	return array;
}

static json_t *json_rules(const struct report *report)
{
	const struct config *config = report->instance->launch->image->config;
	json_t *array = json_array();

	for (size_t i = 0; i < config->rule_count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:o, s:o}", "name", config->rules[i].name,
						"action", action_names[config->rules[i].action], "packets",
						json_count(report->counters->rules[i].packets), "bytes",
						json_count(report->counters->rules[i].bytes)));
	return array;
}

static json_t *json_drops(const struct report *report)
{
	json_t *object = json_object();

	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		if (report->counters->page.dropped[i])
			json_object_set_new(object, reason_texts[i].name,
					    json_count(report->counters->page.dropped[i]));
	return object;
}

static json_t *json_books(const struct report *report)
{
	const struct stats_page *page = &report->counters->page;
	struct books books = counters_books(report->counters);

	return json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "balanced",
			 books.received_balance && books.sent_balance, "in_burst",
			 report->counters->progress.burst_port >= 0, "received", json_count(books.received),
			 "sent", json_count(books.sent), "forwarded", json_count(page->forwarded), "consumed",
			 json_count(page->consumed), "dropped", json_count(books.dropped), "held",
			 json_count(page->held), "originated", json_count(page->originated), "fragmented",
			 json_count(page->fragmented), "fragments", json_count(page->fragments));
}

static json_t *json_boot(const struct report *report)
{
	struct boot_split split = boot_split(report);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total_ms", json_ms(split.total), "qemu_ms",
			 json_ms(split.qemu), "firmware_ms", json_ms(split.firmware), "ring0_ms",
			 json_ms(split.ring0), "ring3_ms", json_ms(split.ring3), "calls",
			 json_count(report->counters->progress.calls), "unknown_calls",
			 json_count(report->counters->progress.unknown_calls));
}

/* The table's counters; and of a replay's end the flows, all that were asked for or the top talkers. */
static void add_flows(const struct report *report, json_t *object)
{
	const struct stats_page *page = &report->counters->page;

	if (page->flow.capacity == 0)
		return;
	json_object_set_new(object, "flows", flow_stats_json(page));
	if (report->flows)
		json_object_set_new(object, report->all_flows ? "flow_list" : "top_talkers",
				    flow_list_json(report->flows, report->instance->launch->image->config));
}

/* All peers, each time. */
static void add_tunnels(const struct report *report, json_t *object)
{
	const struct config *config = report->instance->launch->image->config;

	if (!report->tunnels || config->tunnel_count == 0)
		return;
	json_object_set_new(object, "handshake_messages", tunnel_stats_json(&report->counters->page));
	json_object_set_new(object, "tunnels", tunnel_list_json(report->tunnels, config, NULL));
}

json_t *report_json(const struct report *report)
{
	const struct instance *instance = report->instance;
	const struct image *image = instance->launch->image;
	bool process = instance->accelerator == ACCELERATOR_PROCESS;
	const char *machine = instance->launch->machine == MACHINE_Q35 ? "q35" : "microvm";

	json_t *object =
	    json_pack("{s:s, s:s, s:o, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "appliance",
		      image->config->name, "image", image->path, "image_bytes", json_count(image->size),
		      "accelerator", accelerator_name(instance->accelerator), "machine",
		      process ? NULL : machine, "no_kvm", *instance->fallback ? instance->fallback : NULL,
		      "elapsed_ms", json_ms(report->elapsed_ns), "boot", json_boot(report), "ports",
		      json_ports(report), "rules", json_rules(report), "dropped", json_drops(report), "books",
		      json_books(report), "log_suppressed", json_count(report->counters->page.log_suppressed),
		      "errors_suppressed", json_count(report->counters->page.errors_suppressed));
	add_flows(report, object);
	add_tunnels(report, object);
	return object;
}

void report_print_json(const struct report *report, FILE *out, bool indented)
{
	json_t *object = report_json(report);

	json_dumpf(object, out, JSON_REAL_PRECISION(15) | (indented ? JSON_INDENT(2) : JSON_COMPACT));
	putc('\n', out);
	json_decref(object);
}
