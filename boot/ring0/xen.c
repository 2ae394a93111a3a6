/* SPDX-License-Identifier: Apache-2.0
 *
 * See xen.h; called by start.c, and by xen_calls.c after a suspend, when all of this is to be done again:
 * then the machine is another domain, with pages and event channels of its own, and only memory is what it
 * was. Sources: Xen, docs/misc/pvh.pandoc, public/xen.h, public/hvm/params.h.
 */
#include "xen.h"
#include "console.h"
#include "crash.h"
#include "hypervisor.h"
#include "string.h"
#include "xen_console.h"
#include "xen_events.h"
#include "xen_hypercall.h"
#include "xen_pages.h"

static bool here;
static unsigned int grant_version = 1;
static struct handover_xen description;

static bool begin(void)
{
	here = xen_hypercall_init() && xen_map_shared_info() && xen_events_init();
	if (here)
		xen_console_init();
	return here;
}

static void find_store(void)
{
	uint64_t port;

	description.store = xen_map_param(HVM_PARAM_STORE_PFN, true);
	if (!description.store)
		return;
	description.store_port = xen_param(HVM_PARAM_STORE_EVTCHN, &port) ? (uint32_t)port : 0;
	xen_events_reserve(description.store_port);
}

static void find_pages(void)
{
	description = (struct handover_xen){.shared_info = XEN_SHARED_INFO};
	xen_map_grants(grant_version, &description);
	find_store();
}

void xen_init(void)
{
	if (hypervisor_is_xen() && !begin())
		console_print("weir: Xen does not answer as it should: its devices are not used\n");
}

/* Version 1 has room for twice as many grants, and its frame numbers are large enough for all that ring 0 can
 * map. So version 2 is for those who ask, by Linux's word (drivers/xen/grant-table.c). */
void xen_find(const char *command_line)
{
	if (!here)
		return;
	for (const char *s = command_line; *s; s++)
		if ((s == command_line || s[-1] == ' ') && after_prefix(s, "grant_table.version=2"))
			grant_version = 2;
	find_pages();
}

void xen_resume(void)
{
	if (!begin())
		refuse("after a suspend, Xen does not answer as it should");
	find_pages();
}

bool xen_is_here(void)
{
	return here;
}

void xen_describe(struct handover_xen *out)
{
	*out = description;
}

static _Noreturn void shut_down(unsigned int reason)
{
	struct sched_shutdown shutdown = {.reason = reason};

	xen_console_flush();
	for (;;)
		xen_call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown, 0);
}

void xen_exit(enum image_exit code)
{
	shut_down(code == IMAGE_EXIT_CRASHED ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

void xen_reboot(void)
{
	shut_down(SHUTDOWN_reboot);
}
