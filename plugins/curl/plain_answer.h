// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides whether the rest of a body may be received without libcurl, by what libcurl reports of the answer
// and its connection. answer_sockets.h makes the other half of the decision, by the kernel's count of bytes.
// Both must agree, and an unknown fact decides for libcurl.
//
// Pure: values in, a reason out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry::curl {

// Of the answer whose body begins, not of those that redirected to it.
struct AnswerFacts {
    bool isFtp = false;                        // what was asked for
    std::string url;                           // where redirects led, CURLINFO_EFFECTIVE_URL
    std::string scheme;                        // what is spoken, CURLINFO_SCHEME
    bool mayUseTls = true;                     // an option asks for TLS beside the scheme (FTP)
    bool hasTlsSession = true;                 // CURLINFO_TLS_SSL_PTR, a proxy's included
    long connectStatus = 0;                    // a proxy's answer to CONNECT, CURLINFO_HTTP_CONNECTCODE
    long httpVersion = 0;                      // CURLINFO_HTTP_VERSION
    bool isCoded = true;                       // Transfer-Encoding or Content-Encoding
    std::optional<std::uint64_t> framedLength; // of the body, by libcurl
    std::optional<std::uint64_t> wantedLength; // of the body, by our judgement of the answer
};

// Why libcurl must read the body; nullopt if the body is plain by all that libcurl reports.
[[nodiscard]] std::optional<std::string_view> whyLibcurlReads(const AnswerFacts& answer);

} // namespace bootferry::curl
