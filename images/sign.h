/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of keys for `weir sign` and `weir verify`.
 */
#ifndef IMAGES_SIGN_H
#define IMAGES_SIGN_H

/* Makes a pair: the secret half in the new file `path`, which only its owner can read, the public one beside
 * it, in .pub. Says so, or what went wrong (status). */
int make_signing_pair(const char *path);

#endif
