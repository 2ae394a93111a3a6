/* SPDX-License-Identifier: Apache-2.0
 *
 * The xenstore client (pktio/xen/store.c) and the toolstack's requests (control.c), against a daemon that
 * behaves, that is slow, that does not answer, and that breaks the ring's rules.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <rte_common.h>
#include "nf/host.h"
#include "pktio/xen/control.h"
#include "pktio/xen/events.h"
#include "pktio/xen/public.h"
#include "pktio/xen/store.h"
#include "support/xen_world.h"

#define HOME "/local/domain/7/"

static char logged[256];

void host_log(const char *line)
{
	snprintf(logged, sizeof(logged), "%s", line);
}

static int begin(void **state)
{
	(void)state;
	logged[0] = '\0';
	xen_world_init(1);
	events_init(&xen_world.handover);
	store_init(&xen_world.handover);
	store_hurry();
	return 0;
}

static struct xenstore_domain_interface *ring(void)
{
	return (struct xenstore_domain_interface *)xen_world.handover.store;
}

static void reads_and_writes(void **state)
{
	char value[64], names[64];

	(void)state;
	assert_int_equal(store_write("data/one", "eins"), 0);
	assert_string_equal(xen_store_get(HOME "data/one"), "eins");
	assert_int_equal(store_write_format("data/two", "%u+%u", 1, 1), 0);
	assert_int_equal(store_read("data/one", value, sizeof(value)), 4);
	assert_string_equal(value, "eins");
	assert_int_equal(store_read(HOME "data/two", value, sizeof(value)), 3);
	assert_string_equal(value, "1+1");
	assert_int_equal(store_read("data/one", value, 3), 2);
	assert_string_equal(value, "ei");
	assert_int_equal(store_directory("data", names, sizeof(names)), 8);
	assert_memory_equal(names, "one\0two", 8);
	assert_int_equal(store_directory("data", names, 7), -E2BIG);
	assert_int_equal(store_remove("data/one"), 0);
	assert_int_equal(store_read("data/one", value, sizeof(value)), -ENOENT);
	assert_int_equal(store_remove("data/one"), -ENOENT);
	assert_int_equal(store_directory("nowhere", names, sizeof(names)), -ENOENT);
	assert_string_equal(logged, "");
}

static const struct {
	const char *text;
	int result;
	uint32_t number;
} numbers[] = {
    {"0", 0, 0},
    {"1", 0, 1},
    {"1000", 0, 1000},
    {"1001", -EINVAL, 0},
    {"4294967296", -EINVAL, 0},
    {"99999999999999999999", -EINVAL, 0},
    {"", -EINVAL, 0},
    {" 1", -EINVAL, 0},
    {"-1", -EINVAL, 0},
    {"+1", -EINVAL, 0},
    {"1 ", -EINVAL, 0},
    {"1x", -EINVAL, 0},
    {"0x1", -EINVAL, 0},
    {"one", -EINVAL, 0},
};

static void reads_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(numbers); i++) {
		uint32_t number = 0;

		print_message("  \"%s\"\n", numbers[i].text);
		xen_store_set(HOME "n", numbers[i].text);
		assert_int_equal(store_read_number("n", 1000, &number), numbers[i].result);
		assert_int_equal(number, numbers[i].number);
	}
}

/* Messages go round the ring, and come in pieces of any size. */
static void goes_round_the_ring(void **state)
{
	(void)state;
	for (uint32_t grain = 0; grain < 40; grain++) {
		char text[250], value[256];

		xen_world.store_grain = grain;
		memset(text, 'a' + (int)(grain % 26), sizeof(text));
		text[100 + grain] = '\0';
		assert_int_equal(store_write("long", text), 0);
		assert_int_equal(store_read("long", value, sizeof(value)), 100 + (int)grain);
		assert_string_equal(value, text);
	}
}

static void watches(void **state)
{
	struct store_watch own = {.path = "device/vif"}, other = {.path = "/local/domain/0/backend/vif/7/0"};

	(void)state;
	assert_int_equal(store_watch(&own), 0);
	assert_int_equal(store_watch(&other), 0);
	store_poll();
	assert_true(own.fired && other.fired);
	own.fired = other.fired = false;
	store_poll();
	assert_false(own.fired || other.fired);
	xen_store_set(HOME "device/vif/0/state", "1");
	assert_false(own.fired);
	store_poll();
	assert_true(own.fired);
	assert_false(other.fired);
	own.fired = false;
	xen_store_set(HOME "device/vifs", "1");
	xen_store_set("/local/domain/0/backend/vif/7/0/state", "2");
	store_poll();
	assert_true(other.fired);
	assert_false(own.fired);
	other.fired = false;
	store_unwatch(&own);
	xen_store_set(HOME "device/vif/0/state", "2");
	xen_store_set("/local/domain/0/backend/vif/7/0/state", "4");
	store_poll();
	assert_false(own.fired);
	assert_true(other.fired);
}

