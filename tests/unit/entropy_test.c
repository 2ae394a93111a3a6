/* SPDX-License-Identifier: Apache-2.0
 *
 * Where entropy comes from (boot/ring3/entropy.c) in machines that have this or that source, good, broken,
 * late or none. The processor, virtio-rng and the clock are the test's; each row is such a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "boot/ring3/clock.h"
#include "boot/ring3/console.h"
#include "boot/ring3/entropy.c" /* not the host of crypto/'s tests */
#include "boot/ring3/generation.h"
#include "boot/ring3/health.h"
#include "boot/ring3/rdseed.h"
#include "crypto/host.h"
#include "nf/host.h"
#include "pktio/virtio/rng.h"

enum { WHOLE = 64, PART = 32, STAMP = 24, LOG_BYTES = 2048 };
#define SECOND_NS UINT64_C(1000000000)

enum behaviour { ABSENT, GOOD, STUCK, DEAD /* gives nothing */, BROKEN /* can't be opened */ };

static struct {
	enum behaviour processor, device;
	uint64_t processor_words, device_bytes, device_reads; /* that were asked for */
	uint64_t fails_after; /* processor: words until it is stuck; 0: never */
	uint64_t wall_offset;
	uint64_t host_numbers;
	uint64_t seeded; /* calls of random_init */
	char log[LOG_BYTES];
} machine;

static struct handover handover;
static uint64_t tsc_hz = 1000000000;
static uint64_t generation_id[2];

static uint64_t spread(uint64_t z)
{
	z *= UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void console_line(const char *format, ...)
{
	size_t used = strlen(machine.log);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(machine.log + used, LOG_BYTES - used, format, arguments);
	va_end(arguments);
	strncat(machine.log, "\n", LOG_BYTES - strlen(machine.log) - 1);
}

bool rdseed_word(uint64_t *word, bool have_rdseed)
{
	bool stuck = machine.fails_after && machine.processor_words >= machine.fails_after;

	(void)have_rdseed;
	assert_true(handover.rdrand);
	if (machine.processor == DEAD)
		return false;
	*word = machine.processor == STUCK || stuck ? UINT64_MAX : spread(1000000 + machine.processor_words);
	machine.processor_words++;
	return true;
}

const char *rng_open(const struct handover_device *found)
{
	assert_int_equal(found->virtio_id, VIRTIO_ID_ENTROPY);
	return machine.device == BROKEN ? "does not come out of reset" : NULL;
}

bool rng_read(void *out, size_t bytes, uint64_t deadline_tsc)
{
	(void)deadline_tsc;
	assert_true(machine.device != BROKEN && bytes <= RNG_BYTES_MAX);
	machine.device_reads++;
	if (machine.device == DEAD)
		return false;
	for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
		uint64_t word = machine.device == STUCK ? 0 : spread(2000000 + machine.device_bytes + i);

		memcpy((uint8_t *)out + i, &word, sizeof(word));
	}
	machine.device_bytes += bytes;
	return true;
}

uint64_t clock_tsc_hz(void)
{
	return tsc_hz;
}

uint64_t clock_wall_offset(void)
{
	return machine.wall_offset;
}

void clock_follow(uint64_t offset_ns)
{
	assert_int_equal(offset_ns, machine.wall_offset);
}

uint64_t host_random(void)
{
	return ++machine.host_numbers;
}

int random_init(const uint8_t seed[RANDOM_SEED_BYTES])
{
	assert_null(seed);
	machine.seeded++;
	return 0;
}

static void begin(enum behaviour processor, enum behaviour device, bool with_id)
{
	memset(&machine, 0, sizeof(machine));
	machine.processor = processor;
	machine.device = device;
	machine.wall_offset = 1700000000 * SECOND_NS;
	handover = (struct handover){
	    .devices = device == ABSENT ? 1 : 2,
	    .device = {{.virtio_id = 1}, {.virtio_id = VIRTIO_ID_ENTROPY}},
	    .clock = {.source = "kvmclock"},
	    .rdrand = processor != ABSENT,
	    .rdseed = processor != ABSENT,
	    .generation = with_id ? (const uint8_t *)generation_id : NULL,
	};
	generation_id[0] = 1;
	entropy_init(&handover, ENTROPY_FRESH);
}

