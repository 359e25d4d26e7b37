// SPDX-License-Identifier: LGPL-2.1-or-later
#include "http2_goaway.h"

#include <array>
#include <charconv>

namespace bootferry::curl {
namespace {

struct ErrorCode {
    std::string_view name;
    bool isForNow;
};

// RFC 9113, section 7. The others say that the client is at fault, or that HTTP/2 is not for this request.
constexpr std::array<ErrorCode, 14> errorCodes{{{"NO_ERROR", true},
                                                {"PROTOCOL_ERROR", false},
                                                {"INTERNAL_ERROR", true},
                                                {"FLOW_CONTROL_ERROR", false},
                                                {"SETTINGS_TIMEOUT", true},
                                                {"STREAM_CLOSED", false},
                                                {"FRAME_SIZE_ERROR", false},
                                                {"REFUSED_STREAM", true},
                                                {"CANCEL", true},
                                                {"COMPRESSION_ERROR", false},
                                                {"CONNECT_ERROR", true},
                                                {"ENHANCE_YOUR_CALM", true},
                                                {"INADEQUATE_SECURITY", false},
                                                {"HTTP_1_1_REQUIRED", false}}};

} // namespace

// "recveived GOAWAY, error=11, last_stream=0" (libcurl 7.88)
std::optional<std::uint32_t> goawayCode(std::string_view line) {
    constexpr std::string_view mark = "GOAWAY, error=";
    const auto place = line.find(mark);
    if (place == std::string_view::npos) {
        return std::nullopt;
    }
    const auto text = line.substr(place + mark.size());
    std::uint32_t code = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), code);
    return end.ec == std::errc() ? std::optional(code) : std::nullopt;
}

plugin::Failure failureOfGoaway(std::uint32_t code, const std::string& authority) {
    const bool isKnown = code < errorCodes.size();
    const auto name = isKnown ? std::string(errorCodes[code].name) : "error " + std::to_string(code);
    return {isKnown && !errorCodes[code].isForNow ? BOOTFERRY_ERROR_PROTOCOL : BOOTFERRY_ERROR_UNREACHABLE,
            authority + " ended the connection before it answered (GOAWAY of HTTP/2: " + name + ")"};
}

} // namespace bootferry::curl
