/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow record: what all network functions know about one connection, both directions of it. The packet
 * path writes it and the host reads it (`weir flows`), out of the same memory: so this header has no types
 * but stdint's.
 *
 * Addresses, ports and identifiers are in network byte order, everything else is in the machine's.
 */
#ifndef NF_FLOW_RECORD_H
#define NF_FLOW_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum flow_direction { FLOW_ORIGINAL, FLOW_REPLY, FLOW_DIRECTIONS };

/* What a connection is, as its packets have it on arrival from one side. Compared as a whole, 16 bytes.
 * ICMP queries have their identifier as source port, in both directions, and type and code as destination
 * port, so that a reply's tuple is not quite the reverse of the request's; protocols without ports have 0 for
 * both. For IPv6, `source` and `destination` are 0, and the addresses are in struct flow_record.ipv6. */
struct flow_tuple {
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol;
	uint8_t zone; /* of the port that these packets arrive on */
	uint8_t ipv6; /* 0 or 1 */
	uint8_t zero;
};
_Static_assert(sizeof(struct flow_tuple) == 16, "one vector register");

struct flow_addresses {
	uint8_t source[16], destination[16];
};

/* States: TCP's (nf/flow/track_tcp.c has the table), and those of everything else. The order is shared with
 * flow_state_names in images/. X(identifier, "name as printed", timeout class) */
#define FLOW_STATES(X) \
	X(FREE, "free", NONE) \
	X(TCP_SYN_SENT, "syn-sent", TCP_OPENING) \
	X(TCP_SYN_SENT2, "syn-sent2", TCP_OPENING) /* simultaneous open */ \
	X(TCP_SYN_RECEIVED, "syn-received", TCP_OPENING) \
	X(TCP_ESTABLISHED, "established", TCP_ESTABLISHED) \
	X(TCP_FIN_WAIT, "fin-wait", TCP_CLOSING)     /* one side has sent FIN */ \
	X(TCP_CLOSE_WAIT, "close-wait", TCP_CLOSING) /* ... and the other has acknowledged it */ \
	X(TCP_CLOSING, "closing", TCP_CLOSING)	     /* both have sent FIN, one is unacknowledged */ \
	X(TCP_LAST_ACK, "last-ack", TCP_CLOSING) /* the second FIN came after the first was acknowledged */ \
	X(TCP_TIME_WAIT, "time-wait", TCP_TIME_WAIT) \
	X(TCP_CLOSED, "closed", TCP_CLOSED) /* by a reset */ \
	X(UDP_NEW, "new", UDP_NEW)	    /* packets in one direction only */ \
	X(UDP_ESTABLISHED, "established", UDP) \
	X(ICMP_NEW, "new", ICMP) \
	X(ICMP_ESTABLISHED, "established", ICMP) \
	X(SCTP_NEW, "new", SCTP_OPENING) \
	X(SCTP_ESTABLISHED, "established", SCTP) \
	X(SCTP_CLOSING, "closing", SCTP_OPENING) \
	X(OTHER_NEW, "new", OTHER_NEW) \
	X(OTHER_ESTABLISHED, "established", OTHER)

enum flow_state {
#define X(identifier, name, timeout) FLOW_##identifier,
	FLOW_STATES(X)
#undef X
	    FLOW_STATE_COUNT
};

/* How long a flow stays without packets. X(identifier, "name in the configuration", default in seconds)
 *
 * After a reset RFC 5382 leaves it open, and RFC 7857, section 2.2, asks for four minutes: the reset may be
 * lost behind us, and what the other end sends then, however late, has to reach the one that can reset it
 * again. It costs little: a SYN takes the place of such a flow at once, as any flow does when the table is
 * full. */
#define FLOW_TIMEOUTS(X) \
	X(NONE, "", 0) \
	X(TCP_OPENING, "tcp-opening", 240)	    /* RFC 5382, REQ-5: 4 minutes at least */ \
	X(TCP_ESTABLISHED, "tcp-established", 7440) /* RFC 5382, REQ-5: 2 hours 4 minutes */ \
	X(TCP_CLOSING, "tcp-closing", 240)	    /* RFC 5382, REQ-5 */ \
	X(TCP_TIME_WAIT, "tcp-time-wait", 240)	    /* twice the MSL of RFC 9293 */ \
	X(TCP_CLOSED, "tcp-closed", 240)	    /* RFC 7857, section 2.2: after a reset, 4 minutes */ \
	X(UDP_NEW, "udp-new", 120)		    /* RFC 4787, REQ-5: 2 minutes at least */ \
	X(UDP, "udp", 300)			    /* RFC 4787, REQ-5: 5 minutes recommended */ \
	X(ICMP, "icmp", 60)			    /* RFC 5508, REQ-2 */ \
	X(SCTP_OPENING, "sctp-opening", 240)	    /* as TCP */ \
	X(SCTP, "sctp", 7440)			    /* as TCP */ \
	X(OTHER_NEW, "other-new", 120) \
	X(OTHER, "other", 600)

