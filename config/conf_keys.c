/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of wg-quick's file. Every one of wg(8) and wg-quick(8) is taken, or refused with the reason.
 */
#include <string.h>
#include "conf.h"

enum conf_key_kind {
	ONE,	 /* a value */
	MANY,	 /* values separated by commas, also in several lines */
	SECRET,	 /* a value that is never copied */
	SWITCH,	 /* only `off_value` means something here */
	IGNORED, /* with a warning */
	REFUSED,
};

struct conf_key {
	const char *name;
	enum conf_key_kind kind;
	const char *reason, *advice; /* SWITCH, IGNORED, REFUSED */
	const char *harmless[4];     /* SWITCH: the values that mean what is so anyway */
};

#define NO_SHELL    "an appliance has no shell to run it"
#define SAY_IN_YAML "say in YAML what it is for: rules under `firewall`, translations under `nat`"

static const struct conf_key interface_keys[] = {
    {"PrivateKey", SECRET, NULL, NULL, {NULL}},
    {"ListenPort", ONE, NULL, NULL, {NULL}},
    {"Address", MANY, NULL, NULL, {NULL}},
    {"MTU", ONE, NULL, NULL, {NULL}},
    {"Table", ONE, NULL, NULL, {NULL}},
    {"DNS", IGNORED, "an appliance asks no DNS", "leave it out; it matters in files for clients", {NULL}},
    {"FwMark",
     SWITCH,
     "there are no marks here: endpoints' routes decide where datagrams go",
     "leave it out, and give the endpoint a route that is no tunnel's",
     {"off", "0", "0x0", NULL}},
    {"SaveConfig",
     SWITCH,
     "an appliance never changes, so there is nothing to save",
     "leave it out",
     {"false", NULL}},
    {"PreUp", REFUSED, NO_SHELL, SAY_IN_YAML, {NULL}},
    {"PostUp", REFUSED, NO_SHELL, SAY_IN_YAML, {NULL}},
    {"PreDown", REFUSED, NO_SHELL, SAY_IN_YAML, {NULL}},
    {"PostDown", REFUSED, NO_SHELL, SAY_IN_YAML, {NULL}},
};

static const struct conf_key peer_keys[] = {
    {"PublicKey", ONE, NULL, NULL, {NULL}},	      {"PresharedKey", SECRET, NULL, NULL, {NULL}},
    {"AllowedIPs", MANY, NULL, NULL, {NULL}},	      {"Endpoint", ONE, NULL, NULL, {NULL}},
    {"PersistentKeepalive", ONE, NULL, NULL, {NULL}},
};

enum {
	INTERFACE_KEYS = sizeof(interface_keys) / sizeof(interface_keys[0]),
	PEER_KEYS = sizeof(peer_keys) / sizeof(peer_keys[0]),
};

static void report_unknown(struct reader *r, const struct wg_quick_section *section,
			   const struct wg_quick_entry *entry)
{
	const struct conf_key *keys = section->peer ? peer_keys : interface_keys,
			      *others = section->peer ? interface_keys : peer_keys;
	size_t count = section->peer ? PEER_KEYS : INTERFACE_KEYS,
	       other_count = section->peer ? INTERFACE_KEYS : PEER_KEYS;
	const char *names[INTERFACE_KEYS], *meant;

	diagnostics_error(r->d, entry->key_place, "unknown key `%s` in [%s]", entry->key,
			  section->peer ? "Peer" : "Interface");
	for (size_t i = 0; i < other_count; i++)
		if (strcasecmp(others[i].name, entry->key) == 0) {
			diagnostics_hint(r->d, "it belongs to [%s]", section->peer ? "Interface" : "Peer");
			return;
		}
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	meant = closest_word(entry->key, names, count);
	diagnostics_hint(r->d,
			 meant ? "did you mean `%s`?" : "wg(8) and wg-quick(8) have the keys; %s is one",
			 meant ? meant : keys[0].name);
}

static const struct conf_key *find_key(const struct wg_quick_section *section, const char *name)
{
	const struct conf_key *keys = section->peer ? peer_keys : interface_keys;
	size_t count = section->peer ? PEER_KEYS : INTERFACE_KEYS;

	for (size_t i = 0; i < count; i++)
		if (strcasecmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool is_harmless(const struct conf_key *key, const struct wg_quick_entry *entry)
{
	for (size_t i = 0; key->harmless[i]; i++)
		if (strlen(key->harmless[i]) == entry->length &&
		    strncasecmp(key->harmless[i], entry->value, entry->length) == 0)
			return true;
	return false;
}

void check_conf_entry(struct reader *r, const struct wg_quick_section *section, size_t index)
{
	const struct wg_quick_entry *entry = &section->entries[index],
				    *first = wg_quick_find(section, entry->key);
	const struct conf_key *key = find_key(section, entry->key);

	if (!key) {
		report_unknown(r, section, entry);
	} else if (key->kind == IGNORED) {
		diagnostics_warning(r->d, entry->key_place, "`%s` does nothing: %s", key->name, key->reason);
		diagnostics_hint(r->d, "%s", key->advice);
	} else if (key->kind == REFUSED || (key->kind == SWITCH && !is_harmless(key, entry))) {
		diagnostics_error(r->d, entry->key_place, "`%s`: %s", key->name, key->reason);
		diagnostics_hint(r->d, "%s", key->advice);
	} else if (first != entry && key->kind != MANY) {
		diagnostics_error(r->d, entry->key_place, "`%s` is here a second time (first in line %u)",
				  key->name, first->key_place.line);
		diagnostics_hint(r->d, KEEP_ONE);
	}
}
