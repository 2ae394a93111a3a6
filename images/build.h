/* SPDX-License-Identifier: Apache-2.0
 *
 * From a configuration to an image.
 */
#ifndef IMAGES_BUILD_H
#define IMAGES_BUILD_H

#include <stdbool.h>

struct config;

/* Reads a configuration and prints what is said of it. NULL after errors. */
struct config *load_config(const char *path);

/* Compiles the configuration at `path` into the image `output`. NULL: named after the configuration, beside
 * it; the name is then left in *made. Says what goes wrong (status). */
int build_image(const char *path, const char *output, char **made);

/* Whether a path is that of a configuration, by its ending. */
bool is_config(const char *path);

/* What run and replay are given may be a configuration: then it is built into a temporary image, which is
 * removed when the program ends. *image_path becomes the image's path. Status. */
int build_if_config(const char *path, const char **image_path);

#endif
