/* SPDX-License-Identifier: Apache-2.0
 *
 * What a frame that arrived is: one of ours and intact, one of ours and damaged, or somebody else's.
 *
 * Everything about it is the outside's: lengths are checked before they are used. Knows no DPDK.
 */
#ifndef GENERATOR_INSPECT_H
#define GENERATOR_INSPECT_H

#include "stream.h"

enum verdict { VERDICT_INTACT, VERDICT_CORRUPT, VERDICT_FOREIGN };

/* A frame is ours if it is a whole UDP or TCP packet of the stream's family with a payload of a length that
 * the stream sends; its MAC addresses and its tuple are up to the appliance. With `whole`, both checksums and
 * the filler are checked, else the stamp alone. *stamp is set when the verdict is VERDICT_INTACT; it may be
 * unaligned (it is packed). */
enum verdict inspect(const struct stream *stream, const uint8_t *frame, uint32_t length, bool whole,
		     const struct stamp **stamp);

#endif
