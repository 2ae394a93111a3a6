/* SPDX-License-Identifier: Apache-2.0
 *
 * See entropy.h.
 */
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include "crypto/host.h"
#include "nf/host.h"
#include "pktio/virtio/rng.h"
#include "clock.h"
#include "console.h"
#include "entropy.h"
#include "generation.h"
#include "health.h"
#include "rdseed.h"

enum {
	WHOLE_BYTES = 256 / HEALTH_BYTE_BITS, /* 256 bits of min-entropy, by what health.h claims */
	PART_BYTES = 32,
	STAMP_BYTES = 24, /* time and generation: no entropy, but no two machines' are the same for long */
	START_MS = 500,	  /* patience with virtio-rng, whose host may be busy: at start */
	LATER_MS = 20,	  /* ... and while packets wait */
	RETRY_MS = 1000,  /* after it was late */
};
_Static_assert(2 * WHOLE_BYTES + STAMP_BYTES <= (int)CRYPTO_HOST_BYTES, "room for both sources");

struct source {
	const char *name;
	bool works;
	struct health health;
};

static struct {
	const struct handover *handover;
	enum entropy_mode mode;
	bool started, refused;
	struct source processor, device;
	uint64_t device_retry_tsc; /* 0: it was not late the last time */
	uint64_t whole_generation; /* when all sources were last gathered from; 0: not yet, or not all */
	uint64_t told_generation;
} entropy;

void entropy_init(const struct handover *handover, enum entropy_mode mode)
{
	memset(&entropy, 0, sizeof(entropy));
	entropy.handover = handover;
	entropy.mode = mode;
	entropy.told_generation = 1;
	generation_init(handover);
}

static uint64_t tsc_in(uint32_t milliseconds)
{
	return rte_rdtsc() + clock_tsc_hz() / 1000 * milliseconds;
}

static bool give_up(struct source *source, const char *why)
{
	source->works = false;
	console_line("random numbers: %s is not used: %s", source->name, why);
	return false;
}

/* The words in `bytes`, a multiple of 8. */
static bool is_healthy(struct source *source, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		if (!health_word(&source->health, word))
			return give_up(source, source->health.fault);
	}
	return true;
}

static bool gather_processor(uint8_t *out, size_t bytes)
{
	if (!entropy.processor.works)
		return false;
	for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
		uint64_t word;

		if (!rdseed_word(&word, entropy.handover->rdseed))
			return give_up(&entropy.processor, "it gives nothing");
		memcpy(out + i, &word, sizeof(word));
	}
	return is_healthy(&entropy.processor, out, bytes);
}

static bool gather_device(uint8_t *out, size_t bytes, uint32_t patience_ms)
{
	if (!entropy.device.works || rte_rdtsc() < entropy.device_retry_tsc)
		return false;
	if (rng_read(out, bytes, tsc_in(patience_ms))) {
		entropy.device_retry_tsc = 0;
		return is_healthy(&entropy.device, out, bytes);
	}
	if (entropy.device_retry_tsc == 0)
		console_line("random numbers: virtio-rng does not answer");
	entropy.device_retry_tsc = tsc_in(RETRY_MS);
	return false;
}

/* What the start-up tests look at is thrown away (SP 800-90B, section 4.3, requirement 10). */
static void start_processor(uint8_t room[HEALTH_START_BYTES])
{
	entropy.processor.name = entropy.handover->rdseed ? "RDSEED" : "RDRAND";
	entropy.processor.works = entropy.handover->rdrand;
	gather_processor(room, HEALTH_START_BYTES);
}

static void start_device(uint8_t room[HEALTH_START_BYTES])
{
	const struct handover *handover = entropy.handover;
	const char *why;
	uint32_t i = 0;

	entropy.device.name = "virtio-rng";
	while (i < handover->devices && handover->device[i].virtio_id != VIRTIO_ID_ENTROPY)
		i++;
	if (i == handover->devices)
		return;
	why = rng_open(&handover->device[i]);
	if (why != NULL) {
		give_up(&entropy.device, why);
		return;
	}
	entropy.device.works = true;
	gather_device(room, HEALTH_START_BYTES, START_MS);
}

