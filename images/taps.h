/* SPDX-License-Identifier: Apache-2.0
 *
 * Tap interfaces of this machine.
 */
#ifndef IMAGES_TAPS_H
#define IMAGES_TAPS_H

/* Says what is wrong with a tap interface before anything is started with it. Status. */
int tap_check(const char *name);

/* Whether an interface can have that name at all. Status. */
int tap_check_name(const char *name);

#endif
