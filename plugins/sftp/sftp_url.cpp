// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sftp_url.h"

#include "ascii_text.h"
#include "host.h"

namespace bootferry::sftp {
namespace {

using plugin::Failure;

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(BOOTFERRY_ERROR_INVALID, "the URL cannot be used: " + why);
}

std::string decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const auto digits = text.substr(i + 1, 2);
        const auto value = plugin::parseNumber<unsigned char>(digits, 16);
        if (digits.size() != 2 || !value) {
            refuse("'%' is not followed by the code of a character");
        }
        if (*value == 0) {
            refuse("it contains %00, which no name has");
        }
        result += static_cast<char>(*value);
        i += 2;
    }
    return result;
}

std::uint16_t parsePort(std::string_view text) {
    const auto port = plugin::parseNumberWithin<std::uint16_t>(text, 1, UINT16_MAX);
    if (!port) {
        refuse("the port is not a number from 1 to 65535");
    }
    return *port;
}

} // namespace

SftpUrl SftpUrl::parse(std::string_view text) {
    constexpr std::string_view scheme = "sftp://";
    if (!text.starts_with(scheme)) {
        refuse("it does not begin with sftp://");
    }
    text.remove_prefix(scheme.size());
    const auto slash = std::min(text.find('/'), text.size());
    auto place = text.substr(0, slash);
    if (const auto at = place.rfind('@'); at != std::string_view::npos) {
        place.remove_prefix(at + 1); // the host has removed the userinfo; any rest of it is not shown
    }

    SftpUrl url;
    auto nameEnd = place.find(':');
    if (place.starts_with('[')) {
        const auto bracket = place.find(']');
        if (bracket == std::string_view::npos) {
            refuse("the address has no closing bracket");
        }
        url.host = decoded(place.substr(1, bracket - 1));
        nameEnd = bracket + 1;
    } else {
        url.host = decoded(place.substr(0, nameEnd));
    }
    if (url.host.empty()) {
        refuse("it has no host");
    }
    const auto rest = nameEnd < place.size() ? place.substr(nameEnd) : std::string_view();
    if (rest.size() > 1 && rest.front() == ':') {
        url.port = parsePort(rest.substr(1));
    } else if (!rest.empty() && rest != ":") {
        refuse("the text after the address is not a port");
    }

    url.path = decoded(text.substr(slash));
    constexpr std::string_view home = "/~/";
    if (url.path.starts_with(home)) {
        url.path.erase(0, home.size()); // a server resolves a relative path in the home folder
    }
    if (url.path.empty()) {
        refuse("it has no file name");
    }
    return url;
}

std::string SftpUrl::authority() const {
    const auto shown = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    return shown + ":" + std::to_string(port);
}

} // namespace bootferry::sftp
