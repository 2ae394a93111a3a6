/* SPDX-License-Identifier: Apache-2.0
 *
 * weir sign and weir verify: signatures of images, or of any other file, in minisign's format; and the pairs
 * of keys of `weir key --sign`.
 */
#include "sign.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "config/key.h"
#include "minisign.h"
#include "password.h"

struct wishes {
	const char *path, *key, *comment, *signature;
};

/* The file that is signed */

struct mapped {
	const uint8_t *bytes;
	size_t size;
};

static int map(const char *path, struct mapped *file)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	void *bytes;

	*file = (struct mapped){(const uint8_t *)"", 0};
	if (descriptor < 0)
		return failed("%s: cannot be read: %s", path, strerror(errno));
	if (fstat(descriptor, &about) < 0 || !S_ISREG(about.st_mode)) {
		close(descriptor);
		return failed("%s: not a file", path);
	}
	bytes =
	    about.st_size ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : NULL;
	close(descriptor);
	if (bytes == MAP_FAILED)
		return failed("%s: cannot be mapped: %s", path, strerror(errno));
	if (bytes)
		*file = (struct mapped){bytes, (size_t)about.st_size};
	return STATUS_DONE;
}

static void unmap(struct mapped *file)
{
	if (file->size)
		munmap((void *)file->bytes, file->size);
}

/* Small files of text */

static int read_text(const char *path, struct key_file *file)
{
	int error = key_file_read(file, path);

	if (error)
		return failed("%s: cannot be read: %s", path, strerror(error));
	if (file->length <= MINISIGN_FILE_MAX)
		return STATUS_DONE;
	key_file_free(file);
	return failed("%s: too long for a key or a signature", path);
}

/* FILE.minisig, or what was asked for; to be freed. */
static char *signature_path(const struct wishes *wishes)
{
	char *path;

	if (wishes->signature)
		return strdup(wishes->signature);
	if (asprintf(&path, "%s.minisig", wishes->path) < 0)
		abort();
	return path;
}

/* Signing */

static int open_secret(const char *path, struct minisign_sealed *sealed, struct minisign_secret *secret)
{
	char password[PASSWORD_MAX + 1];
	bool needs_password = minisign_is_sealed(sealed);
	const char *wrong;

	if (needs_password && read_password("Password of the secret key", password) != STATUS_DONE)
		return STATUS_FAILED;
	wrong = minisign_open_secret(sealed, needs_password ? password : NULL, secret);
	key_wipe(password, sizeof(password));
	return wrong ? failed("%s: %s", path, wrong) : STATUS_DONE;
}

static int read_secret(const char *path, struct minisign_secret *secret)
{
	struct minisign_sealed sealed;
	struct key_file file;
	const char *wrong;
	int status = read_text(path, &file);

	if (status != STATUS_DONE)
		return status;
	wrong = minisign_parse_secret(file.text, file.length, &sealed);
	if (!wrong && file.open_to_others)
		note("%s: everybody can read this secret key: chmod 600 %s", path, path);
	key_file_free(&file);
	status = wrong ? failed("%s: %s", path, wrong) : open_secret(path, &sealed, secret);
	key_wipe(&sealed, sizeof(sealed));
	return status;
}

/* As minisign's: time, name, kind. SOURCE_DATE_EPOCH stands for the time. */
static int set_comment(const struct wishes *wishes, struct minisign_signature *signature)
{
	const char *slash = strrchr(wishes->path, '/'), *epoch = getenv("SOURCE_DATE_EPOCH");
	long long now = epoch ? atoll(epoch) : (long long)time(NULL);
	int length;

	if (wishes->comment)
		length = snprintf(signature->comment, sizeof(signature->comment), "%s", wishes->comment);
	else
		length = snprintf(signature->comment, sizeof(signature->comment),
				  "timestamp:%lld\tfile:%s\thashed", now, slash ? slash + 1 : wishes->path);
	if (length >= 0 && minisign_is_comment(signature->comment, (size_t)length))
		return STATUS_DONE;
	return failed("the trusted comment has to be one line, of %d bytes at most", MINISIGN_COMMENT_MAX);
}

static int write_signature(const char *path, const struct minisign_signature *signature)
{
	FILE *out = fopen(path, "we");
	bool wrong;

	if (!out)
		return failed("%s: cannot be written: %s", path, strerror(errno));
	minisign_print_signature(signature, out);
	wrong = ferror(out) != 0;
	if (fclose(out) == 0 && !wrong)
		return STATUS_DONE;
	return failed("%s: cannot be written: %s", path, strerror(errno));
}

static int sign_file(const struct wishes *wishes, const struct minisign_secret *secret)
{
	static struct minisign_signature signature;
	char *path = signature_path(wishes), id[MINISIGN_ID_TEXT + 1];
	struct mapped file;
	int status = set_comment(wishes, &signature);

	if (status == STATUS_DONE)
		status = map(wishes->path, &file);
	if (status == STATUS_DONE) {
		if (!minisign_sign(secret, file.bytes, file.size, &signature))
			status = failed("libcrypto cannot sign with Ed25519");
		unmap(&file);
	}
	if (status == STATUS_DONE)
		status = write_signature(path, &signature);
	if (status == STATUS_DONE)
		printf("%s: signed by key %s\n", path, minisign_id_text(secret->id, id));
	free(path);
	return status;
}

static int sign(const struct wishes *wishes)
{
	struct minisign_secret secret;
	int status = read_secret(wishes->key, &secret);

	if (status == STATUS_DONE)
		status = sign_file(wishes, &secret);
	key_wipe(&secret, sizeof(secret));
	return status;
}

/* Verifying */

