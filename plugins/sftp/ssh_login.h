// SPDX-License-Identifier: LGPL-2.1-or-later
// Logs in with the credentials that are set and the methods that the server accepts: a key, a password, the
// password as the answer to a keyboard-interactive question. A server may require several of them, one after
// the other.
#pragma once

#include "sftp_options.h"
#include "ssh_connection.h"

namespace bootferry::sftp {

// Throws Failure; AUTH if the server does not accept all of them together.
void logIn(SshConnection& connection, const Login& login);

} // namespace bootferry::sftp
