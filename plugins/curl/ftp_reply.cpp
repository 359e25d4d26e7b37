// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ftp_reply.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "ascii_text.h"

namespace bootferry::curl {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::size_t codeDigits = 3;
constexpr std::size_t longestText = 300;

bool beginsWithCode(std::string_view line) {
    return line.size() >= codeDigits &&
           line.substr(0, codeDigits).find_first_not_of(digits) == std::string_view::npos;
}

bool hasAny(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// True if the digits at the end of the text, which libcurl parses, exceed the limit.
bool endsTooLarge(std::string_view text) {
    const auto before = text.find_last_not_of(digits);
    const auto number = before == std::string_view::npos ? text : text.substr(before + 1);
    return !number.empty() && !plugin::parseNumber<std::int64_t>(number);
}

} // namespace

// The lines of one reply begin with its code, followed by '-' in the first and a space in the last; those
// between may begin with anything.
void FtpReply::addLine(std::string_view line) {
    line = line.substr(0, line.find_first_of("\r\n"));
    if (complete_) {
        code_ = beginsWithCode(line) ? line.substr(0, codeDigits) : std::string_view();
        text_ = code_;
    }
    if (!code_.empty() && line.starts_with(code_)) {
        complete_ = line.substr(codeDigits, 1) != "-";
        line.remove_prefix(std::min(codeDigits + 1, line.size()));
    }
    const auto words = plugin::trimmed(line);
    if (!words.empty() && text_.size() < longestText) {
        text_ += (text_.empty() ? "" : " ") + std::string(words.substr(0, longestText));
    }
}

bool saysTooManyClients(std::string_view reply) {
    const auto text = plugin::lowered(reply);
    const bool isFull = hasAny(text, {"too many", "maximum", "max ", "limit"}) &&
                        hasAny(text, {"user", "client", "connect", "session", "host", "logged", "server is"});
    return (isFull || hasAny(text, {"server is full", "server is busy", "server busy", "server too busy"})) &&
           !hasAny(text, {"fail", "attempt", "incorrect", "invalid", "wrong"});
}

bool saysFileIsInUse(std::string_view reply) {
    const auto text = plugin::lowered(reply);
    return hasAny(text, {"being used by another process", "file busy", "file is busy", "file is locked",
                         "sharing violation"}) &&
           !hasAny(text, {"no such file", "permission", "denied", "not allowed"});
}

bool saysComplete(std::string_view reply) {
    return reply.starts_with("226") || reply.starts_with("250");
}

std::string refusalIn(std::string_view bytes) {
    FtpReply reply;
    bool isMore = beginsWithCode(bytes);
    while (isMore) {
        const auto end = std::min(bytes.find('\n'), bytes.size() - 1);
        reply.addLine(bytes.substr(0, end + 1));
        bytes.remove_prefix(end + 1);
        isMore = !bytes.empty() && !reply.isComplete();
    }
    const auto& text = reply.text();
    return text >= "4" && text < "6" ? text : std::string();
}

bool hasImpossibleSize(std::string_view reply, bool afterSize) {
    if (afterSize && reply.starts_with("213")) {
        const auto text = plugin::trimmed(reply.substr(codeDigits));
        return text.empty() || text.find_first_not_of(digits) != std::string_view::npos || endsTooLarge(text);
    }
    const auto bytes = reply.find(" bytes");
    return (reply.starts_with("150 ") || reply.starts_with("125 ")) && bytes != std::string_view::npos &&
           endsTooLarge(reply.substr(0, bytes));
}

} // namespace bootferry::curl
