/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP's table of states, every cell of it: what track_tcp_next says, and what becomes of a real segment in a
 * real connection, as far as there can be one. What is expected is argued from RFC 9293, section 3.10, for a
 * device between the two ends: what an end would answer or obey has to reach it, what it would discard in
 * silence need not, and nothing moves the state that doesn't move an end's.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/track_tcp.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

enum { FIRST = FLOW_TCP_SYN_SENT, LAST = FLOW_TCP_CLOSED, STATES = LAST - FIRST + 1 };

/* Columns: states in their order, FLOW_TCP_SYN_SENT to FLOW_TCP_CLOSED. "--" is refused, "RE" reopens. The
 * names are the initials of the states. Some cells need a word:
 *   SYN in a connection: the other end answers it with a challenge ACK, so it passes (3.10.7.4).
 *   ACK for SYN_SENT: that challenge; the other end still has an older connection (3.5.1, figure 10).
 *   RST of SYN_SENT's own end: the answer to it. The end stays in SYN-SENT; ABORT sends none (3.10.5).
 *   SYN-ACK of both ends: a simultaneous open, and the second is as good as an ACK (3.5, figure 7).
 *   SYN-ACK after FIN: in disorder, or again since the ACK was lost; not when a FIN was acknowledged.
 *   segments after RST: an end that did not believe it (RFC 5961, section 3.2) has the window yet. */
static const char *const abbreviations[STATES] = {"SS", "S2", "SR", "ES", "FW", "CW", "CL", "LA", "TW", "CD"};

static const char *const expected[FLOW_DIRECTIONS][TCP_EVENTS] = {
    [FLOW_ORIGINAL] =
	{
	    /*                          SS S2 SR ES FW CW CL LA TW CD */
	    [TCP_EVENT_SYN] = "SS S2 SR ES FW CW CL LA RE RE",
	    [TCP_EVENT_SYN_ACK] = "-- SR ES ES FW -- -- -- -- --",
	    [TCP_EVENT_ACK] = "-- -- ES ES FW CW CL LA TW CD",
	    [TCP_EVENT_FIN] = "-- -- FW FW CL LA -- -- -- CD",
	    [TCP_EVENT_FIN_ACKED] = "-- -- -- -- CW -- LA TW -- CD",
	    [TCP_EVENT_FIN_FIN_ACKED] = "-- -- -- -- LA -- -- -- -- CD",
	    [TCP_EVENT_RST] = "SS CD CD CD CD CD CD CD CD CD",
	},
    [FLOW_REPLY] =
	{
	    /*                          SS S2 SR ES FW CW CL LA TW CD */
	    [TCP_EVENT_SYN] = "S2 S2 SR ES FW CW CL LA RE RE",
	    [TCP_EVENT_SYN_ACK] = "SR SR SR ES FW -- -- -- -- --",
	    [TCP_EVENT_ACK] = "SS -- SR ES FW CW CL LA TW CD",
	    [TCP_EVENT_FIN] = "-- -- FW FW CL LA -- -- -- CD",
	    [TCP_EVENT_FIN_ACKED] = "-- -- -- -- CW -- LA TW -- CD",
	    [TCP_EVENT_FIN_FIN_ACKED] = "-- -- -- -- LA -- -- -- -- CD",
	    [TCP_EVENT_RST] = "CD CD CD CD CD CD CD CD CD CD",
	},
};

static const char *const event_names[TCP_EVENTS] = {"SYN",	 "SYN-ACK",	      "ACK", "FIN",
						    "FIN acked", "FIN and FIN acked", "RST"};

static const char *abbreviation_of(int next)
{
	if (next == -1)
		return "--";
	if (next == TCP_REOPENS)
		return "RE";
	return next >= FIRST && next <= LAST ? abbreviations[next - FIRST] : "??";
}

