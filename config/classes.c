/* SPDX-License-Identifier: Apache-2.0
 *
 * Named sets, cut up into classes of addresses that are in the same ones: a lookup then gives one number, and
 * a rule for a set is a rule for ranges of numbers. A line sweep over the borders of all prefixes; which sets
 * an address is in are bits, and equal bits are one class.
 */
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "stages.h"

enum { CLASSES_MAX = 65535, WORD_BITS = 64 };

/* Where a prefix begins or, one address behind it, ends. */
struct border {
	struct config_address at;
	uint16_t set;
	bool begins;
};

struct sweep {
	struct border *borders;
	size_t border_count;
	uint32_t *depth;  /* by set: prefixes that the sweep is in */
	uint64_t *inside; /* bits: sets that the sweep is in */
	size_t words;
	uint32_t *slots; /* hash table of classes: number plus one, 0 is empty */
	size_t slot_mask;
};

static int by_place(const void *a, const void *b)
{
	return address_compare(&((const struct border *)a)->at, &((const struct border *)b)->at);
}

/* The address behind a prefix. False: there is none. */
static bool address_behind(const struct config_prefix *prefix, struct config_address *behind)
{
	*behind = prefix_last(prefix);
	for (unsigned int i = address_bits(behind) / 8; i-- > 0;)
		if (++behind->bytes[i])
			return true;
	return false;
}

static void collect_borders(const struct config *config, bool ipv6, struct sweep *sweep)
{
	for (size_t i = 0; i < config->set_count; i++) {
		const struct config_set *set = &config->sets[i];

		for (size_t j = 0; set->used && j < set->prefix_count; j++) {
			const struct config_prefix *prefix = &set->prefixes[j];
			struct border *border = &sweep->borders[sweep->border_count];

			if (prefix->address.ipv6 != ipv6)
				continue;
			*border++ = (struct border){prefix->address, (uint16_t)i, true};
			sweep->border_count++;
			if (!address_behind(prefix, &border->at))
				continue;
			border->set = (uint16_t)i;
			border->begins = false;
			sweep->border_count++;
		}
	}
}

static size_t count_prefixes(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->set_count; i++)
		count += config->sets[i].used ? config->sets[i].prefix_count : 0;
	return count;
}

static void cross(struct sweep *sweep, const struct border *border)
{
	uint64_t bit = 1ULL << border->set % WORD_BITS;
	uint64_t *word = &sweep->inside[border->set / WORD_BITS];

	sweep->depth[border->set] += border->begins ? 1 : UINT32_MAX;
	*word = sweep->depth[border->set] ? *word | bit : *word & ~bit;
}

/* FNV-1a over words. */
static size_t hash_of(const uint64_t *words, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ words[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* The number of the class of addresses that are in sweep->inside. */
static uint32_t number_of(struct sweep *sweep, struct config_classes *classes)
{
	size_t slot = hash_of(sweep->inside, sweep->words) & sweep->slot_mask,
	       bytes = sweep->words * sizeof(uint64_t);

	while (sweep->slots[slot]) {
		uint32_t number = sweep->slots[slot] - 1;

		if (memcmp(&classes->sets[number * sweep->words], sweep->inside, bytes) == 0)
			return number;
		slot = (slot + 1) & sweep->slot_mask;
	}
	if (classes->number_count == CLASSES_MAX)
		return CLASSES_MAX;
	memcpy(&classes->sets[classes->number_count * sweep->words], sweep->inside, bytes);
	sweep->slots[slot] = (uint32_t)++classes->number_count;
	return (uint32_t)classes->number_count - 1;
}

static void add_class(struct config_classes *classes, const struct config_address *first, uint32_t number)
{
	struct config_class *last = &classes->classes[classes->class_count - 1];

	if (classes->class_count && address_compare(&last->first, first) == 0)
		classes->class_count--; /* a set that has the lowest address */
	else if (classes->class_count && last->number == number)
		return;
	classes->classes[classes->class_count++] = (struct config_class){*first, (uint16_t)number};
}

static bool cut(struct sweep *sweep, struct config_classes *classes)
{
	for (size_t i = 0; i < sweep->border_count;) {
		const struct config_address at = sweep->borders[i].at;
		uint32_t number;

		while (i < sweep->border_count && address_compare(&sweep->borders[i].at, &at) == 0)
			cross(sweep, &sweep->borders[i++]);
		number = number_of(sweep, classes);
		if (number == CLASSES_MAX)
			return false;
		add_class(classes, &at, number);
	}
	return true;
}

static void *array(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		abort();
	return memory;
}

static bool make_classes(struct config *config, bool ipv6)
{
	struct config_classes *classes = &config->classes[ipv6];
	size_t prefixes = count_prefixes(config), numbers = 2 * prefixes + 2;
	struct sweep sweep = {
	    .words = (config->set_count + WORD_BITS - 1) / WORD_BITS,
	    .slot_mask = 1,
	};
	bool good;

	if (numbers > CLASSES_MAX + 1)
		numbers = CLASSES_MAX + 1;
	while (sweep.slot_mask < 2 * numbers)
		sweep.slot_mask *= 2;
	sweep.slots = array(sweep.slot_mask--, sizeof(sweep.slots[0]));
	sweep.borders = array(2 * prefixes, sizeof(sweep.borders[0]));
	sweep.depth = array(config->set_count, sizeof(sweep.depth[0]));
	sweep.inside = array(sweep.words, sizeof(sweep.inside[0]));
	classes->sets = blocks_array(&config->blocks, numbers * sweep.words, sizeof(classes->sets[0]));
	classes->classes = blocks_array(&config->blocks, 2 * prefixes + 1, sizeof(classes->classes[0]));
	collect_borders(config, ipv6, &sweep);
	qsort(sweep.borders, sweep.border_count, sizeof(sweep.borders[0]), by_place);
	add_class(classes, &(struct config_address){.ipv6 = ipv6}, number_of(&sweep, classes));
	good = cut(&sweep, classes);
	free(sweep.slots);
	free(sweep.borders);
	free(sweep.depth);
	free(sweep.inside);
	return good;
}

void make_address_classes(struct reader *r)
{
	struct config *config = r->config;

	if (count_prefixes(config) == 0)
		return;
	if (make_classes(config, false) && make_classes(config, true))
		return;
	diagnostics_error(r->d, config->sets[0].place, "the sets overlap in more than %u ways", CLASSES_MAX);
	diagnostics_hint(r->d, "use fewer sets, or take out of one what is in another");
}

/* Numbers that belong together are mostly next to each other: they become one range. */
size_t ranges_of_set(struct config *config, uint16_t set, bool ipv6, struct config_range **ranges)
{
	const struct config_classes *classes = &config->classes[ipv6];
	size_t words = (config->set_count + WORD_BITS - 1) / WORD_BITS, count = 0;

	*ranges = blocks_array(&config->blocks, classes->number_count / 2 + 1, sizeof(**ranges));
	for (size_t i = 0; i < classes->number_count; i++) {
		if (!(classes->sets[i * words + set / WORD_BITS] >> set % WORD_BITS & 1))
			continue;
		if (count && (*ranges)[count - 1].high + 1u == i)
			(*ranges)[count - 1].high = (uint16_t)i;
		else
			(*ranges)[count++] = (struct config_range){(uint16_t)i, (uint16_t)i};
	}
	return count;
}
