// SPDX-License-Identifier: LGPL-2.1-or-later
#include "url_text.h"

#include <algorithm>

namespace bootferry::curl {
namespace {

struct AuthorityPlace {
    std::size_t begin = 0;
    std::size_t end = 0;
};

AuthorityPlace placeOfAuthority(const std::string& url) {
    const auto scheme = url.find("//");
    if (scheme == std::string::npos) {
        return {0, 0};
    }
    const auto begin = scheme + 2;
    return {begin, std::min(url.find_first_of("/?#", begin), url.size())};
}

} // namespace

std::string schemeOf(const std::string& url) {
    return url.substr(0, url.find(':'));
}

std::string hostOf(const std::string& authority) {
    if (authority.starts_with('[')) {
        return authority.substr(1, authority.find(']') - 1);
    }
    return authority.substr(0, authority.find(':'));
}

std::string authorityOf(const std::string& url) {
    const auto place = placeOfAuthority(url);
    if (place.begin == 0) {
        return url;
    }
    auto authority = url.substr(place.begin, place.end - place.begin);
    if (const auto at = authority.rfind('@'); at != std::string::npos) {
        authority.erase(0, at + 1);
    }
    return authority;
}

std::string hostAndPortOf(const std::string& url) {
    auto authority = authorityOf(url);
    const auto colon = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
        return authority;
    }
    const auto scheme = schemeOf(url);
    return authority + (scheme == "https"  ? ":443"
                        : scheme == "ftp"  ? ":21"
                        : scheme == "tftp" ? ":69"
                                           : ":80");
}

std::string shownUrl(const std::string& url) {
    constexpr std::size_t longest = 200;
    const auto place = placeOfAuthority(url);
    // In a URL that is not valid, a password may contain any character.
    const auto at = url.rfind('@');
    auto shown = url;
    if (at != std::string::npos && at >= place.begin) {
        shown = url.substr(0, place.begin) + url.substr(at + 1);
    }
    if (const auto query = shown.find_first_of("?#"); query != std::string::npos) {
        shown.replace(query, std::string::npos, "?...");
    }
    return shown.size() > longest ? shown.substr(0, longest) + "..." : shown;
}

} // namespace bootferry::curl