static bool said(const char *text)
{
	return strstr(machine.log, text) != NULL;
}

/* Sources, and how many bytes the first and a later output get: none of them is a refusal. */
static const struct row {
	const char *name;
	enum behaviour processor, device;
	size_t first, later;
	const char *says;
} rows[] = {
    {"both", GOOD, GOOD, 2 * WHOLE + STAMP, PART + STAMP, "from RDSEED and virtio-rng"},
    {"the processor alone", GOOD, ABSENT, WHOLE + STAMP, PART + STAMP, "from RDSEED\n"},
    {"virtio-rng alone", ABSENT, GOOD, WHOLE + STAMP, WHOLE + STAMP, "from virtio-rng"},
    {"the processor stuck", STUCK, GOOD, WHOLE + STAMP, WHOLE + STAMP,
     "RDSEED is not used: repetition count"},
    {"the processor gives nothing", DEAD, GOOD, WHOLE + STAMP, WHOLE + STAMP,
     "RDSEED is not used: it gives nothing"},
    {"virtio-rng stuck", GOOD, STUCK, WHOLE + STAMP, PART + STAMP,
     "virtio-rng is not used: repetition count"},
    {"virtio-rng broken", GOOD, BROKEN, WHOLE + STAMP, PART + STAMP,
     "virtio-rng is not used: does not come out"},
    {"virtio-rng late", GOOD, DEAD, WHOLE + STAMP, WHOLE + STAMP, "virtio-rng does not answer"},
    {"neither", ABSENT, ABSENT, 0, 0, "no random numbers for keys: the processor has no RDRAND"},
    {"no RDRAND, virtio-rng stuck", ABSENT, STUCK, 0, 0,
     "no random numbers for keys: the processor has no RDRAND"},
    {"no RDRAND, virtio-rng broken", ABSENT, BROKEN, 0, 0, "no random numbers for keys"},
    {"no RDRAND, virtio-rng late", ABSENT, DEAD, 0, 0, "no random numbers for keys"},
    {"both stuck", STUCK, STUCK, 0, 0, "no random numbers for keys: no source works"},
    {"the processor stuck, no virtio-rng", STUCK, ABSENT, 0, 0,
     "no random numbers for keys: no source works"},
};

static void sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint8_t first[CRYPTO_HOST_BYTES] = {0}, later[CRYPTO_HOST_BYTES] = {0};

		print_message("  %s\n", row->name);
		begin(row->processor, row->device, false);
		assert_string_equal(machine.log, "");
		assert_int_equal(crypto_host_entropy(first), row->first);
		assert_true(said(row->says));
		assert_int_equal(crypto_host_entropy(later), row->later);
		if (row->first)
			assert_memory_not_equal(first, later, PART);
	}
}

/* Nothing happens before somebody wants a key. */
static void costs_nothing(void **state)
{
	(void)state;
	begin(GOOD, GOOD, true);
	for (uint64_t i = 0; i < 10; i++)
		entropy_watch(i * SECOND_NS);
	assert_int_equal(machine.processor_words, 0);
	assert_int_equal(machine.device_reads, 0);
	assert_string_equal(machine.log, "");
}

/* SP 800-90B, section 4.3: 1024 samples of each source are tested before one is used. */
static void tests_at_start(void **state)
{
	uint8_t out[CRYPTO_HOST_BYTES];

	(void)state;
	begin(GOOD, GOOD, false);
	assert_int_equal(crypto_host_entropy(out), 2 * WHOLE + STAMP);
	assert_int_equal(machine.processor_words, (HEALTH_START_BYTES + WHOLE) / sizeof(uint64_t));
	assert_int_equal(machine.device_bytes, HEALTH_START_BYTES + WHOLE);
}

