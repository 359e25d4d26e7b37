// SPDX-License-Identifier: LGPL-2.1-or-later
// An FTP reply is more precise than libcurl's code for it, so it is used first. A verification that failed
// over dates reports the clock's time, since an initrd's clock is often at 1970.
#include "transfer_failure.h"

#include <array>
#include <cerrno>

#include "ascii_text.h"
#include "ftp_failure.h"
#include "http2_goaway.h"
#include "http_failure.h"
#include "proxy_failure.h"
#include "tls_error_text.h"
#include "url_text.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;
using plugin::mentions;

constexpr long certificateNotYetValid = 9; // X509_V_ERR_CERT_NOT_YET_VALID
constexpr long certificateExpired = 10;    // X509_V_ERR_CERT_HAS_EXPIRED
constexpr long ftpClosing = 421;           // the server ends the session, RFC 959 section 4.2.2

// With tftp, the buffer holds what libcurl failed to learn of the socket, whatever happened later.
std::string detailOf(const TransferEnd& end) {
    return end.detail.empty() || end.isTftp ? curl_easy_strerror(end.result) : withTlsErrorText(end.detail);
}

std::string clockText(std::time_t now) {
    std::tm utc{};
    std::array<char, 32> text{};
    gmtime_r(&now, &utc);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc)};
}

Failure tlsFailure(const TransferEnd& end) {
    auto message = "the certificate of " + end.authority + " was not accepted: " + detailOf(end);
    const bool dates = end.verifyResult == certificateNotYetValid || end.verifyResult == certificateExpired ||
                       mentions(end.detail, "not yet") || mentions(end.detail, "expired");
    if (dates) {
        message += "; this machine's clock says " + clockText(end.now);
    } else if (mentions(end.detail, "issuer certificate") || mentions(end.detail, "self-signed") ||
               mentions(end.detail, "self signed")) {
        message +=
            "; this machine does not trust its issuer (curl's option cacert names a file of those to trust)";
    }
    return {BOOTFERRY_ERROR_TLS, message};
}

// A handshake fails because the connection broke (worth a retry) or because the two sides do not agree.
Failure handshakeFailure(const TransferEnd& end) {
    if (mentions(end.detail, "CURL_SSLVERSION_MAX")) {
        return {BOOTFERRY_ERROR_INVALID,
                "curl's option tls-max leaves no TLS version: it is below the lowest one, which the options "
                "tlsv1.0 to tlsv1.3 set"};
    }
    const bool closed = mentions(end.detail, "SSL_ERROR_SYSCALL") ||
                        mentions(end.detail, "SSL_ERROR_ZERO_RETURN") ||
                        mentions(end.detail, "unexpected eof");
    const bool broken =
        closed || end.osErrno != 0 || mentions(end.detail, "reset by peer") || isServersTrouble(end.detail);
    if (closed) { // OpenSSL's words do not say more
        std::string what = end.osErrno != 0 ? "the connection broke" : "the server closed the connection";
        what += " during the TLS handshake";
        what += end.osErrno == 0 && !end.isFtp ? " (is this a port for https?)" : "";
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + ": " + what, static_cast<int>(end.osErrno)};
    }
    const auto refused = isNoTls(end.detail) ? BOOTFERRY_ERROR_PROTOCOL : BOOTFERRY_ERROR_TLS;
    return {broken ? BOOTFERRY_ERROR_UNREACHABLE : refused,
            "TLS with " + end.authority + ": " + detailOf(end), broken ? static_cast<int>(end.osErrno) : 0};
}

Failure cutShort(const TransferEnd& end) {
    if (end.isHonest && end.size) { // the size was wrong: to continue does not help
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " announced " + std::to_string(*end.size) +
                                              " bytes and ended the file after " +
                                              std::to_string(end.position)};
    }
    if (end.result == CURLE_RECV_ERROR && end.position == 0 && isRefusedByServer(end.detail)) {
        return {BOOTFERRY_ERROR_TLS, "TLS with " + end.authority + ": " + detailOf(end)};
    }
    if (mentions(end.detail, "Proxy CONNECT aborted")) {
        return {BOOTFERRY_ERROR_UNREACHABLE,
                "the proxy closed the connection when asked for one to " + end.authority +
                    otherKindOfProxy(false),
                static_cast<int>(end.osErrno)};
    }
    if (end.isFtp && end.reply.empty()) { // a server that has no room for another client ends like this
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " closed the connection without a greeting",
                static_cast<int>(end.osErrno)};
    }
    auto message = "the connection to " + end.authority + " was cut after " + std::to_string(end.position);
    message += end.size ? " of " + std::to_string(*end.size) + " bytes" : " bytes";
    if (end.unnoticed) {
        message += ", or the file ends there: the server announced no length and ended TLS without saying so "
                   "(close_notify)";
    }
    if (end.isInDoubt && !end.unnoticed) {
        message +=
            ", or the file ends there: the server announced no length, but said that it keeps the connection";
    }
    if (!end.lateReply.empty()) {
        message += ": server answered " + end.lateReply;
    }
    if (end.result == CURLE_HTTP2_STREAM && !end.detail.empty()) { // with the name of the error
        message += ": " + end.detail;
    }
    return {BOOTFERRY_ERROR_UNREACHABLE, message, static_cast<int>(end.osErrno)};
}

