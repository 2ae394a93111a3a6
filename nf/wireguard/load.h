/* SPDX-License-Identifier: Apache-2.0
 *
 * How busy handshakes keep us, and how busy they may. Three measures:
 *
 * A queue that gets longer than an eighth of its room means load, for a second after it last was, as in
 * Linux: then mac2 is asked for, so that only who receives at his address costs more than a MAC and a cookie.
 *
 * Who proves his address still gets no more than 20 messages a second, five at once, by IPv4 address or IPv6
 * /64 (the paper, section 5.3, leaves the numbers open; these are Linux's).
 *
 * Whoever it is, X25519 multiplications (some 40 us each) come out of a budget while packets arrive, and what
 * was done for nothing, because a message turned out to be worthless, counts LOAD_WASTE times. So strangers
 * get at most 300 a second, 1 % of a core, and peers that all come back at once get their sessions five times
 * as fast. When no packets arrive, there is no such limit.
 *
 * By the cycles that each step takes, strangers who send 10,000 initiations a second cost some 4 % of a core
 * in all: mac1 0.4, mac2 1, cookies 1.1, multiplications 1. Fewer cookies would be had by chance, and peers
 * need one to get in. What a flood leaves of a tunnel's rate is measured by bench/wireguard.py.
 */
#ifndef NF_WIREGUARD_LOAD_H
#define NF_WIREGUARD_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "endpoint.h"

enum {
	LOAD_MULTIPLICATIONS = 1500, /* of X25519 in a second, while packets arrive */
	LOAD_MULTIPLICATIONS_BURST = 12,
	LOAD_WASTE = 5,
	LOAD_COOKIES = 20000, /* cookie replies in a second: some 2 % of a core */
	LOAD_SOURCE_RATE = 20,
	LOAD_SOURCE_BURST = 5,
};

/* Of a queue. */
struct load {
	uint64_t until_ns;
};

/* Whether there is load, now that `waiting` messages are in a queue with room for so many. */
bool load_is_high(struct load *load, uint32_t waiting, uint32_t room, uint64_t now_ns);

/* Forgets all sources, and has a full budget. Returns 0, or -ENOMEM after a host_log line. */
int load_init(void);

/* Whether a source may have another message worked on; counts it if so. Entries are given away as in
 * nf/firewall/rates.h: a flood of made-up sources makes nobody's entry go whose burst is used up. */
bool load_source_allows(const struct wireguard_endpoint *from, uint64_t now_ns);

/* Whether another cookie reply may be sent; counts it if so. */
bool load_cookie_allowed(uint64_t now_ns);

/* Whether there is budget for any work at all; work may then exceed it, and is paid back later. */
bool load_has_budget(uint64_t now_ns);
void load_spend(uint32_t multiplications, uint64_t now_ns);

/* When there will be budget again. */
uint64_t load_budget_ns(uint64_t now_ns);

#endif
