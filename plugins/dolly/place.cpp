// SPDX-License-Identifier: LGPL-2.1-or-later
#include "place.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <strings.h>
#include <unistd.h>

namespace bootferry::dolly {
namespace {

bool sameName(std::string_view one, std::string_view other) {
    return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), one.size()) == 0;
}

std::string_view shortName(std::string_view name) {
    return name.substr(0, name.find('.'));
}

bool isNumeric(const std::string& name) {
    return HostAddress::parse(name).has_value();
}

template <typename Matches>
std::optional<std::size_t> firstWhere(const std::vector<std::string>& hosts, Matches matches) {
    const auto found = std::find_if(hosts.begin(), hosts.end(), matches);
    return found != hosts.end() ? std::optional(static_cast<std::size_t>(found - hosts.begin()))
                                : std::nullopt;
}

} // namespace

bool OwnNames::hasAddress(const HostAddress& address) const {
    return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

std::optional<std::size_t> findPlace(const Dollytab& tab, const OwnNames& own, bool hyphenIsNormal) {
    if (!own.option.empty()) {
        return firstWhere(tab.hosts, [&](const auto& host) { return sameName(host, own.option); });
    }
    auto found = firstWhere(tab.hosts, [&](const auto& host) {
        const auto address = HostAddress::parse(host);
        return address && own.hasAddress(*address);
    });
    if (found || own.host.empty() || own.host == "localhost") {
        return found;
    }
    found = firstWhere(tab.hosts, [&](const auto& host) { return sameName(host, own.host); });
    if (!found) {
        found = firstWhere(tab.hosts, [&](const auto& host) {
            return !isNumeric(host) && sameName(shortName(host), shortName(own.host));
        });
    }
    if (!found && !hyphenIsNormal && !tab.hyphenIsNormal) {
        found = firstWhere(tab.hosts, [&](const auto& host) {
            const auto hyphen = host.find('-');
            return hyphen != std::string::npos && sameName(host.substr(0, hyphen), shortName(own.host));
        });
    }
    return found;
}

std::string hostName() {
    std::array<char, 256> buffer{};
    return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? buffer.data() : "";
}

} // namespace bootferry::dolly
