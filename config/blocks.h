/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that lives as long as one owner: each block is its own allocation (so that sanitizers see its
 * bounds), and all go at once. Running out of memory ends the host command.
 */
#ifndef CONFIG_BLOCKS_H
#define CONFIG_BLOCKS_H

#include <stddef.h>

struct config_block;

/* Returns zeroed memory for `count` elements of `size` bytes, never NULL. */
void *blocks_array(struct config_block **blocks, size_t count, size_t size);

void blocks_free(struct config_block *blocks);

#endif
