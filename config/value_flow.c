/* SPDX-License-Identifier: Apache-2.0
 *
 * Values about connections: states, durations, rates with a unit, DSCP code points.
 */
#include <stdio.h>
#include <string.h>
#include "value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of enum config_state, and for an action by itself. */
static const char *const state_names[] = {"new", "established", "related", "invalid", "any"};
enum { STATE_ANY = 4 };

const char *state_name(unsigned int bit)
{
	return bit < STATE_ANY ? state_names[bit] : NULL;
}

static bool one_state(struct reader *r, const struct node *node, uint8_t *states)
{
	size_t which;

	if (!value_word(r, node, "a connection state", state_names, STATE_ANY, &which))
		return false;
	if (*states & 1 << which) {
		diagnostics_error(r->d, node->place, "`%s` is in the list twice", node->text);
		diagnostics_hint(r->d, "keep one");
		return false;
	}
	*states |= (uint8_t)(1 << which);
	return true;
}

bool value_states(struct reader *r, const struct node *node, uint8_t *states)
{
	size_t count, which;
	const struct node *const *items = one_or_more(r, &node, &count);
	bool good = count > 0;

	*states = 0;
	if (node->kind == NODE_SCALAR) {
		if (!value_word(r, node, "what an action applies to", state_names, COUNT(state_names),
				&which))
			return false;
		*states = which == STATE_ANY ? 0 : (uint8_t)(1 << which);
		return true;
	}
	for (size_t i = 0; i < count; i++)
		good &= one_state(r, items[i], states);
	return good;
}

/* Digits, and the unit after them. Returns where the unit ends, or NULL. */
static const char *one_duration(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *end = text + strspn(text, "0123456789");
	uint32_t number;

	if (!parse_digits(text, end, &number))
		return NULL;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (*end != units[i].unit)
			continue;
		*seconds += (uint64_t)number * units[i].seconds;
		return end + 1;
	}
	return NULL;
}

bool value_duration(struct reader *r, const struct node *node, uint32_t *seconds)
{
	enum { LONGEST = 20 * 86400 };
	const char *text = value_text(r, node, "a duration", "2h4m"), *at = text;
	uint64_t sum = 0;

	if (!text)
		return false;
	do
		at = one_duration(at, &sum);
	while (at && *at);
	if (at && sum > 0 && sum <= LONGEST) {
		*seconds = (uint32_t)sum;
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a duration", text);
	diagnostics_hint(r->d, "write it with units, like 30s, 5m or 2h4m; up to 20d");
	return false;
}

bool value_unit_rate(struct reader *r, const struct node *node, struct config_rate *rate)
{
	static const char *const units[] = {"/s", "/m", "/h"};
	static const uint32_t seconds[] = {1, 60, 3600};
	const char *text = value_text(r, node, "a rate", "100/s"), *slash;
	uint32_t number;

	if (!text)
		return false;
	slash = strchr(text, '/');
	for (size_t i = 0; slash && i < COUNT(units); i++) {
		if (strcmp(slash, units[i]) != 0 || !parse_digits(text, slash, &number) || number == 0 ||
		    number > 10000000)
			continue;
		rate->events = number;
		rate->seconds = seconds[i];
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a rate", text);
	diagnostics_hint(r->d, "write how many in a second, minute or hour: 1000/s, 10/m, 5/h");
	return false;
}

/* RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622 */
static const struct {
	const char *name;
	uint8_t value;
} dscps[] = {{"cs0", 0},   {"cs1", 8},	 {"cs2", 16},  {"cs3", 24},  {"cs4", 32},  {"cs5", 40},
	     {"cs6", 48},  {"cs7", 56},	 {"af11", 10}, {"af12", 12}, {"af13", 14}, {"af21", 18},
	     {"af22", 20}, {"af23", 22}, {"af31", 26}, {"af32", 28}, {"af33", 30}, {"af41", 34},
	     {"af42", 36}, {"af43", 38}, {"ef", 46},   {"va", 44},   {"le", 1}};

const char *dscp_name(uint8_t dscp)
{
	for (size_t i = 0; i < COUNT(dscps); i++)
		if (dscps[i].value == dscp)
			return dscps[i].name;
	return NULL;
}

bool value_dscp(struct reader *r, const struct node *node, uint8_t *out)
{
	const char *text = value_text(r, node, "a DSCP", "ef");
	uint32_t number;

	if (!text)
		return false;
	for (size_t i = 0; i < COUNT(dscps); i++) {
		if (strcmp(dscps[i].name, text) != 0)
			continue;
		*out = dscps[i].value;
		return true;
	}
	if (parse_digits(text, text + strlen(text), &number) && number < 64) {
		*out = (uint8_t)number;
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a DSCP", text);
	diagnostics_hint(r->d, "write cs0 to cs7, af11 to af43, ef, va, le, or a number from 0 to 63");
	return false;
}
