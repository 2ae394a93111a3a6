/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking through a capture before it is replayed: what is wrong with it is said by its name, and what the
 * generator would leave out is counted here, with why.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture.h"
#include "command.h"

enum { FCS_BYTES = 4, FRAME_OVERHEAD = 24 /* what the generator keeps beside a frame's bytes */ };

/* RFC 2819, etherStatsPkts. */
const char *const bench_class_names[BENCH_CLASSES] = {"to 64",	  "65-127",    "128-255", "256-511",
						      "512-1023", "1024-1518", "more"};

static size_t class_of(uint32_t size)
{
	static const uint32_t ends[] = {64, 127, 255, 511, 1023, 1518};
	size_t class = 0;

	while (class < sizeof(ends) / sizeof(ends[0]) && size > ends[class])
		class ++;
	return class;
}

static void count(struct bench_capture *capture, const struct capture_frame *frame)
{
	uint32_t size = frame->length + FCS_BYTES;

	if (capture->frames == 0) {
		capture->smallest = size;
		capture->first_ns = capture->last_ns = frame->time_ns;
	}
	if (size < capture->smallest)
		capture->smallest = size;
	if (size > capture->largest)
		capture->largest = size;
	if (frame->time_ns < capture->first_ns)
		capture->first_ns = frame->time_ns;
	if (frame->time_ns > capture->last_ns)
		capture->last_ns = frame->time_ns;
	capture->frames++;
	capture->bytes += size;
	capture->classes[class_of(size)]++;
}

/* Returns whether the capture could be read to its end (else said). */
static bool look_through(struct bench_capture *capture, struct capture_reader *reader)
{
	struct capture_frame frame;
	uint64_t cut = 0;
	int found;

	while ((found = capture_read(reader, &frame)) == 1) {
		if (reader->cut > cut)
			capture->cut++;
		else if (frame.length > BENCH_FRAME_MAX)
			capture->too_long++;
		else if (frame.length < BENCH_FRAME_MIN)
			capture->runts++;
		else
			count(capture, &frame);
		cut = reader->cut;
	}
	capture->too_long += reader->oversized;
	return found == 0;
}

static int check(const struct bench_capture *capture)
{
	uint64_t memory = capture->bytes + capture->frames * FRAME_OVERHEAD;
	struct sysinfo machine;

	if (capture->frames == 0 && capture->cut)
		return failed("%s: all of its frames are cut off; capture whole ones: tcpdump -s 0",
			      capture->path);
	if (capture->frames == 0 && capture->too_long)
		return failed("%s: all of its frames are longer than %d bytes", capture->path,
			      BENCH_FRAME_MAX);
	if (capture->frames == 0)
		return failed("%s: no frames in it", capture->path);
	if (sysinfo(&machine) == 0 && memory > (uint64_t)machine.totalram * machine.mem_unit / 2)
		return failed("%s: %llu MiB of frames, more than half of this machine's memory; take a part: "
			      "editcap -r %s part.pcap 1-1000000",
			      capture->path, (unsigned long long)(memory >> 20), capture->path);
	return STATUS_DONE;
}

/* Read here, and once more by the generator: so it must be a file. */
static int open_file(struct bench_capture *capture)
{
	struct stat about;

	capture->descriptor = open(capture->path, O_RDONLY | O_CLOEXEC);
	if (capture->descriptor < 0 || fstat(capture->descriptor, &about) < 0)
		return failed("%s: cannot read the capture: %s", capture->path, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return failed("%s: not a file; a capture is read twice", capture->path);
	return STATUS_DONE;
}

int bench_capture_open(struct bench_capture *capture, const char *path)
{
	struct capture_reader reader;
	bool whole;

	*capture = (struct bench_capture){.path = path};
	if (open_file(capture) != STATUS_DONE || capture_open(&reader, path) != STATUS_DONE)
		return STATUS_FAILED;
	whole = look_through(capture, &reader);
	capture_close(&reader);
	return whole ? check(capture) : STATUS_FAILED;
}
