// SPDX-License-Identifier: LGPL-2.1-or-later
// libcurl-errors(3); RFC 9110 section 15 for HTTP's statuses, RFC 959 section 4.2 for FTP's replies.
#include "curl_failure.h"

#include <array>
#include <ctime>
#include <string>

namespace bootferry_curl {
namespace {

long responseOf(CURL* easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

int errnoOf(CURL* easy) {
    long value = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &value);
    return static_cast<int>(value);
}

Failure ftpFailure(long reply, CURLcode result) {
    const auto words = "server answered " + std::to_string(reply);
    if (reply == 550) {
        return {BOOTFERRY_ERROR_NOT_FOUND, 0, words + ": no such file"};
    }
    if (reply == 530 || result == CURLE_LOGIN_DENIED) {
        return {BOOTFERRY_ERROR_AUTH, 0, words + ": login refused"};
    }
    const bool transient = reply >= 400 && reply < 500;
    return {transient ? BOOTFERRY_ERROR_UNREACHABLE : BOOTFERRY_ERROR_PROTOCOL, 0,
            words + " (" + curl_easy_strerror(result) + ")"};
}

// A clock from before the software was written explains a certificate that "is not valid yet".
std::string clockHint() {
    constexpr std::time_t beginning2022 = 1640995200;
    const auto now = std::time(nullptr);
    if (now >= beginning2022) {
        return {};
    }
    std::tm date{};
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", gmtime_r(&now, &date));
    return std::string("; this machine's clock says ") + text.data() +
           ", which makes every certificate invalid";
}

} // namespace

Failure failureOf(CURL* easy, CURLcode result, const std::string& host, bool ftp) {
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return {BOOTFERRY_ERROR_UNREACHABLE, 0, "the host name '" + host + "' does not resolve"};
    case CURLE_COULDNT_CONNECT:
        return {BOOTFERRY_ERROR_UNREACHABLE, errnoOf(easy), "connecting to " + host};
    case CURLE_OPERATION_TIMEDOUT:
        return {BOOTFERRY_ERROR_TIMEOUT, 0, host + " did not answer in time"};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return {BOOTFERRY_ERROR_UNREACHABLE, errnoOf(easy), "the connection to " + host + " was cut"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return {BOOTFERRY_ERROR_TLS, 0,
                host + " was not accepted: " + curl_easy_strerror(result) + clockHint()};
    case CURLE_TOO_MANY_REDIRECTS:
        return {BOOTFERRY_ERROR_PROTOCOL, 0, host + " redirects without end"};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return {BOOTFERRY_ERROR_INVALID, 0,
                std::string("libcurl cannot use this URL: ") + curl_easy_strerror(result)};
    case CURLE_OUT_OF_MEMORY:
        return {BOOTFERRY_ERROR_IO, 0, "out of memory"};
    case CURLE_FTP_COULDNT_USE_REST:
    case CURLE_BAD_DOWNLOAD_RESUME:
    case CURLE_RANGE_ERROR:
        return {BOOTFERRY_ERROR_RANGE, 0, "the server cannot resume"};
    default:
        if (const auto reply = ftp ? responseOf(easy) : 0; reply >= 400) {
            return ftpFailure(reply, result);
        }
        return {BOOTFERRY_ERROR_PROTOCOL, errnoOf(easy), host + ": " + curl_easy_strerror(result)};
    }
}

Failure failureOfHttpStatus(CURL* easy, long status) {
    Failure failure{BOOTFERRY_ERROR_INVALID, 0, "server answered " + std::to_string(status)};
    switch (status) {
    case 404:
    case 410:
        failure.code = BOOTFERRY_ERROR_NOT_FOUND;
        failure.message += status == 404 ? " Not Found" : " Gone";
        break;
    case 401:
    case 403:
    case 407:
        failure.code = BOOTFERRY_ERROR_AUTH;
        failure.message += ": credentials are missing or refused";
        break;
    case 416:
        failure.code = BOOTFERRY_ERROR_RANGE;
        failure.message += ": it has no bytes there";
        break;
    default:
        if (status >= 500 || status == 408 || status == 425 || status == 429) {
            failure.code = BOOTFERRY_ERROR_UNREACHABLE;
        }
    }
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
        failure.retryAfter = static_cast<std::uint32_t>(seconds < 86400 ? seconds : 86400);
    }
    return failure;
}

} // namespace bootferry_curl
