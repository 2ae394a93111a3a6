/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts of TCP connections; see tcp_script.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/flow.h"
#include "nf/stats.h"
#include "nf_host.h"
#include "tcp_script.h"

enum { SERVER_PORT = 80, WINDOW = 1000, LINE_MAX_BYTES = 200 };

/* flow_loose of nf/appliance.h, which is constant there. */
extern bool script_loose __asm__("flow_loose");

static const char *const clients[] = {"192.0.2.10", "2001:db8:1::10"};
static const char *const servers[] = {"203.0.113.7", "2001:db8:99::7"};

static const char *const state_names[] = {
#define X(identifier, name, timeout) name,
    FLOW_STATES(X)
#undef X
};

static const char *const reason_names[] = {
#define X(identifier, name, meaning) name,
    DROP_REASONS(X)
#undef X
};

struct flow_record *tcp_script_record(const struct tcp_script_ends *ends)
{
	struct flow_tuple tuple = {.source_port = htons(ends->client_port),
				   .destination_port = htons(SERVER_PORT),
				   .protocol = IPPROTO_TCP,
				   .ipv6 = ends->ipv6};
	struct flow_addresses ipv6 = {{0}, {0}};
	enum flow_direction direction;
	uint32_t flow;

	if (ends->ipv6) {
		inet_pton(AF_INET6, clients[1], ipv6.source);
		inet_pton(AF_INET6, servers[1], ipv6.destination);
	} else {
		inet_pton(AF_INET, clients[0], &tuple.source);
		inet_pton(AF_INET, servers[0], &tuple.destination);
	}
	flow = flow_lookup(&tuple, &ipv6, &direction);
	return flow ? &flow_records[flow] : NULL;
}

static const char *state_name(const struct tcp_script_ends *ends)
{
	const struct flow_record *record = tcp_script_record(ends);

	return record ? state_names[record->state] : "none";
}

static uint8_t flags_of(const char *word)
{
	static const char letters[] = "FSRP.UEW";
	uint8_t flags = 0;

	for (; *word && *word != '0'; word++) {
		assert_non_null(strchr(letters, *word));
		flags |= 1 << (strchr(letters, *word) - letters);
	}
	return flags;
}

/* No-operations before an option, so that it ends at a word. */
static void put_option(struct craft *craft, uint8_t kind, uint8_t bytes, uint8_t value)
{
	uint8_t *option = craft->options + craft->option_bytes;

	memset(option, 1, 4);
	option[4 - bytes] = kind;
	option[5 - bytes] = bytes;
	if (bytes == 3)
		option[3] = value;
	craft->option_bytes += 4;
}

static void put_numbers(struct craft *craft, const char *word, uint32_t first)
{
	char *end;
	long seq = strtol(word, &end, 0);

	craft->sequence = first + seq;
	if (*end == ':')
		craft->payload = strtol(end + 1, &end, 0) - seq;
	assert_int_equal(*end, 0);
}

static void put_word(struct craft *craft, char *word, uint32_t other_first)
{
	if (strcmp(word, "sack") == 0)
		put_option(craft, 4, 2, 0);
	else if (strcmp(word, "bad") == 0)
		craft->bad_checksum = true;
	else if (strcmp(word, "ack") == 0)
		craft->acknowledgement = other_first + strtol(strtok(NULL, " "), NULL, 0);
	else if (strcmp(word, "win") == 0)
		craft->window = strtol(strtok(NULL, " "), NULL, 0);
	else if (strcmp(word, "wscale") == 0)
		put_option(craft, 3, 3, strtol(strtok(NULL, " "), NULL, 0));
	else
		fail_msg("what is \"%s\"?", word);
}

uint16_t tcp_script_segment(const struct tcp_script_ends *ends, const char *line, struct craft *craft)
{
	bool back = line[0] == '<';
	uint32_t first = back ? ends->server_first : ends->client_first;
	uint32_t other_first = back ? ends->client_first : ends->server_first;
	char words[LINE_MAX_BYTES], *word;

	*craft = (struct craft){
	    .source = (back ? servers : clients)[ends->ipv6],
	    .destination = (back ? clients : servers)[ends->ipv6],
	    .protocol = IPPROTO_TCP,
	    .source_port = back ? SERVER_PORT : ends->client_port,
	    .destination_port = back ? ends->client_port : SERVER_PORT,
	    .window = WINDOW,
	    .mac = {2, 0, 0, 0, 0, back ? 2 : 1},
	};
	snprintf(words, sizeof(words), "%s", line + 1);
	craft->tcp_flags = flags_of(strtok(words, " "));
	put_numbers(craft, strtok(NULL, " "), first);
	while ((word = strtok(NULL, " ")))
		put_word(craft, word, other_first);
	return back;
}