/* A change ends a sleep, once it is looked at in the right order. */
static void wakes(void **state)
{
	struct store_watch own = {.path = "device/vif"};

	(void)state;
	assert_int_equal(store_watch(&own), 0);
	for (int i = 0; i < 100; i++) {
		struct shared_info *shared = (struct shared_info *)xen_world.handover.shared_info;

		store_poll();
		assert_false(shared->evtchn_pending[0] >> XEN_STORE_PORT & 1);
		assert_false(shared->evtchn_mask[0] >> XEN_STORE_PORT & 1);
		xen_store_setf(HOME "device/vif/0/state", "%d", i);
		assert_true(shared->evtchn_pending[0] >> XEN_STORE_PORT & 1);
	}
}

static void has_room_for_so_many_watches(void **state)
{
	static struct store_watch many[STORE_WATCHES_MAX + 1];

	(void)state;
	for (int i = 0; i <= STORE_WATCHES_MAX; i++) {
		snprintf(many[i].path, sizeof(many[i].path), "p%d", i);
		assert_int_equal(store_watch(&many[i]), i < STORE_WATCHES_MAX ? 0 : -ENOSPC);
	}
	store_poll();
	for (int i = 0; i < STORE_WATCHES_MAX; i++)
		many[i].fired = false;
	xen_store_set(HOME "p77", "");
	store_poll();
	for (int i = 0; i < STORE_WATCHES_MAX; i++)
		assert_int_equal(many[i].fired, i == 77);
}

static void survives_a_resume(void **state)
{
	struct store_watch own = {.path = "device/vif"};

	(void)state;
	assert_int_equal(store_watch(&own), 0);
	store_poll();
	own.fired = false;
	memset(ring(), 0, sizeof(*ring()));
	store_resume(&xen_world.handover);
	assert_true(own.fired);
	assert_int_equal(store_write("a", "b"), 0);
	assert_string_equal(xen_store_get(HOME "a"), "b");
}

/* A question that is not answered in time costs that time once; its answer is thrown away when it comes. */
static void gives_up_waiting(void **state)
{
	char value[16];

	(void)state;
	xen_store_set(HOME "a", "1");
	xen_store_set(HOME "b", "2");
	xen_world.store_mute = true;
	assert_int_equal(store_read("a", value, sizeof(value)), -ETIMEDOUT);
	for (int i = 0; i < 100; i++)
		assert_int_equal(store_read("b", value, sizeof(value)), -EBUSY);
	assert_int_equal(xen_world.messages, 1);
	xen_world.store_mute = false;
	xen_store_run();
	assert_int_equal(store_read("b", value, sizeof(value)), 1);
	assert_string_equal(value, "2");
}

static void gives_up_a_store_that_reads_nothing(void **state)
{
	char text[256];
	int error = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	xen_world.store_deaf = true;
	for (int i = 0; i < 8 && error != -EIO; i++)
		error = store_write("a", text);
	assert_int_equal(error, -EBUSY);
}

static void no_store(void **state)
{
	struct store_watch watch = {.path = "a"};
	char value[16];

	(void)state;
	xen_world.handover.store = 0;
	store_init(&xen_world.handover);
	store_poll();
	assert_int_equal(store_read("a", value, sizeof(value)), -EIO);
	assert_int_equal(store_watch(&watch), 0);
	assert_false(watch.set);
	store_poll();
	store_unwatch(&watch);
	assert_int_equal(xen_world.messages, 0);
}

static void reply(uint32_t type, uint32_t request, uint32_t length, const char *payload, uint32_t bytes)
{
	struct xsd_sockmsg header = {.type = type, .req_id = request, .len = length};

	xen_store_say(&header, sizeof(header));
	xen_store_say(payload, bytes);
}

static void lie_position(void)
{
	ring()->rsp_prod += XENSTORE_RING_SIZE + 1;
}

static void lie_backwards(void)
{
	ring()->rsp_prod -= 1;
}

static void lie_consumed(void)
{
	ring()->req_cons += 1;
	xen_world.store_deaf = true;
}

static void lie_length(void)
{
	reply(XS_READ, 1, XENSTORE_PAYLOAD_MAX + 1, "", 0);
}

static void lie_huge(void)
{
	reply(XS_WATCH_EVENT, 0, UINT32_MAX, "", 0);
}

