/* SPDX-License-Identifier: Apache-2.0
 *
 * weir inspect: what an image is, what it is made of, and the configuration that it was built from. It is
 * read out of the file; nothing is started.
 */
#include "inspect.h"

#include <getopt.h>
#include <string.h>

#include "command.h"

enum show { SHOW_REPORT, SHOW_JSON, SHOW_SBOM, SHOW_CONFIG };

size_t inspect_functions(const struct config *config, const char *names[FUNCTIONS_MAX])
{
	size_t count = 0;

	if (config->has_firewall)
		names[count++] = "firewall";
	if (config->has_nat)
		names[count++] = "nat";
	names[count++] = "router";
	if (config->has_vpn)
		names[count++] = "vpn";
	return count;
}

/* What the notes say has to fit together. */
static int read_origin(struct inspection *inspection)
{
	const struct image *image = inspection->image;
	const char *wrong = origin_read(&inspection->origin, &image->notes);

	if (wrong)
		return failed("%s: %s", image->path, wrong);
	if (!origin_hash(image->bytes, image->size, inspection->hash) ||
	    !origin_hash(image->notes.config, image->notes.config_length, inspection->configuration))
		return failed("libcrypto has no SHA-256");
	if (*inspection->origin.configuration &&
	    strcmp(inspection->origin.configuration, inspection->configuration) != 0)
		return failed("%s: the configuration that it carries has another hash than the image says",
			      image->path);
	return STATUS_DONE;
}

static int show_json(const struct inspection *inspection)
{
	json_t *object = inspect_json(inspection);

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return STATUS_DONE;
}

static int show_sbom(const struct inspection *inspection)
{
	const struct image_text *sbom = &inspection->image->notes.sbom;

	if (!sbom->text)
		return failed("%s: it carries no SBOM", inspection->image->path);
	fwrite(sbom->text, 1, sbom->length, stdout);
	return STATUS_DONE;
}

static int show_config(const struct inspection *inspection)
{
	fwrite(inspection->image->notes.config, 1, inspection->image->notes.config_length, stdout);
	return STATUS_DONE;
}

static int show(const struct inspection *inspection, enum show what)
{
	switch (what) {
	case SHOW_JSON:
		return show_json(inspection);
	case SHOW_SBOM:
		return show_sbom(inspection);
	case SHOW_CONFIG:
		return show_config(inspection);
	default:
		inspect_print(inspection, stdout);
		return STATUS_DONE;
	}
}

/* SBOM and configuration of other versions can be had, too. */
static int inspect(const char *path, enum show what)
{
	bool whole = what == SHOW_REPORT || what == SHOW_JSON;
	struct image image;
	struct inspection inspection = {.image = &image};
	int status = whole ? image_open(&image, path) : image_open_notes(&image, path);

	if (status != STATUS_DONE)
		return status;
	status = read_origin(&inspection);
	if (status == STATUS_DONE) {
		inspection.anatomy = anatomy_of(&image);
		status = show(&inspection, what);
	}
	origin_free(&inspection.origin);
	image_close(&image);
	return status;
}

int command_inspect(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, SHOW_JSON},
						{"sbom", no_argument, NULL, SHOW_SBOM},
						{"config", no_argument, NULL, SHOW_CONFIG},
						{"help", no_argument, NULL, 'h'},
						{0}};
	enum show what = SHOW_REPORT;
	int found;

	while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("inspect");
		if (found == '?' || found == ':')
			return misused_option("inspect", argv, found);
		if (what != SHOW_REPORT)
			return misused("inspect: one of --json, --sbom and --config");
		what = (enum show)found;
	}
	if (argc - optind != 1)
		return misused("inspect wants one image: weir inspect gateway.elf");
	return inspect(argv[optind], what);
}
