/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP connections for tests, told line by line as tcpdump shows them, sent through appliance_chain (the
 * program includes full_chain.h):
 *
 *     > S 0 win 65535 wscale 7        = syn-sent
 *     < S. 0 ack 1                    = syn-received
 *     > P. 1:101 ack 1                = established
 *     < R 5000                        ! tcp-window established
 *     - 240                           = none
 *
 * ">" is from the client on lan, "<" from the server on wan, "-" lets so many seconds pass. Flags are S, F,
 * R, P, U, E, W and "." for ACK, or 0. Numbers are relative to the sender's first, acknowledgements to the
 * receiver's; "1:101" has 100 bytes of payload. The window is 1000 where none is given. Other words: "sack",
 * "wscale N", "bad" (checksum).
 *
 * After "=" stands the state of the connection's record when the segment has left, after "!" why it did not
 * leave, and the state. A state may be left out; "established+" also says that it is FLOW_ASSURED, and
 * "syn-received-" that it is not.
 */
#ifndef TESTS_TCP_SCRIPT_H
#define TESTS_TCP_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include "nf/flow/record.h"
#include "craft.h"

struct tcp_script {
	const char *name, *lines;
	bool loose; /* connections are picked up in mid-stream */
};

/* What the connection is called, and where its sequence numbers begin. */
struct tcp_script_ends {
	bool ipv6;
	uint16_t client_port;
	uint32_t client_first, server_first;
};

/* Runs a script in a new world, once for each family and for sequence numbers that wrap at different places.
 */
void tcp_script_run(const struct tcp_script *script);

/* Runs lines in the world as it is. Fails the test, with the line, where something else happens. */
void tcp_script_lines(const struct tcp_script_ends *ends, const char *name, const char *lines);

/* The connection's record, NULL: there is none. */
struct flow_record *tcp_script_record(const struct tcp_script_ends *ends);

/* The frame that a line speaks of (up to "=" or "!"), and the device that it arrives on. */
uint16_t tcp_script_segment(const struct tcp_script_ends *ends, const char *line, struct craft *craft);

#endif
