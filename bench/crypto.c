/* SPDX-License-Identifier: Apache-2.0
 *
 * Cryptography alone: cycles a packet, by the TSC, and how long it takes to be ready. Built and run by
 * bench/crypto.py, upon bench/bed.h.
 *
 *     crypto.elf [rounds=N]
 *
 * A round is one call over a burst of texts, each with a key and a buffer of its own, as packets of many
 * peers have them. Every text of a round is opened again and must be good, or the program fails.
 */
#include <stdio.h>
#include <string.h>
#include "bench/bed.h"
#include "boot/handover.h"
#include "crypto/gcm.h"
#include "nf/host.h"

enum { BURST = CRYPTO_BURST_MAX, ROUNDS = 1000, ROOM = 2048, ADDED = 16 };

static struct crypto_aead keys[BURST];
static struct crypto_text texts[BURST];
static uint8_t buffers[BURST][ROOM];
static struct samples sealed, opened, others;
static uint32_t rounds;

static void prepare(enum crypto_aead_kind kind, uint32_t bytes, uint32_t added_bytes)
{
	uint8_t key[CRYPTO_KEY_BYTES];

	for (uint32_t i = 0; i < BURST; i++) {
		if (!crypto_random(key, sizeof(key)))
			bed_fail("no random bytes");
		crypto_aead_init(&keys[i], kind, key);
		texts[i] = (struct crypto_text){
		    .aead = &keys[i],
		    .data = buffers[i] + ADDED,
		    .bytes = bytes,
		    .added = buffers[i],
		    .added_bytes = added_bytes,
		};
	}
}

static void measure_aead(const char *variant, enum crypto_aead_kind kind, uint32_t bytes)
{
	char name[64];

	/* ESP authenticates its header, WireGuard nothing. */
	prepare(kind, bytes, kind == CRYPTO_CHACHA20_POLY1305 ? 0 : 8);
	sealed.count = opened.count = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t start = bed_now(), middle, end;
		size_t good;

		crypto_seal(texts, BURST);
		middle = bed_now();
		good = crypto_open(texts, BURST);
		end = bed_now();
		if (good != BURST)
			bed_fail("a text that was sealed does not open");
		bed_add(&sealed, middle - start);
		bed_add(&opened, end - middle);
	}
	snprintf(name, sizeof(name), "%s-seal-%u", variant, bytes);
	bed_print(name, &sealed, BURST);
	snprintf(name, sizeof(name), "%s-open-%u", variant, bytes);
	bed_print(name, &opened, BURST);
}

static void measure_gcm(const struct gcm_variant *variant, const char *name)
{
	static const enum crypto_aead_kind kinds[] = {CRYPTO_AES_128_GCM, CRYPTO_AES_256_GCM};
	char full[64];

	if (!variant->usable())
		return;
	gcm_use(variant);
	for (int i = 0; i < 2; i++) {
		snprintf(full, sizeof(full), "%s-%s", i == 0 ? "aes128gcm" : "aes256gcm", name);
		measure_aead(full, kinds[i], 64);
		measure_aead(full, kinds[i], 1408);
	}
}

static void do_exchange(void)
{
	static uint8_t scalar[CRYPTO_KEY_BYTES] = {1}, point[CRYPTO_KEY_BYTES] = {9};

	if (!crypto_x25519(point, scalar, point))
		bed_fail("X25519 gave zero");
}

static void do_public(void)
{
	static uint8_t scalar[CRYPTO_KEY_BYTES] = {1};

	crypto_x25519_public(scalar, scalar);
}

static void do_random(void)
{
	static uint8_t bytes[32];

	if (!crypto_random(bytes, sizeof(bytes)))
		bed_fail("no random bytes");
}

/* As the first authenticator of a WireGuard initiation. */
static void do_mac(void)
{
	static uint8_t key[CRYPTO_KEY_BYTES], message[116], out[CRYPTO_MAC_BYTES];

	crypto_mac(out, key, sizeof(key), message, sizeof(message));
}

static void do_hkdf(void)
{
	static uint8_t a[CRYPTO_HASH_BYTES], b[CRYPTO_HASH_BYTES];
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&a, &b};

	crypto_hkdf(outs, 2, a, b, sizeof(b));
}

static void measure(const char *name, void (*function)(void), uint32_t times)
{
	others.count = 0;
	for (uint32_t round = 0; round < RTE_MAX(rounds / 10, 1u); round++) {
		uint64_t start = bed_now();

		for (uint32_t i = 0; i < times; i++)
			function();
		bed_add(&others, bed_now() - start);
	}
	bed_print(name, &others, times);
}

static void print_start(void)
{
	struct crypto_gcm_choice choice;
	uint64_t start = bed_now(), middle, end;
	const char *failed = crypto_init();

	middle = bed_now();
	if (failed == NULL)
		failed = crypto_gcm_init(&choice);
	end = bed_now();
	if (failed != NULL)
		bed_fail(failed);
	printf("using: %s; left out: %s\n", choice.variant, choice.left_out ? choice.left_out : "none");
	printf("init %.1f 0 0\n", (double)(middle - start) * 1e6 / bed_tsc_hz());
	printf("gcm-init %.1f 0 0\n", (double)(end - middle) * 1e6 / bed_tsc_hz());
	printf("tsc-mhz %.1f 0 0\n", bed_tsc_hz() / 1e6);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"avx512", "avx2", "sse"};

	bed_start(argc, argv);
	rounds = (uint32_t)bed_word("rounds", ROUNDS);
	if (rounds == 0 || rounds > SAMPLES_MAX)
		bed_fail("rounds must be from 1 to 20000");
	print_start();
	measure_aead("chacha20poly1305", CRYPTO_CHACHA20_POLY1305, 64);
	measure_aead("chacha20poly1305", CRYPTO_CHACHA20_POLY1305, 1408);
	for (size_t i = 0; i < gcm_mb_count; i++)
		measure_gcm(&gcm_mb[i], names[i]);
	measure_gcm(&gcm_libcrypto, "libcrypto");
	measure("x25519", do_exchange, 10);
	measure("x25519-public", do_public, 10);
	measure("random-32", do_random, 100);
	measure("mac-116", do_mac, 100);
	measure("hkdf-2", do_hkdf, 100);
	return IMAGE_EXIT_DONE;
}
