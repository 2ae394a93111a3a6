/* SPDX-License-Identifier: Apache-2.0
 *
 * See control.h. A request is a word in control/shutdown, acknowledged by emptying it: in a transaction, so
 * that a request which comes in between is not lost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_common.h>
#include "pktio/complain.h"
#include "control.h"
#include "store.h"

enum { TRIES = 8 };

static const char request_path[] = "control/shutdown";

static const struct {
	const char *word;
	enum control_request request;
} words[] = {
    {"poweroff", CONTROL_POWEROFF},
    {"halt", CONTROL_POWEROFF},
    {"reboot", CONTROL_REBOOT},
    {"suspend", CONTROL_SUSPEND},
};

static struct store_watch watch;
static bool announced;

static bool announce(void)
{
	return store_write("control/feature-poweroff", "1") == 0 &&
	       store_write("control/feature-reboot", "1") == 0 &&
	       store_write("control/feature-suspend", "1") == 0;
}

void control_open(void)
{
	announced = announce();
	watch = (struct store_watch){0};
	snprintf(watch.path, sizeof(watch.path), "%s", request_path);
	store_watch(&watch);
}

void control_resume(void)
{
	announced = announce();
}

/* Reads and empties the path. Returns -EAGAIN when somebody else wrote meanwhile. */
static int take(char *word, uint32_t bytes)
{
	int error = store_begin(), length;

	if (error != 0)
		return error;
	length = store_read(request_path, word, bytes);
	if (length > 0)
		store_write(request_path, "");
	error = store_end();
	return error != 0 ? error : length;
}

enum control_request control_poll(void)
{
	char word[16];
	int length = -EAGAIN;

	if (!announced)
		announced = announce();
	if (!watch.fired)
		return CONTROL_NONE;
	watch.fired = false;
	for (int i = 0; i < TRIES && length == -EAGAIN; i++)
		length = take(word, sizeof(word));
	watch.fired = length < 0 && length != -ENOENT && length != -EIO; /* it is asked again later */
	for (size_t i = 0; i < RTE_DIM(words) && length > 0; i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].request;
	if (length > 0)
		complain(0, "the toolstack asks for \"%s\", which is not understood", word);
	return CONTROL_NONE;
}
