/* SPDX-License-Identifier: Apache-2.0
 *
 * What a protocol's packets say about their flow. One file a protocol: track_tcp.c (the table of states, and
 * the windows of Guido van Rooij's "Real Stateful TCP Packet Filtering in IP Filter"), track_icmp.c, and
 * track.c for what needs a few lines only. flow.c is the only caller; none of them looks anything up.
 *
 * A packet that is wrong is given the reason that it would be dropped for: with that it is INVALID.
 */
#ifndef NF_FLOW_TRACK_H
#define NF_FLOW_TRACK_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/flow/record.h"
#include "nf/packet.h"

static const enum drop_reason TRACK_GOOD = DROP_REASON_COUNT;
/* The flow is over, and this packet begins another one with the same tuple: free the old record. */
static const enum drop_reason TRACK_REOPENS = DROP_REASON_COUNT + 1;

/* Whether a packet that has no flow may begin one. Checks the transport checksum, unless the device vouches
 * for it: what a flow begins with is right. */
enum drop_reason track_first(struct rte_mbuf *m);

/* Fills in state, FLOW_* flags and the protocol's part of a record that is zero but for its tuples, from the
 * packet that passed track_first. */
void track_open(struct flow_record *record, struct rte_mbuf *m);

/* Another packet of a flow: judges it, and moves the record's state and flags. The record is unchanged when
 * it is not good; but a SYN-ACK that shows that a connection is forgotten closes it. */
enum drop_reason track_packet(struct flow_record *record, enum flow_direction direction, struct rte_mbuf *m);

/* What an ICMP error says that it is about. */
struct track_quote {
	struct flow_tuple tuple; /* of the packet that is quoted, as it was on its way: zone is not known */
	struct flow_addresses ipv6;
	uint32_t sequence;	       /* TCP: host order */
	uint16_t l3_offset, l4_offset; /* from the start of the ICMP error's frame: the quoted IP header, and
					  what follows its headers */
	uint16_t l4_bytes;	       /* that are there */
	bool later_fragment;	       /* the quoted packet has no transport header */
};

/* Whether the packet is an ICMP or ICMPv6 error (input has parsed it). */
bool track_is_error(struct rte_mbuf *m);

/* Reads the quote of an ICMP error, and checks the error's own checksum. */
enum drop_reason track_quote_read(struct rte_mbuf *m, struct track_quote *quote);

/* Whether a flow may have sent what is quoted: `direction` is that of the quoted packet. */
enum drop_reason track_quote_check(const struct flow_record *record, enum flow_direction direction,
				   const struct track_quote *quote);

/* By enum flow_state, from FLOW_STATES. */
extern const uint8_t track_timeouts[FLOW_STATE_COUNT];

#endif
