// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict parsing by RFC 3986 section 3: a URL that cannot be sent unchanged is refused with the reason. A
// mistyped password must not appear in a message either: no error quotes anything before an '@' or in a
// query.
#include "url.h"

#include <algorithm>

#include <arpa/inet.h>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {

namespace {

constexpr std::size_t maximalLength = 8192; // a kernel command line is shorter

bool isAlpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<unsigned> hexValue(char c) {
    if (isDigit(c)) {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A' + 10);
    }
    return std::nullopt;
}

constexpr std::string_view hiddenQuery = "?...";

std::string withoutQuery(std::string_view text) {
    const auto query = text.find('?');
    return query == std::string_view::npos ? std::string(text)
                                           : std::string(text.substr(0, query)).append(hiddenQuery);
}

// The text as an error may show it: escaped, and without what is between the scheme and the last '@', and
// without the query.
std::string showable(std::string_view text) {
    const auto at = text.rfind('@');
    std::string shown;
    if (at == std::string_view::npos) {
        shown = text;
    } else {
        const auto authority = text.find("://");
        shown = authority != std::string_view::npos && authority < at
                    ? std::string(text.substr(0, authority + 3))
                    : "";
        shown += "...";
        shown += text.substr(at);
    }
    return escapedText(withoutQuery(shown));
}

[[noreturn]] void refuseUrl(std::string_view text, std::string_view reason) {
    throw Error(ErrorCode::Invalid, fmt::format("'{}' is not a usable URL: {}", showable(text), reason));
}

bool isExcluded(char character) {
    const auto c = static_cast<unsigned char>(character);
    return c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\';
}

// The character at this position: a valid UTF-8 sequence, else one byte.
std::string_view characterAt(std::string_view text, std::size_t at) {
    return text.substr(at, std::max<std::size_t>(characterLength(text.substr(at)), 1));
}

std::string percentEncoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

// True if the byte at this position is in the authority. If no '@' follows, it is then in the host name.
bool isInAuthority(std::string_view text, std::size_t at) {
    const auto scheme = text.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    return scheme != std::string_view::npos && at >= begin && text.find_first_of("/?#", begin) > at;
}

// The message does not show a character that may belong to the user name or the password.
void checkCharacters(std::string_view text) {
    const auto found = std::find_if(text.begin(), text.end(), isExcluded);
    if (found == text.end()) {
        return;
    }
    const auto at = static_cast<std::size_t>(found - text.begin());
    if (*found == '\r' && at + 1 == text.size()) {
        refuseUrl(text.substr(0, at),
                  "a carriage return follows it; the file that it comes from has CRLF line ends");
    }
    const auto character = characterAt(text, at);
    if (text.find('@', at) != std::string_view::npos) {
        refuseUrl(text,
                  "it contains a character that a URL cannot contain; write it percent-encoded, such as "
                  "%20 for a space");
    }
    const auto name = character == " " ? "a space" : fmt::format("'{}'", escapedText(character));
    if (isInAuthority(text, at)) {
        refuseUrl(text,
                  static_cast<unsigned char>(character[0]) >= 0x80
                      ? fmt::format("its host name contains {}; write the name in its ASCII form, which "
                                    "begins with xn-- (punycode)",
                                    name)
                      : fmt::format("its host name contains {}", name));
    }
    refuseUrl(text,
              fmt::format("{} is not allowed in a URL; write it as {}", name, percentEncoded(character)));
}

bool hasLoosePercent(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
        if (at + 2 >= text.size() || !hexValue(text[at + 1]) || !hexValue(text[at + 2])) {
            return true;
        }
    }
    return false;
}

// Requires !hasLoosePercent(text).
std::string percentDecoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            decoded += static_cast<char>(hexValue(text[i + 1]).value() * 16 + hexValue(text[i + 2]).value());
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

std::string decodedSecret(std::string_view text, std::string_view whole) {
    if (hasLoosePercent(text)) {
        refuseUrl(whole,
                  "'%' in the user name or password is not followed by two hexadecimal digits; write a "
                  "plain '%' as %25");
    }
    auto decoded = percentDecoded(text);
    if (std::any_of(decoded.begin(), decoded.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
        refuseUrl(whole, "the user name or password contains a control character");
    }
    return decoded;
}

void checkPercents(std::string_view path, std::string_view whole) {
    if (hasLoosePercent(path)) {
        refuseUrl(whole, "'%' is not followed by two hexadecimal digits; write a plain '%' as %25");
    }
}

std::string schemeOf(std::string_view text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos || end == 0) {
        refuseUrl(text, "it does not begin with a scheme, such as http://");
    }
    const auto scheme = text.substr(0, end);
    const bool valid = isAlpha(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return isAlpha(c) || isDigit(c) || c == '+' || c == '-' || c == '.';
                       });
    if (!valid) {
        refuseUrl(text, "its scheme may contain only letters, digits, '+', '-' and '.'");
    }
    return lowered(scheme);
}

