// SPDX-License-Identifier: LGPL-2.1-or-later
// GOAWAY, by which a server of HTTP/2 ends a connection (RFC 9113, section 6.8): one that restarts or has too
// many clients does so before it answers. libcurl has no words of its own for it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host.h"

namespace bootferry::curl {

// The error code in a line that libcurl tells to a function for debugging; nullopt: it is about something
// else.
[[nodiscard]] std::optional<std::uint32_t> goawayCode(std::string_view line);

// Of a connection that ended so without an answer.
[[nodiscard]] plugin::Failure failureOfGoaway(std::uint32_t code, const std::string& authority);

} // namespace bootferry::curl
