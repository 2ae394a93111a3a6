/* SPDX-License-Identifier: Apache-2.0
 *
 * The same as bench/crypto.c, through libcrypto's public interface: what crypto/ would cost if it were built
 * on EVP. Contexts are made once and get each packet's key and nonce. Built and run by bench/crypto.py, as a
 * process of its own.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

enum { BURST = 32, ROUNDS = 1000, ROOM = 2048, TAG = 16 };

static uint8_t keys[BURST][32], nonces[BURST][12], buffers[BURST][ROOM];
static uint64_t samples[ROUNDS];

static void check(int result)
{
	if (result != 1)
		exit(1);
}

static void seal(EVP_CIPHER_CTX *ctx, int i, int bytes)
{
	int n;

	check(EVP_EncryptInit_ex(ctx, NULL, NULL, keys[i], nonces[i]));
	check(EVP_EncryptUpdate(ctx, buffers[i], &n, buffers[i], bytes));
	check(EVP_EncryptFinal_ex(ctx, buffers[i] + bytes, &n));
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, buffers[i] + bytes));
}

static void open(EVP_CIPHER_CTX *ctx, int i, int bytes)
{
	int n;

	check(EVP_DecryptInit_ex(ctx, NULL, NULL, keys[i], nonces[i]));
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, buffers[i] + bytes));
	check(EVP_DecryptUpdate(ctx, buffers[i], &n, buffers[i], bytes));
	check(EVP_DecryptFinal_ex(ctx, buffers[i] + bytes, &n));
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, const char *what, int bytes)
{
	qsort(samples, ROUNDS, sizeof(samples[0]), by_size);
	printf("%s-evp-%s-%d %.2f %.2f %.2f\n", name, what, bytes, (double)samples[ROUNDS / 2] / BURST,
	       (double)samples[0] / BURST, (double)samples[ROUNDS * 9 / 10] / BURST);
}

static void measure(const char *name, const EVP_CIPHER *cipher, int bytes)
{
	static uint64_t opened[ROUNDS];
	EVP_CIPHER_CTX *sealing = EVP_CIPHER_CTX_new(), *opening = EVP_CIPHER_CTX_new();

	check(EVP_EncryptInit_ex(sealing, cipher, NULL, NULL, NULL));
	check(EVP_DecryptInit_ex(opening, cipher, NULL, NULL, NULL));
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = __rdtsc(), middle;

		for (int i = 0; i < BURST; i++)
			seal(sealing, i, bytes);
		middle = __rdtsc();
		for (int i = 0; i < BURST; i++)
			open(opening, i, bytes);
		samples[round] = middle - start;
		opened[round] = __rdtsc() - middle;
	}
	print(name, "seal", bytes);
	for (int round = 0; round < ROUNDS; round++)
		samples[round] = opened[round];
	print(name, "open", bytes);
	EVP_CIPHER_CTX_free(sealing);
	EVP_CIPHER_CTX_free(opening);
}

int main(void)
{
	for (int i = 0; i < BURST; i++)
		for (int j = 0; j < 32; j++)
			keys[i][j] = (uint8_t)(32 * i + j);
	for (int bytes = 64; bytes <= 1408; bytes += 1408 - 64) {
		measure("chacha20poly1305", EVP_chacha20_poly1305(), bytes);
		measure("aes128gcm", EVP_aes_128_gcm(), bytes);
		measure("aes256gcm", EVP_aes_256_gcm(), bytes);
	}
	return 0;
}
