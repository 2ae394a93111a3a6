/* SPDX-License-Identifier: Apache-2.0
 *
 * Where unpredictable bytes come from. Implements crypto/host.h.
 *
 * What is where, and why:
 *
 *   ring 0       says what the processor has and where the generation ID is, finds the virtio-rng device, and
 *                answers getrandom with words of the processor, or an error. It mixes nothing: it may be
 *                emulated at a microsecond an instruction, and has no vector registers.
 *   ring 3, here gathers from both sources: the processor's RDSEED or RDRAND (rdseed.h) and virtio-rng
 *                (pktio/virtio/rng.h). Each word goes through the health tests (health.h) before anything
 *                else sees it; a source that fails one is off for good. Two sources that work are both used;
 *                one is enough; with none, no key is made, and a line on the console says why.
 *   crypto/      hashes what is gathered into the key of its generator, before each output, so that it is as
 *                hard to guess as the better of the sources.
 *
 * Sources are opened and tested when the first key is wanted: an image without keys pays nothing.
 *
 * Machines that are copied: before each output some bytes are gathered anew, from the processor, which never
 * gives the same twice, whatever state it was restored from; or, where it has no such instruction, from
 * virtio-rng. So copies part with their first outputs, whether or not anybody noticed. When it is noticed
 * (generation.h), everything is seeded from all sources again, host_random included. Nothing gathered is
 * kept.
 *
 * As a process on Linux, getrandom(2) is the source: forks and copies are the kernel's to notice.
 *
 * Under a seed (the word seed=), all follows from the seed, in a replay; a seeded image that is no replay
 * makes no keys, since they could be guessed.
 */
#ifndef BOOT_RING3_ENTROPY_H
#define BOOT_RING3_ENTROPY_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"
#include "random.h"

enum entropy_mode { ENTROPY_FRESH, ENTROPY_REPLAY /* from host_random, under a seed */, ENTROPY_REFUSED };

/* `handover` NULL: a process on Linux. It must outlive all. */
void entropy_init(const struct handover *handover, enum entropy_mode mode);

/* A seed for host_random where getrandom gives none: from the other source, or, after a line on the console,
 * one that can be guessed. Returns false as a process. */
bool entropy_seed(uint8_t seed[RANDOM_SEED_BYTES]);

/* Once a second, in a machine that may be copied. `now_ns`: monotonic. */
void entropy_watch(uint64_t now_ns);

#endif
