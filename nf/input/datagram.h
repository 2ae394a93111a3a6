/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams of which fragments have come: a bounded table, found by a keyed hash, in order of age. When it is
 * full, the oldest gives way: a flood of fragments that never become whole turns the table over in a
 * millisecond at worst, in which the fragments of an honest datagram, which follow each other closely, still
 * meet. (To refuse new ones instead would let the flood have the table for the whole timeout.)
 */
#ifndef NF_DATAGRAM_H
#define NF_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>
#include "nf/packet.h"

enum {
	DATAGRAMS_MAX = 1024,
	FRAGMENTS_MAX = 128, /* of one datagram: 64 KiB in pieces of 512 bytes */
	HELD_MAX = 256,	     /* fragments that wait for another one, of all datagrams */
	HELD_EACH_MAX = 64,  /* of one */
};
#define DATAGRAM_TIMEOUT_NS UINT64_C(30000000000) /* RFC 791 and RFC 8200 say 15 to 60 s */

/* What fragments of one datagram share (RFC 791, section 2.3; RFC 8200, section 4.5). Addresses as on the
 * wire, those of IPv4 in the first 4 bytes. Compared as bytes. */
struct datagram_key {
	uint8_t source[16], destination[16];
	uint32_t identification;
	uint8_t protocol; /* IPv4 */
	uint8_t ipv6;
	uint8_t zone;
	uint8_t zero;
};
_Static_assert(sizeof(struct datagram_key) == 40, "no padding");

/* A link of fragments that wait: mbuf's own `next` is for segments, and this one lies behind packet_meta. */
typedef struct rte_mbuf *waiting_link __attribute__((aligned(4)));

struct fragment {
	uint16_t start;
	uint32_t end; /* up to 65,535 and no byte further; bytes of the datagram's payload */
};

struct datagram {
	struct datagram_key key;
	uint64_t due_ns;
	uint16_t older, newer; /* by age; numbers of datagrams, 0: none */
	uint16_t next;	       /* in its hash chain, or among the free */
	uint8_t dead;	       /* enum drop_reason of all that still comes of it; 0: it lives */
	bool has_first;	       /* then the facts below are its transport header's */
	bool wanted;	  /* by the appliance itself, which reads it in one piece: all wait for the last */
	uint8_t protocol; /* IPv6: later fragments name what begins the fragmentable part */
	uint8_t tcp_flags;
	rte_be16_t source_port, destination_port;
	uint16_t l4_flag; /* PACKET_L4, or 0: its protocol has no header that we know */
	uint32_t total;	  /* bytes, once the last fragment has come; else 0 */
	uint32_t bytes;	  /* that have come */
	uint16_t fragment_count, held_count;
	waiting_link held, *held_end;		  /* in order of arrival */
	struct fragment fragments[FRAGMENTS_MAX]; /* so are these */
};

static inline waiting_link *datagram_link(struct rte_mbuf *m)
{
	return (waiting_link *)(packet_meta(m) + 1);
}
_Static_assert(sizeof(struct packet_meta) + sizeof(waiting_link) <= sizeof(((struct rte_mbuf *)0)->dynfield1),
	       "room behind packet_meta");

void datagrams_init(void);

/* The datagram of a key; made where there is none, in place of the oldest where need be. That one's fragments
 * are handed to `lose`. Never NULL. */
struct datagram *datagram_get(const struct datagram_key *key, void (*lose)(struct datagram *));

/* Forgets a datagram, which holds no fragment. */
void datagram_end(struct datagram *datagram);

/* NULL: there is none. */
struct datagram *datagram_oldest(void);
struct datagram *datagram_newer(const struct datagram *datagram);

#endif
