/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords; see password.h.
 */
#include "password.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "config/key.h"

/* By single bytes: what follows the line stays for others, and no buffer keeps a copy. */
static int read_line(char password[PASSWORD_MAX + 1])
{
	size_t length = 0;
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
		if (length == PASSWORD_MAX) {
			key_wipe(password, PASSWORD_MAX + 1);
			return failed("the password is longer than %d bytes", PASSWORD_MAX);
		}
		password[length++] = byte;
	}
	password[length] = '\0';
	if (length && strlen(password) == length)
		return STATUS_DONE;
	key_wipe(password, PASSWORD_MAX + 1);
	return failed("no password was given");
}

int read_password(const char *prompt, char password[PASSWORD_MAX + 1])
{
	struct termios before, silent;
	int status;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return read_line(password);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* a signal would leave the terminal as it is then */
	fprintf(stderr, "%s: ", prompt);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	status = read_line(password);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return status;
}
