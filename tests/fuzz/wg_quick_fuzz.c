/* SPDX-License-Identifier: Apache-2.0
 *
 * A tunnel's wg-quick file of any bytes: it is reported or compiled, what compiled prints as text that
 * compiles to the same text again, and neither that nor a message shows the private key.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "config/config.h"
#include "config/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* As in yaml_fuzz.c. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

static char yaml_path[40];
static int conf_file;

static void make_files(void)
{
	char text[400];
	int yaml_file = memfd_create("yaml", MFD_CLOEXEC);

	conf_file = memfd_create("conf", MFD_CLOEXEC);
	snprintf(yaml_path, sizeof(yaml_path), "/proc/self/fd/%d", yaml_file);
	snprintf(text, sizeof(text),
		 "name: gw\nports: { wan: { addresses: [192.0.2.2/30, \"2001:db8::2/64\"], gateway: "
		 "[192.0.2.1, \"2001:db8::1\"] } }\nchain: [router, vpn]\nvpn: { wg0: { wireguard: { conf: "
		 "/proc/self/fd/%d } } }\n",
		 conf_file);
	assert(write(yaml_file, text, strlen(text)) == (ssize_t)strlen(text));
}

static bool is_public_too(const struct config *config, const uint8_t *key)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (memcmp(config->peers[i].public_key, key, CONFIG_KEY_BYTES) == 0)
			return true;
	return false;
}

static char *print(const struct config *config, const struct diagnostics *d, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	assert(out);
	config_print(config, out);
	if (d)
		diagnostics_print(d, out, false);
	fclose(out);
	return text;
}

static void check_canonical_text(const struct config *config, struct diagnostics *d)
{
	size_t length, again_length;
	char *text = print(config, NULL, &length), *again;
	struct config *copy = config_parse(text, length, "canonical", d);

	assert(copy && !copy->has_secrets);
	again = print(copy, NULL, &again_length);
	assert(length == again_length && memcmp(text, again, length) == 0);
	config_free(copy);
	free(text);
	free(again);
}

static void check_secrecy(const struct config *config, const struct diagnostics *d)
{
	const uint8_t *key = config->secrets.private_keys[0];
	char text[KEY_TEXT_LENGTH + 1], *said;
	size_t length;

	said = print(config, d, &length);
	key_format(key, text);
	assert(is_public_too(config, key) || !strstr(said, text));
	free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics *d = diagnostics_create();
	FILE *nowhere = fopen("/dev/null", "w");
	struct config *config;

	if (!*yaml_path)
		make_files();
	assert(ftruncate(conf_file, 0) == 0 && pwrite(conf_file, data, size, 0) == (ssize_t)size);
	config = config_load(yaml_path, d);
	assert(nowhere && !config == (diagnostics_errors(d) > 0));
	if (config) {
		check_secrecy(config, d);
		check_canonical_text(config, d);
		assert(config_emit_c(config, nowhere) == 0 && config_emit_secrets(config, nowhere) == 0);
		config_draw(config, nowhere, true);
	}
	diagnostics_print(d, nowhere, true);
	fclose(nowhere);
	config_free(config);
	diagnostics_destroy(d);
	return 0;
}
