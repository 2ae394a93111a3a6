/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows by number; see udp_flows.h.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "nf/flow/flow.h"
#include "nf_host.h"
#include "udp_flows.h"

#define SOURCE	    "192.0.2.10"
#define DESTINATION "203.0.113.7"

enum { FIRST_PORT = 1000, PORT = 53 };

/* flow_capacity of nf/appliance.h, which is constant there. */
extern uint32_t table_capacity __asm__("flow_capacity");

void udp_flows_start(uint32_t capacity)
{
	table_capacity = capacity;
	nf_host_start();
}

struct craft udp_flow(uint16_t number)
{
	return (struct craft){.source = SOURCE,
			      .destination = DESTINATION,
			      .protocol = IPPROTO_UDP,
			      .source_port = FIRST_PORT + number,
			      .destination_port = PORT,
			      .mac = {2, 0, 0, 0, 0, 1}};
}

void udp_flow_receive(uint16_t number)
{
	const struct craft craft = udp_flow(number);
	uint8_t frame[CRAFT_MAX];

	nf_host_receive(0, frame, craft_frame(&craft, frame));
	nf_host_forget();
}

bool udp_flow_is_known(uint16_t number)
{
	struct flow_tuple tuple = {.source = inet_addr(SOURCE),
				   .destination = inet_addr(DESTINATION),
				   .source_port = htons(FIRST_PORT + number),
				   .destination_port = htons(PORT),
				   .protocol = IPPROTO_UDP};
	enum flow_direction direction;

	return flow_lookup(&tuple, NULL, &direction);
}