// libcurl's message contains the whole URL of the proxy, including a password, and its code is that of a
// network failure.
bool isUnusableProxy(const TransferEnd& end) {
    return (end.result == CURLE_COULDNT_CONNECT || end.result == CURLE_COULDNT_RESOLVE_PROXY) &&
           end.detail.starts_with("Unsupported proxy");
}

// libcurl has the same code for an unusable URL and for a server with another protocol, so check the text.
bool isNoHttp(const TransferEnd& end) {
    return end.detail.starts_with("Received HTTP/") || end.detail.starts_with("Unsupported HTTP") ||
           end.detail.starts_with("Unsupported response code");
}

// The code depends on libcurl's version.
bool isConnectRefused(const TransferEnd& end) {
    return end.connect.status >= 300 && (end.result == CURLE_RECV_ERROR ||
                                         end.result == CURLE_COULDNT_CONNECT || end.result == CURLE_PROXY);
}

// "[fe80::1%25eth0]:80": libcurl names the place without the zone.
std::string withoutZone(const std::string& place) {
    const auto zone = place.find('%');
    const auto bracket = place.find(']', zone);
    return zone == std::string::npos || bracket == std::string::npos
               ? place
               : place.substr(0, zone) + place.substr(bracket);
}

// Who could not be connected to: the server, unless libcurl names another place. That is the proxy, or the
// place of an option; for ftp after the greeting, it is the server's data port.
std::string peerOf(const TransferEnd& end) {
    const auto place = unconnectedPlace(end.detail);
    const bool isProxy =
        place && *place != withoutZone(end.place) && !end.connectsElsewhere && end.reply.empty();
    return isProxy ? "the proxy " + *place : end.authority;
}

bool isRedirect(const TransferEnd& end) {
    return !end.isFtp && end.responseCode >= 300 && end.responseCode < 400 && !end.response.location.empty();
}

// libcurl has its error text ready for the reader: "The redirect target URL could not be parsed: Bad
// hostname"
Failure refusedRedirect(const TransferEnd& end, bool isValid) {
    RefusedRedirect redirect{.from = authorityOf(end.askedUrl), .location = end.response.location};
    const auto reason = end.detail.rfind(": ");
    redirect.detail = reason != std::string::npos ? end.detail.substr(reason + 2) : std::string();
    redirect.isValid = isValid;
    redirect.fromEncrypted = end.askedUrl.starts_with("https:");
    redirect.chosen = end.redirectsAreChosen;
    return failureOfRedirect(redirect);
}

// The request was sent, and its answer's head is not complete.
bool isBeforeAnswer(const TransferEnd& end) {
    return !end.isFtp && !end.askedUrl.empty() && end.position == 0;
}

// Errors in the answer that libcurl reports with the code of a broken connection or of a wrong option.
bool violatesHttp(const TransferEnd& end) {
    switch (end.result) {
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2_STREAM:
        return mentions(end.detail, "chunk") || mentions(end.detail, "Too large response headers") ||
               (end.result == CURLE_BAD_FUNCTION_ARGUMENT && end.response.hasStatusLine);
    default:
        return false;
    }
}

// Of the way to the server or the proxy, and of a time that ran out.
std::optional<Failure> failureOfConnecting(const TransferEnd& end, const std::string& detail) {
    switch (end.result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return Failure{BOOTFERRY_ERROR_UNREACHABLE, "host name '" + end.host + "' does not resolve"};
    case CURLE_COULDNT_RESOLVE_PROXY:
        return Failure{BOOTFERRY_ERROR_UNREACHABLE, "the proxy's host name '" +
                                                        end.detail.substr(end.detail.rfind(' ') + 1) +
                                                        "' does not resolve"};
    case CURLE_PROXY:
        return failureOfSocks(end.socksError, end.authority);
    case CURLE_COULDNT_CONNECT:
        return Failure{BOOTFERRY_ERROR_UNREACHABLE,
                       "connecting to " + peerOf(end) + (end.osErrno == 0 ? ": " + detail : ""),
                       static_cast<int>(end.osErrno)};
    case CURLE_OPERATION_TIMEDOUT:
        if (end.isFtp &&
            end.responseCode == ftpClosing) { // libcurl takes it for an idle session that is closed
            return *failureOfFtpReply(end);
        }
        if (end.proxy && end.askedUrl.empty() &&
            end.reply.empty()) { // also if the proxy waits for the server
            return Failure{BOOTFERRY_ERROR_TIMEOUT, "no connection to " + end.authority +
                                                        " through the proxy that " + end.proxy->namedBy +
                                                        " names: " + detail +
                                                        otherKindOfProxy(end.proxy->isSocks)};
        }
        return Failure{BOOTFERRY_ERROR_TIMEOUT, peerOf(end) + ": " + detail};
    case CURLE_INTERFACE_FAILED: { // the interface may not be there yet, or the local port not be free again
        const bool forbidden = end.osErrno == EACCES || end.osErrno == EPERM;
        const auto* what = !forbidden && mentions(detail, "bind to") // no interface, address or name
                               ? ", which the option interface names: this machine has no such network "
                                 "interface or address"
                               : "";
        return Failure{forbidden ? BOOTFERRY_ERROR_IO : BOOTFERRY_ERROR_UNREACHABLE, detail + what};
    }
    default:
        return std::nullopt;
    }
}

