/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into a running image; see access.h.
 */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"

enum { ACCESS_MAGIC = 0x57454943, ACCESS_VERSION = 1, WAIT_SECONDS = 5 };

/* What is sent, and with it a descriptor of the memory. */
struct access_message {
	uint32_t magic, version;
	uint64_t base, section_bytes; /* of struct counters_memory */
	char image_path[PATH_MAX];
};

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* Whether somebody listens at a socket. */
static bool is_alive(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int descriptor = open_socket();
	bool alive =
	    descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (descriptor >= 0)
		close(descriptor);
	return alive;
}

static bool is_socket(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

/* Returns 0 or errno. */
static int listen_at(struct access_server *server)
{
	struct sockaddr_un address = address_of(server->path);
	mode_t before;
	int error = 0;

	if (is_socket(server->path) && is_alive(server->path))
		return EADDRINUSE;
	if (is_socket(server->path))
		unlink(server->path);
	server->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	before = umask(0177);
	if (server->listening < 0 ||
	    bind(server->listening, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server->listening, 8) < 0)
		error = errno;
	umask(before);
	if (error && server->listening >= 0)
		close(server->listening);
	if (error)
		server->listening = -1;
	return error;
}

int access_open(struct access_server *server, const char *path, const char *image_path)
{
	int length = path ? snprintf(server->path, sizeof(server->path), "%s", path)
			  : snprintf(server->path, sizeof(server->path), "%s.sock", image_path);
	int error;

	server->listening = -1;
	error = length < (int)sizeof(server->path) ? listen_at(server) : ENAMETOOLONG;
	if (!error)
		return STATUS_DONE;
	if (path)
		return failed("--socket %s: %s", path, strerror(error));
	note("`weir flows` can't look into this run: %s: %s; --socket PATH puts the socket elsewhere",
	     server->path, error == EADDRINUSE ? "another run has it" : strerror(error));
	*server->path = '\0';
	return STATUS_DONE;
}

/* The image by its whole path: the peer may be in another folder. */
static bool describe(const struct instance *instance, struct access_message *message)
{
	*message = (struct access_message){
	    .magic = ACCESS_MAGIC,
	    .version = ACCESS_VERSION,
	    .base = instance->memory.base,
	    .section_bytes = instance->memory.section_bytes,
	};
	return realpath(instance->launch->image->path, message->image_path) != NULL;
}

static void send_view(int peer, const struct instance *instance)
{
	struct access_message message;
	char memory[40], control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {&message, sizeof(message)};
	struct msghdr header = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	int descriptor;

	snprintf(memory, sizeof(memory), "/proc/self/fd/%d", instance->memory_descriptor);
	descriptor = open(memory, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &descriptor, sizeof(descriptor));
	if (describe(instance, &message))
		sendmsg(peer, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(descriptor);
}

void access_serve(const struct access_server *server, const struct instance *instance)
{
	int peer;

	while (server->listening >= 0 && (peer = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		send_view(peer, instance);
		close(peer);
	}
}

void access_close(struct access_server *server)
{
	if (server->listening < 0)
		return;
	close(server->listening);
	unlink(server->path);
	server->listening = -1;
}

/* Returns the descriptor that came along, or -1. */
static int receive_view(int descriptor, struct access_message *message)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {message, sizeof(*message)};
	struct msghdr header = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(descriptor, &header, MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	int memory = -1;

	if (length > 0 && rights && rights->cmsg_type == SCM_RIGHTS &&
	    rights->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&memory, CMSG_DATA(rights), sizeof(memory));
	message->image_path[sizeof(message->image_path) - 1] = '\0';
	if (memory >= 0 && (length != sizeof(*message) || message->magic != ACCESS_MAGIC ||
			    message->version != ACCESS_VERSION)) {
		close(memory);
		return -1;
	}
	return memory;
}

static int map_memory(struct access_view *view, int memory, const struct access_message *message)
{
	struct stat about;
	void *bytes;

	if (fstat(memory, &about) < 0 || about.st_size <= 0)
		return failed("the run's memory can't be looked at");
	bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, memory, 0);
	if (bytes == MAP_FAILED)
		return failed("the run's memory can't be mapped: %s", strerror(errno));
	view->memory = (struct counters_memory){
	    .bytes = bytes,
	    .size = (size_t)about.st_size,
	    .base = message->base,
	    .section_bytes = message->section_bytes,
	};
	return STATUS_DONE;
}

static int talk(struct access_view *view, int descriptor, const char *path)
{
	static const struct timeval patience = {.tv_sec = WAIT_SECONDS};
	struct access_message message;
	int memory, status;

	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	memory = receive_view(descriptor, &message);
	if (memory < 0)
		return failed("%s: this is no run of Weir's, or one of another version", path);
	status = map_memory(view, memory, &message);
	close(memory);
	if (status != STATUS_DONE)
		return status;
	memcpy(view->image_path, message.image_path, sizeof(view->image_path));
	return image_open(&view->image, view->image_path);
}

int access_connect(struct access_view *view, const char *name)
{
	char path[ACCESS_PATH_MAX];
	struct sockaddr_un address;
	int descriptor, status;

	*view = (struct access_view){0};
	if (snprintf(path, sizeof(path), is_socket(name) ? "%s" : "%s.sock", name) >= (int)sizeof(path))
		return failed("%s: %s", name, strerror(ENAMETOOLONG));
	address = address_of(path);
	descriptor = open_socket();
	if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0) {
		status =
		    errno == ENOENT || errno == ECONNREFUSED
			? failed("%s: nobody runs it now; start it with: weir run %s --tap ...", name, name)
			: failed("%s: %s", path, strerror(errno));
	} else {
		status = talk(view, descriptor, path);
	}
	if (descriptor >= 0)
		close(descriptor);
	if (status != STATUS_DONE)
		access_disconnect(view);
	return status;
}

void access_disconnect(struct access_view *view)
{
	if (view->memory.bytes)
		munmap((void *)view->memory.bytes, view->memory.size);
	if (view->image.config)
		image_close(&view->image);
	view->memory = (struct counters_memory){0};
}
