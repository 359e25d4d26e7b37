// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners of libssh2's objects. Freeing one may send a message to the server; after SshConnection::breakOff()
// this does not block.
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
struct ChannelFree {
    void operator()(LIBSSH2_CHANNEL* channel) const noexcept { libssh2_channel_free(channel); }
};
struct SftpShutdown {
    void operator()(LIBSSH2_SFTP* sftp) const noexcept { libssh2_sftp_shutdown(sftp); }
};
struct SftpClose {
    void operator()(LIBSSH2_SFTP_HANDLE* file) const noexcept { libssh2_sftp_close_handle(file); }
};

using SessionHandle = std::unique_ptr<LIBSSH2_SESSION, SessionFree>;
using KnownHostsHandle = std::unique_ptr<LIBSSH2_KNOWNHOSTS, KnownHostsFree>;
using ChannelHandle = std::unique_ptr<LIBSSH2_CHANNEL, ChannelFree>;
using SftpHandle = std::unique_ptr<LIBSSH2_SFTP, SftpShutdown>;
using SftpFileHandle = std::unique_ptr<LIBSSH2_SFTP_HANDLE, SftpClose>;

} // namespace bootferry::sftp
