/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the image's functions, for crash reports.
 */
#ifndef RING0_SYMBOLS_H
#define RING0_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

enum { SYMBOL_NAME_BYTES = 128 };

struct symbol {
	char name[SYMBOL_NAME_BYTES]; /* cut when longer */
	uint64_t offset;	      /* of the address within the function */
};

/* False: the address is in no function. */
bool symbol_find(uint64_t address, struct symbol *symbol);

#endif
