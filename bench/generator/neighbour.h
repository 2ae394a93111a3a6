/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers ARP requests (RFC 826) and neighbour solicitations (RFC 4861, section 4.3) for the hosts of a side.
 */
#ifndef GENERATOR_NEIGHBOUR_H
#define GENERATOR_NEIGHBOUR_H

#include "generator.h"

enum { NEIGHBOUR_ANSWER_MAX = 128 };

/* Writes the answer to a frame. Returns its length, or 0: it asks for nothing that is ours. */
uint32_t neighbour_answer(const struct side *side, const uint8_t *frame, uint32_t length,
			  uint8_t answer[NEIGHBOUR_ANSWER_MAX]);

#endif
