/* SPDX-License-Identifier: Apache-2.0
 *
 * What of our memory other domains may touch: nothing but the packet pool's pages and the rings' pages.
 *
 * The packet pool is granted once for each domain that is a backend, and stays granted, so that a packet
 * costs no grant: a page's reference is the run's first one and the page's number. The pool's memory is pairs
 * of pages, of which the second is data, and granted, and the first is not. Rings are granted one by one, and
 * taken back.
 *
 * The table is memory that is shared with Xen, which believes what stands in it, and writes only the flags
 * that say whether an entry is in use. Source: Xen, public/grant_table.h. Addresses are physical ones.
 */
#ifndef PKTIO_XEN_GRANTS_H
#define PKTIO_XEN_GRANTS_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"

/* 0 is no reference: it is the toolstack's. */
enum { GRANT_NONE = 0, GRANT_SINGLES_MAX = 512 };

/* Takes the table, with room for that many pages that are granted one by one. */
void grants_init(const volatile struct handover_xen *xen, uint32_t singles);

/* After a suspend: no grant counts any more, and none is known here. */
void grants_resume(const volatile struct handover_xen *xen);

/* How many pages of the packet pool one domain could be granted. */
uint32_t grants_run_max(void);

/* The packet pool: page-aligned, that many pairs of pages. */
void grants_pool(const void *start, uint32_t pairs);

/* Whether all of these bytes are on one page that runs grant. */
bool grants_cover(const void *data, uint32_t bytes);

/* The number of the pair that this is in. */
uint32_t grants_page(const void *data);

/* Grants the pool to a domain, if that has not been done. Returns the reference of page 0, or GRANT_NONE when
 * the table has no room. */
uint32_t grants_run(uint16_t domain);

/* Grants a page, to be read and written. Returns its reference, or GRANT_NONE when the table is full. */
uint32_t grants_give(uint16_t domain, const void *page);

/* Takes a page back, if *reference is one, and makes it GRANT_NONE. Returns false, and leaves it, while the
 * other domain has the page mapped. */
bool grants_take_back(uint32_t *reference);

/* Singles that are given now. For tests. */
uint32_t grants_given(void);

#endif
