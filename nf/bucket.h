/* SPDX-License-Identifier: Apache-2.0
 *
 * A rate limit: at most `burst` events at once, and on average one each `interval_ns`. The generic cell rate
 * algorithm (ITU-T I.371, annex A): one time stamp instead of a count of tokens.
 */
#ifndef NF_BUCKET_H
#define NF_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t due_ns; /* when the bucket will be full again */
	uint64_t interval_ns;
	uint64_t burst;
};

/* Whether an event may happen now; counts it if so. An interval or a burst of 0 forbids everything. */
static inline bool bucket_take(struct bucket *bucket, uint64_t now_ns)
{
	uint64_t start = bucket->due_ns > now_ns ? bucket->due_ns : now_ns;

	if (bucket->interval_ns == 0 || bucket->burst == 0 ||
	    start - now_ns > (bucket->burst - 1) * bucket->interval_ns)
		return false;
	bucket->due_ns = start + bucket->interval_ns;
	return true;
}

static inline struct bucket bucket_per_second(uint32_t rate)
{
	return (struct bucket){.interval_ns = rate ? 1000000000 / rate : 0, .burst = rate};
}

#endif
