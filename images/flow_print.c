/* SPDX-License-Identifier: Apache-2.0
 *
 * What flows look like: for a person in a line each, for a program as JSON.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config/value.h"
#include "flow_list.h"
#include "report.h"

static const char *const state_names[FLOW_STATE_COUNT] = {
#define X(identifier, name, timeout) [FLOW_##identifier] = name,
    FLOW_STATES(X)
#undef X
};

static const uint8_t state_timeouts[FLOW_STATE_COUNT] = {
#define X(identifier, name, timeout) [FLOW_##identifier] = FLOW_TIMEOUT_##timeout,
    FLOW_STATES(X)
#undef X
};

const char *flow_state(const struct flow_record *record)
{
	return state_names[record->state];
}

const char *flow_protocol(const struct flow_record *record)
{
	static char number[8];
	const char *name = protocol_name(record->tuple[0].protocol);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%u", record->tuple[0].protocol);
	return number;
}

static bool is_icmp(const struct flow_tuple *tuple)
{
	return tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6;
}

static bool has_ports(const struct flow_tuple *tuple)
{
	return tuple->protocol == IPPROTO_TCP || tuple->protocol == IPPROTO_UDP ||
	       tuple->protocol == IPPROTO_SCTP;
}

/* "10.0.0.7:4242", "[2001:db8::1]:80", "10.0.0.7": writes to `text`, which has 64 bytes. */
static const char *end_text(const struct flow_record *record, enum flow_direction direction, bool source,
			    char *text)
{
	const struct flow_tuple *tuple = &record->tuple[direction];
	const struct flow_addresses *ipv6 = &record->ipv6[direction];
	const void *bytes = source ? &tuple->source : &tuple->destination;
	char address[INET6_ADDRSTRLEN];

	if (tuple->ipv6)
		bytes = source ? ipv6->source : ipv6->destination;
	inet_ntop(tuple->ipv6 ? AF_INET6 : AF_INET, bytes, address, sizeof(address));
	if (has_ports(tuple))
		snprintf(text, 64, tuple->ipv6 ? "[%s]:%u" : "%s:%u", address,
			 ntohs(source ? tuple->source_port : tuple->destination_port));
	else
		snprintf(text, 64, "%s", address);
	return text;
}

/* " id 9", of ICMP queries. */
static const char *id_text(const struct flow_record *record, enum flow_direction direction, char text[16])
{
	*text = '\0';
	if (is_icmp(&record->tuple[direction]))
		snprintf(text, 16, " id %u", ntohs(record->tuple[direction].source_port));
	return text;
}

const char *flow_text(const struct flow_record *record, enum flow_direction direction, char *text)
{
	char source[64], destination[64], id[16];

	snprintf(text, FLOW_TEXT_MAX, "%s > %s%s", end_text(record, direction, true, source),
		 end_text(record, direction, false, destination), id_text(record, direction, id));
	return text;
}

/* What a flow was translated to, as it is on the other side; "" where it wasn't. */
static const char *translation_text(const struct flow_record *record, char *text)
{
	char source[64], destination[64], id[16];

	*text = '\0';
	if (record->flags & FLOW_TRANSLATED)
		snprintf(text, FLOW_TEXT_MAX, "%s > %s%s", end_text(record, FLOW_REPLY, false, destination),
			 end_text(record, FLOW_REPLY, true, source), id_text(record, FLOW_REPLY, id));
	return text;
}

static double seconds(uint32_t ticks)
{
	return (double)((uint64_t)ticks << FLOW_TICK_SHIFT) / 1e9;
}

