/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams that the appliance itself is to read are put together, which other fragments never are: those
 * that a tunnel takes, and echo requests (RFC 1122, section 3.3.2; RFC 8200, section 4.5). Inside of
 * reassembly.c.
 */
#ifndef NF_ASSEMBLE_H
#define NF_ASSEMBLE_H

#include <stdbool.h>
#include <rte_mbuf.h>
#include "datagram.h"

/* Whether the datagram that begins with this fragment, which passed input, is one of them. */
bool assemble_wanted(struct rte_mbuf *first);

/* Makes one packet of all fragments that a whole datagram holds, as input leaves one that came whole. Takes
 * the fragments: in the books all but one are consumed. NULL: it has ended, under a name. */
struct rte_mbuf *assemble(const struct datagram *datagram);

#endif
