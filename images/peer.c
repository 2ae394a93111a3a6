/* SPDX-License-Identifier: Apache-2.0
 *
 * weir peer: a new peer of a tunnel. Makes its keys, finds it an address, writes the file that it is
 * configured with, and says what to add to the appliance's configuration. Files that exist stay as they are.
 */
#include "command.h"

#include <getopt.h>
#include <langinfo.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/key.h"
#include "config/prefixes.h"
#include "config/print.h"
#include "peer.h"
#include "peer_text.h"
#include "qr.h"
#include "tunnel_list.h"

/* Text in memory that is wiped at the end. */
struct secret_text {
	char *text;
	size_t length;
	FILE *stream;
};

static void text_open(struct secret_text *text)
{
	text->stream = open_memstream(&text->text, &text->length);
	if (!text->stream)
		abort();
}

static void text_free(struct secret_text *text)
{
	if (text->text)
		key_wipe(text->text, text->length);
	free(text->text);
}

static int write_text(const struct new_peer *new, const char *path,
		      void (*print)(const struct new_peer *, FILE *))
{
	struct secret_text text = {0};
	int status;

	text_open(&text);
	print(new, text.stream);
	fclose(text.stream);
	status = write_private_file(path, text.text, text.length);
	text_free(&text);
	return status;
}

static bool next_address(struct config_address *address)
{
	for (int i = address->ipv6 ? 15 : 3; i >= 0; i--)
		if (++address->bytes[i])
			return true;
	return false;
}

static struct prefixes allowed_of(const struct config *config, const struct config_tunnel *tunnel)
{
	uint8_t number = (uint8_t)(tunnel - config->tunnels);
	size_t first = 0, end;

	while (first < config->allowed_count && config->allowed[first].tunnel < number)
		first++;
	for (end = first; end < config->allowed_count && config->allowed[end].tunnel == number;)
		end++;
	return (struct prefixes){config->allowed + first, end - first, sizeof(config->allowed[0])};
}

/* Finds the first address of a network that neither the appliance nor a peer has. What a peer has of the
 * whole network, or of more, is passed on: longer prefixes go first. */
static bool find_address(const struct new_peer *new, const struct config_prefix *own,
			 struct config_prefix *found)
{
	struct prefixes taken = allowed_of(new->config, new->tunnel);
	struct config_prefix network = prefix_network(own);
	struct config_address last = prefix_last(own);

	found->address = network.address;
	found->length = (uint8_t)address_bits(&own->address);
	while (next_address(&found->address) && prefix_contains_address(&network, &found->address)) {
		const struct config_prefix *by = prefixes_find(&taken, &found->address);

		if (!own->address.ipv6 && address_compare(&found->address, &last) == 0)
			return false;
		if (address_compare(&found->address, &own->address) == 0)
			continue;
		if (!by || by->length <= own->length)
			return true;
		found->address = prefix_last(by);
	}
	return false;
}

static int find_addresses(struct new_peer *new)
{
	const struct config_port *port = new->port;
	bool has[2] = {false, false};

	for (size_t i = 0; i < port->address_count; i++) {
		const struct config_prefix *own = &port->addresses[i].prefix;
		struct config_network *address = &new->addresses[new->peer.allowed_count];

		if (has[own->address.ipv6] || !find_address(new, own, &address->prefix))
			continue;
		has[own->address.ipv6] = true;
		new->peer.allowed_count++;
	}
	new->peer.allowed = new->addresses;
	if (new->peer.allowed_count)
		return STATUS_DONE;
	return failed("%s has no free address for a peer: give it a network, as in addresses: [10.8.0.1/24]",
		      port->name);
}

static int make_keys(struct new_peer *new)
{
	if (key_make_private(new->private_key) && key_public(new->private_key, new->peer.public_key) &&
	    key_random(new->preshared_key))
		return STATUS_DONE;
	return failed("no good random numbers, so no keys");
}