/* "3.2s", "4m10s", "2h04m": at most six characters. */
static const char *duration(double value, char *text)
{
	unsigned int whole = (unsigned int)value;

	if (value < 60)
		snprintf(text, 16, "%.1fs", value);
	else if (whole < 3600)
		snprintf(text, 16, "%um%02us", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(text, 16, "%uh%02um", whole / 3600, whole / 60 % 60);
	else
		snprintf(text, 16, "%ud%02uh", whole / 86400, whole / 3600 % 24);
	return text;
}

static const char *rule_name(const struct config *config, const struct flow_record *record)
{
	uint16_t rule = record->first_rule;

	return rule < config->rule_count ? config->rules[rule].name : "";
}

/* How much longer it stays when no packet comes. */
static double time_left(const struct config *config, const struct flow_record *record, uint32_t now)
{
	double left = config->timeouts[state_timeouts[record->state]] - seconds(now - record->seen);

	return left > 0 ? left : 0;
}

/* Columns as wide as what is in them. */
struct widths {
	int flow, translation;
};

static struct widths measure(const struct flow_list *list)
{
	struct widths widths = {20, 0};
	char text[FLOW_TEXT_MAX];

	for (size_t i = 0; i < list->count; i++) {
		const struct flow_record *record = &list->entries[i].record;
		int flow = (int)strlen(flow_text(record, FLOW_ORIGINAL, text));
		int translation = (int)strlen(translation_text(record, text));

		widths.flow = flow > widths.flow ? flow : widths.flow;
		widths.translation = translation > widths.translation ? translation : widths.translation;
	}
	return widths;
}

static void print_entry(const struct flow_list *list, const struct flow_record *record,
			const struct config *config, const struct widths *widths, FILE *out)
{
	char flow[FLOW_TEXT_MAX], translation[FLOW_TEXT_MAX], age[16], left[16], packets[48];

	snprintf(packets, sizeof(packets), "%s/%s", grouped(record->packets[0]), grouped(record->packets[1]));
	fprintf(out, "%-6s %-12s %-*s  ", flow_protocol(record), flow_state(record), widths->flow,
		flow_text(record, FLOW_ORIGINAL, flow));
	if (widths->translation)
		fprintf(out, "%-*s  ", widths->translation, translation_text(record, translation));
	fprintf(out, "%11s %13s %7s %7s  %s\n", packets, grouped(record->bytes[0] + record->bytes[1]),
		duration(seconds(list->now - record->created), age),
		duration(time_left(config, record, list->now), left), rule_name(config, record));
}

void flow_list_print(const struct flow_list *list, const struct config *config, FILE *out)
{
	struct widths widths = measure(list);

	if (list->count)
		fprintf(out, "%s%-6s %-12s %-*s  ", colour(out, COLOUR_DIM), "proto", "state", widths.flow,
			"flow");
	if (list->count && widths.translation)
		fprintf(out, "%-*s  ", widths.translation, "leaves as");
	if (list->count)
		fprintf(out, "%11s %13s %7s %7s  %s%s\n", "packets", "bytes", "age", "left", "rule",
			colour(out, COLOUR_PLAIN));
	for (size_t i = 0; i < list->count; i++)
		print_entry(list, &list->entries[i].record, config, &widths, out);
	if (list->count < list->total)
		fprintf(out, "and %s more\n", grouped(list->total - list->count));
}

static json_t *end_json(const struct flow_record *record, enum flow_direction direction, bool source)
{
	const struct flow_tuple *tuple = &record->tuple[direction];
	const struct flow_addresses *ipv6 = &record->ipv6[direction];
	const void *bytes = source ? &tuple->source : &tuple->destination;
	char address[INET6_ADDRSTRLEN];
	json_t *object = json_object();

	if (tuple->ipv6)
		bytes = source ? ipv6->source : ipv6->destination;
	json_object_set_new(
	    object, "address",
	    json_string(inet_ntop(tuple->ipv6 ? AF_INET6 : AF_INET, bytes, address, sizeof(address))));
	if (has_ports(tuple))
		json_object_set_new(
		    object, "port",
		    json_integer(ntohs(source ? tuple->source_port : tuple->destination_port)));
	if (is_icmp(tuple))
		json_object_set_new(object, "id", json_integer(ntohs(tuple->source_port)));
	return object;
}

static json_t *direction_json(const struct flow_record *record, enum flow_direction direction)
{
	return json_pack("{s:o, s:o, s:I, s:I}", "source", end_json(record, direction, true), "destination",
			 end_json(record, direction, false), "packets",
			 (json_int_t)record->packets[direction], "bytes",
			 (json_int_t)record->bytes[direction]);
}

static json_t *entry_json(const struct flow_list *list, const struct flow_record *record,
			  const struct config *config)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:b, s:b, s:f, s:f, s:f, s:s}", "protocol",
			 flow_protocol(record), "state", flow_state(record), "original",
			 direction_json(record, FLOW_ORIGINAL), "reply", direction_json(record, FLOW_REPLY),
			 "translated", record->flags & FLOW_TRANSLATED, "assured",
			 record->flags & FLOW_ASSURED, "age_s", seconds(list->now - record->created),
			 "idle_s", seconds(list->now - record->seen), "left_s",
			 time_left(config, record, list->now), "rule", rule_name(config, record));
}

json_t *flow_list_json(const struct flow_list *list, const struct config *config)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, entry_json(list, &list->entries[i].record, config));
	return array;
}

json_t *flow_stats_json(const struct stats_page *page)
{
	const struct flow_stats *flow = &page->flow;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "capacity",
			 (json_int_t)flow->capacity, "flows", (json_int_t)flow->flows, "half_open",
			 (json_int_t)flow->half_open, "created", (json_int_t)flow->created, "expired",
			 (json_int_t)flow->expired, "evicted", (json_int_t)flow->evicted, "refused",
			 (json_int_t)flow->refused, "mappings", (json_int_t)flow->bindings, "nat_exhausted",
			 (json_int_t)flow->nat_exhausted);
}