// Of the handshake, and of the files that it needs.
std::optional<Failure> failureOfTls(const TransferEnd& end, const std::string& detail) {
    switch (end.result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return tlsFailure(end);
    case CURLE_SSL_CONNECT_ERROR:
        return handshakeFailure(end);
    case CURLE_SSL_CIPHER:
        return Failure{BOOTFERRY_ERROR_INVALID,
                       "curl's option ciphers or tls13-ciphers cannot be used: " + detail};
    case CURLE_USE_SSL_FAILED: // an FTP server says why
        return end.isFtp && end.responseCode >= 400
                   ? std::nullopt
                   : std::optional(Failure{BOOTFERRY_ERROR_TLS, end.authority + ": " + detail});
    case CURLE_SSL_CACERT_BADFILE:
        return Failure{BOOTFERRY_ERROR_IO,
                       "the certificates to trust cannot be read, or are not in PEM form: " + detail};
    case CURLE_SSL_CRL_BADFILE:
        return Failure{BOOTFERRY_ERROR_IO,
                       "the revocation list cannot be read, or is not in PEM form: " + detail};
    case CURLE_SSL_CERTPROBLEM:
        return Failure{BOOTFERRY_ERROR_IO, "the client certificate or its key cannot be used: " + detail};
    default:
        return std::nullopt;
    }
}

// Of what was asked for: the option, the URL, the offset; and a cancel.
std::optional<Failure> failureOfRequest(const TransferEnd& end, const std::string& detail) {
    constexpr int tooLarge = 100; // CURLE_TOO_LARGE, which libcurl before 8.6 does not declare
    if (static_cast<int>(end.result) == tooLarge && isBeforeAnswer(end)) {
        return Failure{BOOTFERRY_ERROR_PROTOCOL,
                       authorityOf(end.askedUrl) + " sent a header of more than 100 KB"};
    }
    switch (end.result) {
    case CURLE_ABORTED_BY_CALLBACK:
        return Failure{BOOTFERRY_ERROR_CANCELLED, "cancelled"};
    case CURLE_BAD_DOWNLOAD_RESUME:
    case CURLE_FTP_COULDNT_USE_REST:
    case CURLE_RANGE_ERROR:
        return Failure{BOOTFERRY_ERROR_RANGE, "the server cannot resume: " + detail};
    case CURLE_BAD_FUNCTION_ARGUMENT: // libcurl 8.23 for a key that cannot be used
        return Failure{mentions(detail, "private key") ? BOOTFERRY_ERROR_IO : BOOTFERRY_ERROR_INVALID,
                       (mentions(detail, "private key") ? "the client certificate or its key cannot be used: "
                                                        : "an option cannot be used: ") +
                           detail};
    case CURLE_FILESIZE_EXCEEDED: // EFBIG: there is no code for "too large"
        return Failure{BOOTFERRY_ERROR_IO, "the file is larger than curl's option max-filesize allows",
                       EFBIG};
    case CURLE_OUT_OF_MEMORY:
        if (isBeforeAnswer(end)) { // libcurl before 8.6 has no other code for it
            return Failure{BOOTFERRY_ERROR_PROTOCOL,
                           authorityOf(end.askedUrl) +
                               " sent a header of more than 100 KB, or memory is exhausted"};
        }
        return Failure{BOOTFERRY_ERROR_IO, "out of memory"};
    case CURLE_URL_MALFORMAT:
        if (isRedirect(end)) {
            return refusedRedirect(end, false);
        }
        return Failure{BOOTFERRY_ERROR_INVALID, "the URL cannot be used: " + detail};
    default:
        return std::nullopt;
    }
}

