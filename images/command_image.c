/* SPDX-License-Identifier: Apache-2.0
 *
 * weir image: what other tools take, from an image that `weir build` made. Formats are in formats.c.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"
#include "formats.h"
#include "qemu_command.h"
#include "taps.h"
#include "temporary.h"

enum { OPTION_FORMAT = 256, OPTION_NET, OPTION_WORDS };

struct request {
	const char *path, *format, *output, *words;
	const char *networks[INSTANCE_CARDS_MAX];
	size_t network_count;
	struct image image;
	struct artefacts artefacts;
};

static int list_formats(void)
{
	puts("weir image IMAGE --format FORMAT [-o OUT]\n");
	for (const struct format *format = formats; format->name; format++) {
		const struct format_need *missing = format_missing(format);

		printf("  %-17s %-52s %s%s\n", format->name, format->summary,
		       missing ? "needs: apt-get install " : "ready", missing ? missing->package : "");
	}
	puts("  all               each of them, into a folder");
	return STATUS_DONE;
}

static int take_option(struct request *request, char **argv, int found)
{
	switch (found) {
	case OPTION_FORMAT:
		request->format = optarg;
		return STATUS_DONE;
	case 'o':
		request->output = optarg;
		return STATUS_DONE;
	case OPTION_WORDS:
		request->words = optarg;
		return STATUS_DONE;
	case OPTION_NET:
		if (request->network_count == INSTANCE_CARDS_MAX)
			return misused("more than %d networks", INSTANCE_CARDS_MAX);
		request->networks[request->network_count++] = optarg;
		return STATUS_DONE;
	default:
		return misused_option("image", argv, found);
	}
}

/* Words end up in shell scripts, JSON, XML and GRUB's and xl's configurations, each with quotation rules of
 * its own; so they have no character that means anything there. */
static int check_words(const char *words)
{
	if (words[strspn(words, FORMAT_PLAIN " ,")])
		return misused("--words: letters, digits, blanks and -_=+,./:@%% can be in them");
	if (strlen(words) > 1024)
		return misused("--words: at most 1024 characters");
	return STATUS_DONE;
}

/* What the environment says to tools must not show in what they make; mtools would read the user's own
 * settings. */
static void fix_environment(void)
{
	setenv("SOURCE_DATE_EPOCH", "315532800", 0); /* 1980: FAT knows no earlier time */
	setenv("TZ", "UTC0", 1);
	setenv("LC_ALL", "C", 1);
	setenv("MTOOLSRC", "/dev/null", 1);
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
}

static char *folder_of(const char *path)
{
	char *copy = strdup(path), *folder = realpath(dirname(copy), NULL);

	free(copy);
	return folder;
}

/* How who is in the folder of `output` calls the image: by its name where both are in one folder, else by its
 * full path. NULL: neither will do. The caller frees it. */
static char *name_kernel(const char *image, const char *output)
{
	char *full = realpath(image, NULL), *from = folder_of(image), *to = folder_of(output), *name = NULL;

	if (full && from && to)
		name = strdup(strcmp(from, to) == 0 ? strrchr(full, '/') + 1 : full);
	if (name && name[strspn(name, FORMAT_PLAIN)]) {
		misused("%s: a name with characters other than letters, digits and -_=+./:@%%; give the "
			"image another",
			name);
		free(name);
		name = NULL;
	} else if (!name) {
		failed("%s: %s", output, strerror(errno));
	}
	free(full);
	free(from);
	free(to);
	return name;
}

static int place_networks(struct format_job *job, const struct request *request)
{
	int status = STATUS_DONE;

	for (size_t i = 0; status == STATUS_DONE && i < request->network_count; i++)
		status = port_values_add(&job->networks, job->image, "--net", request->networks[i]);
	for (size_t i = 0; status == STATUS_DONE && i < INSTANCE_CARDS_MAX; i++) {
		const char *network = job->networks.values[i];

		if (network &&
		    (tap_check_name(network) != STATUS_DONE || network[strspn(network, FORMAT_PLAIN)]))
			status = misused("--net: %s is not a name that a tap or bridge can have", network);
	}
	return status;
}

