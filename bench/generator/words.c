/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of words, each with the function that reads its kind of value; see words.h.
 */
#include "words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A kind of value: reads text into *field; `low` and `high` are numbers' limits. Returns false if it is
 * wrong. */
struct word {
	const char *name;
	bool (*read)(const struct word *word, const char *text, void *field);
	size_t offset;
	double low, high;
	bool start;
};

static bool read_real(const struct word *word, const char *text, void *field)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < word->low || value > word->high)
		return false;
	*(double *)field = value;
	return true;
}

static bool read_whole(const struct word *word, const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !*end && !errno && (double)*value >= word->low && (double)*value <= word->high;
}

static bool read_u64(const struct word *word, const char *text, void *field)
{
	return read_whole(word, text, field);
}

static bool read_u32(const struct word *word, const char *text, void *field)
{
	uint64_t value;

	if (!read_whole(word, text, &value))
		return false;
	*(uint32_t *)field = (uint32_t)value;
	return true;
}

static bool read_int(const struct word *word, const char *text, void *field)
{
	uint64_t value;

	if (!read_whole(word, text, &value))
		return false;
	*(int *)field = (int)value;
	return true;
}

static bool read_bool(const struct word *word, const char *text, void *field)
{
	(void)word;
	*(bool *)field = *text == '1';
	return !strcmp(text, "0") || !strcmp(text, "1");
}

static bool read_text(const struct word *word, const char *text, void *field)
{
	(void)word;
	return *text && snprintf(field, 256, "%s", text) < 256;
}

static bool read_socket(const struct word *word, const char *text, void *field)
{
	(void)word;
	*(const char **)field = strdup(text);
	return *text && strlen(text) < 108; /* sockaddr_un */
}

static bool read_mac(const struct word *word, const char *text, void *field)
{
	uint8_t *mac = field;
	int end = 0;

	(void)word;
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		      mac + 5, &end) == 6 &&
	       !text[end];
}

static bool read_ip(const struct word *word, const char *text, void *field)
{
	(void)word;
	return inet_pton(AF_INET, text, field) == 1;
}

static bool read_ip6(const struct word *word, const char *text, void *field)
{
	(void)word;
	return inet_pton(AF_INET6, text, field) == 1;
}

static bool read_family(const struct word *word, const char *text, void *field)
{
	return read_int(word, text, field) && *(int *)field != 5;
}

static bool read_proto(const struct word *word, const char *text, void *field)
{
	(void)word;
	*(enum proto *)field = strcmp(text, "tcp") ? PROTO_UDP : PROTO_TCP;
	return !strcmp(text, "tcp") || !strcmp(text, "udp");
}

static bool read_direction(const struct word *word, const char *text, void *field)
{
	bool *sends = field, both = !strcmp(text, "both");

	(void)word;
	sends[SIDE_A] = both || !strcmp(text, "a");
	sends[SIDE_B] = both || !strcmp(text, "b");
	return sends[SIDE_A] || sends[SIDE_B];
}

/* SIZE[:WEIGHT],... */
static bool read_size(const struct word *word, const char *text, void *field)
{
	struct spec *spec = field;
	const char *at = strcmp(text, "imix") ? text : "64:7,594:4,1518:1";

	for (spec->size_count = 0; spec->size_count < SIZES_MAX; at++) {
		unsigned int size, weight = 1;
		int end = 0;

		if (sscanf(at, "%u%n:%u%n", &size, &end, &weight, &end) < 1 || size < 64 ||
		    size > FRAME_MAX || weight < 1 || weight > 1000)
			return false;
		spec->sizes[spec->size_count] = (uint16_t)size;
		spec->weights[spec->size_count++] = (uint16_t)weight;
		at += end;
		if (*at != ',')
			return !*at;
	}
	(void)word;
	return false;
}

static bool read_rate(const struct word *word, const char *text, void *field)
{
	struct spec *spec = field;

	spec->replay_clock = !strcmp(text, "file");
	return spec->replay_clock || read_real(word, text, &spec->rate);
}

/* Designated, as all but few leave some of it out. */
#define WORD(n, r, field) \
	{ \
		.name = n, .read = r, .offset = offsetof(struct spec, field) \
	}
#define NUMBER(n, r, field, least, most) \
	{ \
		.name = n, .read = r, .offset = offsetof(struct spec, field), .low = least, .high = most \
	}
#define START(n, r, field, most) \
	{ \
		.name = n, .read = r, .offset = offsetof(struct spec, field), .high = most, .start = true \
	}
#define WHOLE(n, r, most) \
	{ \
		.name = n, .read = r, .high = most \
	}

