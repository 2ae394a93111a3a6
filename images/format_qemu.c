/* SPDX-License-Identifier: Apache-2.0
 *
 * A script that starts the image under QEMU, as `weir run` does but without the host command. KVM is used
 * where whoever runs the script may use it. Source: qemu-system-x86_64(1).
 */
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "formats.h"
#include "qemu_command.h"

/* All words are plain (command_image.c checks what a person gave), but for blanks in the image's arguments
 * and for the two variables. */
static void print_words(FILE *stream, const struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		const char *word = arguments->words[i];

		fputs(i == 0 ? "exec " : *word == '-' ? " \\\n\t" : " ", stream);
		fprintf(stream, strchr(word, ' ') ? "'%s'" : "%s", word);
	}
}

static int make(const struct format_job *job, enum machine machine)
{
	const struct qemu_processor how = {ACCELERATOR_TCG, "$accel", "$cpu"};
	const struct config *config = job->image->config;
	struct launch launch = job->launch;
	struct image image = *job->image;
	struct arguments arguments = {0};
	FILE *stream = artefact_text(job->output, true);

	if (!stream)
		return STATUS_FAILED;
	image.path = job->kernel;
	launch.image = &image;
	launch.machine = machine;
	for (size_t i = 0; i < config->device_count; i++)
		launch.cards[job->slots[i]].tap =
		    job->networks.values[i] ? job->networks.values[i] : config->ports[i].name;
	fprintf(stream,
		"#!/bin/sh\n"
		"# Boots %s under QEMU. Taps must be there: ip tuntap add dev %s mode tap user $USER\n"
		"# Where the host has /dev/vhost-net, \",vhost=on\" behind a tap's name makes it faster.\n"
		"cd \"$(dirname \"$0\")\" || exit\n"
		"accel=tcg cpu=max\n"
		"[ ! -c /dev/kvm ] || [ ! -w /dev/kvm ] || accel=kvm cpu=host,-arch-capabilities\n",
		config->name, launch.cards[job->slots[0]].tap);
	qemu_command(&arguments, &launch, &how, -1);
	print_words(stream, &arguments);
	fputs(" \"$@\"\n", stream);
	arguments_free(&arguments);
	return artefact_end(job->artefacts, job->output, stream);
}

int format_make_qemu_microvm(const struct format_job *job)
{
	return make(job, MACHINE_MICROVM);
}

int format_make_qemu_q35(const struct format_job *job)
{
	return make(job, MACHINE_Q35);
}