static const struct lie {
	const char *name;
	void (*commit)(void);
} lies[] = {
    {"more in the ring than it holds", lie_position},
    {"position backwards", lie_backwards},
    {"took what it was not sent", lie_consumed},
    {"a payload of 4097 bytes", lie_length},
    {"a payload of 4 GiB", lie_huge},
};

static void is_not_used_any_more(void **state)
{
	char value[16];

	for (size_t i = 0; i < RTE_DIM(lies); i++) {
		begin(state);
		print_message("  %s\n", lies[i].name);
		xen_store_set(HOME "a", "1");
		assert_int_equal(store_read("a", value, sizeof(value)), 1);
		lies[i].commit();
		assert_int_equal(store_read("a", value, sizeof(value)), -EIO);
		assert_non_null(strstr(logged, "xenstore is not used"));
		store_poll();
		assert_int_equal(store_read("a", value, sizeof(value)), -EIO);
		xen_world.store_deaf = false;
		memset(ring(), 0, sizeof(*ring()));
		store_resume(&xen_world.handover);
		assert_int_equal(store_read("a", value, sizeof(value)), 1);
	}
}

/* A watch that was asked for while the store did not answer is asked for again. */
static void watches_in_the_end(void **state)
{
	struct store_watch one = {.path = "a"}, other = {.path = "b"};

	(void)state;
	xen_world.store_mute = true;
	assert_int_equal(store_watch(&one), 0);
	assert_int_equal(store_watch(&other), 0);
	assert_false(one.set || other.set);
	store_poll();
	assert_int_equal(xen_world.messages, 1);
	xen_world.store_mute = false;
	xen_store_run();
	store_poll();
	assert_true(one.set && other.set);
	store_poll();
	one.fired = other.fired = false;
	xen_store_set(HOME "a", "");
	xen_store_set(HOME "b", "");
	store_poll();
	assert_true(one.fired && other.fired);
}

/* Many questions at once: more than may be out, more than fit the ring, and some whose answers fill it. */
static void asks_many_at_once(void **state)
{
	enum { MANY = 100 };
	static struct store_answer answers[MANY];
	char path[200], huge[250];
	uint32_t number;

	(void)state;
	memset(huge, 'h', sizeof(huge));
	huge[249] = '\0';
	for (uint32_t grain = 0; grain < 200; grain += 67) {
		xen_world.store_grain = grain;
		for (int i = 0; i < MANY; i++) {
			snprintf(path, sizeof(path), "%0150d/%d", 7, i);
			store_post(path, "%d", i);
		}
		assert_int_equal(store_finish(), 0);
		xen_store_set(HOME "huge", huge);
		for (int i = 0; i < MANY; i++) {
			snprintf(path, sizeof(path), "%0150d/%d", 7, i);
			store_ask(i % 3 == 0 ? "huge" : path, &answers[i]);
		}
		assert_int_equal(store_finish(), 0);
		for (int i = 0; i < MANY; i++) {
			assert_int_equal(store_number(&answers[i], MANY, &number), i % 3 == 0 ? -EINVAL : 0);
			assert_true(i % 3 == 0 || number == (uint32_t)i);
		}
	}
	assert_string_equal(logged, "");
}

static void tells_what_failed(void **state)
{
	struct store_answer answer, other;
	uint32_t number;

	(void)state;
	store_ask("nowhere", &answer);
	store_post_remove("nowhere");
	assert_int_equal(store_finish(), 0);
	assert_int_equal(store_number(&answer, 1, &number), -ENOENT);
	xen_world.store_type = XS_ERROR;
	store_post("a", "1");
	assert_int_equal(store_finish(), -EIO);
	xen_world.store_type = 0;
	assert_int_equal(store_finish(), 0);
	xen_world.store_mute = true;
	store_ask("a", &answer);
	store_post("b", "1");
	assert_int_equal(store_finish(), -ETIMEDOUT);
	assert_int_equal(store_number(&answer, 1, &number), -ETIMEDOUT);
	answer.length = 77;
	store_ask("a", &other);
	assert_int_equal(store_finish(), -EBUSY);
	assert_int_equal(store_number(&other, 1, &number), -EBUSY);
	xen_world.store_mute = false;
	xen_store_run();
	store_post("c", "1");
	assert_int_equal(store_finish(), 0);
	assert_int_equal(answer.length, 77); /* late answers go nowhere */
	assert_string_equal(xen_store_get(HOME "c"), "1");
}