static void every_cell_of_the_table(void **state)
{
	int wrong = 0;

	(void)state;
	for (int direction = 0; direction < FLOW_DIRECTIONS; direction++) {
		for (int event = 0; event < TCP_EVENTS; event++) {
			for (int s = 0; s < STATES; s++) {
				const char *is = abbreviation_of(track_tcp_next(FIRST + s, event, direction));
				const char *cell = expected[direction][event] + 3 * s;

				if (strncmp(is, cell, 2) == 0)
					continue;
				wrong++;
				print_error("%s, %s, %s: %.2s expected, is %s\n", abbreviations[s],
					    event_names[event], direction ? "reply" : "original", cell, is);
			}
		}
	}
	assert_int_equal(wrong, 0);
}

/* Ways to a state, and what each end has sent then: its next number, and whether it has sent FIN, and whether
 * that was acknowledged. */
static const struct way {
	enum flow_state state;
	const char *lines;
	int next[FLOW_DIRECTIONS];
	enum { OPEN, FIN, ACKED } fin[FLOW_DIRECTIONS];
} ways[] = {
#define OPENED	 "> S 0\n< S. 0 ack 1\n> . 1 ack 1\n"
#define FIN_SENT OPENED "> F. 1 ack 1\n"
#define FIN_CAME OPENED "< F. 1 ack 1\n"
    {FLOW_TCP_SYN_SENT, "> S 0\n", {1, 0}, {OPEN, OPEN}},
    {FLOW_TCP_SYN_SENT2, "> S 0\n< S 0\n", {1, 1}, {OPEN, OPEN}},
    {FLOW_TCP_SYN_RECEIVED, "> S 0\n< S. 0 ack 1\n", {1, 1}, {OPEN, OPEN}},
    {FLOW_TCP_SYN_RECEIVED, "> S 0\n< S 0\n< S. 0 ack 1\n", {1, 1}, {OPEN, OPEN}},
    {FLOW_TCP_ESTABLISHED, OPENED, {1, 1}, {OPEN, OPEN}},
    {FLOW_TCP_ESTABLISHED, OPENED "> P. 1:101 ack 1\n< . 1 ack 101\n", {101, 1}, {OPEN, OPEN}},
    {FLOW_TCP_FIN_WAIT, FIN_SENT, {2, 1}, {FIN, OPEN}},
    {FLOW_TCP_FIN_WAIT, FIN_CAME, {1, 2}, {OPEN, FIN}},
    {FLOW_TCP_FIN_WAIT, "> S 0\n< S. 0 ack 1\n> F. 1 ack 1\n", {2, 1}, {FIN, OPEN}},
    {FLOW_TCP_FIN_WAIT, "> S 0\n< S. 0 ack 1\n< F. 1 ack 1\n", {1, 2}, {OPEN, FIN}},
    {FLOW_TCP_CLOSE_WAIT, FIN_SENT "< . 1 ack 2\n", {2, 1}, {ACKED, OPEN}},
    {FLOW_TCP_CLOSE_WAIT, FIN_CAME "> . 1 ack 2\n", {1, 2}, {OPEN, ACKED}},
    {FLOW_TCP_CLOSING, FIN_SENT "< F. 1 ack 1\n", {2, 2}, {FIN, FIN}},
    {FLOW_TCP_CLOSING, FIN_CAME "> F. 1 ack 1\n", {2, 2}, {FIN, FIN}},
    {FLOW_TCP_LAST_ACK, FIN_SENT "< . 1 ack 2\n< F. 1 ack 2\n", {2, 2}, {ACKED, FIN}},
    {FLOW_TCP_LAST_ACK, FIN_SENT "< F. 1 ack 2\n", {2, 2}, {ACKED, FIN}},
    {FLOW_TCP_LAST_ACK, FIN_CAME "> F. 1 ack 2\n", {2, 2}, {FIN, ACKED}},
    {FLOW_TCP_LAST_ACK, FIN_SENT "< F. 1 ack 1\n> . 2 ack 2\n", {2, 2}, {FIN, ACKED}},
    {FLOW_TCP_LAST_ACK, FIN_SENT "< F. 1 ack 1\n< . 2 ack 2\n", {2, 2}, {ACKED, FIN}},
    {FLOW_TCP_TIME_WAIT, FIN_SENT "< F. 1 ack 2\n> . 2 ack 2\n", {2, 2}, {ACKED, ACKED}},
    {FLOW_TCP_TIME_WAIT, FIN_CAME "> F. 1 ack 2\n< . 2 ack 2\n", {2, 2}, {ACKED, ACKED}},
    {FLOW_TCP_CLOSED, OPENED "> R 1\n", {1, 1}, {OPEN, OPEN}},
    {FLOW_TCP_CLOSED, OPENED "< R. 1 ack 1\n", {1, 1}, {OPEN, OPEN}},
};

