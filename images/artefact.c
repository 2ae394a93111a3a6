/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing what `weir image` makes; see artefact.h. A file that can't be finished is removed.
 */
#include "artefact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

enum { BLOCK_BYTES = 4096, SCRIPT_MODE = 0777, FILE_MODE = 0666, PRIVATE_MODE = 0600 };

static int cannot(const char *path)
{
	return failed("%s: cannot be written: %s", path, strerror(errno));
}

/* A file of before is removed, not written into: others may have it open, or may read it. */
static int create(const char *path, mode_t mode)
{
	struct stat about;

	if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	unlink(path);
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

static int add(struct artefacts *artefacts, const char *path, bool private)
{
	if (artefacts->count < ARTEFACTS_MAX)
		artefacts->paths[artefacts->count++] = strdup(path);
	if (private)
		note("%s holds private keys: only you can read it (mode 0600)", path);
	return STATUS_DONE;
}

FILE *artefact_text(const char *path, bool script)
{
	int descriptor = create(path, script ? SCRIPT_MODE : FILE_MODE);
	FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");

	if (!stream)
		cannot(path);
	return stream;
}

int artefact_end(struct artefacts *artefacts, const char *path, FILE *stream)
{
	bool wrong = ferror(stream);

	if (fclose(stream) != 0 || wrong) {
		cannot(path);
		unlink(path);
		return STATUS_FAILED;
	}
	return add(artefacts, path, false);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return size && bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t size, off_t at)
{
	while (size > 0) {
		ssize_t written = pwrite(descriptor, bytes, size, at);

		if (written <= 0)
			return false;
		bytes += written;
		size -= (size_t)written;
		at += written;
	}
	return true;
}

static bool write_blocks(int descriptor, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += BLOCK_BYTES) {
		size_t length = size - at < BLOCK_BYTES ? size - at : BLOCK_BYTES;

		if (!is_zero(bytes + at, length) && !write_all(descriptor, bytes + at, length, (off_t)at))
			return false;
	}
	return ftruncate(descriptor, (off_t)size) == 0;
}

int artefact_bytes(struct artefacts *artefacts, const char *path, const uint8_t *bytes, size_t size)
{
	int descriptor = create(path, artefacts->keys ? PRIVATE_MODE : FILE_MODE);
	bool written;

	if (descriptor < 0)
		return cannot(path);
	written = write_blocks(descriptor, bytes, size);
	if (close(descriptor) != 0 || !written) {
		cannot(path);
		unlink(path);
		return STATUS_FAILED;
	}
	return add(artefacts, path, artefacts->keys);
}

int artefact_copy(struct artefacts *artefacts, const char *path, const char *from)
{
	int descriptor = open(from, O_RDONLY | O_CLOEXEC), status;
	struct stat about;
	void *bytes;

	if (descriptor < 0 || fstat(descriptor, &about) < 0 || about.st_size == 0)
		return failed("%s: cannot be read: %s", from, strerror(errno));
	bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	close(descriptor);
	if (bytes == MAP_FAILED)
		return failed("%s: cannot be read: %s", from, strerror(errno));
	status = artefact_bytes(artefacts, path, bytes, (size_t)about.st_size);
	munmap(bytes, (size_t)about.st_size);
	return status;
}

void artefacts_free(struct artefacts *artefacts)
{
	for (size_t i = 0; i < artefacts->count; i++)
		free(artefacts->paths[i]);
	artefacts->count = 0;
}
