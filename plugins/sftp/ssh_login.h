// SPDX-License-Identifier: LGPL-2.1-or-later
// Logs in with what there is and what the server accepts: a key, a password, the password as the answer to a
// keyboard-interactive question. A server may require several of them, one after the other.
#pragma once

#include "sftp_options.h"
#include "ssh_connection.h"

namespace bootferry::sftp {

// Throws Failure, AUTH where the server is not content with all of it.
void logIn(SshConnection& connection, const Login& login);

} // namespace bootferry::sftp