/* Whether there is such an event on the way: an end sends its first FIN once, and a FIN can be acknowledged
 * for the first time when it was sent and was not. In FLOW_TCP_CLOSED nobody keeps books of FINs. */
static bool is_possible(const struct way *way, enum tcp_event event, enum flow_direction direction)
{
	bool begins = event == TCP_EVENT_FIN || event == TCP_EVENT_FIN_FIN_ACKED;
	bool acks = event == TCP_EVENT_FIN_ACKED || event == TCP_EVENT_FIN_FIN_ACKED;

	if (begins && way->fin[direction] != OPEN)
		return false;
	return !acks || way->fin[!direction] == FIN;
}

/* Writes the segment that is the event. */
static void segment_of(const struct way *way, enum tcp_event event, enum flow_direction direction, char *line)
{
	static const char *const flags[TCP_EVENTS] = {"S", "S.", ".", "F.", ".", "F.", "R"};
	bool acks = event == TCP_EVENT_FIN_ACKED || event == TCP_EVENT_FIN_FIN_ACKED;
	const char *kind = flags[event];
	int seq = way->next[direction], ack = way->next[!direction];

	if (event == TCP_EVENT_SYN || event == TCP_EVENT_SYN_ACK)
		seq = 0;
	if (way->fin[!direction] == FIN && !acks)
		ack--;
	if (way->state == FLOW_TCP_SYN_SENT && event == TCP_EVENT_RST && direction == FLOW_REPLY)
		kind = "R.";
	sprintf(line, "%c %s %d", direction == FLOW_ORIGINAL ? '>' : '<', kind, seq);
	if (strchr(kind, '.'))
		sprintf(line + strlen(line), " ack %d", event == TCP_EVENT_SYN_ACK ? 1 : ack);
}

static void expect(const char *cell, const char *segment, char *line)
{
	static const char *const names[] = {
#define X(identifier, name, timeout) name,
	    FLOW_STATES(X)
#undef X
	};
	int s = 0;

	if (strncmp(cell, "--", 2) == 0) {
		sprintf(line, "%s ! tcp-state", segment);
		return;
	}
	while (strncmp(cell, "RE", 2) != 0 && strncmp(cell, abbreviations[s], 2) != 0)
		s++;
	sprintf(line, "%s = %s", segment, names[FIRST + s]);
}

static void every_cell_by_real_segments(void **state)
{
	char segment[64], line[128], name[128];

	(void)state;
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		for (int i = 0; i < FLOW_DIRECTIONS * TCP_EVENTS; i++) {
			int direction = i / TCP_EVENTS, event = i % TCP_EVENTS;
			struct tcp_script_ends ends = {i & 1, 4242, 0x7ffffff0u, (uint32_t)-3};

			if (!is_possible(&ways[w], event, direction))
				continue;
			nf_host_start();
			segment_of(&ways[w], event, direction, segment);
			expect(expected[direction][event] + 3 * (ways[w].state - FIRST), segment, line);
			sprintf(name, "way %zu to %s, %s", w, abbreviations[ways[w].state - FIRST],
				event_names[event]);
			tcp_script_lines(&ends, name, ways[w].lines);
			assert_int_equal(tcp_script_record(&ends)->state, ways[w].state);
			tcp_script_lines(&ends, name, line);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_cell_of_the_table),
	    cmocka_unit_test(every_cell_by_real_segments),
	};

	return cmocka_run_group_tests_name("track_tcp", tests, NULL, NULL);
}
