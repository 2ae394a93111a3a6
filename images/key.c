/* SPDX-License-Identifier: Apache-2.0
 *
 * weir key: makes a tunnel's private key, for those who have no `wg genkey`; or a pair of keys for
 * signatures.
 */
#include "command.h"

#include <getopt.h>
#include <string.h>

#include "config/key.h"
#include "sign.h"

int write_private_file(const char *path, const char *text, size_t length)
{
	int error = key_file_write(path, text, length);

	return error ? failed("%s: cannot be written: %s", path, strerror(error)) : STATUS_DONE;
}

static int make_key(const char *path)
{
	uint8_t key[CONFIG_KEY_BYTES], public_key[CONFIG_KEY_BYTES];
	char text[KEY_TEXT_LENGTH + 2];
	int status = STATUS_FAILED;

	if (!key_make_private(key) || !key_public(key, public_key)) {
		failed("no good random numbers, so no key");
	} else {
		key_format(key, text);
		strcat(text, "\n");
		status = write_private_file(path, text, KEY_TEXT_LENGTH + 1);
	}
	key_wipe(key, sizeof(key));
	key_wipe(text, sizeof(text));
	if (status != STATUS_DONE)
		return status;
	key_format(public_key, text);
	note("%s holds a private key: only you can read it (mode 0600); its public key:", path);
	puts(text);
	return STATUS_DONE;
}

int command_key(int argc, char **argv)
{
	static const struct option options[] = {
	    {"sign", no_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool signing = false;
	int found;

	while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("key");
		if (found != 's')
			return misused_option("key", argv, found);
		signing = true;
	}
	if (argc - optind != 1)
		return misused("key wants one new file: weir key wg0.key");
	return signing ? make_signing_pair(argv[optind]) : make_key(argv[optind]);
}
