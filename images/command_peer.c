/* SPDX-License-Identifier: Apache-2.0
 *
 * weir peer: its command line.
 */
#include "command.h"

#include <getopt.h>
#include <string.h>

#include "build.h"
#include "config/address.h"
#include "peer.h"

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= CONFIG_NAME_MAX && *text != '-' && text[length - 1] != '-' &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int add_allowed(struct peer_wishes *wishes, const char *text)
{
	if (wishes->allowed_count == PEER_ALLOWED_MAX)
		return misused("--allowed: more than %d networks", PEER_ALLOWED_MAX);
	if (!prefix_parse(text, &wishes->allowed[wishes->allowed_count].prefix))
		return misused("--allowed %s: not a network without host bits, like 10.0.0.0/24", text);
	wishes->allowed_count++;
	return STATUS_DONE;
}

/* HOST:PORT, where the host may be a name: the peer, not the appliance, asks the DNS. No character that would
 * end the line that it is written into. */
static int set_endpoint(struct peer_wishes *wishes, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t digits = colon ? strlen(colon + 1) : 0;

	if (!colon || colon == text || digits == 0 || digits > 5 ||
	    colon[1 + strspn(colon + 1, "0123456789")] || text[strcspn(text, "\n\r\t #,=")])
		return misused("--endpoint: write HOST:PORT, like vpn.example.com:51820");
	wishes->endpoint = text;
	return STATUS_DONE;
}

static int set_dns(struct peer_wishes *wishes, const char *text)
{
	struct config_address address;

	if (!address_parse(text, &address))
		return misused("--dns %s: not an IP address", text);
	wishes->dns = text;
	return STATUS_DONE;
}

static int take_option(struct peer_wishes *wishes, int found, char **argv)
{
	switch (found) {
	case 'a':
		return add_allowed(wishes, optarg);
	case 'e':
		return set_endpoint(wishes, optarg);
	case 'd':
		return set_dns(wishes, optarg);
	case 'q':
		wishes->code = true;
		return STATUS_DONE;
	default:
		return misused_option("peer", argv, found);
	}
}

int command_peer(int argc, char **argv)
{
	static const struct option options[] = {
	    {"allowed", required_argument, NULL, 'a'}, {"endpoint", required_argument, NULL, 'e'},
	    {"dns", required_argument, NULL, 'd'},     {"qr", no_argument, NULL, 'q'},
	    {"help", no_argument, NULL, 'h'},	       {0}};
	struct peer_wishes wishes = {0};
	int found, status = STATUS_DONE;
	struct config *config;

	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("peer");
		status = take_option(&wishes, found, argv);
	}
	if (status != STATUS_DONE)
		return status;
	if (argc - optind != 3)
		return misused(
		    "peer wants a configuration, a tunnel and a name: weir peer gateway.yaml wg0 phone");
	wishes.path = argv[optind];
	wishes.tunnel = argv[optind + 1];
	wishes.name = argv[optind + 2];
	if (!is_name(wishes.name))
		return misused("%s: use 1 to %d lower-case letters, digits and hyphens between them",
			       wishes.name, CONFIG_NAME_MAX);
	config = load_config(wishes.path);
	status = config ? peer_make(config, &wishes) : STATUS_FAILED;
	config_free(config);
	return status;
}
