// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses without locale and rounding, and refuses numbers that libcurl would truncate.
#include "option_values.h"

#include <algorithm>
#include <array>
#include <set>

#include "ascii_text.h"
#include "host.h"

namespace bootferry::curl {
namespace {

constexpr std::array servedProtocols{"ftp", "http", "https", "tftp"};

bool isServed(const std::string& name) {
    return std::find(servedProtocols.begin(), servedProtocols.end(), name) != servedProtocols.end();
}

bool isKnown(const std::string& name) {
    static constexpr std::array others{"dict",  "file",  "ftps",  "gopher", "gophers", "imap",
                                       "imaps", "ldap",  "ldaps", "mqtt",   "pop3",    "pop3s",
                                       "rtmp",  "rtmps", "rtsp",  "scp",    "sftp",    "smb",
                                       "smbs",  "smtp",  "smtps", "telnet", "ws",      "wss"};
    return isServed(name) || std::find(others.begin(), others.end(), name) != others.end();
}

std::string_view takeElement(std::string_view& list) {
    const auto element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(element.size() + 1, list.size()));
    return element;
}

void applyElement(std::set<std::string>& allowed, std::string_view element) {
    char modifier = '+';
    if (!element.empty() && std::string_view("+-=").find(element.front()) != std::string_view::npos) {
        modifier = element.front();
        element.remove_prefix(1);
    }
    const auto name = plugin::lowered(element);
    if (name != "all" && !isKnown(name)) {
        refuse("it takes protocols with commas between them, e.g. =https or -ftp");
    }
    if (modifier == '=') {
        allowed.clear();
    }
    for (const std::string served : servedProtocols) {
        if (name == "all" || name == served) {
            modifier == '-' ? (void)allowed.erase(served) : (void)allowed.insert(served);
        }
    }
}

} // namespace

void refuse(const std::string& why) {
    throw plugin::Failure(BOOTFERRY_ERROR_INVALID, why);
}

long parseNumber(std::string_view text, long highest) {
    const auto value = plugin::parseNumberWithin<long>(text, 0, highest);
    if (!value) {
        refuse("it takes a number from 0 to " + std::to_string(highest));
    }
    return *value;
}

long parseSeconds(std::string_view text) {
    constexpr std::size_t decimals = 3;
    const auto point = text.find('.');
    const long whole = parseNumber(text.substr(0, point), 2000000);
    if (point == std::string_view::npos) {
        return whole * 1000;
    }
    auto fraction = std::string(text.substr(point + 1, decimals));
    if (fraction.empty()) {
        refuse("it takes a number of seconds");
    }
    fraction.resize(decimals, '0');
    return whole * 1000 + parseNumber(fraction);
}

curl_off_t parseSize(std::string_view text) {
    constexpr std::string_view units = "KMGTP";
    curl_off_t factor = 1;
    if (!text.empty() && (text.back() == 'B' || text.back() == 'b')) {
        text.remove_suffix(1);
    }
    if (!text.empty()) {
        const char unit = static_cast<char>(text.back() & ~0x20);
        if (const auto power = units.find(unit); power != std::string_view::npos) {
            factor <<= 10 * (power + 1);
            text.remove_suffix(1);
        }
    }
    const curl_off_t number = parseNumber(text, std::numeric_limits<long>::max());
    if (number > std::numeric_limits<curl_off_t>::max() / factor) {
        refuse("it takes a number of bytes, e.g. 500K or 2M");
    }
    return number * factor;
}

std::string parseProtocols(std::string_view text, std::string_view defaults) {
    if (text.empty()) {
        refuse("it takes a value");
    }
    std::set<std::string> allowed;
    while (!defaults.empty()) {
        allowed.emplace(takeElement(defaults));
    }
    while (!text.empty()) {
        applyElement(allowed, takeElement(text));
    }
    std::string names;
    for (const auto& name : allowed) {
        names += (names.empty() ? "" : ",") + name;
    }
    return names;
}

} // namespace bootferry::curl
