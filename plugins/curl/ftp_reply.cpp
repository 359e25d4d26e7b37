// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ftp_reply.h"

#include <cstdint>

#include "ascii_text.h"

namespace bootferry::curl {
namespace {

constexpr std::string_view digits = "0123456789";

// True if the digits at the end of the text, which libcurl parses, exceed the limit.
bool endsTooLarge(std::string_view text) {
    const auto before = text.find_last_not_of(digits);
    const auto number = before == std::string_view::npos ? text : text.substr(before + 1);
    return !number.empty() && !plugin::parseNumber<std::int64_t>(number);
}

} // namespace

bool hasImpossibleSize(std::string_view reply) {
    if (reply.starts_with("213 ")) {
        return endsTooLarge(reply.substr(0, reply.find_last_of(digits) + 1));
    }
    const auto bytes = reply.find(" bytes");
    return (reply.starts_with("150 ") || reply.starts_with("125 ")) && bytes != std::string_view::npos &&
           endsTooLarge(reply.substr(0, bytes));
}

} // namespace bootferry::curl
