/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows by number, each begun by a datagram from lan to the world: for tests of the table that they are in,
 * whose size they choose. The program includes flow_tables.h.
 */
#ifndef TESTS_UDP_FLOWS_H
#define TESTS_UDP_FLOWS_H

#include <stdbool.h>
#include <stdint.h>
#include "craft.h"

/* A new world with room for so many flows. */
void udp_flows_start(uint32_t capacity);

struct craft udp_flow(uint16_t number);

/* Passes the flow's datagram through the chain. */
void udp_flow_receive(uint16_t number);

bool udp_flow_is_known(uint16_t number);

#endif
