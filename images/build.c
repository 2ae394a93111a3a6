/* SPDX-License-Identifier: Apache-2.0
 *
 * weir build: YAML to C by config/, C to an object by the compiler, object to an image by images/link.
 *
 * What images are made of, the kit, lies where the command itself was built: build/weir finds build/image
 * (archives, and in `flags` the compiler with its flags), and the headers one level up.
 */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "config/config.h"
#include "config/key.h"
#include "measure.h"
#include "temporary.h"
#include "tool.h"

struct kit {
	char *build; /* the folder of the command */
	char *root;  /* the source tree */
	char *flags; /* compiler and flags, separated by blanks */
};

static char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *text, ...)
{
	va_list values;
	char *result;

	va_start(values, text);
	if (vasprintf(&result, text, values) < 0)
		abort();
	va_end(values);
	return result;
}

static char *read_line_of(const char *path)
{
	FILE *stream = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;

	if (!stream)
		return NULL;
	if (getline(&line, &capacity, stream) < 0) {
		free(line);
		line = NULL;
	}
	fclose(stream);
	return line;
}

static int kit_find(struct kit *kit)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *flags;

	if (length < 0)
		return failed("cannot find out where this program lies: %s", strerror(errno));
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	flags = format("%s/image/flags", self);
	*kit =
	    (struct kit){.build = strdup(self), .root = format("%s/..", self), .flags = read_line_of(flags)};
	free(flags);
	if (kit->flags)
		return STATUS_DONE;
	return failed(
	    "the parts that images are made of are not in %s/image; make them with: make image-parts", self);
}

static void kit_free(struct kit *kit)
{
	free(kit->build);
	free(kit->root);
	free(kit->flags);
}

/* Debuggers are told of `kept`, where the source will lie beside the image. The compiler is called in the
 * source tree, since it leaves in the debugging information where it was called. */
static int compile(const struct kit *kit, const char *source, const char *object, const char *kept)
{
	struct arguments arguments = {0};
	int status;

	arguments_split(&arguments, kit->flags);
	arguments_add(&arguments, "-ffile-prefix-map=%s=%s", source, kept);
	arguments_add(&arguments, "-frandom-seed=%s", strrchr(source, '/') + 1);
	arguments_add(&arguments, "-I.");
	arguments_add(&arguments, "-c");
	arguments_add(&arguments, "%s", source);
	arguments_add(&arguments, "-o");
	arguments_add(&arguments, "%s", object);
	status = tool_run("compiling the appliance", kit->root, &arguments);
	arguments_free(&arguments);
	return status;
}

/* `secrets` may be NULL: an object with keys. */
static int link_image(const struct kit *kit, const char *object, const char *secrets, const char *output)
{
	struct arguments arguments = {0};
	int status;

	setenv("BUILD", kit->build, 1);
	arguments_add(&arguments, "%s/images/link", kit->root);
	arguments_add(&arguments, "%s", output);
	arguments_add(&arguments, "%s", object);
	if (secrets)
		arguments_add(&arguments, "%s", secrets);
	status = tool_run("linking the image", NULL, &arguments);
	arguments_free(&arguments);
	return status;
}

static bool has_keys(const struct config *config)
{
	return config->tunnel_count > 0;
}

static int emit(const struct config *config, const char *source)
{
	FILE *stream = fopen(source, "we");
	int wrong;

	if (!stream)
		return failed("%s: %s", source, strerror(errno));
	wrong = config_emit_c(config, stream);
	if (fclose(stream) != 0 || wrong)
		return failed("%s: cannot be written: %s", source, strerror(errno));
	return STATUS_DONE;
}

