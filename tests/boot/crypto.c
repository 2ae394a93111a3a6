/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring-3 program for test_boot: the start-up tests of crypto/, which run the vector code that libcrypto and
 * libIPSec_MB choose by CPUID and XCR0. Prints what it found, and `ok crypto` or `not ok crypto: why`.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "boot/handover.h"
#include "crypto/crypto.h"
#include "crypto/host.h"

volatile struct boot_progress boot_progress __attribute__((section(".weir.stats"), aligned(4096))) = {
    .burst_port = -1,
};

/* Algorithms are tested here; where random bytes come from has a test of its own, and some processors have
 * none. */
size_t crypto_host_entropy(uint8_t out[CRYPTO_HOST_BYTES])
{
	enum { BYTES = 32 };

	if (getrandom(out, BYTES, 0) != BYTES)
		memset(out, 0x5a, BYTES);
	return BYTES;
}

static const char *run(void)
{
	struct crypto_gcm_choice choice;
	uint64_t calls = boot_progress.calls;
	uint8_t bytes[32];
	const char *why = crypto_init();

	if (!why)
		why = crypto_gcm_init(&choice);
	if (why)
		return why;
	if (!crypto_random(bytes, sizeof(bytes)))
		return "no random bytes";
	printf("calls: %d\n", (int)(boot_progress.calls - calls));
	printf("AES-GCM: %s\n", choice.variant);
	return choice.left_out;
}

int main(void)
{
	const char *why = run();

	printf(why ? "not ok crypto: %s\n" : "ok crypto\n", why);
	return why ? IMAGE_EXIT_FAILED : IMAGE_EXIT_DONE;
}
