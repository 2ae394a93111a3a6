/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring-3 program for test_random: gathers entropy as an appliance with keys does, and prints what crypto/
 * would be given, as `OUTPUT hex` lines. The word wait=N makes it stay for N rounds of a tenth of a second,
 * printing a line in each, so that it can be stopped, copied and restored meanwhile; it looks for signs of
 * that as the poll loop does, once a second.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include "boot/handover.h"
#include "boot/ring3/clock.h"
#include "boot/ring3/console.h"
#include "boot/ring3/entropy.h"
#include "boot/ring3/generation.h"
#include "crypto/crypto.h"
#include "crypto/host.h"
#include "nf/host.h"

volatile struct boot_progress boot_progress __attribute__((section(".weir.stats"), aligned(4096))) = {
    .burst_port = -1,
};
uint64_t eal_tsc_hz; /* of the mini-EAL, which is not here */

void console_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("weir: ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

static void print_hex(const char *label, const uint8_t *bytes, size_t count)
{
	printf("%s ", label);
	for (size_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

/* What crypto/ is given, and what it makes of that. */
static void output(void)
{
	uint8_t gathered[CRYPTO_HOST_BYTES], key[CRYPTO_KEY_BYTES];
	uint64_t start = __rdtsc();
	size_t count = crypto_host_entropy(gathered);
	uint64_t cycles = __rdtsc() - start;

	print_hex("OUTPUT", gathered, count);
	printf("took %lu ns\n", (unsigned long)(cycles * 1000 / (clock_tsc_hz() / 1000000)));
	if (crypto_random(key, sizeof(key))) {
		print_hex("KEY", key, sizeof(key));
		return;
	}
	printf("REFUSED: %s\n", crypto_init());
	exit(IMAGE_EXIT_FAILED);
}

static void wait_rounds(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct timespec tenth = {.tv_nsec = 100000000};

		nanosleep(&tenth, NULL);
		if (i % 10 == 0)
			entropy_watch(clock_at(__rdtsc()));
		host_now_ns = clock_at(__rdtsc());
		printf("CLOCK %lu %lu\n", (unsigned long)host_now_ns, (unsigned long)host_wall_ns());
		printf("round %d, generation %lu\n", i, (unsigned long)generation_now());
		output();
	}
}

int main(int argc, char **argv)
{
	const struct handover *handover = (const struct handover *)getauxval(AT_WEIR_HANDOVER);
	uint64_t number;

	setvbuf(stdout, NULL, _IOLBF, 0);
	clock_init(handover);
	entropy_init(handover, ENTROPY_FRESH);
	boot_progress.state = PROGRESS_RING3;
	if (random_init(NULL) != 0)
		printf("no seed\n");
	number = host_random();
	print_hex("HASH", (const uint8_t *)&number, sizeof(number));
	printf("generation ID: %s\n", handover && handover->generation ? "yes" : "no");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "output") == 0)
			output();
		if (strncmp(argv[i], "wait=", 5) == 0)
			wait_rounds(atoi(argv[i] + 5));
	}
	number = host_random();
	print_hex("HASH", (const uint8_t *)&number, sizeof(number));
	return 0;
}
