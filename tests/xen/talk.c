/* SPDX-License-Identifier: Apache-2.0
 *
 * Both ends of TCP connections in dom0's namespaces; called by tests/xen/script. Exit status 0: every byte
 * came back as it was sent.
 *
 *     talk serve PORT...              answers each connection with what it hears, for ever
 *     talk bulk ADDRESS PORT BYTES    sends so many and compares what comes back
 *     talk live ADDRESS PORT FILE     numbers until SIGTERM; writes into FILE how many came back
 *     talk knock ADDRESS PORT         prints "open", "refused", "silent" (for 2 seconds) or an error
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, KNOCK_MS = 2000, STALL_MS = 60000, LIVE_STALL_SECONDS = 600, LIVE_US = 250000 };

static volatile sig_atomic_t asked_to_end;

static void end(int number)
{
	(void)number;
	asked_to_end = 1;
}

static int open_socket(const char *address, const char *port, bool listening, struct addrinfo **found)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (listening ? AI_PASSIVE : 0),
				 .ai_family = listening ? AF_INET6 : AF_UNSPEC};
	int made, error = getaddrinfo(address, port, &hints, found);

	if (error)
		errx(1, "%s %s: %s", address, port, gai_strerror(error));
	made = socket((*found)->ai_family, SOCK_STREAM, 0);
	if (made < 0)
		err(1, "socket");
	return made;
}

static int connect_to(const char *address, const char *port)
{
	struct addrinfo *found;
	int made = open_socket(address, port, false, &found);

	if (connect(made, found->ai_addr, found->ai_addrlen))
		err(1, "connect to %s %s", address, port);
	return made;
}

static void echo(int connection)
{
	static char bytes[CHUNK];
	ssize_t length;

	while ((length = recv(connection, bytes, sizeof(bytes), 0)) > 0)
		for (ssize_t done = 0, sent; done < length; done += sent)
			if ((sent = send(connection, bytes + done, (size_t)(length - done), MSG_NOSIGNAL)) <
			    0)
				_exit(1);
	_exit(0);
}

static void serve(const char *port)
{
	struct addrinfo *found;
	int on = 1, listener = open_socket(NULL, port, true, &found), connection;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, found->ai_addr, found->ai_addrlen) || listen(listener, 16))
		err(1, "listen on %s", port);
	while ((connection = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0)
			echo(connection);
		close(connection);
	}
	err(1, "accept");
}

/* The byte at each place of the stream: no two pieces of it are alike. */
static char byte_at(uint64_t place)
{
	return (char)((place * 0x9e3779b97f4a7c15u) >> 56);
}

static void send_more(int made, uint64_t *sent, uint64_t total)
{
	char bytes[CHUNK];
	size_t length = total - *sent < CHUNK ? (size_t)(total - *sent) : CHUNK;
	ssize_t done;

	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_at(*sent + i);
	done = send(made, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done < 0 && errno != EAGAIN)
		err(1, "send, after %lu bytes", *sent);
	*sent += done > 0 ? (uint64_t)done : 0;
}

static void compare_more(int made, uint64_t *received)
{
	char bytes[CHUNK];
	ssize_t length = recv(made, bytes, sizeof(bytes), 0);

	if (length <= 0)
		err(1, "receive, after %lu bytes", *received);
	for (ssize_t i = 0; i < length; i++, ++*received)
		if (bytes[i] != byte_at(*received))
			errx(1, "byte %lu came back wrong", *received);
}

static int bulk(int made, uint64_t total)
{
	uint64_t sent = 0, received = 0;

	while (received < total) {
		struct pollfd ready = {.fd = made, .events = (short)(POLLIN | (sent < total ? POLLOUT : 0))};

		if (poll(&ready, 1, STALL_MS) <= 0)
			errx(1, "stalled: %lu bytes sent, %lu came back", sent, received);
		if (ready.revents & POLLOUT)
			send_more(made, &sent, total);
		if (ready.revents & (POLLIN | POLLERR | POLLHUP))
			compare_more(made, &received);
	}
	return 0;
}

static void tell(const char *path, uint64_t count)
{
	char partial[256];
	FILE *file;

	snprintf(partial, sizeof(partial), "%s.new", path);
	file = fopen(partial, "w");
	if (!file || fprintf(file, "%lu\n", count) < 0 || fclose(file) || rename(partial, path))
		err(1, "%s", path);
}

static int live(int made, const char *path)
{
	struct timeval stall = {.tv_sec = LIVE_STALL_SECONDS};

	setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
	for (uint64_t count = 1; !asked_to_end; count++) {
		uint64_t answer = 0;

		if (send(made, &count, sizeof(count), MSG_NOSIGNAL) != sizeof(count))
			err(1, "send, number %lu", count);
		if (recv(made, &answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
			err(1, "no answer, number %lu", count);
		if (answer != count)
			errx(1, "%lu came back as %lu", count, answer);
		tell(path, count);
		usleep(LIVE_US);
	}
	return 0;
}

static int knock(const char *address, const char *port)
{
	struct addrinfo *found;
	int made = open_socket(address, port, false, &found);
	struct timeval patience = {.tv_sec = KNOCK_MS / 1000};

	setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(made, found->ai_addr, found->ai_addrlen) == 0)
		puts("open");
	else
		puts(errno == ECONNREFUSED ? "refused" : errno == EINPROGRESS ? "silent" : strerror(errno));
	return 0;
}

int main(int count, char **words)
{
	struct sigaction ending = {.sa_handler = end, .sa_flags = SA_RESTART};

	sigaction(SIGTERM, &ending, NULL);
	signal(SIGCHLD, SIG_IGN);
	if (count >= 3 && strcmp(words[1], "serve") == 0) {
		signal(SIGTERM, SIG_DFL);
		for (int i = 3; i < count; i++)
			if (fork() == 0)
				serve(words[i]);
		serve(words[2]);
	}
	if (count == 5 && strcmp(words[1], "bulk") == 0)
		return bulk(connect_to(words[2], words[3]), strtoull(words[4], NULL, 10));
	if (count == 5 && strcmp(words[1], "live") == 0)
		return live(connect_to(words[2], words[3]), words[4]);
	if (count == 4 && strcmp(words[1], "knock") == 0)
		return knock(words[2], words[3]);
	errx(2, "see talk.c");
}
