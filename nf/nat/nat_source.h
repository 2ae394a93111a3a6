/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of nat_source.c; what it does is in nat.h.
 */
#ifndef NF_NAT_SOURCE_H
#define NF_NAT_SOURCE_H

/* Forgets which rules were short of ports. */
void nat_source_init(void);

#endif
