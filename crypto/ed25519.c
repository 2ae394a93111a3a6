/* SPDX-License-Identifier: Apache-2.0
 *
 * What Ed25519 would need. libcrypto has it in one object file with X25519, and it asks EVP for SHA-512, and
 * so for all of libcrypto. Nothing here signs: these are never called, and they keep EVP out of the image.
 */
#include <stdlib.h>

#define NEVER_CALLED(name) \
	_Noreturn void name(void); \
	void name(void) \
	{ \
		abort(); \
	}

NEVER_CALLED(EVP_Digest)
NEVER_CALLED(EVP_DigestFinal_ex)
NEVER_CALLED(EVP_DigestInit_ex)
NEVER_CALLED(EVP_DigestUpdate)
NEVER_CALLED(EVP_MD_CTX_free)
NEVER_CALLED(EVP_MD_CTX_new)
NEVER_CALLED(EVP_MD_fetch)
NEVER_CALLED(EVP_MD_free)
