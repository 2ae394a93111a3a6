/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP's windows, as a device between the ends sees them: the four inequalities of Guido van Rooij's "Real
 * Stateful TCP Packet Filtering in IP Filter" at their borders, window scaling (RFC 7323), and resets (RFC
 * 9293, section 3.10.7.4; RFC 5961, section 3). A script is a test; each runs with numbers that wrap at
 * different places.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include "nf/packet.h"
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/sample.h"
#include "support/tcp_script.h"

/* Both windows are 1000. */
#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1 = established\n"
#define SCALED(mine, its) \
	"> S 0 win 1000 wscale " mine "\n< S. 0 ack 1 win 1000 wscale " its "\n> . 1 ack 1 win 1000\n"

static const struct tcp_script scripts[] = {
    /* I: data is not above what the other end's window allows. */
    {"I: at the window's end", OPENED "> . 1001 ack 1 = established\n", false},
    {"I: beyond it", OPENED "> . 1002 ack 1 ! tcp-window established\n", false},
    {"I: as the other end acknowledges, the window moves",
     OPENED "> . 1:1001 ack 1\n> . 1001:1002 ack 1\n> . 2002 ack 1 ! tcp-window established\n"
	    "< . 1 ack 1001\n> . 1001:2001 ack 1\n> . 2001 ack 1\n> . 2002 ack 1 ! tcp-window\n",
     false},
    {"I: as the other end opens it",
     OPENED "< . 1 ack 1 win 3000\n> . 3001 ack 1\n> . 3002 ack 1 ! tcp-window\n", false},
    {"I: in the reply direction", OPENED "< . 1001 ack 1\n< . 1002 ack 1 ! tcp-window established\n", false},
    {"I: a window that shrinks takes nothing back that was in flight",
     OPENED "< . 1 ack 1 win 10\n> . 501:1001 ack 1\n> . 1002 ack 1 ! tcp-window\n", false},
    {"I: a refused segment teaches nothing",
     OPENED "> . 70000:70100 ack 1 ! tcp-window established\n> . 70100:70200 ack 1 ! tcp-window\n"
	    "< . 1 ack 70100 ! tcp-window\n> . 1:101 ack 1 = established\n",
     false},
    {"I: a segment across half of all numbers",
     OPENED "> . 2147483648:2147483748 ack 1 ! tcp-window\n> . 2147483647 ack 1 ! tcp-window\n"
	    "> . -2147483647 ack 1 ! tcp-window\n",
     false},

    {"I: a segment that begins in the window and ends beyond it rules out nothing that is in it",
     OPENED
     "> . 1001:2001 ack 1\n> . 1001:2001 ack 1\n> . 1:101 ack 1 = established\n> . 1 ack 1 = established\n",
     false},
    {"I: nor is it a window of its own",
     OPENED "> . 1001:2001 ack 1\n> . 1002 ack 1 ! tcp-window\n"
	    "> . 2001:3001 ack 1 ! tcp-window\n",
     false},
    {"I: its receiver may take all of it", OPENED "> . 1001:2001 ack 1\n< . 1 ack 2001\n> . 2001 ack 1\n",
     false},
    {"I: ... not even where no window can be wider",
     "> S 0 win 65535\n< S. 0 ack 1 win 65535\n> . 1 ack 1 win 65535\n> . 65536:66536 ack 1\n"
     "> . 1:101 ack 1\n< . 1 ack 101 win 65535\n> . 101:201 ack 1 = established\n",
     false},
    {"I: nothing was sent yet, and the window's end is all that is hit",
     OPENED "< . 1001:2401 ack 1\n< . 1001:1002 ack 1\n< . 1:101 ack 1 = established\n> . 1 ack 101\n",
     false},

    /* II: data is not below the window that was open before. */
    {"II: one window back", OPENED "> . 1:501 ack 1\n> . -499 ack 1 = established\n", false},
    {"II: more than one", OPENED "> . 1:501 ack 1\n> . -500 ack 1 ! tcp-window established\n", false},
    {"II: the end of a segment counts",
     OPENED "> . 1:501 ack 1\n> . -600:-499 ack 1\n"
	    "> . -600:-500 ack 1 ! tcp-window established\n",
     false},
    {"II: in the reply direction", OPENED "< . 1:501 ack 1\n< . -499 ack 1\n< . -500 ack 1 ! tcp-window\n",
     false},
    {"II: by the largest window, not the last",
     OPENED "> . 1 ack 1 win 5\n< . 1:501 ack 1\n< . -499 ack 1\n< . -500 ack 1 ! tcp-window\n", false},

    /* III: nobody acknowledges what was not sent. */
    {"III: all that was sent", OPENED "> . 1:501 ack 1\n< . 1 ack 501 = established\n", false},
    {"III: one more", OPENED "> . 1:501 ack 1\n< . 1 ack 502 ! tcp-window established\n", false},
    {"III: in the original direction", OPENED "< . 1:501 ack 1\n> . 1 ack 501\n> . 1 ack 502 ! tcp-window\n",
     false},

    /* IV: nor what is long past: 66000, or the largest window if that is more. */
    {"IV: as late as may be", OPENED "> . 1 ack -65999 = established\n", false},
    {"IV: too late", OPENED "> . 1 ack -66000 ! tcp-window established\n", false},
    {"IV: in the reply direction", OPENED "< . 1 ack -65999\n< . 1 ack -66000 ! tcp-window\n", false},
    {"IV: by a large window", SCALED("7", "0") "> . 1 ack -127999\n> . 1 ack -128000 ! tcp-window\n", false},

    /* Scaling. */
    {"scaled, original", SCALED("3", "0") "< . 8001 ack 1\n< . 8002 ack 1 ! tcp-window\n", false},
    {"scaled, reply",
     SCALED("0", "3") "> . 1001 ack 1\n> . 1002 ack 1 ! tcp-window\n"
		      "< . 1 ack 1\n> . 8001 ack 1\n> . 8002 ack 1 ! tcp-window\n",
     false},
    {"not in SYNs",
     "> S 0 win 1000 wscale 3\n< S. 0 ack 1 win 1000 wscale 3\n"
     "> . 1002 ack 1 ! tcp-window\n< . 1002 ack 1 ! tcp-window\n> . 1 ack 1 win 1000\n< . 8001 ack 1\n",
     false},
    {"offered by one end only, original",
     "> S 0 win 1000 wscale 7\n< S. 0 ack 1\n> . 1 ack 1\n< . 1001 ack 1\n< . 1002 ack 1 ! tcp-window\n",
     false},
    {"offered by one end only, reply",
     "> S 0\n< S. 0 ack 1 wscale 7\n> . 1 ack 1\n< . 1 ack 1\n> . 1001 ack 1\n> . 1002 ack 1 ! tcp-window\n",
     false},
    {"scale 0 is an offer",
     "> S 0 wscale 0\n< S. 0 ack 1 wscale 2\n> . 1 ack 1\n< . 1 ack 1\n> . 4001 ack 1\n"
     "> . 4002 ack 1 ! tcp-window\n",
     false},
    {"14 is the most (RFC 7323, section 2.3)",
     "> S 0 wscale 15\n< S. 0 ack 1 wscale 255\n> . 1 ack 1 win 2\n< . 1 ack 1 win 2\n"
     "> . 32769 ack 1 win 2\n> . 32770 ack 1 win 2 ! tcp-window\n< . 32769 ack 1\n< . 32770 ack 1 ! "
     "tcp-window\n",
     false},
    {"the largest window there is",
     "> S 0 wscale 14\n< S. 0 ack 1 wscale 14\n> . 1 ack 1 win 65535\n"
     "< . 1073725441 ack 1\n< . 1073725442 ack 1 ! tcp-window\n",
     false},
    {"an option in a later segment is none",
     OPENED "> . 1 ack 1 win 1000 wscale 7\n< . 1001 ack 1\n< . 1002 ack 1 ! tcp-window\n", false},
    {"the last SYN is without an offer, but the SYN-ACK answers the first",
     "> S 0 wscale 3\n> S 0\n< S. 0 ack 1 wscale 3\n> . 1 ack 1\n< . 8001 ack 1\n< . 8002 ack 1 ! "
     "tcp-window\n",
     false},
    {"... and the other way round",
     "> S 0 wscale 3\n> S 0\n< S. 0 ack 1\n> . 1 ack 1\n< . 1001 ack 1\n< . 1002 ack 1 ! tcp-window\n",
     false},
    {"a window that is no multiple of its scale is rounded up",
     "> S 0 win 1001 wscale 3\n< S. 0 ack 1 wscale 3\n> . 1 ack 1 win 100\n< . 1:101 ack 1\n"
     "< . -900 ack 1\n< . -908 ack 1 ! tcp-window\n",
     false},

    /* Zero windows (RFC 9293, section 3.8.6.1) and keep-alives (RFC 9293, section 3.8.4). */
    {"a probe of one octet into a closed window",
     OPENED "> . 1:1001 ack 1\n< . 1 ack 1001 win 0\n> . 1001:1002 ack 1\n< . 1 ack 1001 win 0\n"
	    "> . 1003 ack 1 ! tcp-window\n< . 1 ack 1002 win 100\n> . 1002:1102 ack 1 = established\n",
     false},
    {"a SYN-ACK with a closed window",
     "> S 0\n< S. 0 ack 1 win 0\n> . 1 ack 1 = established\n> . 1:2 ack 1\n< . 1 ack 2 win 1000\n"
     "> . 2:1002 ack 1\n< . 1 ack 1002 = established\n",
     false},
    {"both begin with closed windows",
     "> S 0 win 0\n< S. 0 ack 1 win 0\n> . 1 ack 1 win 0 = established\n> . 1 ack 1 win 1000\n"
     "< . 1 ack 1 win 1000\n< . 1:1001 ack 1\n> . 1:1001 ack 1001 = established\n",
     false},
    {"keep-alive without and with an octet",
     OPENED "> . 1:101 ack 1\n< . 1 ack 101\n> . 100 ack 1\n< . 1 ack 101\n> . 100:101 ack 1\n< . 1 ack 101\n"
	    "< . 0 ack 101\n> . 101 ack 1 = established\n",
     false},
    {"keep-alive of an end that sent no data",
     OPENED "< . 0 ack 1\n> . 1 ack 1\n< . 0:1 ack 1 = established\n", false},
    {"keep-alive into a window that is closed",
     OPENED "> . 1:101 ack 1\n< . 1 ack 101 win 0\n> . 100 ack 1\n< . 1 ack 101 win 0 = established\n",
     false},
    {"a second keep-alive after two hours",
     OPENED "- 7200\n> . 0 ack 1 = established\n< . 1 ack 1\n- 7200\n> . 0 ack 1 = established\n", false},

    /* Disorder and loss. */
    {"a hole that is filled later",
     OPENED "> . 501:1001 ack 1\n< . 1 ack 1 sack\n> . 1:501 ack 1\n< . 1 ack 1001 = established\n", false},
    {"a retransmission of all",
     OPENED "> . 1:1001 ack 1\n< . 1 ack 501\n> . 1:1001 ack 1\n> . 1:501 ack 1\n"
	    "< . 1 ack 1001 = established\n",
     false},
    {"an acknowledgement overtakes an older one",
     OPENED "> . 1:1001 ack 1\n< . 1 ack 1001\n< . 1 ack 501\n> . 1001:2001 ack 1 = established\n", false},
    {"urgent, pushed, with ECN's bits",
     OPENED "> PU.E 1:101 ack 1\n> .W 101:201 ack 1\n< .E 1 ack 201 = established\n", false},
    {"a wrong checksum in a connection is the receiver's to see",
     OPENED "> . 1:101 ack 1 bad = established\n", false},

    /* Resets. */
    {"RST at what comes next", OPENED "> . 1:101 ack 1\n< . 1 ack 101\n> R 101 = closed\n", false},
    {"RST with ACK", OPENED "< R. 1 ack 1 = closed\n", false},
    {"RST whose ACK is wrong: ends don't look at it (RFC 9293, section 3.10.7.4)",
     OPENED "< R. 1 ack 2 = closed\n", false},
    {"RST just below what comes next: the end will not believe it",
     OPENED "> . 1:101 ack 1\n< . 1 ack 101\n> R 100 = established\n", false},
    {"RST beyond the window", OPENED "> R 1002 ! tcp-window established\n< R 1002 ! tcp-window established\n",
     false},
    {"RST far away", OPENED "> R 2147483648 ! tcp-window established\n< R -100000 ! tcp-window established\n",
     false},
    {"RST in the window, but not at what comes next: the end asks back (RFC 5961, section 3.2)",
     OPENED "< R 500 = established\n> . 1 ack 1 = established\n< R 1 = closed\n", false},
    {"RST with data (RFC 9293, section 3.5.3)", OPENED "< R 1:12 = closed\n", false},
    {"RST of an end whose last data was lost on the way to it",
     OPENED "> . 1:501 ack 1\n> . 501:1001 ack 1\n< . 1 ack 501\n> R 1001 = closed\n", false},
    {"RST that answers an old acknowledgement: it may not be believed, so the connection stays",
     OPENED "> . 1:501 ack 1\n> . 501:1001 ack 1\n< . 1 ack 501\n> R 501 = established\n", false},
    {"an end that did not believe a reset goes on",
     OPENED "< R 1 = closed\n> . 1:101 ack 1 = closed\n< . 1 ack 101 = closed\n> F. 101 ack 1 = closed\n",
     false},
    {"... within its windows", OPENED "< R 1 = closed\n> . 1002 ack 1 ! tcp-window closed\n", false},
    {"a second reset", OPENED "< R 1 = closed\n> . 1:101 ack 1\n< R 1 = closed\n> R 101 = closed\n", false},
    {"RST to a SYN", "> S 0\n< R. 0 ack 1 = closed\n", false},
    {"RST to a SYN with data", "> S 0:100\n< R. 0 ack 101 = closed\n", false},
    {"RST to a SYN, with any sequence number", "> S 0\n< R. 77777 ack 1 = closed\n", false},
    {"RST to a SYN acknowledges nothing", "> S 0\n< R 0 ! tcp-window syn-sent\n< R 1 ! tcp-window syn-sent\n",
     false},
    {"RST to a SYN acknowledges something else",
     "> S 0\n< R. 0 ack 0 ! tcp-window syn-sent\n< R. 0 ack 2 ! tcp-window syn-sent\n"
     "< R. 0 ack -65000 ! tcp-window syn-sent\n< S. 0 ack 1 = syn-received\n",
     false},
    {"RST to a SYN-ACK", "> S 0\n< S. 0 ack 1\n> R 1 = closed\n", false},
    {"RST to a SYN-ACK at the wrong place", "> S 0\n< S. 0 ack 1\n> R 2000 ! tcp-window syn-received\n",
     false},
};