// RFC 6874 writes the zone as "%25eth0"; people write "%eth0".
std::string ipv6Host(std::string_view literal, std::string_view whole) {
    const auto percent = literal.find('%');
    const std::string address(literal.substr(0, percent));
    in6_addr binary{};
    if (inet_pton(AF_INET6, address.c_str(), &binary) != 1) {
        refuseUrl(whole, "the text in brackets is not an IPv6 address");
    }
    if (percent == std::string_view::npos) {
        return lowered(address);
    }
    std::string_view zone = literal.substr(percent + 1);
    if (zone.starts_with("25")) {
        zone.remove_prefix(2);
    }
    const bool valid = !zone.empty() && std::all_of(zone.begin(), zone.end(), [](char c) {
        return isAlpha(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    });
    if (!valid) {
        refuseUrl(whole, "the zone of its IPv6 address is not the name of a network interface");
    }
    return address + "%" + std::string(zone);
}

std::string namedHost(std::string_view name, std::string_view whole) {
    if (name.empty() && lowered(whole.substr(0, whole.find(':'))) == "file") {
        refuseUrl(whole, "it names a file of this machine, which has no server: where a file can be given, "
                         "give its path, without file://");
    }
    if (name.empty()) {
        refuseUrl(whole, "it has no host");
    }
    if (name.size() > 253) {
        refuseUrl(whole, "its host name is longer than 253 characters");
    }
    const bool valid = std::all_of(name.begin(), name.end(), [](char c) {
        return isAlpha(c) || isDigit(c) || c == '-' || c == '.' || c == '_';
    });
    if (!valid) {
        refuseUrl(whole, "its host name may contain only letters, digits, '-', '.' and '_'; put an IPv6 "
                         "address in brackets");
    }
    return lowered(name);
}

std::optional<std::uint16_t> portOf(std::string_view digits, std::string_view whole) {
    if (digits.empty()) {
        return std::nullopt;
    }
    const auto port = parseNumber<std::uint16_t>(digits);
    if (!port || *port == 0) {
        // The error does not show the text: after an unescaped '/' in a password, it is the password.
        throw Error(ErrorCode::Invalid,
                    fmt::format("the {} URL is not usable: its port is not a number from 1 to 65535 "
                                "(write '/', '?', '#' and '@' in a password as %2F, %3F, %23, %40)",
                                whole.substr(0, whole.find("://"))));
    }
    return port;
}

// What is given would be dropped silently: RFC 3617 has no login, and NFS takes the numbers of a user and a
// group, which are options.
bool hasLogin(std::string_view scheme) {
    return scheme != "tftp" && scheme != "nfs";
}

std::string noLogin(std::string_view scheme) {
    return fmt::format("{} has no login; remove the user name and password", scheme);
}

} // namespace

Url Url::parse(std::string_view text) {
    if (text.size() > maximalLength) {
        throw Error(ErrorCode::Invalid, fmt::format("a URL of {} characters is too long; the limit is {}",
                                                    text.size(), maximalLength));
    }
    Url url;
    url.scheme_ = schemeOf(text);
    checkCharacters(text);

    const std::string_view rest = text.substr(url.scheme_.size() + 3);
    const auto authorityEnd = rest.find_first_of("/?#");
    std::string_view authority = rest.substr(0, authorityEnd);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto userinfo = authority.substr(0, at);
        if (!hasLogin(url.scheme_)) {
            refuseUrl(text, noLogin(url.scheme_));
        }
        if (userinfo.find('@') != std::string_view::npos) {
            refuseUrl(
                text,
                "there is more than one '@' before the host; write those of a user name or password as %40");
        }
        const auto colon = userinfo.find(':');
        Userinfo secret{decodedSecret(userinfo.substr(0, colon), text), std::nullopt};
        if (colon != std::string_view::npos) {
            secret.password = decodedSecret(userinfo.substr(colon + 1), text);
        }
        url.userinfo_ = std::move(secret);
        authority.remove_prefix(at + 1);
    }
    url.asWritten_ = text.substr(0, url.scheme_.size() + 3);
    url.asWritten_ += authority;
    url.asWritten_ += rest.substr(std::min(authorityEnd, rest.size()));

    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        const std::string_view after = close == std::string_view::npos ? "" : authority.substr(close + 1);
        if (close == std::string_view::npos || (!after.empty() && after.front() != ':')) {
            refuseUrl(text,
                      "the brackets around its IPv6 address are not closed right before the port or path");
        }
        url.host_ = ipv6Host(authority.substr(1, close - 1), text);
        url.port_ = portOf(after.empty() ? after : after.substr(1), text);
    } else {
        const auto colon = authority.rfind(':');
        const auto port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
        url.port_ = authority.find(':') == colon ? portOf(port, text) : std::nullopt;
        url.host_ = namedHost(authority.find(':') == colon ? authority.substr(0, colon) : authority, text);
    }

    if (authorityEnd != std::string_view::npos) {
        std::string_view path = rest.substr(authorityEnd);
        path = path.substr(0, path.find('#'));
        checkPercents(path, text);
        url.path_ = path.starts_with('?') ? "/" + std::string(path) : std::string(path);
    }
    return url;
}

void Url::setUserinfo(Userinfo userinfo) {
    if (!hasLogin(scheme_)) {
        refuseUrl(shown(), noLogin(scheme_));
    }
    userinfo_ = std::move(userinfo);
}

std::string Url::decodedPath() const {
    return percentDecoded(std::string_view(path_).substr(0, path_.find('?')));
}

std::string Url::authority() const {
    const std::string host = host_.find(':') != std::string::npos ? "[" + host_ + "]" : host_;
    return port_ ? host + ":" + std::to_string(*port_) : host;
}

std::string Url::redacted() const {
    std::string where = authority();
    if (const auto zone = where.find('%'); zone != std::string::npos) {
        where.replace(zone, 1, "%25"); // RFC 6874
    }
    return scheme_ + "://" + where + path_;
}

std::string Url::shown() const {
    return withoutQuery(redacted());
}

} // namespace bootferry
