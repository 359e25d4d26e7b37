// SPDX-License-Identifier: LGPL-2.1-or-later
// What libcurl and the servers say, as the plugin ABI has it: one code for the host's policy and words for a
// person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <bootferry/plugin.h>
#include <curl/curl.h>

namespace bootferry_curl {

// Thrown inside the plugin, reported once at the C border.
struct Failure {
    bootferry_error code;
    int errnoValue;
    std::string message;
    std::optional<std::uint32_t> retryAfter = std::nullopt;
};

// libcurl's result, with the host's name for the texts.
[[nodiscard]] Failure failureOf(CURL* easy, CURLcode result, const std::string& host, bool ftp);

// A status of 400 and above.
[[nodiscard]] Failure failureOfHttpStatus(CURL* easy, long status);

} // namespace bootferry_curl