static void script(void **state)
{
	tcp_script_run(*state);
	assert_true(nf_host_settles());
}

enum { HEADERS = 14 + 20 + 20, SUPER_BYTES = 65535 + 14, SUPER_PAYLOAD = SUPER_BYTES - HEADERS };

static const struct tcp_script_ends ends = {false, 4242, 1000, 5000};

/* A segment as large as IP allows, as a device hands it over that leaves cutting to others. */
static void receive_super(const char *line)
{
	static uint8_t frame[SUPER_BYTES];
	struct craft craft;
	struct rte_mbuf *m;

	tcp_script_segment(&ends, line, &craft);
	assert_int_equal(craft_frame(&craft, frame), HEADERS);
	frame[16] = frame[17] = 0xff; /* total length */
	sample_fix_ipv4(frame);
	m = nf_host_frame(frame, SUPER_BYTES, 0);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->tso_segsz = 1000;
	appliance_chain(0, &m, 1);
	nf_host_forget();
}

static void a_super_frame_counts_as_what_it_is(void **state)
{
	const struct flow_record *record;

	(void)state;
	nf_host_start();
	tcp_script_lines(&ends, "super-frame", "> S 0\n< S. 0 ack 1 win 65535\n> . 1 ack 1\n");
	record = tcp_script_record(&ends);
	receive_super("> P. 1 ack 1");
	assert_int_equal(stats.forwarded, 4);
	assert_int_equal(record->tcp[FLOW_ORIGINAL].end, ends.client_first + 1 + SUPER_PAYLOAD);
	receive_super("> P. 70000 ack 1");
	assert_int_equal(stats.dropped[DROP_TCP_WINDOW], 1);
	tcp_script_lines(&ends, "super-frame",
			 "< . 1 ack 65497 ! tcp-window\n< . 1 ack 65496 = established\n");
}

int main(void)
{
	struct CMUnitTest tests[sizeof(scripts) / sizeof(scripts[0]) + 1];
	size_t count = sizeof(scripts) / sizeof(scripts[0]);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){scripts[i].name, script, NULL, NULL, (void *)&scripts[i]};
	tests[count] = (struct CMUnitTest)cmocka_unit_test(a_super_frame_counts_as_what_it_is);
	return _cmocka_run_group_tests("track_tcp_window", tests, count + 1, NULL, NULL);
}
