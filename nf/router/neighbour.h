/* SPDX-License-Identifier: Apache-2.0
 *
 * The neighbour cache: which MAC address a next hop has. One cache and one state machine for ARP and
 * neighbour discovery (RFC 4861, section 7.3.2); arp.c and nd.c only read and write the messages.
 *
 * Overview. Each entry is in one state, and each state has one timeout, so that a list for each state, in
 * order of arrival, is in order of deadlines too: timers cost O(1), and so does finding the entry to evict.
 * When the table is full, an entry that failed, that is unresolved or that is stale gives way, in this order,
 * the oldest first: a scan can push out neither what was confirmed lately nor gateways (pinned) nor static
 * entries.
 *
 * Packets that wait for an address are owned by the entry; nf/stats.h counts them as held. An entry that is
 * not pinned may disappear at any call of a function below that is not const: keep no pointer to it.
 */
#ifndef NF_NEIGHBOUR_H
#define NF_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

enum {
	NEIGHBOUR_QUEUE_MAX = 8, /* RFC 4861, section 7.2.2: the newest packets are kept */
};

enum neighbour_state {
	NEIGHBOUR_IDLE, /* nothing known, nobody asks */
	NEIGHBOUR_INCOMPLETE,
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_STALE,
	NEIGHBOUR_DELAY,
	NEIGHBOUR_PROBE,
	NEIGHBOUR_FAILED, /* packets are refused at once for a while, without new requests */
	NEIGHBOUR_PERMANENT,
	NEIGHBOUR_STATES,
};

enum neighbour_event {
	EVENT_SEND,	 /* there is a packet for it */
	EVENT_TIMEOUT,	 /* the state's time is over, and it may try again */
	EVENT_EXHAUSTED, /* as above, but it has tried often enough */
	EVENT_CONFIRMED, /* it answered us */
	EVENT_HEARD,	 /* it said something that reveals an address that we did not know */
	EVENT_DOUBTED,	 /* somebody claims another address for it, without the right to override */
	NEIGHBOUR_EVENTS,
};

/* Key of the cache. IPv4: four bytes as on the wire, then zeros. */
struct neighbour_key {
	uint8_t address[16];
	uint8_t port;
	uint8_t ipv6;
	uint8_t zero[2];
};
_Static_assert(sizeof(struct neighbour_key) == 20, "hashed as a whole");

struct neighbour {
	struct neighbour_key key;
	struct rte_ether_addr mac;
	uint8_t state; /* enum neighbour_state */
	bool pinned;   /* a gateway: never evicted, never forgotten */
	uint8_t tries, queued;
	uint8_t header[18];   /* of frames to it: Ethernet, with a tag where its port has one */
	uint8_t header_bytes; /* 14 or 18; 0 while `mac` is unknown */
	uint32_t next_hop;    /* router: index of a gateway in the next-hop table, 0: none */
	uint64_t deadline_ns;
	TAILQ_ENTRY(neighbour) link;
	struct rte_mbuf *queue[NEIGHBOUR_QUEUE_MAX];
};

/* Starts with the static entries. Returns 0, or -errno after a host_log line. */
int neighbour_init(void);

struct neighbour_key neighbour_key_ipv4(uint8_t port, uint32_t address);
struct neighbour_key neighbour_key_ipv6(uint8_t port, const uint8_t address[16]);

/* The entry, or NULL. */
struct neighbour *neighbour_find(const struct neighbour_key *key);

/* The entry, made if need be. NULL: the table is full of entries that must stay. */
struct neighbour *neighbour_get(const struct neighbour_key *key);

/* Remembering an entry without keeping a pointer: its number, never 0, and the entry that once had that
 * number, if it still is the one for `key`, else NULL. */
uint32_t neighbour_number(const struct neighbour *neighbour);
struct neighbour *neighbour_recall(uint32_t number, const struct neighbour_key *key);

/* The entry for a gateway: made if need be, and valid for ever. NULL: the table is full. */
struct neighbour *neighbour_pin(const struct neighbour_key *key);

/* Sends an IP packet, ready but for its Ethernet header (l2_len is 0, data starts at IP), to a neighbour, now
 * or when its address is known. Takes it. */
void neighbour_send(struct neighbour *neighbour, struct rte_mbuf *m);

/* The neighbour answered a request of ours. */
void neighbour_confirm(struct neighbour *neighbour, const struct rte_ether_addr *mac);

/* The neighbour revealed its address unasked. */
void neighbour_hear(struct neighbour *neighbour, const struct rte_ether_addr *mac);

/* Somebody else seems to have the address; what is known stays in use until it is confirmed. */
void neighbour_doubt(struct neighbour *neighbour);

/* Runs timers that are due; a bounded number of them, so that a full table makes no pause. Returns when it
 * wants to be called next. */
uint64_t neighbour_tick(void);

/* For tests: what the table says. -1: no such transition, the event is ignored. */
int neighbour_next_state(enum neighbour_state state, enum neighbour_event event);

static inline bool neighbour_is_usable(const struct neighbour *neighbour)
{
	const uint32_t usable = 1u << NEIGHBOUR_REACHABLE | 1u << NEIGHBOUR_STALE | 1u << NEIGHBOUR_DELAY |
				1u << NEIGHBOUR_PROBE | 1u << NEIGHBOUR_PERMANENT;

	return usable >> neighbour->state & 1;
}

#endif
