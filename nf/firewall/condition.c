/* SPDX-License-Identifier: Apache-2.0
 *
 * States as values and masks; see condition.h.
 */
#include "condition.h"

#define N STATE_NEW
#define E STATE_ESTABLISHED
#define R STATE_RELATED
#define I STATE_INVALID

/* By set of states. The codes are NEW 00, ESTABLISHED 01, INVALID 10, RELATED 11. */
static const struct cover {
	uint8_t count;
	struct byte_pattern patterns[2];
} covers[] = {
    [N] = {1, {{0, 3}}},
    [E] = {1, {{1, 3}}},
    [R] = {1, {{3, 3}}},
    [I] = {1, {{2, 3}}},
    [N | E] = {1, {{0, 2}}},
    [N | R] = {2, {{0, 3}, {3, 3}}},
    [N | I] = {1, {{0, 1}}},
    [E | R] = {1, {{1, 1}}},
    [E | I] = {2, {{1, 3}, {2, 3}}},
    [R | I] = {1, {{2, 2}}},
    [N | E | R] = {2, {{0, 2}, {1, 1}}},
    [N | E | I] = {2, {{0, 2}, {0, 1}}},
    [N | R | I] = {2, {{0, 1}, {2, 2}}},
    [E | R | I] = {2, {{1, 1}, {2, 2}}},
    [N | E | R | I] = {1, {{0, 0}}},
};

/* Where no invalid packet ever meets the rules, "all but invalid" is all. */
uint32_t condition_patterns(const struct match_common *common, struct byte_pattern patterns[2])
{
	uint8_t states = states_of_match(common);
	const struct cover *cover;

	if (!firewall_judges_invalid && states == STATES_USUAL)
		states |= STATE_INVALID;
	cover = &covers[states];
	for (uint32_t i = 0; i < cover->count; i++)
		patterns[i] = (struct byte_pattern){
		    .value = cover->patterns[i].value | common->dscp << CODE_BITS,
		    .mask = cover->patterns[i].mask | common->dscp_mask << CODE_BITS,
		};
	return cover->count;
}
