// SPDX-License-Identifier: LGPL-2.1-or-later
// libssh2 reports a broken connection by many codes, above all during the key exchange; so the state of the
// socket is considered as well. A refused login ends the boot, so only a real refusal counts: if the answer
// did not come, the login was not refused.
#include "ssh_failure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ssh_handles.h"

namespace bootferry::sftp {
namespace {

using plugin::Failure;

constexpr int firstWithSha2 = 0x010b00; // libssh2 1.11: RSA with SHA-2, AES-GCM, ChaCha20

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
    case LIBSSH2_ERROR_CHANNEL_FAILURE: // libssh2's text for any failure to start sftp
    case LIBSSH2_ERROR_SOCKET_NONE:     // libssh2's text for any failure before the server's key exchange
    case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
        return end.peerIsGone;
    default:
        return false;
    }
}

// The first line of the server's greeting, without what a terminal would interpret.
std::string firstLine(const std::string& text) {
    constexpr std::size_t longest = 80;
    std::string line = text.substr(0, std::min(text.find_first_of("\r\n"), longest));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return line;
}

// " (it sent '…')"
std::string inItsWords(const std::string& text) {
    const auto line = firstLine(text);
    return line.empty() ? "" : " (it sent '" + line + "')";
}

// A server that has no room for another connection closes it before it speaks SSH: an sshd that has reached
// MaxStartups, or one that rejects this address for a while (PerSourcePenalties).
bool isBusy(const SshEnd& end) {
    constexpr std::array<std::string_view, 3> words{"Exceeded MaxStartups", "Not allowed at this time",
                                                    "Too many"};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return end.greeting.starts_with(word); });
}

Failure failureOfGreeting(const SshEnd& end) {
    if (isBusy(end)) {
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " is busy: it sent '" + firstLine(end.greeting) +
                                                 "' and closed the connection"};
    }
    if (std::string_view("SSH-").starts_with(end.greeting)) {
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection before it named itself; it may be busy, as sshd is "
                                "past MaxStartups"};
    }
    return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " is not an SSH server" + inItsWords(end.greeting)};
}

Failure disconnected(const SshEnd& end) {
    const auto words = inItsWords(end.farewell);
    switch (end.stage) {
    case Stage::Handshake:
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection during the SSH handshake" + words};
    case Stage::Login:
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection during the login" + words};
    case Stage::Opening:
        return {BOOTFERRY_ERROR_UNREACHABLE,
                end.authority + " closed the connection before the file was open" + words};
    case Stage::Reading:
        break;
    }
    auto message = "the connection to " + end.authority + " was cut after " + std::to_string(end.position);
    message += end.size ? " of " + std::to_string(*end.size) + " bytes" : " bytes";
    return {BOOTFERRY_ERROR_UNREACHABLE, message + words};
}

// A server ends the connection after too many refused logins. A retry would end in the same way.
bool isTooManyLogins(const SshEnd& end) {
    return end.stage == Stage::Login && end.farewell.find("authentication failures") != std::string::npos;
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
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " did not understand the request for " + file +
                                              " (status " + std::to_string(end.sftpStatus) + ")"};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " failed with " + file +
                                              ", without a reason (status " + std::to_string(end.sftpStatus) +
                                              ")"};
    }
}

// Answers that libssh2 describes in words that help nobody.
Failure failureOfAnswer(const SshEnd& end) {
    const auto says = [&end](const std::string& words) {
        return Failure(BOOTFERRY_ERROR_PROTOCOL, end.authority + words);
    };
    if (end.detail == "FXP_READ response too big") {
        return says(" sent too many bytes instead of the piece that was requested");
    }
    if (end.detail == "Read Packet At Unexpected Offset") {
        return says(" answers requests for the file with less than was requested, or with nothing");
    }
    return says(": " + end.detail);
}

Failure failureOfHandshake(const SshEnd& end) {
    switch (end.code) {
    case LIBSSH2_ERROR_KEX_FAILURE:
    case LIBSSH2_ERROR_METHOD_NONE:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
        return {BOOTFERRY_ERROR_TLS,
                end.authority + " has no SSH algorithms in common with this machine" + whatLibssh2Lacks()};
    case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
    case LIBSSH2_ERROR_HOSTKEY_INIT:
    case LIBSSH2_ERROR_HOSTKEY_SIGN:
        return {BOOTFERRY_ERROR_TLS, end.authority + " did not prove its host key: " + end.detail};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + end.detail};
    }
}

Failure failureOfLogin(const SshEnd& end) {
    if (end.code == LIBSSH2_ERROR_PASSWORD_EXPIRED) {
        return {BOOTFERRY_ERROR_AUTH,
                end.authority + " requires a new password of this user, which needs a person"};
    }
    return {BOOTFERRY_ERROR_AUTH, end.authority + " neither accepted nor refused the login: " + end.detail};
}

// libssh2 takes text for the length of a packet: it is too large, or there is no memory for it.
bool isNotSftp(const SshEnd& end) {
    switch (end.code) {
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
        return false;
    default:
        return end.isBeforeSftp;
    }
}

} // namespace

bool speaksSsh(const std::string& greeting) {
    return greeting.starts_with("SSH-") || greeting.find("\nSSH-") != std::string::npos;
}

bool hasRsaWithSha2() {
    return libssh2_version(firstWithSha2) != nullptr;
}

std::string whatLibssh2Lacks() {
    if (hasRsaWithSha2()) {
        return "";
    }
    return std::string("; libssh2 ") + libssh2_version(0) +
           " has neither AES-GCM nor ChaCha20, nor RSA with SHA-2, which libssh2 1.11 has: let the server "
           "offer aes256-ctr, the MAC hmac-sha2-256, the key exchange curve25519-sha256, and an Ed25519 or "
           "ECDSA host key as well";
}

Failure failureOf(const SshEnd& end) {
    if (end.stage == Stage::Handshake && !speaksSsh(end.greeting)) {
        return failureOfGreeting(end);
    }
    if (end.channelEnded && end.stage == Stage::Opening) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority + " does not offer sftp, or ended it before the file was open"};
    }
    if (isTooManyLogins(end)) {
        return {BOOTFERRY_ERROR_AUTH, end.authority + " refused the login" + inItsWords(end.farewell)};
    }
    if (isDisconnect(end)) {
        return disconnected(end);
    }
    if (isNotSftp(end)) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority +
                    " sent something else than sftp: perhaps a login script (.bashrc) of the user prints "
                    "text, or the user may not log in"};
    }
    switch (end.code) {
    case LIBSSH2_ERROR_ALLOC:
        return {BOOTFERRY_ERROR_IO, "out of memory"};
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
        return {BOOTFERRY_ERROR_TIMEOUT, end.authority + " did not answer in time"};
    case LIBSSH2_ERROR_SFTP_PROTOCOL:
        return end.sftpStatus != LIBSSH2_FX_OK ? failureOfStatus(end) : failureOfAnswer(end);
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " does not offer sftp: " + end.detail};
    default:
        break;
    }
    switch (end.stage) {
    case Stage::Handshake:
        return failureOfHandshake(end);
    case Stage::Login:
        return failureOfLogin(end);
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + end.detail};
    }
}

} // namespace bootferry::sftp
