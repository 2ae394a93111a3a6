/* SPDX-License-Identifier: Apache-2.0
 *
 * The processor's own random numbers: RDSEED, or RDRAND where there is no RDSEED or it does not keep up. Ring
 * 3 executes both itself: a word costs a thousand cycles or so, a system call a hundred times as many on some
 * hypervisors. Which of them there are, ring 0 says (struct handover).
 */
#ifndef BOOT_RING3_RDSEED_H
#define BOOT_RING3_RDSEED_H

#include <stdbool.h>
#include <stdint.h>

/* The processor has RDRAND at least. Returns false when it gives nothing for long. */
bool rdseed_word(uint64_t *word, bool have_rdseed);

#endif
