/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_AUTH_H
#define CLIENT_AUTH_H

/*
 * Ready-made dialogues for client_params.auth. The configuration layer makes
 * one and frees it after the client; the steps run on the receive thread.
 */

#include "base/err.h"
#include "client/params.h"

/* SCRAM with the user and password of the connection, which are then not in
 * CONNECT: only their proof crosses the network. method is borrowed and must
 * be one that scram_knows(). -1 with e. */
int auth_scram_init(struct client_auth *ret, const char *method, struct err *e)
	MUST_CHECK;
void auth_scram_release(struct client_auth *a);

#endif