static const struct word words[] = {
    START("a", read_socket, sides[SIDE_A].socket, 0),
    START("b", read_socket, sides[SIDE_B].socket, 0),
    START("core", read_int, core, 1023),
    WORD("a-mac", read_mac, sides[SIDE_A].mac),
    WORD("b-mac", read_mac, sides[SIDE_B].mac),
    WORD("a-gateway", read_mac, sides[SIDE_A].gateway),
    WORD("b-gateway", read_mac, sides[SIDE_B].gateway),
    WORD("a-ip", read_ip, sides[SIDE_A].ip),
    WORD("b-ip", read_ip, sides[SIDE_B].ip),
    WORD("a-ip6", read_ip6, sides[SIDE_A].ip6),
    WORD("b-ip6", read_ip6, sides[SIDE_B].ip6),
    WORD("a-answer", read_ip, sides[SIDE_A].answer),
    WORD("b-answer", read_ip, sides[SIDE_B].answer),
    WORD("a-answer6", read_ip6, sides[SIDE_A].answer6),
    WORD("b-answer6", read_ip6, sides[SIDE_B].answer6),
    WORD("a-any", read_bool, sides[SIDE_A].any),
    WORD("b-any", read_bool, sides[SIDE_B].any),
    NUMBER("a-hosts", read_u32, sides[SIDE_A].hosts, 1, 1 << 24),
    NUMBER("b-hosts", read_u32, sides[SIDE_B].hosts, 1, 1 << 24),
    WORD("replay-a", read_text, sides[SIDE_A].replay),
    WORD("replay-b", read_text, sides[SIDE_B].replay),
    WHOLE("size", read_size, 0),
    NUMBER("family", read_family, family, 4, 6),
    WORD("proto", read_proto, proto),
    NUMBER("flows", read_u32, flows, 1, FLOWS_MAX / 2),
    NUMBER("zipf", read_real, zipf, 0, 10),
    WORD("direction", read_direction, sends),
    NUMBER("open", read_int, open, 0, 1),
    NUMBER("new", read_real, new_rate, 0, 1e8),
    WORD("replay-mac", read_bool, replay_mac),
    NUMBER("speed", read_real, speed, 1e-6, 1e6),
    NUMBER("loops", read_u32, loops, 0, 1e9),
    WORD("whole", read_bool, whole),
    WHOLE("rate", read_rate, 1e9),
    NUMBER("seconds", read_real, seconds, 1e-6, 1e6),
    NUMBER("packets", read_u64, packets, 1, 4e9),
    NUMBER("wait", read_int, wait, 0, 1),
    NUMBER("check", read_u32, check, 1, 1e9),
    NUMBER("burst", read_u32, burst, 1, BURST_MAX),
    NUMBER("drain", read_u32, drain_ms, 0, 10000),
    NUMBER("seed", read_u64, seed, 0, 1e18),
    NUMBER("link", read_real, link_seconds, 0, 600),
    WORD("frames", read_text, frames),
};

void words_defaults(struct spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->core = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	for (int side = 0; side < SIDES; side++) {
		struct side *s = &spec->sides[side];

		s->hosts = 1;
		memcpy(s->mac, side ? "\2\0\0\0\xb\xb" : "\2\0\0\0\xa\xa", 6);
		memcpy(s->gateway, side ? "\2\0\0\0\1\1" : "\2\0\0\0\1\0", 6);
		inet_pton(AF_INET, side ? "198.18.0.10" : "10.0.0.10", s->ip);
		inet_pton(AF_INET6, side ? "fd00:2::10" : "fd00:1::10", s->ip6);
	}
	spec->size_count = 1;
	spec->sizes[0] = 64;
	spec->weights[0] = 1;
	spec->family = 4;
	spec->flows = spec->loops = spec->check = 1;
	spec->sends[SIDE_A] = true;
	spec->open = spec->wait = -1;
	spec->replay_mac = spec->replay_clock = true;
	spec->speed = spec->seconds = spec->seed = 1;
	spec->burst = 32;
	spec->drain_ms = 200;
	spec->link_seconds = 30;
}

int words_take(struct spec *spec, char *word, bool start, char *error, size_t room)
{
	char *value = strchr(word, '=');
	const char *name = strncmp(word, "--", 2) ? word : word + 2;

	for (size_t i = 0; value && i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i].name);

		if ((size_t)(value - name) != length || memcmp(name, words[i].name, length))
			continue;
		if (words[i].start && !start) {
			snprintf(error, room, "`%.*s` is for the command line only", (int)length, name);
			return -1;
		}
		if (words[i].read(&words[i], value + 1, (char *)spec + words[i].offset))
			return 0;
		snprintf(error, room, "`%.80s`: not a value of it", name);
		return -1;
	}
	snprintf(error, room, "unknown word `%.80s`", name);
	return -1;
}

int words_take_line(struct spec *spec, char *line, char *error, size_t room)
{
	char *rest = line, *word;

	while ((word = strsep(&rest, " \t\r\n")))
		if (*word && words_take(spec, word, false, error, room) < 0)
			return -1;
	return 0;
}
