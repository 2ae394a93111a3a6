/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps a file over the counters' pages, and more of it where that is asked for; see share.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "console.h"
#include "notes.h"
#include "share.h"

static int shared_file = -1;
static size_t file_bytes;

static int map_over(int file)
{
	size_t bytes = __weir_stats_end - __weir_stats_start;

	if (ftruncate(file, bytes) < 0)
		return -errno;
	if (pwrite(file, __weir_stats_start, bytes, 0) != (ssize_t)bytes)
		return -EIO;
	if (mmap(__weir_stats_start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) ==
	    MAP_FAILED)
		return -errno;
	file_bytes = bytes;
	return 0;
}

int share_counters(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC), error;

	error = file < 0 ? -errno : map_over(file);
	if (error == 0) {
		shared_file = file;
		return 0;
	}
	if (file >= 0)
		close(file);
	console_line("stats=%s: %s", path, strerror(-error));
	return error;
}

void *share_more(size_t bytes)
{
	void *memory;

	if (shared_file < 0 || ftruncate(shared_file, file_bytes + bytes) < 0)
		return NULL;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared_file, file_bytes);
	if (memory == MAP_FAILED)
		return NULL;
	file_bytes += bytes;
	return memory;
}
