/* connection.c - what the processes of a connection share
 * SPDX-License-Identifier: ISC */
#include "imapd/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imapd/signals.h"
#include "tls/start.h"

static void
learn(struct connection *c)
{
	const struct tls_info *info = &c->info;
	size_t n = 0;

	c->tls = (struct auth_tls){
		.exporter = info->exporter, .exporter_len = info->exporter_len,
		.names = c->tls_names
	};
	if (info->client_verified) {
		for (size_t i = 0; i < info->client_emails; i++)
			c->tls_names[n++] = info->client_email[i];
		if (info->client_name[0] != '\0')
			c->tls_names[n++] = info->client_name;
	}
	c->tls.names_n = n;
	c->peer.secure = true;
	c->peer.starttls = false;
	c->peer.protocol = info->protocol;
	c->peer.tls = &c->tls;
}

const struct err *
connection_start_tls(struct connection *c)
{
	const struct err *err;
	int fd;

	err = tls_start(c->store_arg, c->conf_arg, c->files, STDIN_FILENO,
	    c->peer.address, c->conf->login_timeout, signals_stop, &fd,
	    &c->info);
	if (err != NULL)
		return err;
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		err = err_errno("dup2");
	close(fd);
	if (err == NULL)
		learn(c);
	return err;
}

void
connection_close_files(struct connection *c)
{
	if (c->files == NULL)
		return;
	tls_files_close(c->files);
	free(c->files);
	c->files = NULL;
}