static int check_free(const char *path)
{
	return access(path, F_OK) < 0 ? STATUS_DONE
				      : failed("%s: is there already, and stays as it is", path);
}

/* Nothing is written unless all of it can be. */
static int write_files(struct new_peer *new)
{
	bool conf = new->tunnel->from_conf;
	const char *second = conf ? new->section_path : new->preshared_path;
	int status = check_free(new->conf_path);

	if (status == STATUS_DONE)
		status = check_free(second);
	if (status == STATUS_DONE)
		status = write_text(new, new->conf_path, print_conf);
	if (status == STATUS_DONE)
		status = write_text(new, second, conf ? print_section : print_preshared_key);
	return status;
}

static void say_what_to_add(struct new_peer *new)
{
	char *copy = strdup(new->preshared_path);

	note("%s is for %s: its private key is in there (mode 0600)", new->conf_path, new->peer.name);
	if (new->tunnel->from_conf) {
		note("now add it to the tunnel: cat %s >> %.*s%s, then remove %s", new->section_path,
		     *new->tunnel->secrets_file == '/' ? 0 : new->folder, new->wishes->path,
		     new->tunnel->secrets_file, new->section_path);
	} else {
		note("now add this to the peers of %s:", new->port->name);
		new->peer.preshared_file = basename(copy);
		fputs("        ", stdout);
		print_peer(&new->peer, stdout);
		fputc('\n', stdout);
	}
	free(copy);
}

static int draw_code(const struct new_peer *new)
{
	struct secret_text text = {0};
	bool drawn;

	text_open(&text);
	print_conf(new, text.stream);
	fclose(text.stream);
	drawn = qr_draw(text.text, stdout, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	text_free(&text);
	return drawn ? STATUS_DONE
		     : failed("%s is too long for a QR code: allow fewer networks", new->conf_path);
}

/* Files lie beside the configuration. */
static char *name_file(const struct new_peer *new, const char *ending)
{
	char *path;

	if (asprintf(&path, "%.*s%s%s", new->folder, new->wishes->path, new->wishes->name, ending) < 0)
		abort();
	return path;
}

static bool has_peer(const struct config *config, const struct config_tunnel *tunnel, const char *name)
{
	for (size_t i = 0; i < tunnel->peer_count; i++)
		if (strcmp(config->peers[tunnel->first_peer + i].name, name) == 0)
			return true;
	return false;
}

static int make_peer(struct new_peer *new)
{
	int status = find_addresses(new);

	if (status == STATUS_DONE)
		status = make_keys(new);
	if (status == STATUS_DONE)
		status = write_files(new);
	if (status == STATUS_DONE)
		say_what_to_add(new);
	if (status == STATUS_DONE && new->wishes->code)
		status = draw_code(new);
	return status;
}

int peer_make(const struct config *config, const struct peer_wishes *wishes)
{
	struct new_peer new = {.wishes = wishes, .config = config};
	const char *slash = strrchr(wishes->path, '/');
	int status;

	new.tunnel = tunnel_find(config, wishes->tunnel);
	if (!new.tunnel)
		return failed("%s: the appliance %s has no such tunnel", wishes->tunnel, config->name);
	if (has_peer(config, new.tunnel, wishes->name))
		return failed("%s: %s has a peer of that name already", wishes->name, wishes->tunnel);
	if (!wishes->endpoint && !own_outside_address(config))
		return failed("where do peers find %s? say --endpoint HOST:PORT", config->name);
	new.port = &config->ports[new.tunnel->port];
	strcpy(new.peer.name, wishes->name);
	new.folder = slash ? (int)(slash + 1 - wishes->path) : 0;
	new.conf_path = name_file(&new, ".conf");
	new.preshared_path = name_file(&new, ".psk");
	new.section_path = name_file(&new, ".peer");
	status = make_peer(&new);
	key_wipe(new.private_key, sizeof(new.private_key));
	key_wipe(new.preshared_key, sizeof(new.preshared_key));
	free(new.conf_path);
	free(new.preshared_path);
	free(new.section_path);
	return status;
}
