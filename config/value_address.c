/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and networks; see value.h. Notations of other products that have no meaning here are told apart,
 * so that the advice is about them.
 */
#include <string.h>
#include "value.h"

static const char network_example[] = "10.0.0.0/24 or \"fd00:1::/64\"";

/* An IPv4 address whose numbers have leading zeros, without them; false if it is none. inet_aton reads such
 * numbers as octal, people mean decimal. */
static bool strip_zeros(const char *text, char *stripped)
{
	struct config_address address;
	size_t length = 0;
	bool stripped_any = false;

	for (bool starts = true; *text && *text != '/'; text++) {
		bool digit = *text >= '0' && *text <= '9';

		if (length == ADDRESS_TEXT_MAX - 1)
			return false;
		if (starts && *text == '0' && text[1] >= '0' && text[1] <= '9') {
			stripped_any = true;
			continue;
		}
		stripped[length++] = *text;
		starts = !digit;
	}
	stripped[length] = '\0';
	return stripped_any && address_parse(stripped, &address) && !address.ipv6;
}

/* ADDRESS-ADDRESS */
static bool is_address_range(const char *text)
{
	const char *dash = strchr(text, '-');
	struct config_address address;

	return dash && address_parse(dash + 1, &address);
}

static bool is_automatic(const char *text)
{
	static const char *const words[] = {"dhcp", "dhcp4", "dhcp6", "auto", "slaac", "ra"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Reports a scalar that means something elsewhere, but can't be said here. */
static bool report_notation(struct reader *r, const struct node *node, const char *example)
{
	const char *text = node->text;
	char stripped[ADDRESS_TEXT_MAX];

	if (*text == '!') {
		diagnostics_error(r->d, node->place, "`%.60s`: addresses can't be negated", text);
		diagnostics_hint(r->d, "put a rule of the other action for %.60s before this one", text + 1);
	} else if (is_automatic(text)) {
		diagnostics_error(r->d, node->place, "`%s`: there are only static addresses", text);
		diagnostics_hint(r->d, "write it like %s", example);
	} else if (strpbrk(text, " ,;")) {
		diagnostics_error(r->d, node->place, "`%.60s` is not one value", text);
		diagnostics_hint(r->d, "several values go in a list: [a, b]");
	} else if (is_address_range(text)) {
		diagnostics_error(r->d, node->place, "`%.60s`: there are no ranges of addresses", text);
		diagnostics_hint(r->d, "write prefixes instead, such as [10.0.0.0/29, 10.0.0.8/31]");
	} else if (strip_zeros(text, stripped)) {
		diagnostics_error(r->d, node->place, "`%.60s` has a number with a leading zero", text);
		diagnostics_hint(r->d, "some programs take it for octal: write %s%.4s", stripped,
				 strchr(text, '/') ? strchr(text, '/') : "");
	} else {
		return false;
	}
	return true;
}

bool value_address(struct reader *r, const struct node *node, struct config_address *out)
{
	const char *text = value_text(r, node, "an IP address", "192.0.2.1 or \"2001:db8::1\"");

	if (!text)
		return false;
	if (address_parse(text, out))
		return true;
	if (report_notation(r, node, "192.0.2.1"))
		return false;
	diagnostics_error(r->d, node->place, "`%.60s` is not an IPv4 or IPv6 address", text);
	diagnostics_hint(r->d, strchr(text, '/') ? "write the address alone, without a prefix length"
						 : "write it like 192.0.2.1 or \"2001:db8::1\"");
	return false;
}

/* Reads ADDRESS or ADDRESS/LENGTH; `whole` says whether there was no length. */
static bool read_prefix(struct reader *r, const struct node *node, const char *what, const char *example,
			struct config_prefix *out, bool *whole)
{
	const char *text = value_text(r, node, what, example), *slash;
	char address[ADDRESS_TEXT_MAX] = "";
	uint32_t length;

	if (!text)
		return false;
	slash = strchr(text, '/');
	*whole = !slash;
	if (!slash)
		slash = text + strlen(text);
	if (slash - text < ADDRESS_TEXT_MAX)
		memcpy(address, text, (size_t)(slash - text));
	if (!address_parse(address, &out->address)) {
		if (report_notation(r, node, example))
			return false;
		diagnostics_error(r->d, node->place, "`%.60s` is not %s", text, what);
		diagnostics_hint(r->d, "write it like %s", example);
		return false;
	}
	length = address_bits(&out->address);
	if (!*whole && (!parse_digits(slash + 1, slash + strlen(slash), &length) ||
			length > address_bits(&out->address))) {
		if (report_notation(r, node, example))
			return false;
		diagnostics_error(r->d, node->place, "`%.60s`: `%.20s` is not a prefix length", text,
				  slash + 1);
		diagnostics_hint(r->d, "write a number from 0 to %u after the slash, not a mask",
				 address_bits(&out->address));
		return false;
	}
	out->length = (uint8_t)length;
	return true;
}

bool value_interface_address(struct reader *r, const struct node *node, struct config_prefix *out)
{
	bool whole;

	if (!read_prefix(r, node, "an interface address", "10.0.0.1/24 or \"fd00:1::1/64\"", out, &whole))
		return false;
	if (whole) {
		diagnostics_error(r->d, node->place, "%s has no prefix length", node->text);
		diagnostics_hint(r->d, "say how big its network is: %s/%u", node->text,
				 out->address.ipv6 ? 64 : 24);
	}
	return !whole;
}

static bool check_host_bits(struct reader *r, const struct node *node, const struct config_prefix *out)
{
	struct config_prefix network;
	char text[ADDRESS_TEXT_MAX];

	network = prefix_network(out);
	if (prefix_compare(&network, out) == 0)
		return true;
	diagnostics_error(r->d, node->place, "%s has bits set beyond its prefix of %u", node->text,
			  out->length);
	diagnostics_hint(r->d, "the network is %s; the address alone is %s", prefix_format(&network, text),
			 address_format(&out->address, (char[ADDRESS_TEXT_MAX]){0}));
	return false;
}

bool value_network(struct reader *r, const struct node *node, struct config_prefix *out)
{
	bool whole;

	if (node->kind == NODE_SCALAR && value_is_everything(r, node))
		return false;
	return read_prefix(r, node, "a network", network_example, out, &whole) &&
	       check_host_bits(r, node, out);
}

bool value_destination(struct reader *r, const struct node *node, struct config_prefix *out)
{
	bool whole;

	if (!read_prefix(r, node, "a network", network_example, out, &whole))
		return false;
	if (whole) {
		diagnostics_error(r->d, node->place, "%s has no prefix length", node->text);
		diagnostics_hint(r->d, "say how big the network is; for one address write %s/%u", node->text,
				 address_bits(&out->address));
		return false;
	}
	return check_host_bits(r, node, out);
}
