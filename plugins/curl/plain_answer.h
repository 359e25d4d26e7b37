// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether the rest of a body may be received without libcurl, from what libcurl reports about the
// answer and its connection. answer_sockets.h makes the other half of the decision, from the kernel's count
// of bytes. Both must agree; if a fact is unknown, libcurl reads.
//
// Pure: values in, a reason out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry::curl {

// Describes the answer whose body begins, not those that redirected to it.
struct AnswerFacts {
    bool isFtp = false;                        // the requested URL's scheme
    std::string url;                           // after redirects, CURLINFO_EFFECTIVE_URL
    std::string scheme;                        // of the connection, CURLINFO_SCHEME
    bool mayUseTls = true;                     // an option requests TLS beside the scheme (FTP)
    bool hasTlsSession = true;                 // CURLINFO_TLS_SSL_PTR, a proxy's included
    long connectStatus = 0;                    // a proxy's answer to CONNECT, CURLINFO_HTTP_CONNECTCODE
    long httpVersion = 0;                      // CURLINFO_HTTP_VERSION
    bool isCoded = true;                       // Transfer-Encoding or Content-Encoding
    std::optional<std::uint64_t> framedLength; // of the body, according to libcurl
    std::optional<std::uint64_t> wantedLength; // of the body, according to the session
};

// Why libcurl must read the body; nullopt if nothing that libcurl reports requires it.
[[nodiscard]] std::optional<std::string_view> whyLibcurlReads(const AnswerFacts& answer);

} // namespace bootferry::curl
