// SPDX-License-Identifier: LGPL-2.1-or-later
// libssh has one code for every end of a session, and the reason only as text. The text is compared where it
// decides between a retry and an error; the state of the socket is considered as well.
#include "ssh_failure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <libssh/sftp.h>

namespace bootferry::sftp {
namespace {

using plugin::Failure;

// Of later versions of the protocol, which some servers use in this one as well.
constexpr std::uint32_t notADirectory = 19;
constexpr std::uint32_t invalidFilename = 20;

template <std::size_t count>
bool beginsWithOneOf(const std::string& detail, const std::array<std::string_view, count>& beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](std::string_view beginning) { return detail.starts_with(beginning); });
}

bool isDisconnect(const SshEnd& end) {
    constexpr std::array<std::string_view, 3> words{"Socket error", "Received SSH_MSG_DISCONNECT",
                                                    "Writing packet: error on socket"};
    return end.peerIsGone || beginsWithOneOf(end.detail, words);
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

Failure failureOfStatus(const SshEnd& end, std::uint32_t status) {
    const auto file = "'" + end.path + "'";
    switch (status) {
    case SSH_FX_NO_SUCH_FILE:
    case SSH_FX_NO_SUCH_PATH:
    case notADirectory:
    case invalidFilename:
        return {BOOTFERRY_ERROR_NOT_FOUND, end.authority + " has no file " + file};
    case SSH_FX_PERMISSION_DENIED:
        return {BOOTFERRY_ERROR_AUTH, "the user may not read " + file + " on " + end.authority};
    case SSH_FX_NO_CONNECTION:
    case SSH_FX_CONNECTION_LOST:
        return disconnected(end);
    case SSH_FX_NO_MEDIA:
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " has no medium for " + file + " now"};
    case SSH_FX_OP_UNSUPPORTED:
    case SSH_FX_BAD_MESSAGE:
    case SSH_FX_INVALID_HANDLE:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " did not understand the request for " + file +
                                              " (status " + std::to_string(status) + ")"};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " failed with " + file +
                                              ", without a reason (status " + std::to_string(status) + ")"};
    }
}

// Whatever the server did afterwards, these are final.
std::optional<Failure> failureOfHandshake(const SshEnd& end) {
    constexpr std::array<std::string_view, 2> notProven{"Failed to verify server hostkey",
                                                        "Public key from server"};
    constexpr std::array<std::string_view, 2> noServer{"No version of SSH protocol usable",
                                                       "Receiving banner"};
    if (!end.spokeSsh || beginsWithOneOf(end.detail, noServer)) {
        return Failure(BOOTFERRY_ERROR_PROTOCOL, end.authority + " is not an SSH server: " + end.detail);
    }
    if (end.detail.starts_with("kex error")) {
        return Failure(BOOTFERRY_ERROR_TLS,
                       end.authority + " has no SSH algorithms in common with this machine: " + end.detail);
    }
    if (beginsWithOneOf(end.detail, notProven)) {
        return Failure(BOOTFERRY_ERROR_TLS, end.authority + " did not prove its host key: " + end.detail);
    }
    return std::nullopt;
}

} // namespace

Failure failureOf(const SshEnd& end) {
    if (end.sftpStatus) {
        return failureOfStatus(end, *end.sftpStatus);
    }
    if (end.stage == Stage::Handshake) {
        if (auto failure = failureOfHandshake(end)) {
            return *failure;
        }
    }
    if (isDisconnect(end) || (end.channelEnded && end.stage == Stage::Reading)) {
        return disconnected(end);
    }
    if (end.detail.ends_with("Out of memory")) {
        return {BOOTFERRY_ERROR_IO, "out of memory"};
    }
    switch (end.stage) {
    case Stage::Login:
        return {BOOTFERRY_ERROR_AUTH,
                end.authority + " neither accepted nor refused the login; it may require a new password"};
    case Stage::Opening:
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority + (end.channelEnded
                                     ? " does not offer sftp, or ended it before the file was open"
                                     : " does not offer sftp: " + end.detail)};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + end.detail};
    }
}

} // namespace bootferry::sftp