/* What makes no sense, but breaks no rule, is passed over. */
static void passes_over_nonsense(void **state)
{
	struct store_watch watch = {.path = "a"};
	char value[16];

	(void)state;
	assert_int_equal(store_watch(&watch), 0);
	store_poll();
	watch.fired = false;
	reply(XS_WATCH_EVENT, 0, 0, "", 0);
	reply(XS_WATCH_EVENT, 0, 5, "nonul", 5);
	reply(XS_WATCH_EVENT, 0, 2, "a", 2);
	reply(XS_WATCH_EVENT, 0, 8, "a\00099999", 8);
	reply(XS_WATCH_EVENT, 0, 5, "a\000-1", 5);
	reply(XS_WATCH_EVENT, 0, 5, "a\0000x", 5);
	reply(XS_READ, 77, 3, "abc", 3);
	reply(0xffff, 0, 0, "", 0);
	store_poll();
	assert_false(watch.fired);
	xen_store_set(HOME "a", "");
	store_poll();
	assert_true(watch.fired);
	assert_int_equal(store_read("a", value, sizeof(value)), 0);
	assert_string_equal(value, "");
}

/* An answer of another type than the question, or an error that nobody knows. */
static void refuses_strange_answers(void **state)
{
	char value[16];

	(void)state;
	xen_store_set(HOME "a", "1");
	xen_world.store_type = XS_WRITE;
	assert_int_equal(store_read("a", value, sizeof(value)), -EIO);
	xen_world.store_type = XS_ERROR;
	assert_int_equal(store_read("a", value, sizeof(value)), -EIO);
	xen_world.store_type = 0;
	assert_int_equal(store_read("a", value, sizeof(value)), 1);
}

static const struct {
	const char *word;
	enum control_request request;
} requests[] = {
    {"poweroff", CONTROL_POWEROFF}, {"halt", CONTROL_POWEROFF}, {"reboot", CONTROL_REBOOT},
    {"suspend", CONTROL_SUSPEND},   {"explode", CONTROL_NONE},	{"", CONTROL_NONE},
};

static void takes_requests(void **state)
{
	for (size_t i = 0; i < RTE_DIM(requests); i++) {
		begin(state);
		control_open();
		assert_string_equal(xen_store_get(HOME "control/feature-suspend"), "1");
		store_poll();
		assert_int_equal(control_poll(), CONTROL_NONE);
		xen_store_set(HOME "control/shutdown", requests[i].word);
		store_poll();
		assert_int_equal(control_poll(), requests[i].request);
		assert_string_equal(xen_store_get(HOME "control/shutdown"), "");
		store_poll();
		assert_int_equal(control_poll(), CONTROL_NONE);
		assert_int_equal(strstr(logged, "explode") != NULL, !strcmp(requests[i].word, "explode"));
	}
}

/* Somebody else's writes make the transaction fail: it is tried again, and the request is taken once. */
static void takes_a_request_once(void **state)
{
	uint32_t messages;

	(void)state;
	control_open();
	store_poll();
	control_poll();
	xen_store_set(HOME "control/shutdown", "suspend");
	xen_world.store_busy = 3;
	store_poll();
	assert_int_equal(control_poll(), CONTROL_SUSPEND);
	store_poll();
	assert_int_equal(control_poll(), CONTROL_NONE);
	messages = xen_world.messages;
	for (int i = 0; i < 100; i++) {
		store_poll();
		assert_int_equal(control_poll(), CONTROL_NONE);
	}
	assert_int_equal(xen_world.messages, messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(reads_and_writes, begin),
	    cmocka_unit_test_setup(reads_numbers, begin),
	    cmocka_unit_test_setup(goes_round_the_ring, begin),
	    cmocka_unit_test_setup(watches, begin),
	    cmocka_unit_test_setup(wakes, begin),
	    cmocka_unit_test_setup(has_room_for_so_many_watches, begin),
	    cmocka_unit_test_setup(survives_a_resume, begin),
	    cmocka_unit_test_setup(gives_up_waiting, begin),
	    cmocka_unit_test_setup(gives_up_a_store_that_reads_nothing, begin),
	    cmocka_unit_test_setup(no_store, begin),
	    cmocka_unit_test_setup(is_not_used_any_more, begin),
	    cmocka_unit_test_setup(watches_in_the_end, begin),
	    cmocka_unit_test_setup(asks_many_at_once, begin),
	    cmocka_unit_test_setup(tells_what_failed, begin),
	    cmocka_unit_test_setup(passes_over_nonsense, begin),
	    cmocka_unit_test_setup(refuses_strange_answers, begin),
	    cmocka_unit_test_setup(takes_requests, begin),
	    cmocka_unit_test_setup(takes_a_request_once, begin),
	};

	return cmocka_run_group_tests_name("xenstore and control", tests, NULL, NULL);
}
