/* SPDX-License-Identifier: Apache-2.0
 *
 * What crypto/ needs of whoever hosts it: the seam under crypto_random. boot/ring3/entropy.c implements it in
 * an image; a test does in a line or two.
 */
#ifndef CRYPTO_HOST_H
#define CRYPTO_HOST_H

#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_HOST_BYTES = 192 };

/* Raw bytes of the host's entropy sources, one after the other, and of whatever else tells this machine from
 * its copies: up to CRYPTO_HOST_BYTES, to be hashed together with the generator's key, before each output.
 * Returns how many; 0: there is no good source, or all of them have failed, and no key may be made.
 *
 * The first time, and whenever the machine may have been restored or copied, the bytes have at least 256 bits
 * of min-entropy from each source; at other times they are fewer, and enough for two machines that go on from
 * one state to part. Under a replay's seed they follow from the seed. */
size_t crypto_host_entropy(uint8_t out[CRYPTO_HOST_BYTES]);

#endif