/* Into a file that nobody else can open, through a buffer that is wiped. */
static int emit_secrets(const struct config *config, const char *source)
{
	static char buffer[1 << 16];
	int descriptor = open(source, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	int wrong;

	if (!stream)
		return failed("%s: %s", source, strerror(errno));
	setvbuf(stream, buffer, _IOFBF, sizeof(buffer));
	wrong = config_emit_secrets(config, stream);
	if (fclose(stream) != 0)
		wrong = -1;
	key_wipe(buffer, sizeof(buffer));
	return wrong ? failed("%s: cannot be written: %s", source, strerror(errno)) : STATUS_DONE;
}

/* Keys become an object of their own. The text is gone before anything else is made. */
static int compile_secrets(const struct kit *kit, const struct config *config, const char *folder,
			   const char *object)
{
	char *source = format("%s/" TEMPORARY_SECRETS, folder);
	int status = emit_secrets(config, source);

	if (status == STATUS_DONE)
		status = compile(kit, source, object, TEMPORARY_SECRETS);
	unlink(source);
	free(source);
	return status;
}

/* What the appliance is made of, and the image in `output`, by the tools. */
static int run_tools(const struct kit *kit, const struct config *config, const char *folder,
		     const char *output, const char *kept)
{
	char *source = format("%s/" TEMPORARY_SOURCE, folder);
	char *object = format("%s/" TEMPORARY_OBJECT, folder);
	char *secrets = has_keys(config) ? format("%s/" TEMPORARY_SECRETS_OBJECT, folder) : NULL;
	int status = emit(config, source);

	if (status == STATUS_DONE)
		status = compile(kit, source, object, kept);
	if (status == STATUS_DONE && secrets)
		status = compile_secrets(kit, config, folder, secrets);
	if (status == STATUS_DONE)
		status = link_image(kit, object, secrets, output);
	free(source);
	free(object);
	free(secrets);
	return status;
}

/* One pass from the model to the image. Where it has keys, no file on the way is ever open to others. */
static int make_image(const struct kit *kit, const struct config *config, const char *output)
{
	const char *folder = temporary_create(), *slash = strrchr(output, '/');
	mode_t mask = umask(0);
	char *kept, *place;
	int status;

	umask(has_keys(config) ? mask | S_IRWXG | S_IRWXO : mask);
	if (!folder) {
		umask(mask);
		return STATUS_FAILED;
	}
	place = realpath(folder, NULL);
	kept = format("%s.c", output);
	status = run_tools(kit, config, place ? place : folder, output,
			   slash ? kept + (slash + 1 - output) : kept);
	umask(mask);
	if (status == STATUS_DONE)
		status = emit(config, kept);
	temporary_remove(folder);
	free(place);
	free(kept);
	return status;
}

enum { SLOW_START_SECONDS = 1 };

/* Holds the image to the memory that it says it needs. Returns -1 where it must be made again with more. */
static int check_memory(struct config *config, const char *output)
{
	struct measure measured;
	int status = measure_image(output, config->device_count, &measured);

	if (status != STATUS_DONE)
		return status;
	if (measured.seconds > SLOW_START_SECONDS)
		note("the rules take about %.1f s to compile, each time the image starts", measured.seconds);
	if (measured.bytes <= config->memory)
		return STATUS_DONE;
	if (config->memory_given)
		return failed(
		    "%s: memory: %lluM is too little, it needs %lluM: write that, or leave `memory` out",
		    config->name, (unsigned long long)(config->memory >> 20),
		    (unsigned long long)(measured.bytes >> 20));
	config->memory = measured.bytes;
	config->memory_given = true; /* so that the image's own configuration says it */
	return -1;
}

/* The configuration in the image says how much memory it gets: what was estimated too low is made again. */
static int build_from(const struct kit *kit, struct config *config, const char *output)
{
	int status = make_image(kit, config, output);

	if (status == STATUS_DONE)
		status = check_memory(config, output);
	return status < 0 ? make_image(kit, config, output) : status;
}

struct config *load_config(const char *path)
{
	struct diagnostics *diagnostics = diagnostics_create();
	struct config *config = config_load(path, diagnostics);

	diagnostics_print(diagnostics, stderr, *colour(stderr, COLOUR_RED));
	diagnostics_destroy(diagnostics);
	return config;
}

bool is_config(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* gateway.yaml becomes gateway.elf; what has another name is called after the appliance. */
static char *name_output(const char *path, const struct config *config)
{
	if (is_config(path))
		return format("%.*s.elf", (int)(strrchr(path, '.') - path), path);
	return format("%s.elf", config->name);
}

/* Before a long work whose result then has no place. */
static int check_output(const char *output)
{
	char *copy = strdup(output), *folder = dirname(copy);
	int status = STATUS_DONE;
	struct stat about;

	if (access(folder, W_OK | X_OK) < 0)
		status = failed("%s: cannot write the image: %s", output, strerror(errno));
	else if (stat(output, &about) == 0 && !S_ISREG(about.st_mode))
		status = failed("%s: cannot write the image: something else is there", output);
	free(copy);
	return status;
}

/* An image with keys is its owner's alone, and was so from its first byte on: here it only stops being
 * executable. `weir replay` and `weir run` need no executable file. */
static int protect(const char *image)
{
	char *debug = format("%s.debug", image);
	int status = STATUS_DONE;

	if (chmod(image, S_IRUSR | S_IWUSR) < 0 || chmod(debug, S_IRUSR | S_IWUSR) < 0)
		status = failed("%s: cannot keep others from reading it: %s", image, strerror(errno));
	else
		note("%s and .debug hold private keys: only you can read them (mode 0600)", image);
	free(debug);
	return status;
}

int build_image(const char *path, const char *output, char **made)
{
	struct config *config = load_config(path);
	struct kit kit = {0};
	int status;

	if (!config)
		return STATUS_FAILED;
	*made = output ? strdup(output) : name_output(path, config);
	status = check_output(*made);
	if (status == STATUS_DONE)
		status = kit_find(&kit);
	if (status == STATUS_DONE)
		status = build_from(&kit, config, *made);
	if (status == STATUS_DONE && has_keys(config))
		status = protect(*made);
	kit_free(&kit);
	config_free(config);
	return status;
}

static const char *image_folder;
static char *temporary_image;

static void remove_temporary_image(void)
{
	temporary_remove(image_folder);
	free(temporary_image);
}

int build_if_config(const char *path, const char **image_path)
{
	char *made = NULL;
	int status;

	*image_path = path;
	if (!is_config(path))
		return STATUS_DONE;
	image_folder = temporary_create();
	if (!image_folder)
		return STATUS_FAILED;
	temporary_image = format("%s/" TEMPORARY_IMAGE, image_folder);
	atexit(remove_temporary_image);
	status = build_image(path, temporary_image, &made);
	free(made);
	*image_path = temporary_image;
	return status;
}

static void report_size(const char *path)
{
	struct stat about;

	if (stat(path, &about) == 0)
		printf("%s: %.2f MB\n", path, (double)about.st_size / 1e6);
}

int command_build(int argc, char **argv)
{
	static const struct option options[] = {
	    {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *output = NULL;
	char *made = NULL;
	int found, status;

	while ((found = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("build");
		if (found != 'o')
			return misused_option("build", argv, found);
		output = optarg;
	}
	if (argc - optind != 1)
		return misused("build wants one configuration: weir build gateway.yaml");
	status = build_image(argv[optind], output, &made);
	if (status == STATUS_DONE)
		report_size(made);
	free(made);
	return status;
}
