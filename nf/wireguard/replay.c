/* SPDX-License-Identifier: Apache-2.0
 *
 * The replay window; see replay.h. Counters are noted as counter + 1, so that `next` can say "none" with 0.
 */
#include "messages.h"
#include "replay.h"

static inline uint64_t word_of(uint64_t counter)
{
	return counter / 64;
}

void replay_init(struct replay *replay)
{
	replay->next = 0;
	replay->seen[0] = 0;
}

/* Clears the words that a window up to `counter` enters. */
static void advance(struct replay *replay, uint64_t counter)
{
	uint64_t last = replay->next ? word_of(replay->next - 1) : 0, word = word_of(counter);

	if (word - last > REPLAY_WORDS)
		last = word - REPLAY_WORDS;
	while (last < word)
		*replay_word(replay, ++last * 64) = 0;
	replay->next = counter + 1;
}

bool replay_accept(struct replay *replay, uint64_t counter)
{
	uint64_t bit = UINT64_C(1) << counter % 64;
	uint64_t *word = replay_word(replay, counter);

	if (counter >= REJECT_AFTER_MESSAGES)
		return false;
	if (counter >= replay->next)
		advance(replay, counter);
	else if (replay->next - 1 - counter >= REPLAY_WINDOW || *word & bit)
		return false;
	*word |= bit;
	return true;
}
