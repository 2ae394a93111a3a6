/* SPDX-License-Identifier: Apache-2.0
 *
 * The subcommands of `weir`, and what they share: exit statuses and one way of talking to the person.
 *
 * Results go to standard output, everything else to standard error. Colours and progress appear on terminals
 * only; NO_COLOR (no-color.org) turns colours off.
 */
#ifndef IMAGES_COMMAND_H
#define IMAGES_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* the work failed */
	STATUS_USAGE = 2,  /* the command was used wrongly */
};

/* argv[0] is the subcommand's name. Each returns an enum status. */
int command_check(int argc, char **argv);
int command_build(int argc, char **argv);
int command_image(int argc, char **argv);
int command_run(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_flows(int argc, char **argv);
int command_tunnels(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_peer(int argc, char **argv);
int command_key(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_sign(int argc, char **argv);
int command_verify(int argc, char **argv);

/* Help by example; topic NULL: the overview. Returns NULL for an unknown topic. */
const char *help_text(const char *topic);

/* Writes a new file that only its owner can read (status). */
int write_private_file(const char *path, const char *text, size_t length);

/* One line on standard error, "weir: ..."; they return STATUS_FAILED and STATUS_USAGE. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int misused(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What getopt_long does not take, in words: `command` is the subcommand, `found` is '?' or ':'. Returns
 * STATUS_USAGE. */
int misused_option(const char *command, char **argv, int found);

/* Prints the help of a subcommand. Returns STATUS_DONE. */
int show_help(const char *topic);

/* The line of progress that long work redraws where standard error is a terminal. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_end(void);

enum colour { COLOUR_PLAIN, COLOUR_BOLD, COLOUR_DIM, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };

/* Escape sequence for `colour`, or "" where `stream` is no terminal or NO_COLOR is set. */
const char *colour(FILE *stream, enum colour colour);

#endif
