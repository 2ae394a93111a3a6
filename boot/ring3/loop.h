/* SPDX-License-Identifier: Apache-2.0
 *
 * What the image does once it is up: poll its devices in real time, or replay captures.
 */
#ifndef BOOT_RING3_LOOP_H
#define BOOT_RING3_LOOP_H

#include <signal.h>
#include <stdbool.h>

/* Set by a process's signal handler: both loops return soon. */
extern volatile sig_atomic_t loop_stop;

/* Polls until loop_stop. `process`: sleeps by poll(2), else by WEIR_CALL_WAIT. */
void loop_run(bool process);

/* Replays until all devices have ended and their timers have run out. Returns 0, or -errno after a line on
 * the console. */
int loop_replay(void);

#endif
