/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, names and sizes; see value.h. Addresses are in value_address.c, what packets carry in
 * value_packet.c.
 */
#include <string.h>
#include "value.h"

const char *value_text(struct reader *r, const struct node *node, const char *what, const char *example)
{
	static const char *const found[] = {
	    [NODE_SCALAR] = "nothing is here",
	    [NODE_SEQUENCE] = "this is a list",
	    [NODE_MAPPING] = "this is a mapping",
	};

	if (node->kind == NODE_SCALAR && *node->text)
		return node->text;
	diagnostics_error(r->d, node->place, "expected %s, but %s", what, found[node->kind]);
	diagnostics_hint(r->d, "write it like %s", example);
	return NULL;
}

bool parse_digits(const char *text, const char *end, uint32_t *out)
{
	if (text == end || end - text > 9 || (*text == '0' && end - text > 1))
		return false;
	for (*out = 0; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (uint32_t)(*text - '0');
	}
	return true;
}

bool value_number(struct reader *r, const struct node *node, const char *what, uint32_t low, uint32_t high,
		  uint32_t *out)
{
	const char *text = value_text(r, node, what, "1024");

	if (!text)
		return false;
	if (parse_digits(text, text + strlen(text), out) && *out >= low && *out <= high)
		return true;
	diagnostics_error(r->d, node->place, "`%.40s` is not %s", text, what);
	diagnostics_hint(r->d, "write a number from %u to %u", low, high);
	return false;
}

bool value_truth(struct reader *r, const struct node *node, bool *out)
{
	static const char *const words[] = {"false", "true"};
	size_t index = 0;

	if (!value_word(r, node, "true or false", words, 2, &index))
		return false;
	*out = index;
	return true;
}

