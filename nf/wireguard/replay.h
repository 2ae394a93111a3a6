/* SPDX-License-Identifier: Apache-2.0
 *
 * Which counters of a session have been seen: RFC 6479's ring of bits. Checked after a packet has proven to
 * be genuine (the paper, section 5.4.6).
 */
#ifndef NF_WIREGUARD_REPLAY_H
#define NF_WIREGUARD_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REPLAY_WORDS = 128,			 /* a power of two; one word is being cleared */
	REPLAY_WINDOW = (REPLAY_WORDS - 1) * 64, /* 8,128 counters behind the greatest are judged */
};

struct replay {
	uint64_t next; /* the greatest counter seen, plus one; 0: none was */
	uint64_t seen[REPLAY_WORDS];
};

/* The word that has a counter's bit. */
static inline uint64_t *replay_word(struct replay *replay, uint64_t counter)
{
	return &replay->seen[counter / 64 % REPLAY_WORDS];
}

/* Nothing seen. Costs no more than the first word: words are cleared when the window reaches them. */
void replay_init(struct replay *replay);

/* Notes a counter. False: it was there before, is too old, or may not be (REJECT_AFTER_MESSAGES). */
__attribute__((warn_unused_result)) bool replay_accept(struct replay *replay, uint64_t counter);

#endif