/* A source that breaks later is found at its next words, and the other one goes on; then none is left. */
static void breaks_later(void **state)
{
	uint8_t out[CRYPTO_HOST_BYTES];

	(void)state;
	begin(GOOD, GOOD, false);
	machine.fails_after = (HEALTH_START_BYTES + WHOLE + PART) / sizeof(uint64_t);
	assert_int_equal(crypto_host_entropy(out), 2 * WHOLE + STAMP);
	assert_int_equal(crypto_host_entropy(out), PART + STAMP);
	assert_int_equal(crypto_host_entropy(out), WHOLE + STAMP);
	assert_true(said("RDSEED is not used: repetition count"));
	machine.device = STUCK;
	assert_int_equal(crypto_host_entropy(out), 0);
	assert_true(said("no random numbers for keys"));
	machine.device = GOOD; /* too late */
	assert_int_equal(crypto_host_entropy(out), 0);
}

/* A machine that is another gathers from all sources once. */
static void expect_whole_again(void)
{
	uint8_t out[CRYPTO_HOST_BYTES];

	assert_int_equal(crypto_host_entropy(out), 2 * WHOLE + STAMP);
	assert_int_equal(crypto_host_entropy(out), PART + STAMP);
}

/* The lines about a device that is late: one, until it was in time again. */
static unsigned int lateness_said(void)
{
	unsigned int count = 0;

	for (const char *at = machine.log; (at = strstr(at, "virtio-rng does not answer")) != NULL; at++)
		count++;
	return count;
}

/* Late, it is asked again a second later, and counts as soon as it answers. */
static void late(void **state)
{
	uint8_t out[CRYPTO_HOST_BYTES];

	(void)state;
	begin(GOOD, DEAD, false);
	tsc_hz = 1000000; /* so that a second is over soon */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(crypto_host_entropy(out), WHOLE + STAMP);
		for (uint64_t end = rte_rdtsc() + tsc_hz; rte_rdtsc() < end;)
			;
	}
	assert_true(machine.device_reads > 2);
	assert_int_equal(lateness_said(), 1);
	machine.device = GOOD;
	expect_whole_again();
	tsc_hz = 1000000000;
}

/* The ID counts at once; host_random begins anew with the next look at the clock. */
static void by_generation_id(void **state)
{
	(void)state;
	begin(GOOD, GOOD, true);
	expect_whole_again();
	entropy_watch(10 * SECOND_NS);
	generation_id[1]++;
	expect_whole_again();
	assert_int_equal(machine.seeded, 0);
	entropy_watch(11 * SECOND_NS);
	assert_int_equal(machine.seeded, 1);
	assert_true(said("restored or copied (its generation ID is another)"));
	entropy_watch(12 * SECOND_NS);
	assert_int_equal(machine.seeded, 1);
}

static const struct jump {
	const char *name, *clock, *sign; /* sign NULL: no sign of anything */
	uint64_t pass_ms;
	int64_t wall_ms;
} jumps[] = {
    {"a second passes", "kvmclock", NULL, 1000, 0},
    {"the clocks drift a little", "kvmclock", NULL, 1000, GENERATION_JUMP_MS},
    {"the time of day jumps", "kvmclock", "the time of day has jumped", 1000, GENERATION_JUMP_MS + 1},
    {"the time of day jumps back", "kvmclock", "the time of day has jumped", 1000, -GENERATION_JUMP_MS - 1},
    {"the CMOS clock counts seconds", "cpuid", NULL, 1000, GENERATION_JUMP_RTC_MS},
    {"the CMOS clock jumps", "cpuid", "the time of day has jumped", 1000, GENERATION_JUMP_RTC_MS + 1},
    {"the loop was busy", "pit", NULL, GENERATION_WATCH_MAX_MS, 0},
    {"the TSC went on", "pit", "it stood still for seconds", GENERATION_WATCH_MAX_MS + 1, 0},
};

