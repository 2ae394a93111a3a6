/* SPDX-License-Identifier: Apache-2.0
 *
 * Lives of TCP connections: how they open, close, open again, and are picked up in mid-stream; what is
 * refused on the way. Each script is a test. RFC 9293, sections 3.5 and 3.6; RFC 5382; RFC 7857, section 2.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include "support/flow_tables.h"
#include "support/nf_host.h"
#include "support/tcp_script.h"

#define OPENED "> S 0\n< S. 0 ack 1\n> . 1 ack 1 = established\n"
#define CLOSED OPENED "> F. 1 ack 1\n< F. 1 ack 2\n> . 2 ack 2 = time-wait\n"

static const struct tcp_script scripts[] = {
    /* Opening. */
    {"three segments", "> S 0 = syn-sent-\n< S. 0 ack 1 = syn-received-\n> . 1 ack 1 = established+\n",
     false},
    {"SYN again and again",
     "> S 0\n- 1\n> S 0\n- 3\n> S 0\n< S. 0 ack 1\n> S 0\n< S. 0 ack 1\n> . 1 ack 1\n"
     "< S. 0 ack 1 = established\n> . 1 ack 1 = established\n",
     false},
    {"SYN with data (RFC 7413), all acknowledged",
     "> S 0:500\n< S. 0 ack 501\n> . 501 ack 1 = established\n< . 1 ack 501\n", false},
    {"SYN with data, none acknowledged",
     "> S 0:500\n< S. 0 ack 1\n> . 1:501 ack 1 = established\n< . 1 ack 501\n", false},
    {"SYN with data, answered with data before the ACK",
     "> S 0:500\n< S. 0:100 ack 501\n< P. 101:201 ack 501 = syn-received\n> . 501 ack 201 = established\n",
     false},
    {"SYN with data, then without: the answer may be to either",
     "> S 0:500\n> S 0 = syn-sent\n< S. 0 ack 501 = syn-received\n> . 501 ack 1 = established\n", false},
    {"... or to the other", "> S 0\n> S 0:500\n< S. 0 ack 501 = syn-received\n", false},
    {"SYN-ACK again, after data",
     "> S 0:500\n< S. 0 ack 501\n< . 1:101 ack 501\n< S. 0 ack 501 = syn-received\n"
     "> . 501 ack 101 = established\n",
     false},
    {"the answer before the ACK fills the window of the SYN, no more",
     "> S 0:500\n< S. 0 ack 501\n< . 1:601 ack 501\n< . 601:1001 ack 501 = syn-received-\n"
     "< . 1002 ack 501 ! tcp-window\n> . 501 ack 1001 = established+\n",
     false},
    {"SYN-ACK from another number (RFC 4987, section 3.6: cookies)",
     "> S 0\n< S. 0 ack 1\n- 65\n> S 0\n< S. 99999 ack 1 = syn-received\n> . 1 ack 100000 = established\n",
     false},
    {"... but not when it is open", OPENED "< S. 99999 ack 1 ! tcp-window established\n", false},
    {"SYN-ACK acknowledges nothing", "> S 0\n< S. 0 ack 0 ! tcp-window syn-sent\n", false},
    {"SYN-ACK acknowledges too much",
     "> S 0\n< S. 0 ack 2 ! tcp-window syn-sent\n< S. 0 ack 1 = syn-received\n", false},
    {"SYN-ACK acknowledges long past numbers", "> S 0\n< S. 0 ack -1000 ! tcp-window syn-sent\n", false},
    {"the ACK does not acknowledge the SYN-ACK",
     "> S 0\n< S. 0 ack 1\n> . 1 ack 0 ! tcp-window syn-received\n> . 1 ack -5000 ! tcp-window syn-received\n"
     "> . 1 ack 2 ! tcp-window syn-received\n> . 1 ack 1 = established\n",
     false},
    {"FIN of the other end, before the SYN-ACK is acknowledged",
     "> S 0\n< S. 0 ack 1\n< F. 1 ack 1 = fin-wait-\n> . 1 ack 0 ! tcp-window fin-wait-\n> . 1 ack 1 = "
     "fin-wait+\n",
     false},
    {"FIN that does not acknowledge the SYN-ACK",
     "> S 0\n< S. 0 ack 1\n> F. 1 ack 0 ! tcp-window syn-received\n", false},
    {"the ACK is lost, data comes", "> S 0\n< S. 0 ack 1\n> P. 1:101 ack 1 = established\n", false},
    {"the ACK comes with FIN", "> S 0\n< S. 0 ack 1\n> F. 1:101 ack 1 = fin-wait+\n", false},
    {"ACK before SYN-ACK", "> S 0\n> . 1 ack 1 ! tcp-state syn-sent\n> P. 1:9 ack 1 ! tcp-state syn-sent\n",
     false},
    {"FIN before SYN-ACK", "> S 0\n> F. 1 ack 1 ! tcp-state syn-sent\n", false},
    {"SYN and FIN of the other end before SYN-ACK", "> S 0\n< F. 1 ack 1 ! tcp-state syn-sent\n", false},
    {"the client forgot, the server did not: an old connection (RFC 9293, figure 10)",
     "> S 0\n< . 5000 ack 90000 = syn-sent\n> R 90000 = syn-sent\n> S 0 = syn-sent\n"
     "< S. 0 ack 1 = syn-received\n> . 1 ack 1 = established\n",
     false},
    {"... and the same in a connection that is tracked",
     OPENED "> . 1:101 ack 1\n> S 70000 = established\n< . 1 ack 101 = established\n> R 101 = closed\n"
	    "> S 70000 = syn-sent\n< S. 9000 ack 70001 = syn-received\n> . 70001 ack 9001 = established\n",
     false},
    {"a SYN into a connection moves nothing",
     OPENED "> S 5 = established\n> S 900000 = established\n< S 5 = established\n> . 1:101 ack 1\n"
	    "< . 1 ack 101 = established\n",
     false},
    {"a SYN while the ACK is awaited moves nothing",
     "> S 0\n< S. 0 ack 1\n> S 70000 = syn-received\n> . 1 ack 1 = established\n", false},
    {"a SYN from elsewhere before the SYN-ACK: what acknowledges counts",
     "> S 0\n< S 777777 = syn-sent2\n< S. 0 ack 1 = syn-received\n> . 1 ack 1 = established\n", false},
    {"both forgot",
     OPENED
     "> . 1:101 ack 1\n< . 1 ack 101\n> S 500000 = established\n< S. 900000 ack 500001 ! tcp-state closed\n"
     "> S 500000 = syn-sent\n< S. 900000 ack 500001 = syn-received\n> . 500001 ack 900001 = established\n",
     false},
    {"both forgot a connection that is half closed",
     OPENED "> F. 1 ack 1\n< . 1 ack 2 = close-wait\n> S 500000 = close-wait\n"
	    "< S. 900000 ack 500001 ! tcp-state closed\n> S 500000 = syn-sent\n",
     false},
    {"a SYN-ACK alone forgets nothing",
     OPENED "< S. 900000 ack 500001 ! tcp-window established\n"
	    "> S 500000 = established\n> S. 900000 ack 500001 ! tcp-window established\n",
     false},
    {"simultaneous open (RFC 9293, figure 7)",
     "> S 0 = syn-sent\n< S 0 = syn-sent2\n> S. 0 ack 1 = syn-received\n< S. 0 ack 1 = syn-received\n"
     "> . 1:101 ack 1 = established+\n< . 1:101 ack 101 = established\n",
     false},
    {"simultaneous open, in another order",
     "> S 0\n< S 0\n< S. 0 ack 1 = syn-received-\n> S. 0 ack 1 = established+\n< . 1:101 ack 1\n> . 1 ack "
     "101\n",
     false},
    {"simultaneous open, half of it again",
     "> S 0\n< S 0\n> S. 0 ack 1 = syn-received-\n> S. 0 ack 1 = syn-received-\n< S. 0 ack 1 = "
     "syn-received+\n"
     "< . 1:101 ack 1 = syn-received\n> . 1 ack 101 = established+\n",
     false},
    {"simultaneous open with scaling",
     "> S 0 wscale 3\n< S 0 wscale 0\n> S. 0 ack 1 wscale 3\n< S. 0 ack 1 wscale 0\n> . 1 ack 1\n"
     "< . 8001 ack 1\n< . 8002 ack 1 ! tcp-window\n",
     false},
    {"simultaneous open, then reset", "> S 0\n< S 0\n> R 1 = closed\n", false},
    {"a SYN-ACK of its own end before the other end's SYN", "> S 0\n> S. 0 ack 1 ! tcp-state syn-sent\n",
     false},
    {"a split handshake: SYN in place of SYN-ACK, then ACK",
     "> S 0\n< S 0 = syn-sent2\n< . 1 ack 1 ! tcp-state syn-sent2\n", false},

    /* Nothing begins otherwise. */
    {"ACK without a connection", "> . 1 ack 1 ! tcp-state none\n< . 1 ack 1 ! tcp-state none\n", false},
    {"SYN-ACK without a connection", "< S. 0 ack 1 ! tcp-state none\n", false},
    {"FIN without a connection", "> F. 1 ack 1 ! tcp-state none\n", false},
    {"RST without a connection", "> R 1 ! tcp-state none\n< R. 1 ack 1 ! tcp-state none\n", false},
    {"SYN with a wrong checksum", "> S 0 bad ! l4-checksum none\n", false},
    {"a SYN that asks for ECN (RFC 3168)", "> SEW 0\n< S.E 0 ack 1\n> . 1 ack 1 = established\n", false},

    /* Flags that nobody sends together. */
    {"null", "> 0 0 ! tcp-flags none\n" OPENED "> 0 1 ! tcp-flags established\n", false},
    {"SYN and FIN", "> SF 0 ! tcp-flags none\n" OPENED "> SF. 1 ack 1 ! tcp-flags established\n", false},
    {"SYN and RST", "> SR 0 ! tcp-flags none\n" OPENED "> SR. 1 ack 1 ! tcp-flags established\n", false},
    {"FIN and RST", OPENED "> FR. 1 ack 1 ! tcp-flags established\n", false},
    {"FIN without ACK", OPENED "> F 1 ! tcp-flags established\n", false},
    {"PSH and URG without ACK", OPENED "> P 1:9 ! tcp-flags established\n> U 1:9 ! tcp-flags established\n",
     false},
    {"Xmas", "> FPU 0 ! tcp-flags none\n" OPENED "> FPU 1 ! tcp-flags established\n", false},
    {"all", OPENED "> FSRP.UEW 1 ack 1 ! tcp-flags established\n", false},
    {"ECN alone", OPENED "> EW 1 ! tcp-flags established\n", false},

    /* Closing. */
    {"one after the other",
     OPENED
     "> F. 1 ack 1 = fin-wait\n< . 1 ack 2 = close-wait\n< F. 1 ack 2 = last-ack\n> . 2 ack 2 = time-wait\n",
     false},
    {"both at once",
     OPENED
     "> F. 1 ack 1 = fin-wait\n< F. 1 ack 1 = closing\n> . 2 ack 2 = last-ack\n< . 2 ack 2 = time-wait\n",
     false},
    {"in three segments",
     OPENED "< F. 1 ack 1 = fin-wait\n> F. 1 ack 2 = last-ack\n< . 2 ack 2 = time-wait\n", false},
    {"FIN with data, in disorder",
     OPENED "> F. 501:1001 ack 1 = fin-wait\n< . 1 ack 1 = fin-wait\n> . 1:501 ack 1 = fin-wait\n"
	    "< . 1 ack 501 = fin-wait\n< . 1 ack 1002 = close-wait\n",
     false},
    {"FIN again",
     OPENED "> F. 1 ack 1\n> F. 1 ack 1 = fin-wait\n< . 1 ack 2\n> F. 1 ack 1 = close-wait\n"
	    "< F. 1 ack 2\n< F. 1 ack 2 = last-ack\n> . 2 ack 2\n< F. 1 ack 2\n> . 2 ack 2 = time-wait\n",
     false},
    {"a FIN at or below what was sent is none",
     OPENED "> . 1:501 ack 1\n> F. 1 ack 1 = established\n> F. -100:0 ack 1 = established\n> F. 500 ack 1 = "
	    "established\n"
	    "> F. 501 ack 1 = fin-wait\n",
     false},
    {"FIN right behind a full window",
     OPENED "> . 1:1001 ack 1\n> F. 1001 ack 1 = fin-wait\n< . 1 ack 1001\n> F. 1001 ack 1\n"
	    "< . 1 ack 1002 = close-wait\n",
     false},
    {"a FIN further away is none",
     OPENED "> F. 1001:1101 ack 1 = established\n< . 1 ack 1102 = established\n", false},
    {"acknowledgement of data only, not of FIN",
     OPENED "> F. 1:101 ack 1\n< . 1 ack 101 = fin-wait\n< . 1 ack 102 = close-wait\n", false},
    {"half closed, and data goes the other way for long",
     OPENED
     "> F. 1 ack 1\n< . 1 ack 2 = close-wait\n- 200\n< . 1:1001 ack 2\n> . 2 ack 1001\n- 200\n"
     "< . 1001:2001 ack 2\n> . 2 ack 2001 = close-wait\n- 200\n< F. 2001 ack 2\n> . 2 ack 2002 = time-wait\n",
     false},
    {"half closed, and silent for too long", OPENED "> F. 1 ack 1\n< . 1 ack 2 = close-wait\n- 245 = none\n",
     false},
    {"data after FIN",
     OPENED "> F. 1 ack 1\n< . 1 ack 2 = close-wait\n> . 2:102 ack 1 ! tcp-window close-wait\n"
	    "< F. 1 ack 2 = last-ack\n",
     false},

    /* Times: RFC 5382, REQ-5. */
    {"established for two hours and four minutes",
     OPENED "- 7439 = established\n> . 1 ack 1\n- 7445 = none\n", false},
    {"half open for four minutes", "> S 0\n- 239 = syn-sent\n- 5 = none\n", false},
    {"SYN received for four minutes", "> S 0\n< S. 0 ack 1\n- 239 = syn-received\n- 5 = none\n", false},
    {"TIME-WAIT for four minutes", CLOSED "- 239 = time-wait\n- 5 = none\n", false},
    {"reset for four minutes", OPENED "> R 1\n- 239 = closed\n- 5 = none\n> . 1 ack 1 ! tcp-state none\n",
     false},
    {"a reset that was lost is asked for again",
     OPENED "> R 1\n- 200\n< P. 1:101 ack 1 = closed\n> R 1 = closed\n- 239 = closed\n- 5 = none\n", false},

    /* The same ports again. */
    {"in TIME-WAIT, from a higher number",
     CLOSED "> S 100 = syn-sent\n< S. 100 ack 101 = syn-received\n> . 101 ack 101 = established\n", false},
    {"in TIME-WAIT, from a lower number",
     CLOSED "> S -5000 = syn-sent\n< S. -7000 ack -4999\n> . -4999 ack -6999 = established\n", false},
    {"in TIME-WAIT, and the other end still waits",
     CLOSED "> S -5000 = syn-sent\n< . 2 ack 2 = syn-sent\n> R 2 = syn-sent\n> S -5000 = syn-sent\n"
	    "< S. 90000 ack -4999 = syn-received\n",
     false},
    {"in TIME-WAIT, by the other end",
     CLOSED "< S 100 = syn-sent\n> S. 500 ack 101 = syn-received\n< . 101 ack 501 = established\n", false},
    {"after a reset",
     OPENED "< R 1 = closed\n> S 100 = syn-sent\n< S. 50 ack 101\n> . 101 ack 51 = established\n", false},
    {"after a refusal", "> S 0\n< R. 0 ack 1 = closed\n> S 100 = syn-sent\n< S. 50 ack 101 = syn-received\n",
     false},
    {"a second SYN from another number, before an answer",
     "> S 0\n> S 70000 = syn-sent\n< S. 0 ack 70001 = syn-received\n> . 70001 ack 1 = established\n", false},
    {"... and its answer to the first: what is answered late is asked again",
     "> S 0\n> S 500 = syn-sent\n< S. 0 ack 1 ! tcp-window syn-sent\n< . 1 ack 1\n> R 1 = syn-sent\n"
     "> S 500\n< S. 0 ack 501 = syn-received\n",
     false},
    {"the last ACK again in TIME-WAIT", CLOSED "< F. 1 ack 2 = time-wait\n> . 2 ack 2 = time-wait\n", false},
    {"data in TIME-WAIT", CLOSED "> . 2:102 ack 2 ! tcp-window time-wait\n", false},
    {"nothing but SYN and the window after a reset",
     OPENED "< R 1 = closed\n< S. 0 ack 1 ! tcp-state closed\n> . 70000 ack 1 ! tcp-window closed\n", false},

    /* In mid-stream (`loose`). */
    {"picked up, original first",
     "> . 5000:5100 ack 1000 = established-\n< . 1000 ack 5100 = established+\n> . 5100:5200 ack 1000\n"
     "< . 1000:1100 ack 5200 = established\n",
     true},
    {"picked up, reply first",
     "< . 5000:5100 ack 1000 = established\n> . 1000 ack 5100 = established\n< . 5100:5200 ack 1000\n"
     "> . 1000:1100 ack 5200 = established\n",
     true},
    {"picked up, then FIN and FIN",
     "> . 5000:5100 ack 1000\n< F. 1000 ack 5100 = fin-wait\n> F. 5100 ack 1001 = last-ack\n"
     "< . 1001 ack 5101 = time-wait\n",
     true},
    {"picked up with windows whose scale is unknown",
     "> . 5000:5100 ack 1000 win 10\n< . 30000:31000 ack 5100 win 10\n> . 5100 ack 31000 win 10\n"
     "< . 31000:32000 ack 5100 win 10 = established\n",
     true},
    {"picked up, then reset", "> . 5000:5100 ack 1000\n< . 1000 ack 5100\n< R 1000 = closed\n", true},
    {"not by SYN-ACK, FIN or RST",
     "< S. 0 ack 1 ! tcp-state none\n> F. 1 ack 1 ! tcp-state none\n> R 1 ! tcp-state none\n"
     "> R. 1 ack 1 ! tcp-state none\n",
     true},
    {"not with a wrong checksum", "> . 1 ack 1 bad ! l4-checksum none\n", true},
    {"a connection that opens is as strict as ever", OPENED "> . 1002 ack 1 ! tcp-window established\n",
     true},
    {"again after it was forgotten",
     OPENED "- 7450 = none\n> . 1 ack 1 = established\n< . 1 ack 1 = established\n", true},
};

static void script(void **state)
{
	tcp_script_run(*state);
	assert_true(nf_host_settles());
}

int main(void)
{
	struct CMUnitTest tests[sizeof(scripts) / sizeof(scripts[0])];
	size_t count = sizeof(scripts) / sizeof(scripts[0]);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){scripts[i].name, script, NULL, NULL, (void *)&scripts[i]};
	return _cmocka_run_group_tests("track_tcp_life", tests, count, NULL, NULL);
}
