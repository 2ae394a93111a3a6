/* SPDX-License-Identifier: Apache-2.0
 *
 * The timing wheels; see flow_wheel.h. A bit for each slot says whether it has anything, so that empty slots
 * are stepped over 64 at a time.
 */
#include <stdbool.h>
#include <string.h>
#include "nf/flow/flow.h"
#include "nf/flow/flow_wheel.h"

#define WHEEL_HEAD 0x80000000u

enum { WORDS = WHEEL_SLOTS / 64 };

static struct flow_link heads[WHEELS * WHEEL_SLOTS];
static uint64_t filled[WHEELS][WORDS];
static uint32_t current; /* the slot, not reduced, that is looked at next; all earlier ones are empty */

static struct flow_link *link_of(uint32_t number)
{
	return number & WHEEL_HEAD ? &heads[number & ~WHEEL_HEAD] : &flow_records[number].link;
}

static void mark(uint32_t head, bool full)
{
	uint64_t *word = &filled[head / WHEEL_SLOTS][head % WHEEL_SLOTS / 64];
	uint64_t bit = UINT64_C(1) << head % 64;

	*word = full ? *word | bit : *word & ~bit;
}

void wheel_init(uint32_t now)
{
	for (uint32_t i = 0; i < WHEELS * WHEEL_SLOTS; i++)
		heads[i] = (struct flow_link){WHEEL_HEAD | i, WHEEL_HEAD | i};
	memset(filled, 0, sizeof(filled));
	current = now >> WHEEL_SLOT_SHIFT;
}

/* Slots are those of times that are over when their number is reached. The subtraction is modulo 2^32, as
 * ticks are.
 */
void wheel_put(uint32_t flow, enum flow_wheel wheel, uint32_t due)
{
	const uint32_t slots_mask = UINT32_MAX >> WHEEL_SLOT_SHIFT;
	uint32_t ahead = ((due >> WHEEL_SLOT_SHIFT) + 1 - current) & slots_mask;
	uint32_t head;
	struct flow_link *first;

	if (ahead > slots_mask / 2)
		ahead = 0; /* overdue */
	if (ahead > WHEEL_SLOTS - 1)
		ahead = WHEEL_SLOTS - 1;
	head = wheel * WHEEL_SLOTS + (current + ahead) % WHEEL_SLOTS;
	first = &heads[head];
	if (wheel == WHEEL_HALF_OPEN)
		flow_records[flow].flags |= FLOW_HALF_OPEN;
	else
		flow_records[flow].flags &= ~FLOW_HALF_OPEN;
	flow_records[flow].link = (struct flow_link){first->previous, WHEEL_HEAD | head};
	link_of(first->previous)->next = flow;
	first->previous = flow;
	mark(head, true);
}

void wheel_take(uint32_t flow)
{
	struct flow_link link = flow_records[flow].link;

	link_of(link.previous)->next = link.next;
	link_of(link.next)->previous = link.previous;
	if (link.previous == link.next) /* both are the head: the list is empty */
		mark(link.next & ~WHEEL_HEAD, false);
}

/* How many slots from `current` on are empty in a wheel; WHEEL_SLOTS: all. */
static uint32_t empty_slots(enum flow_wheel wheel)
{
	uint32_t start = current % WHEEL_SLOTS, word = start / 64;
	uint64_t bits = filled[wheel][word] & UINT64_MAX << start % 64;

	for (uint32_t i = 0; i <= WORDS; i++) {
		if (bits)
			return (word * 64 + __builtin_ctzll(bits) - start) % WHEEL_SLOTS;
		word = (word + 1) % WORDS;
		bits = filled[wheel][word];
	}
	return WHEEL_SLOTS;
}

uint32_t wheel_first(enum flow_wheel wheel)
{
	uint32_t ahead = empty_slots(wheel);

	return ahead == WHEEL_SLOTS ? 0 : heads[wheel * WHEEL_SLOTS + (current + ahead) % WHEEL_SLOTS].next;
}

static uint32_t slots_ahead(uint32_t now)
{
	return ((now >> WHEEL_SLOT_SHIFT) - current) & UINT32_MAX >> WHEEL_SLOT_SHIFT;
}

uint32_t wheel_due(uint32_t now)
{
	uint32_t ahead = slots_ahead(now), least = WHEEL_SLOTS;
	enum flow_wheel of = 0;

	for (enum flow_wheel wheel = 0; wheel < WHEELS; wheel++) {
		uint32_t empty = empty_slots(wheel);

		if (empty < least) {
			least = empty;
			of = wheel;
		}
	}
	if (least == WHEEL_SLOTS || least > ahead) {
		current += ahead;
		return 0;
	}
	current += least;
	return heads[of * WHEEL_SLOTS + current % WHEEL_SLOTS].next;
}

uint32_t wheel_wait(uint32_t now)
{
	uint32_t least = WHEEL_SLOTS, wait;

	for (enum flow_wheel wheel = 0; wheel < WHEELS; wheel++) {
		uint32_t empty = empty_slots(wheel);

		least = empty < least ? empty : least;
	}
	if (least == WHEEL_SLOTS)
		return UINT32_MAX;
	wait = ((current + least) << WHEEL_SLOT_SHIFT) - now;
	return wait > INT32_MAX ? 0 : wait;
}