enum flow_timeout {
#define X(identifier, name, seconds) FLOW_TIMEOUT_##identifier,
	FLOW_TIMEOUTS(X)
#undef X
	    FLOW_TIMEOUT_COUNT
};

enum flow_flag {
	FLOW_SEEN_REPLY = 1 << 0,
	FLOW_ASSURED = 1 << 1,	      /* both sides take part: never pushed out by new flows */
	FLOW_TRANSLATED = 1 << 2,     /* the tuples are not each other's reverse */
	FLOW_LOOSE = 1 << 3,	      /* TCP, picked up in mid-stream: windows are not known for sure */
	FLOW_COUNTED_SOURCE = 1 << 4, /* counts against a limit of connections per source, until it is over */
	FLOW_BOUND = 1 << 5,	      /* nat: belongs to an endpoint-independent mapping */
	FLOW_BOUND_INWARD = 1 << 6,   /* nat: ... to which it came from outside */
	FLOW_HALF_OPEN = 1 << 7,      /* flow/: waits among those that give way first */
};

/* TCP, what one end has sent, in host order: van Rooij's names, scaled as in its packets. */
struct flow_tcp_end {
	uint32_t end;	     /* highest sequence number sent, plus one */
	uint32_t max_end;    /* highest that the other end's window allows */
	uint16_t max_window; /* largest window that it offered, right-shifted by `scale` */
	uint8_t scale;	     /* window scale (RFC 7323), 0 .. 14 */
	uint8_t flags;	     /* enum flow_tcp_flag */
};

enum flow_tcp_flag {
	FLOW_TCP_KNOWN = 1 << 0,  /* the end has been heard: the fields are valid */
	FLOW_TCP_SCALED = 1 << 1, /* it offered window scaling; used when both did */
	FLOW_TCP_SACK = 1 << 2,
	FLOW_TCP_FIN = 1 << 3,	     /* it has sent FIN, at end - 1 */
	FLOW_TCP_FIN_ACKED = 1 << 4, /* ... which the other end has acknowledged */
	FLOW_TCP_SYN_ACKED = 1 << 5, /* so is its SYN; until then max_end is the number behind that */
	FLOW_TCP_SYN_AGAIN = 1 << 6, /* it has sent a SYN since that isn't the connection's */
	FLOW_TCP_RESET = 1 << 7,     /* it has reset the connection */
};

/* Neighbours in a list of flows: numbers of records, or of the list's head (nf/flow/flow_wheel.h). */
struct flow_link {
	uint32_t previous, next;
};

/* The first cache line says what happens to a packet, the second what happened; the third is for IPv6. */
struct flow_record {
	struct flow_tuple tuple[FLOW_DIRECTIONS];
	uint16_t rule[FLOW_DIRECTIONS];	     /* that accepts this direction's packets; FLOW_UNDECIDED */
	uint16_t next_hop[FLOW_DIRECTIONS];  /* index in the router's table */
	uint16_t neighbour[FLOW_DIRECTIONS]; /* a hint: where the next hop was found last, router's own */
	uint8_t state;			     /* enum flow_state */
	uint8_t flags;			     /* enum flow_flag */
	uint16_t first_rule;	  /* that accepted the first packet; FLOW_COUNTED_SOURCE counts by it */
	uint32_t seen;		  /* FLOW_TICK_NS since start: time of the last packet, modulo 2^32 */
	uint32_t created;	  /* the same, of the first */
	struct flow_link binding; /* nat/: neighbours in the ring of flows of one mapping, 0: it has none */
	/* second line */
	struct flow_tcp_end tcp[FLOW_DIRECTIONS];
	struct flow_link link; /* flow/: in the wheel slot it waits in, or among the free */
	uint64_t packets[FLOW_DIRECTIONS], bytes[FLOW_DIRECTIONS]; /* bytes of frames, without FCS */
	/* third line */
	struct flow_addresses ipv6[FLOW_DIRECTIONS];
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct flow_record, tcp) == 64, "the first cache line");
_Static_assert(offsetof(struct flow_record, ipv6) == 128, "the second");
_Static_assert(sizeof(struct flow_record) == 192, "a million in 192 MB");

enum {
	FLOW_UNDECIDED = 0xffff, /* in rule[]: the next packet walks the rules */
	FLOW_TICK_SHIFT = 20,	 /* FLOW_TICK_NS is 2^20 ns, 1.05 ms: wraps after 52 days */
};
#define FLOW_TICK_NS (UINT64_C(1) << FLOW_TICK_SHIFT)

#endif
