/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of crypto/ share. crypto.h is the only face for others.
 */
#ifndef CRYPTO_INTERNAL_H
#define CRYPTO_INTERNAL_H

#include "crypto.h"

/* Each makes its part ready for use, in this order; false if libcrypto can't. */
bool aead_init(void);
bool hash_init(void);

/* Known answers (RFC 8439, 7748, 7693, NIST GCM): NULL, or the name of the first that is wrong. */
const char *selftest(void);

#endif