/* `key` is a file, or the key itself. */
static int read_public(const char *key, struct minisign_public *public)
{
	struct key_file file;
	const char *wrong;
	int status;

	if (!minisign_parse_public(key, strlen(key), public))
		return STATUS_DONE;
	status = read_text(key, &file);
	if (status != STATUS_DONE)
		return status;
	wrong = minisign_parse_public(file.text, file.length, public);
	key_file_free(&file);
	return wrong ? failed("%s: %s", key, wrong) : STATUS_DONE;
}

static int read_signature(const char *path, struct minisign_signature *signature)
{
	struct key_file file;
	const char *wrong;
	int status = read_text(path, &file);

	if (status != STATUS_DONE)
		return status;
	wrong = minisign_parse_signature(file.text, file.length, signature);
	key_file_free(&file);
	return wrong ? failed("%s: %s", path, wrong) : STATUS_DONE;
}

static int check_signature(const char *path, const struct minisign_public *key,
			   const struct minisign_signature *signature)
{
	char id[MINISIGN_ID_TEXT + 1], other[MINISIGN_ID_TEXT + 1];
	struct mapped file;
	const char *wrong;
	int status = map(path, &file);

	if (status != STATUS_DONE)
		return status;
	wrong = minisign_verify(key, signature, file.bytes, file.size);
	unmap(&file);
	minisign_id_text(key->id, id);
	minisign_id_text(signature->id, other);
	if (wrong && strcmp(id, other) != 0)
		return failed("%s: %s: it is key %s, yours is %s", path, wrong, other, id);
	if (wrong)
		return failed("%s: %s", path, wrong);
	printf("%s: signed by key %s\ntrusted comment: %s\n", path, id, signature->comment);
	return STATUS_DONE;
}

static int verify(const struct wishes *wishes)
{
	static struct minisign_signature signature;
	struct minisign_public key;
	char *path = signature_path(wishes);
	int status = read_public(wishes->key, &key);

	if (status == STATUS_DONE)
		status = read_signature(path, &signature);
	if (status == STATUS_DONE)
		status = check_signature(wishes->path, &key, &signature);
	free(path);
	return status;
}

/* A new pair */

/* release.key has its public half in release.pub. */
static char *public_path(const char *path)
{
	size_t length = strlen(path);
	char *other;

	if (length > 4 && strcmp(path + length - 4, ".key") == 0)
		length -= 4;
	if (asprintf(&other, "%.*s.pub", (int)length, path) < 0)
		abort();
	return other;
}

static int write_secret(const char *path, const struct minisign_secret *secret)
{
	char text[512]; /* a file of 270 bytes: nothing of it is flushed anywhere else */
	FILE *out = fmemopen(text, sizeof(text), "w");
	int status = STATUS_FAILED;
	long length;

	if (!out)
		return failed("%s: cannot be written: %s", path, strerror(errno));
	setvbuf(out, NULL, _IONBF, 0);
	minisign_print_secret(secret, out);
	length = ftell(out);
	fclose(out);
	status = write_private_file(path, text, (size_t)length);
	key_wipe(text, sizeof(text));
	return status;
}

static int write_public(const char *path, const struct minisign_secret *secret)
{
	struct minisign_public key;
	FILE *out = fopen(path, "wxe");

	if (!out)
		return failed("%s: cannot be written: %s", path, strerror(errno));
	memcpy(key.id, secret->id, sizeof(key.id));
	memcpy(key.key, secret->public_key, sizeof(key.key));
	minisign_print_public(&key, out);
	return fclose(out) == 0 ? STATUS_DONE : failed("%s: cannot be written: %s", path, strerror(errno));
}

int make_signing_pair(const char *path)
{
	char *other = public_path(path), id[MINISIGN_ID_TEXT + 1];
	struct minisign_secret secret;
	int status = STATUS_DONE;

	if (access(other, F_OK) == 0)
		status = failed("%s: is there already, and stays as it is", other);
	else if (!minisign_make(&secret))
		status = failed("no good random numbers, so no key");
	if (status == STATUS_DONE)
		status = write_secret(path, &secret);
	if (status == STATUS_DONE)
		status = write_public(other, &secret);
	if (status == STATUS_DONE) {
		note("%s holds a secret key: only you can read it (mode 0600)", path);
		printf("%s: public key %s\n", other, minisign_id_text(secret.id, id));
	}
	key_wipe(&secret, sizeof(secret));
	free(other);
	return status;
}

/* The commands */

static bool take_option(struct wishes *wishes, int found)
{
	const char **place = found == 'k'   ? &wishes->key
			     : found == 'c' ? &wishes->comment
			     : found == 'o' ? &wishes->signature
					    : NULL;

	if (place)
		*place = optarg;
	return place != NULL;
}

int command_sign(int argc, char **argv)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
						{"comment", required_argument, NULL, 'c'},
						{"output", required_argument, NULL, 'o'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct wishes wishes = {0};
	int found;

	while ((found = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("sign");
		if (!take_option(&wishes, found))
			return misused_option("sign", argv, found);
	}
	if (argc - optind != 1 || !wishes.key)
		return misused("sign wants a file and a secret key: weir sign gateway.elf --key release.key");
	wishes.path = argv[optind];
	return sign(&wishes);
}

int command_verify(int argc, char **argv)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
						{"signature", required_argument, NULL, 'o'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct wishes wishes = {0};
	int found;

	while ((found = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (found == 'h')
			return show_help("verify");
		if (!take_option(&wishes, found))
			return misused_option("verify", argv, found);
	}
	if (argc - optind != 1 || !wishes.key)
		return misused(
		    "verify wants a file and a public key: weir verify gateway.elf --key release.pub");
	wishes.path = argv[optind];
	return verify(&wishes);
}
