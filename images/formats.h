/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir image` can make of an image: a format is a row of the table in formats.c and a file
 * format_NAME.c that makes it. Each makes either a disk that boots by itself, or the file that tells a
 * hypervisor's tools how to start the image.
 *
 * The same image and words give the same bytes, wherever and whenever they are made: nothing in them comes
 * from the clock, from random numbers or from the host.
 */
#ifndef IMAGES_FORMATS_H
#define IMAGES_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include "artefact.h"
#include "image.h"
#include "instance.h"
#include "ports.h"

enum { FORMAT_ID_BYTES = 32 };

/* Characters that mean nothing to any of the tools: names have only such. */
#define FORMAT_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:@%"

/* What is to be made, and from what. */
struct format_job {
	const struct image *image;
	const char
	    *words; /* the image's arguments, separated by blanks; characters as words_check has them */
	const char *output;		  /* the file or folder to make */
	const char *kernel;		  /* the image, as who starts it from the output's folder calls it */
	struct port_values networks;	  /* what a person gave: a tap or bridge for each device */
	struct launch launch;		  /* the image's network cards */
	size_t slots[INSTANCE_CARDS_MAX]; /* where in launch.cards each device is */
	uint8_t id[FORMAT_ID_BYTES];	  /* SHA-256 of image and words: identifiers are made from it */
	const char *folder;		  /* for what is made on the way: temporary, and private */
	struct artefacts *artefacts;	  /* what was made */
};

/* A tool that making a format needs: a program's name, or the full path of a file; and its Debian package. */
struct format_need {
	const char *what, *package;
};

struct format {
	const char *name, *suffix, *summary;
	const struct format_need *needs;	   /* until one without `what`; NULL: none */
	int (*make)(const struct format_job *job); /* status */
};

/* Until one without a name. */
extern const struct format formats[];

/* NULL: there is none of that name. */
const struct format *format_find(const char *name);

/* The first tool that is missing here, or NULL. */
const struct format_need *format_missing(const struct format *format);

/* Fills in the id and places the cards, once image, words and networks are there. Status. */
int format_prepare(struct format_job *job);

/* One card of the machine, for the formats of hypervisors that have no empty slots. */
struct format_card {
	const char *port, *network; /* the network is called as its port where a person gave nothing else */
	char mac[18];
};

/* The cards in the order of their slots. Returns how many; or says why there is no such machine, and returns
 * -1. */
int format_cards(const struct format_job *job, struct format_card cards[INSTANCE_CARDS_MAX]);

/* RFC 9562's version 8, from the job's id. */
void format_uuid(const struct format_job *job, char text[37]);

/* One make function for each file format_NAME.c. */
int format_make_qemu_microvm(const struct format_job *job);
int format_make_qemu_q35(const struct format_job *job);
int format_make_cloud_hypervisor(const struct format_job *job);
int format_make_firecracker(const struct format_job *job);
int format_make_xen(const struct format_job *job);
int format_make_qubes(const struct format_job *job);
int format_make_libvirt(const struct format_job *job);
int format_make_raw(const struct format_job *job);
int format_make_qcow2(const struct format_job *job);
int format_make_iso(const struct format_job *job);

#endif