bool value_rate(struct reader *r, const struct node *node, uint16_t *out)
{
	const char *text = value_text(r, node, "a rate", "10/s"), *slash;
	uint32_t number;

	if (!text)
		return false;
	slash = strchr(text, '/');
	if (slash && strcmp(slash, "/s") == 0 && parse_digits(text, slash, &number) && number <= UINT16_MAX) {
		*out = (uint16_t)number;
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a rate", text);
	diagnostics_hint(r->d, "write how many a second, up to 65535, like 10/s; 0/s is never");
	return false;
}

/* Bits to shift by, or 0. What M and MB mean elsewhere varies; memory comes in powers of two. */
static unsigned int unit_shift(const char *unit)
{
	static const char *const endings[] = {"", "B", "iB"};

	for (size_t i = 0; (*unit == 'M' || *unit == 'G') && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(unit + 1, endings[i]) == 0)
			return *unit == 'M' ? 20 : 30;
	return 0;
}

bool value_size(struct reader *r, const struct node *node, uint64_t *out)
{
	const char *text = value_text(r, node, "a memory size", "64M"), *end, *unit;
	uint32_t number;

	if (!text)
		return false;
	end = text + strspn(text, "0123456789");
	unit = *end == ' ' ? end + 1 : end;
	if (unit_shift(unit) && parse_digits(text, end, &number) && number > 0 && number <= 1 << 20) {
		*out = (uint64_t)number << unit_shift(unit);
		return true;
	}
	diagnostics_error(r->d, node->place, "`%.40s` is not a memory size", text);
	diagnostics_hint(r->d, "write whole mebibytes or gibibytes, like 64M or 1G");
	return false;
}

/* Writes what of `text` can stay in a name. */
static void make_name(const char *text, size_t max, char *out)
{
	size_t length = 0;

	for (; *text && length < max; text++) {
		if ((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		    (*text == '-' && length > 0))
			out[length++] = *text;
		else if (*text >= 'A' && *text <= 'Z')
			out[length++] = (char)(*text - 'A' + 'a');
		else if (length > 0 && out[length - 1] != '-')
			out[length++] = '-';
	}
	while (length > 0 && out[length - 1] == '-')
		length--;
	out[length] = '\0';
}

bool value_name(struct reader *r, const struct node *node, const char *what, size_t max, char *out)
{
	const char *text = value_text(r, node, what, "branch-1");

	if (!text)
		return false;
	make_name(text, max, out);
	if (strcmp(text, out) == 0)
		return true;
	diagnostics_error(r->d, node->place, "`%.40s` can't be %s", text, what);
	diagnostics_hint(r->d, "use 1 to %zu lower-case letters, digits and hyphens between them%s%s", max,
			 *out ? ": " : "", out);
	return false;
}

bool value_word(struct reader *r, const struct node *node, const char *what, const char *const *words,
		size_t count, size_t *out)
{
	const char *text = value_text(r, node, what, words[0]), *meant;
	char list[200] = "";

	for (*out = 0; text && *out < count; (*out)++)
		if (strcmp(text, words[*out]) == 0)
			return true;
	if (!text)
		return false;
	for (size_t i = 0; i < count; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", words[i]);
	meant = closest_word(text, words, count);
	diagnostics_error(r->d, node->place, "`%.40s` is not %s", text, what);
	if (meant)
		diagnostics_hint(r->d, "did you mean `%s`?", meant);
	else
		diagnostics_hint(r->d, "write one of: %s", list);
	return false;
}

static bool parse_mac(const char *text, uint8_t out[6])
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++, text += 3) {
		const char *high = strchr(digits, text[0]), *low = strchr(digits, text[1]);

		if (!high || !low || (i < 5 && text[2] != ':'))
			return false;
		out[i] = (uint8_t)(((high - digits) & 15) << 4 | ((low - digits) & 15));
	}
	return true;
}

bool value_mac(struct reader *r, const struct node *node, uint8_t out[6])
{
	static const uint8_t zero[6];
	const char *text = value_text(r, node, "a MAC address", "\"02:00:00:00:00:01\"");

	if (!text)
		return false;
	if (!parse_mac(text, out)) {
		diagnostics_error(r->d, node->place, "`%.40s` is not a MAC address", text);
		diagnostics_hint(
		    r->d, "write six pairs of hexadecimal digits, in quotes, like \"02:00:00:00:00:01\"");
		return false;
	}
	if (out[0] & 1 || memcmp(out, zero, sizeof(zero)) == 0) {
		diagnostics_error(r->d, node->place, "%s is no station's MAC address but %s", text,
				  out[0] & 1 ? "a group's" : "the zero address");
		diagnostics_hint(r->d, "write the card's own address, or one like \"02:00:00:00:00:01\"");
		return false;
	}
	return true;
}

bool value_is_everything(struct reader *r, const struct node *node)
{
	static const char *const words[] = {"any", "all", "*"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(node->text, words[i]) != 0)
			continue;
		diagnostics_error(r->d, node->place, "`%s` is not a value here", node->text);
		diagnostics_hint(r->d, "leave the key out: a rule without it takes all");
		return true;
	}
	return false;
}

static bool parse_port(const char *text, const char *end, uint16_t *out)
{
	uint32_t number;

	if (!parse_digits(text, end, &number) || number > UINT16_MAX)
		return false;
	*out = (uint16_t)number;
	return true;
}

bool value_port_range(struct reader *r, const struct node *node, struct config_range *out)
{
	const char *text = value_text(r, node, "a port number", "80 or 8000-8100"), *dash, *end;

	if (!text)
		return false;
	end = text + strlen(text);
	dash = strchr(text, '-');
	if (value_is_everything(r, node))
		return false;
	if (!parse_port(text, dash ? dash : end, &out->low) ||
	    !parse_port(dash ? dash + 1 : text, end, &out->high)) {
		diagnostics_error(r->d, node->place, "`%.40s` is not a port number or a range of them", text);
		diagnostics_hint(r->d, "write numbers from 0 to 65535: 80, 8000-8100 or [80, 443]");
		return false;
	}
	if (out->low > out->high) {
		diagnostics_error(r->d, node->place, "the range %s runs backwards", text);
		diagnostics_hint(r->d, "write %u-%u", out->high, out->low);
		return false;
	}
	return true;
}
