// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ftp_failure.h"

#include "ascii_text.h"
#include "ftp_reply.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;
using plugin::mentions;

constexpr long needsAccount = 332;
constexpr long notLoggedIn = 530; // after any command
constexpr long needsAccountToo = 532;

std::string whatMissesAccount(const std::string& message) {
    return "the server requires an account beside the user (curl's option ftp-account): " + message;
}

// Of 550, which has one number for all reasons, the words decide.
Failure missing(const TransferEnd& end, const std::string& message) {
    const auto words = plugin::lowered(end.reply);
    if (saysFileIsInUse(words)) {
        return {BOOTFERRY_ERROR_UNREACHABLE, "the file is in use on the server: " + message};
    }
    const char* what = "the server has no such file, or its user may not read it: ";
    if (mentions(words, "permission") || mentions(words, "denied") || mentions(words, "not allowed")) {
        what = "the server's user may not read the file: ";
    } else if (mentions(words, "not a plain file") || mentions(words, "not a regular file") ||
               mentions(words, "directory")) {
        what =
            end.result == CURLE_REMOTE_ACCESS_DENIED ? what : "the URL does not name a file on the server: ";
    }
    return {BOOTFERRY_ERROR_NOT_FOUND, what + message};
}

// The same number means something else after each command, and libcurl's result tells the command.
Failure refusedByFtp(const TransferEnd& end, const std::string& message) {
    const bool isPassive = end.result == CURLE_FTP_WEIRD_PASV_REPLY ||
                           (end.result == CURLE_WEIRD_SERVER_REPLY && mentions(end.detail, "EPSV"));
    if (isPassive && end.responseCode != notLoggedIn) {
        return {BOOTFERRY_ERROR_PROTOCOL, "the server refuses passive data connections: " + message +
                                              " (with curl's option ftp-port=- it connects to this machine)"};
    }
    if (end.responseCode == notLoggedIn) {
        return {BOOTFERRY_ERROR_AUTH, message};
    }
    if (end.responseCode == needsAccountToo) {
        return {BOOTFERRY_ERROR_AUTH, whatMissesAccount(message)};
    }
    switch (end.result) {
    case CURLE_LOGIN_DENIED: // 500 is a fault of the server, as vsftpd's "500 OOPS"
        return {end.responseCode >= notLoggedIn ? BOOTFERRY_ERROR_AUTH : BOOTFERRY_ERROR_PROTOCOL, message};
    case CURLE_REMOTE_ACCESS_DENIED: // CWD
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_FTP_COULDNT_RETR_FILE:
        return end.responseCode == 550 ? missing(end, message) : Failure(BOOTFERRY_ERROR_PROTOCOL, message);
    case CURLE_FTP_PORT_FAILED:
        return {BOOTFERRY_ERROR_PROTOCOL, "the server refuses active data connections, which curl's option "
                                          "ftp-port asks for: " +
                                              message};
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, message};
    }
}

} // namespace

std::optional<Failure> failureOfFtpReply(const TransferEnd& end) {
    constexpr long readyLater = 120; // "Service ready in nnn minutes"; libcurl does not wait for it
    const auto message =
        "server answered " + (end.reply.empty() ? std::to_string(end.responseCode) : end.reply);
    if (end.responseCode == needsAccount) {
        return Failure(BOOTFERRY_ERROR_AUTH, whatMissesAccount(message));
    }
    if (end.responseCode < 400 && end.responseCode != readyLater) {
        return std::nullopt;
    }
    if (end.responseCode == 451 && end.resumes) {
        return Failure(BOOTFERRY_ERROR_PROTOCOL, message); // ProFTPD's "Restart not permitted", after REST
    }
    if (end.responseCode < 500 || saysTooManyClients(end.reply)) {
        return Failure(BOOTFERRY_ERROR_UNREACHABLE, message); // "transient", RFC 959 section 4.2
    }
    if (end.result == CURLE_USE_SSL_FAILED) { // after AUTH, PBSZ or PROT
        return Failure(BOOTFERRY_ERROR_TLS,
                       "the server refuses TLS, which curl's option ssl-reqd or ftp-ssl-control asks for: " +
                           message);
    }
    const bool usesTls = mentions(end.reply, "reuse"); // of the session, by the data connection
    const bool wantsTls = !usesTls && (mentions(end.reply, "encrypt") || mentions(end.reply, "TLS") ||
                                       mentions(end.reply, "SSL"));
    return refusedByFtp(end, message + (wantsTls ? " (curl's option ssl-reqd)" : ""));
}

// libcurl reports an error without a code as a cancelled transfer.
std::optional<Failure> failureOfTftp(const TransferEnd& end) {
    auto message = "server answered " + (end.reply.empty() ? "with an error without words" : end.reply);
    if (end.reply.empty() && !end.tftpRefusal.empty()) {
        message = "server sent an unusable answer: " + end.tftpRefusal;
    }
    switch (end.result) {
    case CURLE_TFTP_NOTFOUND:
        return Failure(BOOTFERRY_ERROR_NOT_FOUND, message);
    case CURLE_TFTP_PERM:
        return Failure(BOOTFERRY_ERROR_AUTH, message);
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_TFTP_UNKNOWNID:
    case CURLE_TFTP_ILLEGAL:
    case CURLE_REMOTE_DISK_FULL:
    case CURLE_TFTP_NOSUCHUSER:
    case CURLE_REMOTE_FILE_EXISTS:
        return Failure(BOOTFERRY_ERROR_PROTOCOL, message);
    case CURLE_COULDNT_CONNECT:
        return Failure(BOOTFERRY_ERROR_UNREACHABLE, end.authority + " does not answer",
                       static_cast<int>(end.osErrno));
    default:
        return std::nullopt;
    }
}

} // namespace bootferry::curl
