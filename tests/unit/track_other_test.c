/* SPDX-License-Identifier: Apache-2.0
 *
 * What is tracked of UDP, ICMP queries, SCTP and protocols without ports: conversations between a host on lan
 * (">") and one beyond wan ("<"), packet by packet; "-" lets seconds pass. After "=" stands the state that
 * the firewall saw, and that of the record then, with "+" when it is assured; after "!" why the packet was
 * dropped. Times are those of RFC 4787, REQ-5, and RFC 5508, REQ-2.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/flow/flow_tuple.h"
#include "nf/packet.h"
#include "support/craft.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"

struct conversation {
	const char *name, *lines;
	bool ipv4_only;
};

#define ASSOCIATION \
	"> sctp init 7 9        = new new\n" \
	"< sctp init-ack 9 7    = established new\n" \
	"> sctp cookie-echo 7 9 = established new\n" \
	"< sctp cookie-ack 9 7  = established established+\n"

static const struct conversation conversations[] = {
    {"UDP: question and answer",
     "> udp 4242 53 = new new\n> udp 4242 53 = new new\n< udp 53 4242 = established established\n"
     "< udp 53 4242 = established established\n",
     false},
    {"UDP: assured when the asker goes on, which shows that the answer reached it",
     "> udp 4242 53 = new new\n< udp 53 4242 = established established\n"
     "> udp 4242 53 = established established+\n< udp 53 4242 = established established+\n",
     false},
    {"UDP: another port is another flow",
     "> udp 4242 53 = new new\n< udp 54 4242 = new new\n< udp 53 4243 = new new\n> udp 53 4242 = new new\n",
     false},
    {"UDP: from outside", "< udp 4242 53 = new new\n> udp 53 4242 = established established\n", false},
    {"UDP: two minutes in one direction, five in both",
     "> udp 4242 53 = new new\n- 119 = new\n- 4 = none\n> udp 4242 53 = new new\n"
     "< udp 53 4242 = established established\n- 299 = established\n- 4 = none\n< udp 53 4242 = new new\n",
     false},
    {"UDP: packets keep it, in either direction",
     "> udp 4242 53 = new new\n- 100 = new\n> udp 4242 53 = new new\n- 100 = new\n"
     "< udp 53 4242 = established established\n- 200 = established\n< udp 53 4242 = established established\n"
     "- 200 = established\n> udp 4242 53 = established established+\n- 290 = established\n",
     false},
    {"UDP: begins with a right checksum, and then that is the receiver's to see",
     "> udp 4242 53 bad ! l4-checksum none\n> udp 4242 53 = new new\n> udp 4242 53 bad = new new\n", false},

    {"ICMP: echo",
     "> icmp 8 7 = new new\n< icmp 0 7 = established established\n> icmp 8 7 = established established\n"
     "< icmp 0 7 = established established\n",
     false},
    {"ICMP: a reply that nobody asked for",
     "< icmp 0 7 ! icmp-unrelated none\n> icmp 8 7 = new new\n< icmp 0 8 ! icmp-unrelated none\n"
     "> icmp 0 7 ! icmp-unrelated none\n",
     false},
    {"ICMP: the other end's echo is another flow",
     "> icmp 8 7 = new new\n< icmp 8 7 = new new\n> icmp 0 7 = established established\n"
     "< icmp 0 7 = established established\n",
     false},
    {"ICMP: a minute", "> icmp 8 7 = new new\n- 59 = new\n- 4 = none\n", false},
    {"ICMP: time stamp, information, address mask",
     "> icmp 13 7 = new new\n< icmp 14 7 = established established\n> icmp 15 7 = new new\n"
     "< icmp 16 7 = established established\n> icmp 17 7 = new new\n< icmp 18 7 = established established\n"
     "< icmp 16 8 ! icmp-unrelated none\n",
     true},
    {"ICMP: what is neither question, answer nor error",
     "> icmp 4 0 ! icmp-unrelated none\n> icmp 5 0 ! icmp-unrelated none\n> icmp 9 0 ! icmp-unrelated none\n"
     "> icmp 10 0 ! icmp-unrelated none\n> icmp 30 0 ! icmp-unrelated none\n> icmp 255 0 ! icmp-unrelated "
     "none\n",
     true},
    {"ICMP: begins with a right checksum", "> icmp 8 7 bad ! l4-checksum none\n", false},

    {"SCTP: four steps", ASSOCIATION "> sctp data 7 9 = established established+\n", false},
    {"SCTP: shut down, and opened again (RFC 9260, section 9.2)",
     ASSOCIATION
     "> sctp shutdown 7 9 = established closing+\n< sctp shutdown-ack 9 7 = established closing+\n"
     "> sctp shutdown-complete 7 9 = established closing+\n> sctp init 7 9 = new new\n"
     "< sctp init-ack 9 7 = established new\n",
     false},
    {"SCTP: aborted, and opened by the other end",
     ASSOCIATION "< sctp abort 9 7 = established closing+\n< sctp init 9 7 = new new\n"
		 "> sctp init-ack 7 9 = established new\n",
     false},
    {"SCTP: an end that did not believe an abort goes on (RFC 9260, section 8.5.1)",
     ASSOCIATION "< sctp abort 9 7 = established closing+\n> sctp data 7 9 = established closing+\n"
		 "< sctp heartbeat 9 7 = established closing+\n- 200 = closing\n"
		 "< sctp heartbeat 9 7 = established closing+\n- 200 = closing\n",
     false},
    {"SCTP: an end that restarts (RFC 9260, section 5.2)",
     ASSOCIATION
     "> sctp init 7 9 = established established+\n< sctp init-ack 9 7 = established established+\n"
     "> sctp cookie-echo 7 9 = established established+\n"
     "< sctp cookie-ack 9 7 = established established+\n",
     false},
    {"SCTP: the opener's own cookie-ack opens nothing",
     "> sctp init 7 9 = new new\n> sctp cookie-ack 7 9 = new new\n", false},
    {"SCTP: only INIT begins",
     "> sctp data 7 9 ! sctp-state none\n> sctp init-ack 7 9 ! sctp-state none\n"
     "> sctp abort 7 9 ! sctp-state none\n< sctp cookie-echo 7 9 ! sctp-state none\n",
     false},
    {"SCTP: four minutes to open and to close, two hours and four minutes open",
     "> sctp init 7 9 = new new\n- 239 = new\n- 4 = none\n" ASSOCIATION "- 7439 = established\n"
     "> sctp abort 7 9 = established closing+\n- 239 = closing\n- 4 = none\n",
     false},

    {"GRE: by addresses",
     "> gre = new new\n> gre = new new\n< gre = established established+\n> gre = established established+\n",
     false},
    {"GRE and ESP are two", "> gre = new new\n< esp = new new\n> esp = established established+\n", false},
    {"ESP: two minutes in one direction, ten in both",
     "> esp = new new\n- 119 = new\n- 4 = none\n> esp = new new\n< esp = established established+\n"
     "- 599 = established\n- 4 = none\n",
     false},
};

static const char *const inner[] = {"192.0.2.10", "2001:db8:1::10"};
static const char *const outer[] = {"203.0.113.7", "2001:db8:99::7"};

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

static uint16_t number(void)
{
	return strtoul(strtok(NULL, " "), NULL, 0);
}

static void put_icmp(struct craft *craft, bool ipv6)
{
	uint16_t type = number();

	craft->protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	craft->destination_port = (ipv6 ? (type ? 128 : 129) : type) << 8;
	craft->source_port = number();
}

static void put_sctp(struct craft *craft)
{
	static const char *const chunks[] = {
	    "data",	     "init",	   "init-ack", "sack",	       "heartbeat",
	    "heartbeat-ack", "abort",	   "shutdown", "shutdown-ack", "error",
	    "cookie-echo",   "cookie-ack", "ecne",     "cwr",	       "shutdown-complete"};
	const char *chunk = strtok(NULL, " ");

	craft->protocol = IPPROTO_SCTP;
	while (strcmp(chunks[craft->chunk], chunk) != 0)
		craft->chunk++;
	craft->source_port = number();
	craft->destination_port = number();
}

static struct craft craft_of(const char *line, bool ipv6)
{
	bool back = line[0] == '<';
	struct craft craft = {.source = (back ? outer : inner)[ipv6],
			      .destination = (back ? inner : outer)[ipv6],
			      .payload = 8,
			      .mac = {2, 0, 0, 0, 0, back ? 2 : 1}};
	char words[100];
	const char *protocol;

	snprintf(words, sizeof(words), "%s", line + 2);
	craft.bad_checksum = strstr(words, " bad");
	protocol = strtok(words, " ");
	if (strcmp(protocol, "icmp") == 0) {
		put_icmp(&craft, ipv6);
	} else if (strcmp(protocol, "sctp") == 0) {
		put_sctp(&craft);
	} else if (strcmp(protocol, "udp") == 0) {
		craft.protocol = IPPROTO_UDP;
		craft.source_port = number();
		craft.destination_port = number();
	} else {
		craft.protocol = strcmp(protocol, "gre") == 0 ? IPPROTO_GRE : IPPROTO_ESP;
	}
	return craft;
}

/* State of the record that the packet would find, with a plus where it is assured. */
static void describe_record(const struct craft *craft, char *text)
{
	struct flow_tuple tuple;
	struct flow_addresses ipv6;
	enum flow_direction direction;
	struct rte_mbuf *m = craft_packet(craft);
	uint32_t flow;

	flow_tuple_read(m, &tuple, &ipv6);
	rte_pktmbuf_free(m);
	flow = flow_lookup(&tuple, &ipv6, &direction);
	if (flow)
		sprintf(text, "%s%s", state_names[flow_records[flow].state],
			flow_records[flow].flags & FLOW_ASSURED ? "+" : "");
	else
		strcpy(text, "none");
}

