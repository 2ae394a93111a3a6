/* SPDX-License-Identifier: Apache-2.0
 *
 * Ring 3's start. In a VM ring 0 has left a struct handover; without one this is a process on Linux.
 * Everything is created here, before the first packet, and nothing is given back before the end.
 */
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <rte_cycles.h>
#include "boot/handover.h"
#include "nf/appliance.h"
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/devices.h"
#include "pktio/offload.h"
#include "pktio/replay.h"
#include "arguments.h"
#include "clock.h"
#include "console.h"
#include "entropy.h"
#include "loop.h"
#include "pools.h"
#include "random.h"
#include "share.h"
#include "xen.h"

enum { NAMES_BYTES = 256 };

static void stop(int number __rte_unused)
{
	loop_stop = 1;
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static double milliseconds(uint64_t cycles)
{
	return (double)cycles * 1e3 / (double)clock_tsc_hz();
}

static void port_names(char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint16_t i = 0; i < port_count && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ", ", port_configs[i].name);
}

static void say_ready(const struct handover *handover)
{
	char names[NAMES_BYTES];
	double ring0 = milliseconds(boot_progress.ring3_tsc - boot_progress.first_tsc);
	double ring3 = milliseconds(boot_progress.ready_tsc - boot_progress.ring3_tsc);

	port_names(names, sizeof(names));
	console_line("READY %s: ports %s; %u rules; %u routes; %s, ring 0 %.2f ms, ring 3 %.2f ms",
		     appliance_name, names, firewall_rule_count, ipv4_route_count + ipv6_route_count,
		     handover == NULL ? "process" : handover->clock.source, ring0, ring3);
}

static void progress_begin(const struct handover *handover, uint64_t entry_tsc)
{
	if (handover == NULL)
		boot_progress.first_tsc = boot_progress.ring3_tsc = entry_tsc;
	boot_progress.tsc_hz = clock_tsc_hz();
	boot_progress.state = PROGRESS_RING3;
	stats.ports = port_count;
}

static int open_devices(const struct handover *handover, const struct arguments *arguments)
{
	int error;

	error = handover == NULL ? devices_open_sources(arguments->sources) : devices_open_cards(handover);
	if (error == 0 && arguments->replay)
		replay_attach(devices, device_count);
	return error;
}

static enum entropy_mode entropy_mode(const struct arguments *arguments)
{
	if (!arguments->seeded)
		return ENTROPY_FRESH;
	return arguments->replay ? ENTROPY_REPLAY : ENTROPY_REFUSED;
}

/* Everything up to the first poll. Returns 0, or -errno after a line on the console. */
static int start(const struct handover *handover, const struct arguments *arguments)
{
	int error;

	entropy_init(handover, entropy_mode(arguments));
	error = random_init(arguments->seeded ? arguments->seed : NULL);
	if (error != 0) {
		console_line("no random numbers to start with");
		return error;
	}
	xen_open(handover);
	error = pools_create(handover);
	if (error != 0)
		return error;
	offload_init(host_packet_pool, host_indirect_pool);
	if (!arguments->measure)
		error = open_devices(handover, arguments);
	if (error != 0)
		return error;
	if (arguments->replay)
		clock_replay();
	error = appliance_init();
	if (error != 0)
		return error;
	if (arguments->measure)
		return raise(SIGSTOP);
	boot_progress.ready_tsc = rte_rdtsc();
	boot_progress.state = PROGRESS_READY;
	say_ready(handover);
	return 0;
}

static int run(const struct handover *handover, bool replay)
{
	int error = 0, close_error;

	if (replay)
		error = loop_replay();
	else
		loop_run(handover == NULL);
	close_error = devices_close();
	return error != 0 ? error : close_error;
}

static int failed(void)
{
	boot_progress.state = PROGRESS_FAILED;
	return IMAGE_EXIT_FAILED;
}

int main(int argc, char **argv)
{
	uint64_t entry_tsc = rte_rdtsc();
	const struct handover *handover = (const struct handover *)getauxval(AT_WEIR_HANDOVER);
	struct arguments arguments;

	if (arguments_parse(&arguments, argc, argv, handover == NULL) != 0) {
		boot_progress.state = PROGRESS_FAILED;
		return IMAGE_EXIT_USAGE;
	}
	if (arguments.stats_path != NULL && share_counters(arguments.stats_path) != 0)
		return failed();
	if (handover != NULL && handover->version != HANDOVER_VERSION) {
		console_line("ring 0 speaks version %u of the handover, ring 3 version %u", handover->version,
			     HANDOVER_VERSION);
		return failed();
	}
	mallopt(M_TRIM_THRESHOLD, INT_MAX); /* what was freed is used again, not given back */
	clock_init(handover);
	progress_begin(handover, entry_tsc);
	if (handover == NULL)
		catch_signals();
	if (start(handover, &arguments) != 0 || (!arguments.measure && run(handover, arguments.replay) != 0))
		return failed();
	boot_progress.state = PROGRESS_DONE;
	return IMAGE_EXIT_DONE;
}