static void start(void)
{
	uint8_t room[HEALTH_START_BYTES];

	entropy.started = true;
	start_processor(room);
	start_device(room);
	explicit_bzero(room, sizeof(room));
	if (entropy.processor.works || entropy.device.works)
		console_line("random numbers: from %s%s%s",
			     entropy.processor.works ? entropy.processor.name : "",
			     entropy.processor.works && entropy.device.works ? " and " : "",
			     entropy.device.works ? entropy.device.name : "");
}

/* From all sources that work. Returns the number of bytes, 0 when no source gave any. */
static size_t gather_whole(uint8_t *out)
{
	uint64_t generation = generation_now();
	bool processor = gather_processor(out, WHOLE_BYTES);
	size_t bytes = processor ? WHOLE_BYTES : 0;
	bool device = gather_device(out + bytes, WHOLE_BYTES, LATER_MS);

	bytes += device ? WHOLE_BYTES : 0;
	if (bytes > 0 && (device || !entropy.device.works))
		entropy.whole_generation = generation;
	return bytes;
}

static size_t gather(uint8_t *out)
{
	bool whole = entropy.whole_generation != generation_now();

	if (!whole && gather_processor(out, PART_BYTES))
		return PART_BYTES;
	return gather_whole(out);
}

static size_t stamp(uint8_t *out)
{
	uint64_t values[STAMP_BYTES / sizeof(uint64_t)] = {rte_rdtsc()};

	if (entropy.handover->generation != NULL)
		for (size_t i = 0; i < 2 * sizeof(uint64_t); i++)
			((uint8_t *)&values[1])[i] = entropy.handover->generation[i];
	memcpy(out, values, sizeof(values));
	return sizeof(values);
}

static size_t refuse(const char *why)
{
	if (!entropy.refused)
		console_line("no random numbers for keys: %s", why);
	entropy.refused = true;
	return 0;
}

static size_t from_machine(uint8_t *out)
{
	size_t bytes;

	if (!entropy.started)
		start();
	bytes = gather(out);
	if (bytes == 0)
		return refuse(
		    entropy.handover->rdrand
			? "no source works"
			: "the processor has no RDRAND, and no virtio-rng works (-device virtio-rng-device)");
	return bytes + stamp(out + bytes);
}

static size_t from_linux(uint8_t *out)
{
	if (getrandom(out, PART_BYTES, 0) != PART_BYTES)
		return refuse("getrandom fails");
	return PART_BYTES;
}

static size_t from_seed(uint8_t *out)
{
	for (size_t i = 0; i < PART_BYTES; i += sizeof(uint64_t)) {
		uint64_t word = host_random();

		memcpy(out + i, &word, sizeof(word));
	}
	return PART_BYTES;
}

size_t crypto_host_entropy(uint8_t out[CRYPTO_HOST_BYTES])
{
	if (entropy.mode == ENTROPY_REPLAY)
		return from_seed(out);
	if (entropy.mode == ENTROPY_REFUSED)
		return refuse("with a seed (seed=) they could be guessed");
	return entropy.handover == NULL ? from_linux(out) : from_machine(out);
}

/* The time, and whatever little ring 0 found. */
static void weak_seed(uint8_t seed[RANDOM_SEED_BYTES])
{
	const void *from_ring0 = (const void *)getauxval(AT_RANDOM);
	uint64_t time[2] = {rte_rdtsc(), entropy.handover->clock.wall_offset_ns};

	console_line("random numbers: neither RDRAND nor virtio-rng; seeds of hash tables can be guessed");
	memcpy(seed, time, sizeof(time));
	if (from_ring0 != NULL)
		memcpy(seed + sizeof(time), from_ring0, RANDOM_SEED_BYTES - sizeof(time));
}

bool entropy_seed(uint8_t seed[RANDOM_SEED_BYTES])
{
	uint8_t gathered[2 * WHOLE_BYTES];

	if (entropy.handover == NULL)
		return false;
	if (!entropy.started)
		start();
	if (gather_whole(gathered) > 0)
		memcpy(seed, gathered, RANDOM_SEED_BYTES);
	else
		weak_seed(seed);
	explicit_bzero(gathered, sizeof(gathered));
	return true;
}

void entropy_watch(uint64_t now_ns)
{
	uint64_t generation;

	if (entropy.handover == NULL || entropy.mode != ENTROPY_FRESH)
		return;
	generation = generation_watch(now_ns);
	if (generation == entropy.told_generation)
		return;
	entropy.told_generation = generation;
	console_line("this machine was restored or copied (%s): new random numbers", generation_reason());
	random_init(NULL);
}