static uint64_t dropped(enum drop_reason *last)
{
	static uint64_t before[DROP_REASON_COUNT];
	uint64_t sum = 0;

	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		if (stats.dropped[i] > before[i])
			*last = i;
		before[i] = stats.dropped[i];
		sum += stats.dropped[i];
	}
	return sum;
}

/* Sends what a line says. Returns "" when it left, else why it was dropped. */
static const char *what_happens(const struct tcp_script_ends *ends, const char *line)
{
	enum drop_reason reason = DROP_REASON_COUNT;
	uint64_t forwarded = stats.forwarded, lost = dropped(&reason);
	uint8_t frame[CRAFT_MAX];
	struct craft craft;
	uint16_t device;

	if (line[0] == '-') {
		nf_host_run(strtoul(line + 1, NULL, 0) * SECOND);
		return "";
	}
	device = tcp_script_segment(ends, line, &craft);
	nf_host_receive(device, frame, craft_frame(&craft, frame));
	lost = dropped(&reason) - lost;
	assert_int_equal(stats.forwarded - forwarded + lost, 1);
	nf_host_forget();
	return lost ? reason_names[reason] : "";
}

/* Whether a record is in a state and, where a sign follows its name, FLOW_ASSURED (+) or not (-). */
static bool is_state(const struct tcp_script_ends *ends, const char *reached, const char *state)
{
	size_t bytes = strlen(reached);

	if (strncmp(reached, state, bytes) != 0)
		return false;
	if (state[bytes] == 0)
		return true;
	return state[bytes + 1] == 0 &&
	       state[bytes] == (tcp_script_record(ends)->flags & FLOW_ASSURED ? '+' : '-');
}

static void run_line(const struct tcp_script_ends *ends, const char *name, const char *line)
{
	char copy[LINE_MAX_BYTES], reason[40] = "", state[40] = "";
	char *expected;
	const char *happened, *reached;

	snprintf(copy, sizeof(copy), "%s", line);
	expected = strpbrk(copy, "=!");
	if (expected && *expected == '!')
		sscanf(expected + 1, "%39s %39s", reason, state);
	else if (expected)
		sscanf(expected + 1, "%39s", state);
	if (expected)
		*expected = 0;
	happened = what_happens(ends, copy);
	reached = state_name(ends);
	if (strcmp(happened, reason) != 0 || (state[0] && !is_state(ends, reached, state)))
		fail_msg("%s (IPv%d, numbers from %#x and %#x): at\n  %s\n  got \"%s\", state %s", name,
			 ends->ipv6 ? 6 : 4, ends->client_first, ends->server_first, line, happened, reached);
}

void tcp_script_lines(const struct tcp_script_ends *ends, const char *name, const char *lines)
{
	char line[LINE_MAX_BYTES];

	while (*lines) {
		size_t bytes = strcspn(lines, "\n");

		assert_true(bytes < sizeof(line));
		memcpy(line, lines, bytes);
		line[bytes] = 0;
		if (bytes)
			run_line(ends, name, line);
		lines += bytes + (lines[bytes] == '\n');
	}
}

void tcp_script_run(const struct tcp_script *script)
{
	/* Zero, the sign bit and the end of numbers lie before, within and behind what is sent. */
	static const uint32_t firsts[][2] = {
	    {0x12345678, 0x9abcdef0}, {0xffffffff, 0}, {0, 0xffffff9c}, {0x7fffffff, 0x80000000}};
	struct tcp_script_ends ends = {.client_port = 4242};

	for (int i = 0; i < 8; i++) {
		ends.ipv6 = i & 1;
		ends.client_first = firsts[i / 2][0];
		ends.server_first = firsts[i / 2][1];
		nf_host_start();
		script_loose = script->loose;
		tcp_script_lines(&ends, script->name, script->lines);
		assert_true(nf_host_books_balance());
	}
}
