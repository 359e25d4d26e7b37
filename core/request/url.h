// SPDX-License-Identifier: LGPL-2.1-or-later
// A URL as RFC 3986 has it, taken apart once. The userinfo is a secret and kept apart from everything that
// may be shown: redacted() is the URL for logs, D-Bus, units and plugins alike, it never holds userinfo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

struct Userinfo {
    std::string user;                    // percent-decoded
    std::optional<std::string> password; // percent-decoded; absent: none was given
};

class Url {
public:
    // Throws Error(Invalid) that names what is wrong with the text, without its userinfo. A scheme and a host
    // are wanted; the scheme is lowered, the host lowered unless an IPv6 literal with a zone, the rest kept
    // as written.
    [[nodiscard]] static Url parse(std::string_view text);

    [[nodiscard]] const std::string& scheme() const { return scheme_; }
    [[nodiscard]] const std::string& host() const { return host_; } // IPv6 without brackets
    [[nodiscard]] std::optional<std::uint16_t> port() const { return port_; }
    [[nodiscard]] const std::string& path() const { return path_; } // with query; begins with '/' or is empty
    [[nodiscard]] std::string decodedPath() const; // as a file's: percent-decoded, without query
    [[nodiscard]] const std::optional<Userinfo>& userinfo() const { return userinfo_; }
    void setUserinfo(Userinfo userinfo) { userinfo_ = std::move(userinfo); }

    // "http://[2001:db8::1]:8080/live.iso": all but the userinfo (and without a fragment, which no server
    // sees).
    [[nodiscard]] std::string redacted() const;

    // host or host:port, brackets around IPv6, as a person reads it.
    [[nodiscard]] std::string authority() const;

private:
    std::string scheme_;
    std::string host_;
    std::optional<std::uint16_t> port_;
    std::string path_;
    std::optional<Userinfo> userinfo_;
};

} // namespace bootferry
