/* SPDX-License-Identifier: Apache-2.0
 *
 * How another `weir` looks into a running image: `weir run` listens on a Unix socket, and hands to who
 * connects a descriptor of the image's memory that can only be read, and what is needed to understand it. One
 * message, one way; nothing is ever read from the peer.
 */
#ifndef IMAGES_ACCESS_H
#define IMAGES_ACCESS_H

#include <stdbool.h>

#include "instance.h"

enum { ACCESS_PATH_MAX = 100 }; /* sockaddr_un has 108 */

/* The end of `weir run`. */
struct access_server {
	int listening; /* -1: nobody can connect */
	char path[ACCESS_PATH_MAX];
};

/* Listens at `path`, or beside the image where that is NULL. A socket that nobody listens on any more is
 * replaced; one that somebody does is left to them, with a note. Status: STATUS_FAILED only where the path
 * was asked for. */
int access_open(struct access_server *server, const char *path, const char *image_path);

/* Serves whoever waits; never waits itself. */
void access_serve(const struct access_server *server, const struct instance *instance);

void access_close(struct access_server *server);

/* The end of `weir flows`: an image that runs elsewhere. */
struct access_view {
	struct image image;
	struct counters_memory memory;
	char image_path[4096];
};

/* `name` is a socket, or an image beside which there is one. Status. */
int access_connect(struct access_view *view, const char *name);
void access_disconnect(struct access_view *view);

#endif
