// SPDX-License-Identifier: LGPL-2.1-or-later
// A URL as in RFC 3986, parsed once. The userinfo is a secret and kept apart from the rest. A query may be a
// secret, too (a signature that gives access): shown(), the URL for people, contains neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

struct Userinfo {
    std::string user;                    // percent-decoded
    std::optional<std::string> password; // percent-decoded; absent: the URL has none
};

class Url {
public:
    // Throws Error(Invalid) that says what is wrong with the text and does not quote its userinfo. Requires a
    // scheme and a host. Converts the scheme to lower case, and the host unless it is an IPv6 address with a
    // zone; keeps the rest as written.
    [[nodiscard]] static Url parse(std::string_view text);

    [[nodiscard]] const std::string& scheme() const { return scheme_; }
    [[nodiscard]] const std::string& host() const { return host_; } // IPv6 without brackets
    [[nodiscard]] std::optional<std::uint16_t> port() const { return port_; }
    [[nodiscard]] const std::string& path() const { return path_; } // with query; begins with '/' or is empty
    [[nodiscard]] std::string decodedPath() const;                  // percent-decoded, without query
    [[nodiscard]] const std::optional<Userinfo>& userinfo() const { return userinfo_; }
    void setUserinfo(Userinfo userinfo); // throws Error(Invalid) if the scheme has no login

    // "http://[2001:db8::1]:8080/live.iso?a=b": without the userinfo and the fragment. For what works with
    // the URL: plugins, units, records that are compared.
    [[nodiscard]] std::string redacted() const;

    // redacted() with "?..." for a query: for whatever people read, on the terminal, in the journal, on D-Bus
    // and in files that others can read.
    [[nodiscard]] std::string shown() const;

    // What was parsed, without the userinfo alone: for plugins whose names are not those of RFC 3986.
    [[nodiscard]] const std::string& asWritten() const { return asWritten_; }

    // host or host:port, with brackets around an IPv6 address.
    [[nodiscard]] std::string authority() const;

private:
    std::string scheme_;
    std::string host_;
    std::optional<std::uint16_t> port_;
    std::string path_;
    std::string asWritten_;
    std::optional<Userinfo> userinfo_;
};

} // namespace bootferry