/* Writing over the image would take it from who reads it. */
static bool is_image(const char *image, const char *output)
{
	struct stat one, other;

	return stat(image, &one) == 0 && stat(output, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static int make(struct request *request, const struct format *format, const char *output)
{
	static struct format_job job;
	const struct format_need *missing = format_missing(format);
	char *kernel;
	int status;

	if (missing)
		return failed("%s: %s is not here; on Debian: apt-get install %s", format->name,
			      missing->what, missing->package);
	if (is_image(request->path, output))
		return misused("-o %s: that is the image itself", output);
	kernel = name_kernel(request->path, output);
	if (!kernel)
		return STATUS_FAILED;
	job = (struct format_job){.image = &request->image,
				  .words = request->words,
				  .output = output,
				  .kernel = kernel,
				  .launch = {.image = &request->image, .words = request->words},
				  .artefacts = &request->artefacts};
	status = format_prepare(&job);
	if (status == STATUS_DONE)
		status = place_networks(&job, request);
	if (status == STATUS_DONE)
		job.folder = temporary_create();
	if (status == STATUS_DONE)
		status = job.folder ? format->make(&job) : STATUS_FAILED;
	if (status == STATUS_DONE && format->needs) /* else the file says it itself */
		note(
		    "%s: its machine wants %llu MiB of memory, and under UEFI what the firmware takes beside",
		    output, (unsigned long long)qemu_memory_mib(job.image));
	if (job.folder)
		temporary_remove(job.folder);
	free(kernel);
	return status;
}

/* gateway.elf becomes gateway.iso, in `folder` or (NULL) beside it. */
static void name_output(char *output, size_t size, const struct request *request, const char *folder,
			const struct format *format)
{
	const char *slash = strrchr(request->path, '/'), *name = slash && folder ? slash + 1 : request->path;
	const char *dot = strrchr(name, '.');
	int length = dot && strcmp(dot, ".elf") == 0 ? (int)(dot - name) : (int)strlen(name);

	snprintf(output, size, "%s%s%.*s%s", folder ? folder : "", folder ? "/" : "", length, name,
		 format->suffix);
}

static int make_one(struct request *request)
{
	const struct format *format = format_find(request->format);
	char output[PATH_MAX];

	if (!format)
		return misused("--format %s: no such format; `weir image` lists them", request->format);
	name_output(output, sizeof(output), request, NULL, format);
	return make(request, format, request->output ? request->output : output);
}

/* A format whose tools are missing does not keep the others from being made. */
static int make_all(struct request *request)
{
	int worst = STATUS_DONE;

	if (!request->output)
		return misused("--format all wants a folder: -o FOLDER");
	if (mkdir(request->output, 0777) < 0 && errno != EEXIST)
		return failed("%s: cannot be made: %s", request->output, strerror(errno));
	for (const struct format *format = formats; format->name && worst != STATUS_USAGE; format++) {
		char output[PATH_MAX];
		int status;

		name_output(output, sizeof(output), request, request->output, format);
		status = make(request, format, output);
		worst = status > worst ? status : worst;
	}
	return worst;
}

/* What a file takes on its disk, where it has holes, is less than its size. */
static void report(const struct artefacts *artefacts)
{
	for (size_t i = 0; i < artefacts->count; i++) {
		struct stat about;

		if (stat(artefacts->paths[i], &about) == 0)
			printf("%-40s %10lld bytes\n", artefacts->paths[i], (long long)about.st_size);
	}
}

static int make_image(struct request *request)
{
	int status = image_open(&request->image, request->path);

	if (status != STATUS_DONE)
		return status;
	fix_environment();
	request->artefacts.keys = request->image.config->tunnel_count > 0;
	status = strcmp(request->format, "all") == 0 ? make_all(request) : make_one(request);
	report(&request->artefacts);
	artefacts_free(&request->artefacts);
	image_close(&request->image);
	return status;
}

int command_image(int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, OPTION_FORMAT},
						{"output", required_argument, NULL, 'o'},
						{"net", required_argument, NULL, OPTION_NET},
						{"words", required_argument, NULL, OPTION_WORDS},
						{"help", no_argument, NULL, 'h'},
						{0}};
	static struct request request = {.words = ""};
	int found, status = STATUS_DONE;

	while (status == STATUS_DONE && (found = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("image");
		status = take_option(&request, argv, found);
	}
	if (status == STATUS_DONE)
		status = check_words(request.words);
	if (status != STATUS_DONE)
		return status;
	if (!request.format && argc - optind <= 1)
		return list_formats();
	if (argc - optind != 1)
		return misused("image wants one image: weir image gateway.elf --format iso");
	request.path = argv[optind];
	if (is_config(request.path))
		return misused("image wants an image; build it first: weir build %s", request.path);
	return make_image(&request);
}
