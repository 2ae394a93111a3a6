/* SPDX-License-Identifier: Apache-2.0
 *
 * See generation.h. Called by entropy.c. Source: Microsoft, "Virtual Machine Generation ID", 2012: the ID
 * changes whenever the machine goes on from an earlier state, and is never the same for two that do.
 */
#include <string.h>
#include "clock.h"
#include "generation.h"

enum { ID_WORDS = 2, MILLISECOND_NS = 1000000 };

static struct {
	const volatile uint64_t *id; /* the hypervisor's, or NULL */
	uint64_t seen[ID_WORDS];
	uint64_t count;
	const char *reason;
	uint64_t watched_ns, wall_offset_ns, watched_count; /* at the last watch; 0: not yet */
	uint64_t jump_ns;
} generation;

static void next(const char *reason)
{
	generation.count++;
	generation.reason = reason;
}

void generation_init(const struct handover *handover)
{
	memset(&generation, 0, sizeof(generation));
	generation.count = generation.watched_count = 1;
	if (handover == NULL)
		return;
	generation.id = (const volatile uint64_t *)handover->generation;
	for (int i = 0; generation.id != NULL && i < ID_WORDS; i++)
		generation.seen[i] = generation.id[i];
	generation.jump_ns =
	    strcmp(handover->clock.source, "kvmclock") == 0 || strcmp(handover->clock.source, "xen") == 0
		? GENERATION_JUMP_MS * (uint64_t)MILLISECOND_NS
		: GENERATION_JUMP_RTC_MS * (uint64_t)MILLISECOND_NS;
}

uint64_t generation_now(void)
{
	bool same = true;

	for (int i = 0; generation.id != NULL && i < ID_WORDS; i++) {
		uint64_t word = generation.id[i];

		same = same && word == generation.seen[i];
		generation.seen[i] = word;
	}
	if (!same)
		next("its generation ID is another");
	return generation.count;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The clock's sign, or NULL. */
static const char *clock_sign(uint64_t now_ns, uint64_t offset)
{
	if (generation.watched_ns == 0)
		return NULL;
	if (now_ns - generation.watched_ns > GENERATION_WATCH_MAX_MS * (uint64_t)MILLISECOND_NS)
		return "it stood still for seconds";
	if (offset != 0 && generation.wall_offset_ns != 0 &&
	    distance(offset, generation.wall_offset_ns) > generation.jump_ns)
		return "the time of day has jumped";
	return NULL;
}

/* Where the ID has changed since the last watch, the clock's sign is of the same event. */
uint64_t generation_watch(uint64_t now_ns)
{
	uint64_t offset = clock_wall_offset();
	const char *sign = clock_sign(now_ns, offset);

	if (generation_now() == generation.watched_count && sign != NULL)
		next(sign);
	clock_follow(offset);
	generation.watched_count = generation.count;
	generation.watched_ns = now_ns;
	generation.wall_offset_ns = offset;
	return generation.count;
}

void generation_resume(void)
{
	next("it was suspended");
}

const char *generation_reason(void)
{
	return generation.reason;
}