// What libcurl says of a stream that was refused five times (RFC 9113, section 8.7): the server is busy.
bool isStreamRefused(const TransferEnd& end) {
    return mentions(end.detail, "times before giving up");
}

// An older server takes the beginning of HTTP/2 for a bad request.
bool isBeginningOfHttp2Refused(const TransferEnd& end) {
    return end.wantsHttp2 && !isStreamRefused(end) && end.position == 0 && end.responseCode == 0 &&
           end.askedUrl.starts_with("http:") &&
           (end.result == CURLE_GOT_NOTHING || end.result == CURLE_SEND_ERROR ||
            end.result == CURLE_RECV_ERROR || end.result == CURLE_HTTP2);
}

Failure withoutAnswer(const TransferEnd& end) {
    constexpr std::string_view words = " closed the connection without an answer";
    const bool isOfProxy =
        end.proxy && !end.proxy->isSocks && end.connect.status == 0 && !end.askedUrl.starts_with("https:");
    return {BOOTFERRY_ERROR_UNREACHABLE, isOfProxy ? "the proxy that " + end.proxy->namedBy + " names" +
                                                         std::string(words) + otherKindOfProxy(false)
                                                   : end.authority + std::string(words)};
}

Failure failureOfAnswer(const TransferEnd& end, const std::string& detail) {
    if (end.goaway && end.position == 0 && (end.responseCode == 0 || end.result == CURLE_HTTP2)) {
        return failureOfGoaway(*end.goaway, end.authority);
    }
    if (isBeginningOfHttp2Refused(end)) {
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority +
                                              " did not answer in HTTP/2, which curl's option "
                                              "http2-prior-knowledge asks for: " +
                                              detail};
    }
    if (isStreamRefused(end)) {
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " refuses requests for now: " + detail};
    }
    if (end.result == CURLE_HTTP2_STREAM && end.position == 0 && mentions(end.detail, "PROTOCOL_ERROR")) {
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority + " ended the stream with an error of HTTP/2: " + detail};
    }
    if (end.result == CURLE_HTTP2 && !end.goaway && end.position == 0) { // is that HTTP/2 at all?
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + detail};
    }
    switch (end.result) {
    case CURLE_HTTP2:
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + " ended the connection: " + detail,
                static_cast<int>(end.osErrno)};
    case CURLE_GOT_NOTHING:
        return withoutAnswer(end);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2_STREAM:
        return cutShort(end);
    case CURLE_SEND_ERROR:
    case CURLE_FTP_ACCEPT_FAILED:
    case CURLE_FTP_CANT_GET_HOST:
        return {BOOTFERRY_ERROR_UNREACHABLE, end.authority + ": " + detail, static_cast<int>(end.osErrno)};
    case CURLE_FTP_ACCEPT_TIMEOUT:
        return {BOOTFERRY_ERROR_TIMEOUT, end.authority + ": " + detail};
    case CURLE_LOGIN_DENIED:
        return {BOOTFERRY_ERROR_AUTH, end.authority + " refused the login"};
    case CURLE_REMOTE_FILE_NOT_FOUND:
        return {BOOTFERRY_ERROR_NOT_FOUND, end.authority + " has no such file"};
    case CURLE_TOO_MANY_REDIRECTS:
        return {BOOTFERRY_ERROR_PROTOCOL,
                end.authority + " redirects more often than curl's option max-redirs permits"};
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (isNoHttp(end)) {
            return {BOOTFERRY_ERROR_PROTOCOL, end.authority + " does not answer in HTTP: " + detail};
        }
        return isRedirect(end) ? refusedRedirect(end, true)
                               : Failure(BOOTFERRY_ERROR_INVALID, "the URL cannot be used: " + detail);
    default:
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + detail};
    }
}

} // namespace

Failure failureOf(const TransferEnd& end) {
    if (isUnusableProxy(end)) {
        return {BOOTFERRY_ERROR_INVALID,
                (end.proxyVariable.empty() ? "" : "the environment variable " + end.proxyVariable + ": ") +
                    "the proxy's URL cannot be used"};
    }
    if (end.isTftp) {
        if (const auto failure = failureOfTftp(end)) {
            return *failure;
        }
    }
    if (isConnectRefused(end)) {
        return failureOfConnect(end.response, end.connect, end.authority);
    }
    const auto detail = detailOf(end);
    if (violatesHttp(end)) {
        return {BOOTFERRY_ERROR_PROTOCOL, end.authority + ": " + detail};
    }
    for (auto* failureOfStage : {failureOfConnecting, failureOfTls, failureOfRequest}) {
        if (const auto failure = failureOfStage(end, detail)) {
            return *failure;
        }
    }
    if (end.isFtp) {
        if (const auto failure = failureOfFtpReply(end)) {
            return *failure;
        }
    }
    return failureOfAnswer(end, detail);
}

} // namespace bootferry::curl