static void by_clock(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		const struct jump *jump = &jumps[i];
		uint8_t out[CRYPTO_HOST_BYTES];
		char line[128];

		print_message("  %s\n", jump->name);
		begin(GOOD, GOOD, false);
		handover.clock.source = jump->clock;
		entropy_init(&handover, ENTROPY_FRESH);
		expect_whole_again();
		entropy_watch(10 * SECOND_NS);
		machine.wall_offset += (uint64_t)(jump->wall_ms * 1000000);
		entropy_watch(10 * SECOND_NS + jump->pass_ms * 1000000);
		assert_int_equal(crypto_host_entropy(out), jump->sign ? 2 * WHOLE + STAMP : PART + STAMP);
		assert_int_equal(machine.seeded, jump->sign != NULL);
		snprintf(line, sizeof(line), "restored or copied (%s)", jump->sign ? jump->sign : "");
		assert_int_equal(said(line), jump->sign != NULL);
	}
}

/* No clock to ask, then one: no jump. */
static void clock_comes_late(void **state)
{
	uint8_t out[CRYPTO_HOST_BYTES];

	(void)state;
	begin(GOOD, GOOD, false);
	machine.wall_offset = 0;
	expect_whole_again();
	entropy_watch(10 * SECOND_NS);
	machine.wall_offset = SECOND_NS;
	entropy_watch(11 * SECOND_NS);
	assert_int_equal(crypto_host_entropy(out), PART + STAMP);
	assert_int_equal(machine.seeded, 0);
}

/* All follows from the seed in a replay; live, a seed makes no keys. */
static void seeds(void **state)
{
	uint8_t out[CRYPTO_HOST_BYTES] = {0};
	const uint64_t expected[] = {1, 2, 3, 4};

	(void)state;
	begin(GOOD, GOOD, true);
	entropy_init(&handover, ENTROPY_REPLAY);
	assert_int_equal(crypto_host_entropy(out), PART);
	assert_memory_equal(out, expected, sizeof(expected));
	generation_id[0]++;
	entropy_watch(SECOND_NS);
	assert_int_equal(machine.seeded, 0);
	entropy_init(&handover, ENTROPY_REFUSED);
	assert_int_equal(crypto_host_entropy(out), 0);
	assert_true(said("with a seed (seed=) they could be guessed"));
	assert_int_equal(machine.processor_words + machine.device_reads, 0);
}

static void process(void **state)
{
	uint8_t a[CRYPTO_HOST_BYTES] = {0}, b[CRYPTO_HOST_BYTES] = {0};

	(void)state;
	begin(GOOD, GOOD, true);
	entropy_init(NULL, ENTROPY_FRESH);
	assert_int_equal(crypto_host_entropy(a), PART);
	assert_int_equal(crypto_host_entropy(b), PART);
	assert_memory_not_equal(a, b, PART);
	entropy_watch(SECOND_NS);
	assert_int_equal(machine.processor_words + machine.device_reads, 0);
	assert_false(entropy_seed(a));
}

/* Hash tables: the other source, or what can be guessed, said once. */
static void weak_seeds(void **state)
{
	uint8_t a[RANDOM_SEED_BYTES] = {0}, b[RANDOM_SEED_BYTES] = {0};

	(void)state;
	begin(ABSENT, GOOD, false);
	assert_true(entropy_seed(a) && entropy_seed(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_false(said("can be guessed"));
	begin(ABSENT, ABSENT, false);
	assert_true(entropy_seed(a) && entropy_seed(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(said("seeds of hash tables can be guessed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sources),	      cmocka_unit_test(costs_nothing),
	    cmocka_unit_test(tests_at_start), cmocka_unit_test(breaks_later),
	    cmocka_unit_test(late),	      cmocka_unit_test(by_generation_id),
	    cmocka_unit_test(by_clock),	      cmocka_unit_test(clock_comes_late),
	    cmocka_unit_test(seeds),	      cmocka_unit_test(process),
	    cmocka_unit_test(weak_seeds),
	};

	return cmocka_run_group_tests_name("entropy", tests, NULL, NULL);
}
