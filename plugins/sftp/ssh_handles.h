// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners for libssh2's handles. Each is freed by a call that may want to speak to the server first; see
// SshConnection's and SftpFile's destructors for how that is kept from waiting.
#pragma once

#include <memory>

#include <libssh2.h>
#include <libssh2_sftp.h>

namespace bootferry::sftp {

struct SessionFree {
    void operator()(LIBSSH2_SESSION* session) const noexcept { libssh2_session_free(session); }
};
struct KnownHostsFree {
    void operator()(LIBSSH2_KNOWNHOSTS* hosts) const noexcept { libssh2_knownhost_free(hosts); }
};
struct SftpShutdown {
    void operator()(LIBSSH2_SFTP* sftp) const noexcept { libssh2_sftp_shutdown(sftp); }
};
struct SftpClose {
    void operator()(LIBSSH2_SFTP_HANDLE* file) const noexcept { libssh2_sftp_close_handle(file); }
};

using SessionHandle = std::unique_ptr<LIBSSH2_SESSION, SessionFree>;
using KnownHostsHandle = std::unique_ptr<LIBSSH2_KNOWNHOSTS, KnownHostsFree>;
using SftpHandle = std::unique_ptr<LIBSSH2_SFTP, SftpShutdown>;
using SftpFileHandle = std::unique_ptr<LIBSSH2_SFTP_HANDLE, SftpClose>;

} // namespace bootferry::sftp
