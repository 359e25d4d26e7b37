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
    std::string reply;     // the last line of an FTP server, "550 Failed to open file."
    std::string authority; // whom the bytes were asked of, "host:port"
    std::string host;
    long responseCode = 0;
    long osErrno = 0;
    long verifyResult = 0; // OpenSSL's, where it is the TLS library
    bool isFtp = false;
    std::uint64_t position = 0; // of the resource, after the last byte that came
    std::optional<std::uint64_t> size;
    std::time_t now = 0; // what the clock says
};

// For a result other than CURLE_OK.
[[nodiscard]] plugin::Failure failureOf(const TransferEnd& end);

// For an HTTP status that brings no bytes; 416 is not asked here.
[[nodiscard]] plugin::Failure failureOfStatus(long status, const HttpResponse& response, std::time_t now);

// Host and port of a URL, whatever userinfo a redirect may have put there left out.
[[nodiscard]] std::string authorityOf(const std::string& url);

} // namespace bootferry::curl
