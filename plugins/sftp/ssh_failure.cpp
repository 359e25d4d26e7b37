// SPDX-License-Identifier: LGPL-2.1-or-later
// libssh2 tells a broken connection by many codes, the more so during the key exchange; hence the socket is
// asked as well. A refused login ends the boot, so it must be one: where libssh2 says that the answer to a
// login did not come, it was none.
#include "ssh_failure.h"

#include <libssh2.h>
#include <libssh2_sftp.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

bool isDisconnect(const SshEnd& end) {
    switch (end.code) {
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_CHANNEL_CLOSED:
    case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
        return true;
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
        return end.detail.starts_with("Waiting for");
    case LIBSSH2_ERROR_SOCKET_NONE: // what waiting for the server's key exchange answers to anything
    case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
        return end.peerIsGone;
    default:
        return false;
    }
}

Failure disconnected(const SshEnd& end) {
    switch (end.stage) {
    case Stage::Handshake:
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection during the SSH handshake"};
    case Stage::Login:
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " closed the connection during the login"};
    case Stage::Opening:
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection before the file was open"};
    case Stage::Reading:
        break;
    }
    auto message = "the connection to " + end.authority + " was cut after " + std::to_string(end.position);
    message += end.size ? " of " + std::to_string(*end.size) + " bytes" : " bytes";
    return {BOOTFERRY_ERROR_UNREACHABLE, message};
}

Failure failureOfStatus(const SshEnd& end) {
    const auto file = "'" + end.path + "'";
    switch (end.sftpStatus) {
    case LIBSSH2_FX_NO_SUCH_FILE:
    case LIBSSH2_FX_NO_SUCH_PATH:
    case LIBSSH2_FX_NOT_A_DIRECTORY:
    case LIBSSH2_FX_INVALID_FILENAME:
        return {BOOTFERRY_ERROR_NOT_FOUND, end.authority + " has no file " + file};
    case LIBSSH2_FX_PERMISSION_DENIED:
        return {BOOTFERRY_ERROR_AUTH, "the user may not read " + file + " on " + end.authority};
    case LIBSSH2_FX_NO_CONNECTION:
    case LIBSSH2_FX_CONNECTION_LOST:
        return disconnected(end);
    case LIBSSH2_FX_NO_MEDIA:
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " has no medium for " + file + " now"};
    case LIBSSH2_FX_OP_UNSUPPORTED:
    case LIBSSH2_FX_BAD_MESSAGE:
    case LIBSSH2_FX_INVALID_HANDLE:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " did not understand what it was asked about " +
                                              file + " (status " + std::to_string(end.sftpStatus) + ")"};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " failed with " + file +
                                              ", without saying why (status " +
                                              std::to_string(end.sftpStatus) + ")"};
    }
}

Failure failureOfHandshake(const SshEnd& end) {
    switch (end.code) {
    case LIBSSH2_ERROR_BANNER_RECV:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " is no SSH server: " + end.detail};
    case LIBSSH2_ERROR_KEX_FAILURE:
        return {BOOTFERRY_ERROR_TLS,
                end.authority + " has no SSH algorithms in common with this machine: " + end.detail};
    case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
    case LIBSSH2_ERROR_HOSTKEY_INIT:
    case LIBSSH2_ERROR_HOSTKEY_SIGN:
        return {BOOTFERRY_ERROR_TLS, end.authority + " did not prove its host key: " + end.detail};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + end.detail};
    }
}

} // namespace

Failure failureOf(const SshEnd& end) {
    if (end.channelEnded && end.stage == Stage::Opening) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority + " does not offer sftp, or ended it before the file was open"};
    }
    if (isDisconnect(end)) {
        return disconnected(end);
    }
    switch (end.code) {
    case LIBSSH2_ERROR_ALLOC:
        return {BOOTFERRY_ERROR_IO, "out of memory"};
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
        return {BOOTFERRY_ERROR_TIMEOUT, end.authority + " did not answer in time"};
    case LIBSSH2_ERROR_SFTP_PROTOCOL:
        if (end.sftpStatus != LIBSSH2_FX_OK) {
            return failureOfStatus(end);
        }
        break;
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " does not offer sftp: " + end.detail};
    default:
        break;
    }
    if (end.stage == Stage::Handshake) {
        return failureOfHandshake(end);
    }
    return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + end.detail};
}

} // namespace bootferry::sftp
