// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps libcurl's results and the servers' answers to the ABI's error codes and a message for the console.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "curl_handles.h"
#include "host.h"
#include "http_response.h"

namespace bootferry::curl {

struct TransferEnd {
    CURLcode result = CURLE_OK;
    std::string detail;    // libcurl's error buffer
    std::string reply;     // the last of an FTP server, "550 Failed to open file."
    std::string authority; // the server, "host:port"
    std::string host;
    long responseCode = 0;
    long osErrno = 0;
    long verifyResult = 0; // OpenSSL's, if libcurl uses it
    bool isFtp = false;
    bool resumes = false;       // an offset was asked for
    std::uint64_t position = 0; // in the file, after the last byte received
    std::optional<std::uint64_t> size;
    std::time_t now = 0; // the current time
};

// For a result other than CURLE_OK.
[[nodiscard]] plugin::Failure failureOf(const TransferEnd& end);

// For an HTTP status without the file's bytes, other than 416. partAsked: a range was requested. A server may
// refuse ranges with a status that would be a permanent failure in a request for the whole file.
[[nodiscard]] plugin::Failure failureOfStatus(long status, const HttpResponse& response, std::time_t now,
                                              bool partAsked = false);

// Host and port of a URL, without the userinfo that a redirect may contain.
[[nodiscard]] std::string authorityOf(const std::string& url);

} // namespace bootferry::curl
