/* SPDX-License-Identifier: Apache-2.0
 *
 * Which flow the next packet belongs to: a schedule, drawn before a trial and walked around during it.
 */
#ifndef GENERATOR_SAMPLE_H
#define GENERATOR_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Numbers below `flows`, `*count` of them, to be freed. zipf = 0: a random order of all flows, each once.
 * Otherwise independent draws, flow k (from 0) with a chance in proportion to 1 / (k + 1)^zipf. NULL without
 * memory. */
uint32_t *sample_schedule(uint32_t flows, double zipf, uint64_t seed, size_t *count);

/* A generator of random numbers (splitmix64): moves *state and returns the next. */
uint64_t sample_random(uint64_t *state);

#endif