/* Sends the packet, and writes what became of it as the line says it. */
static void send_craft(const struct craft *craft, bool back, char *text)
{
	struct rule_stats rules[TABLE_RULES];
	uint64_t dropped[DROP_REASON_COUNT];
	uint8_t frame[CRAFT_MAX];

	memcpy(rules, rule_stats, sizeof(rules));
	memcpy(dropped, stats.dropped, sizeof(dropped));
	nf_host_receive(back, frame, craft_frame(craft, frame));
	nf_host_forget();
	strcpy(text, "nothing ");
	for (int i = 0; i < TABLE_RULES; i++)
		if (rule_stats[i].packets != rules[i].packets)
			sprintf(text, "= %s ", table_rules[i].name);
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		if (stats.dropped[i] != dropped[i])
			sprintf(text, "! %s ", reason_names[i]);
}

static void run_line(const char *name, const char *line, bool ipv6)
{
	static struct craft craft;
	char text[100] = "= ", plus[] = "+";
	const char *expected = strpbrk(line, "=!");

	if (line[0] == '-') {
		nf_host_run(strtoul(line + 1, NULL, 0) * SECOND);
	} else {
		craft = craft_of(line, ipv6);
		send_craft(&craft, line[0] == '<', text);
	}
	describe_record(&craft, text + strlen(text));
	if (line[0] == '-')
		text[strcspn(text, plus)] = 0;
	if (strcmp(text, expected) != 0)
		fail_msg("%s, IPv%d: at\n  %s\n  got \"%s\"", name, ipv6 ? 6 : 4, line, text);
}

static void conversation(void **state)
{
	const struct conversation *of = *state;
	char line[100];

	for (int ipv6 = 0; ipv6 <= !of->ipv4_only; ipv6++) {
		nf_host_start();
		for (const char *at = of->lines; *at; at = strchr(at, '\n') + 1) {
			snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
			run_line(of->name, line, ipv6);
		}
		assert_true(nf_host_settles());
	}
}

int main(void)
{
	struct CMUnitTest tests[sizeof(conversations) / sizeof(conversations[0])];
	size_t count = sizeof(conversations) / sizeof(conversations[0]);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){conversations[i].name, conversation, NULL, NULL,
					       (void *)&conversations[i]};
	return _cmocka_run_group_tests("track_other", tests, count, NULL, NULL);
}
